//! Whether to sync without being asked.

use std::time::Duration;

use jiff::Timestamp;

use super::settings::SelfHeal;
use crate::types::{
    Application, ApplicationStatus, Operation, OperationInitiator, OperationPhase, RetryStrategy,
    SyncOperation, SyncOperationResource, SyncStatusCode,
};

/// Annotation by which good manifests are delivered although others are bad.
pub(crate) const PARTIAL_SYNC: &str = "windlass.dev/partial-sync";

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// Nothing.
    Stay,
    /// Nothing, and say why.
    Refuse(String),
    /// Look again when this has passed.
    Later(Duration),
    /// Sync.
    Sync(Box<Operation>),
}

/// Whether some manifests are bad and the good ones are to be delivered nevertheless.
pub(crate) fn is_partial(app: &Application, incomplete: bool) -> bool {
    incomplete && app.annotation(PARTIAL_SYNC) == Some("true")
}

/// Decides. `status` is what a comparison has just found; `incomplete` says that some manifests are
/// bad; an operation that runs or waits has been ruled out.
pub(crate) fn decide(
    app: &Application,
    status: &ApplicationStatus,
    incomplete: bool,
    heal: &SelfHeal,
    now: Timestamp,
) -> Decision {
    let partial = is_partial(app, incomplete);
    let differs = |r: &&crate::types::ResourceStatus| {
        r.status == SyncStatusCode::OutOfSync && !r.requires_pruning
    };
    let wanted = status.sync.status == SyncStatusCode::OutOfSync
        || (partial && status.resources.iter().any(|r| differs(&r)));
    if !app.spec.is_automated() || app.operation.is_some() || app.is_terminating() || !wanted {
        return Decision::Stay;
    }
    let Some(policy) = &app.spec.sync_policy else { return Decision::Stay };
    let automated = policy.automated.clone().unwrap_or_default();
    let prune = automated.prune.unwrap_or(false) && !partial;
    let pending = |r: &crate::types::ResourceStatus| r.status != SyncStatusCode::Synced;
    if !prune && !status.resources.iter().any(|r| pending(r) && !r.requires_pruning) {
        return Decision::Stay;
    }
    let several = app.spec.has_multiple_sources();
    let mut sync = SyncOperation {
        source: app.spec.source.clone().filter(|_| !several),
        revision: status.sync.revision.clone(),
        prune,
        sync_options: policy.sync_options.clone(),
        sources: if several { app.spec.sources.clone() } else { Vec::new() },
        revisions: status.sync.revisions.clone(),
        ..SyncOperation::default()
    };
    let revisions =
        if several { status.sync.revisions.clone() } else { vec![status.sync.revision.clone()] };
    let shown = |revisions: &[String]| format!("[{}]", revisions.join(" "));

    if let Some((tried, phase)) = attempted(app, status, &revisions) {
        if phase != OperationPhase::Succeeded {
            let said = status.operation_state.as_ref().map_or("", |s| s.message.as_str());
            return Decision::Refuse(format!(
                "Failed last sync attempt to {}: {said}",
                shown(&tried)
            ));
        }
        if !automated.self_heal.unwrap_or(false) {
            return Decision::Stay;
        }
        let last = status.operation_state.as_ref();
        let attempts = last
            .and_then(|state| state.operation.sync.as_ref())
            .map_or(0, |sync| sync.self_heal_attempts_count);
        let since = last
            .and_then(|state| state.finished_at)
            .map(|end| now.duration_since(end).unsigned_abs());
        let left = heal.wait(attempts).saturating_sub(since.unwrap_or_default());
        if !left.is_zero() {
            return Decision::Later(left);
        }
        sync.self_heal_attempts_count = attempts + 1;
        sync.resources = status
            .resources
            .iter()
            .filter(|r| pending(r))
            .map(|r| SyncOperationResource {
                group: r.group.clone(),
                kind: r.kind.clone(),
                name: r.name.clone(),
                namespace: String::new(),
            })
            .collect();
    }
    let all_go = status.resources.iter().all(|r| r.requires_pruning);
    if prune && !automated.allow_empty.unwrap_or(false) && all_go {
        return Decision::Refuse(format!(
            "Skipping sync attempt to {}: auto-sync will wipe out all resources",
            shown(&revisions)
        ));
    }
    Decision::Sync(Box::new(Operation {
        sync: Some(sync),
        initiated_by: OperationInitiator { automated: true, ..OperationInitiator::default() },
        info: Vec::new(),
        retry: policy
            .retry
            .clone()
            .unwrap_or_else(|| RetryStrategy { limit: 5, ..RetryStrategy::default() }),
    }))
}

/// The last sync, if it was to the same revisions of the same sources.
fn attempted(
    app: &Application,
    status: &ApplicationStatus,
    revisions: &[String],
) -> Option<(Vec<String>, OperationPhase)> {
    let state = status.operation_state.as_ref()?;
    let Some(result) = &state.sync_result else {
        return state.phase.is_completed().then(|| (Vec::new(), state.phase));
    };
    let (tried, same_sources) = if app.spec.has_multiple_sources() {
        (result.revisions.clone(), result.sources == app.spec.sources)
    } else {
        (vec![result.revision.clone()], Some(&result.source) == app.spec.source.as_ref())
    };
    (tried == revisions && same_sources).then_some((tried, state.phase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::{Value, json};

    const HEAL: SelfHeal =
        SelfHeal { first: Duration::from_secs(2), factor: 3, longest: Duration::from_secs(300) };

    /// What is decided on an application whose `change`s are merged over one that is out of sync.
    fn decision(changes: Value) -> Decision {
        let mut value = json!({
            "metadata": {"name": "a"},
            "spec": {
                "source": {"repoURL": "r", "path": "p"},
                "syncPolicy": {"automated": {}},
            },
            "status": {
                "sync": {"status": "OutOfSync", "revision": "1"},
                "resources": [
                    {"kind": "ConfigMap", "name": "c", "status": "OutOfSync"},
                    {"kind": "ConfigMap", "name": "d", "status": "Synced"},
                ],
            },
        });
        windlass_object::patch::apply_merge_patch(&mut value, &changes);
        let app: Application = serde_json::from_value(value).unwrap();
        let incomplete = app.status.sync.status == SyncStatusCode::Unknown;
        let now = "2026-01-01T00:00:10Z".parse().unwrap();
        decide(&app, &app.status, incomplete, &HEAL, now)
    }

    fn last(phase: &str, revision: &str, attempts: i64) -> Value {
        json!({
            "phase": phase, "message": "why", "startedAt": "2026-01-01T00:00:00Z",
            "finishedAt": "2026-01-01T00:00:09Z",
            "operation": {"sync": {"autoHealAttemptsCount": attempts}},
            "syncResult": {"revision": revision, "source": {"repoURL": "r", "path": "p"}},
        })
    }

    #[test]
    fn syncs_once_a_revision() {
        let Decision::Sync(operation) = decision(json!({})) else { panic!("no sync") };
        let sync = operation.sync.unwrap();
        assert_eq!((sync.revision.as_str(), sync.prune, operation.retry.limit), ("1", false, 5));
        assert!(operation.initiated_by.automated);
        let state = |state: Value| json!({"status": {"operationState": state}});
        assert!(matches!(decision(state(last("Succeeded", "0", 0))), Decision::Sync(_)));
        assert_eq!(decision(state(last("Succeeded", "1", 0))), Decision::Stay);
        assert_eq!(
            decision(state(last("Failed", "1", 0))),
            Decision::Refuse("Failed last sync attempt to [1]: why".into())
        );
        assert_eq!(
            decision(json!({"spec": {"syncPolicy": {"automated": {"enabled": false}}}})),
            Decision::Stay
        );
        assert_eq!(decision(json!({"status": {"sync": {"status": "Synced"}}})), Decision::Stay);
        assert_eq!(decision(json!({"operation": {"sync": {}}})), Decision::Stay);
    }

    #[test]
    fn heals_what_differs_after_waiting() {
        let heal = |attempts: i64| {
            decision(json!({
                "spec": {"syncPolicy": {"automated": {"selfHeal": true}}},
                "status": {"operationState": last("Succeeded", "1", attempts)},
            }))
        };
        let Decision::Sync(operation) = heal(0) else { panic!("no sync") };
        let sync = operation.sync.unwrap();
        assert_eq!(sync.self_heal_attempts_count, 1);
        assert_eq!(sync.resources.len(), 1);
        assert_eq!(heal(1), Decision::Later(Duration::from_secs(1)));
        assert_eq!(heal(2), Decision::Later(Duration::from_secs(5)));
    }

    #[test]
    fn nothing_is_wiped_out() {
        let gone = json!([{"kind": "ConfigMap", "name": "c", "status": "OutOfSync", "requiresPruning": true}]);
        let with = |automated: Value| {
            decision(json!({
                "spec": {"syncPolicy": {"automated": automated}}, "status": {"resources": gone},
            }))
        };
        assert_eq!(with(json!({})), Decision::Stay);
        assert_eq!(
            with(json!({"prune": true})),
            Decision::Refuse(
                "Skipping sync attempt to [1]: auto-sync will wipe out all resources".into()
            )
        );
        assert!(matches!(with(json!({"prune": true, "allowEmpty": true})), Decision::Sync(_)));
    }

    #[test]
    fn bad_manifests_stop_all_but_a_partial_sync() {
        let unknown = json!({"status": {"sync": {"status": "Unknown"}}});
        assert_eq!(decision(unknown.clone()), Decision::Stay);
        let mut partial = unknown;
        partial["metadata"] = json!({"annotations": {PARTIAL_SYNC: "true"}});
        partial["spec"] = json!({"syncPolicy": {"automated": {"prune": true}}});
        let Decision::Sync(operation) = decision(partial) else { panic!("no sync") };
        assert!(!operation.sync.unwrap().prune);
    }
}
