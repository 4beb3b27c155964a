//! How status tells of a sync that somebody asked for. Argo CD patches what it says over what it said of
//! the sync before, so that fields which only that one had are left over; a sync that its policy
//! begins starts from nothing. Status is written so too, for who reads it. What is done never goes by
//! what is left over.

use windlass_object::patch;

use crate::types::OperationState;

/// What `state` reads as over that of the sync before. Of two things nothing is ever left over, since
/// comparisons go by them: namespace metadata (an application whose labels have gone would never be in
/// sync again), and manifests that came with a sync (Git would not be followed any more).
pub(crate) fn merged(former: &OperationState, state: &OperationState) -> OperationState {
    let value = |state: &OperationState| serde_json::to_value(state).unwrap_or_default();
    let mut all = value(former);
    patch::apply_merge_patch(&mut all, &value(state));
    let Ok(mut merged) = serde_json::from_value::<OperationState>(all) else {
        return state.clone();
    };
    merged.finished_at = state.finished_at;
    if let Some(all) = &mut merged.operation.sync {
        let own = state.operation.sync.as_ref();
        all.manifests = own.map(|own| own.manifests.clone()).unwrap_or_default();
    }
    if let (Some(all), Some(own)) = (&mut merged.sync_result, &state.sync_result) {
        all.managed_namespace_metadata.clone_from(&own.managed_namespace_metadata);
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::{Value, json};

    fn check(former: Value, state: Value, wanted: Value) {
        let read = |value| serde_json::from_value::<OperationState>(value).unwrap();
        let merged = serde_json::to_value(merged(&read(former), &read(state))).unwrap();
        assert_eq!(merged, serde_json::to_value(read(wanted)).unwrap());
    }

    #[test]
    fn what_only_the_former_had_is_left_over() {
        check(
            json!({
                "phase": "Failed", "message": "no", "retryCount": 2,
                "operation": {
                    "sync": {"dryRun": true, "prune": true, "revision": "a", "manifests": ["{}"]},
                    "initiatedBy": {"automated": true}, "retry": {"limit": 5},
                },
                "syncResult": {
                    "revision": "a", "source": {"repoURL": "r", "helm": {"values": "x"}},
                    "managedNamespaceMetadata": {"labels": {"a": "b"}},
                },
            }),
            json!({
                "phase": "Succeeded", "message": "yes",
                "operation": {"sync": {"revision": "b"}, "initiatedBy": {"username": "u"}},
                "syncResult": {"revision": "b", "source": {"repoURL": "r"}},
            }),
            json!({
                "phase": "Succeeded", "message": "yes", "retryCount": 2,
                "operation": {
                    "sync": {"dryRun": true, "prune": true, "revision": "b"},
                    "initiatedBy": {"automated": true, "username": "u"}, "retry": {"limit": 5},
                },
                "syncResult": {"revision": "b", "source": {"repoURL": "r", "helm": {"values": "x"}}},
            }),
        );
    }
}
