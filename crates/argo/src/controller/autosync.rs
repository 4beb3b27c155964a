//! Whether to sync without being asked.

use std::time::Duration;

use jiff::Timestamp;
use windlass_engine::compare::{Comparison, Resource};
use windlass_engine::policy::{self, Attempt, Automated, SelfHealBackoff, Situation};
use windlass_engine::state::{self, ApiKinds};
use windlass_object::GroupVersionKind;

use crate::types::{
    Application, ApplicationStatus, Operation, OperationInitiator, OperationPhase, OperationState,
    ResourceStatus, ResultCode, RetryStrategy, SyncOperation, SyncOperationResource,
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
    backoff: &SelfHealBackoff,
    kinds: &dyn ApiKinds,
    now: Timestamp,
) -> Decision {
    let Some(policy) = &app.spec.sync_policy else { return Decision::Stay };
    let partial = is_partial(app, incomplete);
    let several = app.spec.has_multiple_sources();
    let revisions =
        if several { status.sync.revisions.clone() } else { vec![status.sync.revision.clone()] };
    let resources: Vec<state::ResourceStatus> = status.resources.iter().map(resource).collect();
    let differs = |r: &state::ResourceStatus| {
        r.status == Some(state::SyncStatusCode::OutOfSync) && !r.requires_pruning
    };
    let sync = match status.sync.status.known() {
        _ if partial && resources.iter().any(differs) => state::SyncStatusCode::OutOfSync,
        code => code.unwrap_or(state::SyncStatusCode::Unknown),
    };
    let automated = policy.automated.as_ref().map(|automated| Automated {
        enabled: automated.enabled,
        prune: automated.prune.unwrap_or(false) && !partial,
        self_heal: automated.self_heal.unwrap_or(false),
        allow_empty: automated.allow_empty.unwrap_or(false),
    });
    let last = status.operation_state.as_ref();
    // What failed for want of a kind has its second chance when the kind is there.
    let last = last.filter(|state| {
        let mut lacked = lacked(state).peekable();
        lacked.peek().is_none() || lacked.any(|kind| !kinds.serves(&kind))
    });
    let last = last.map(|state| attempt(app, state));
    let decision = policy::decide(&Situation {
        policy: automated,
        operating: app.operation.is_some(),
        deleting: app.is_terminating(),
        sync,
        resources: &resources,
        revisions: &revisions,
        compare_revisions: true,
        last: last.as_ref(),
        backoff: *backoff,
        now,
    });
    let (prune, selected, attempts) = match decision {
        policy::Decision::Skip { condition: Some(condition), .. } => {
            return Decision::Refuse(condition.message);
        }
        policy::Decision::Skip { until: Some(until), .. } => {
            return Decision::Later(until.duration_since(now).unsigned_abs());
        }
        policy::Decision::Skip { .. } => return Decision::Stay,
        policy::Decision::Sync { prune, resources, self_heal_attempts, .. } => {
            (prune, resources, self_heal_attempts)
        }
    };
    let resources = selected.into_iter().map(|selected| SyncOperationResource {
        group: selected.group,
        kind: selected.kind,
        name: selected.name,
        namespace: String::new(),
    });
    let sync = SyncOperation {
        source: app.spec.source.clone().filter(|_| !several),
        revision: status.sync.revision.clone(),
        prune,
        sync_options: policy.sync_options.clone(),
        sources: if several { app.spec.sources.clone() } else { Vec::new() },
        revisions: status.sync.revisions.clone(),
        resources: resources.collect(),
        self_heal_attempts_count: attempts,
        ..SyncOperation::default()
    };
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

/// Whether a self-heal would only delete again what is being deleted, as after a sync that pruned
/// in the foreground. Argo CD does so; it takes nothing further away, and gains nothing.
pub(crate) fn only_waits(operation: &Operation, comparison: &Comparison) -> bool {
    let Some(sync) = operation.sync.as_ref().filter(|sync| sync.self_heal_attempts_count > 0)
    else {
        return false;
    };
    let is_leaving = |selected: &SyncOperationResource| {
        let named = |resource: &&Resource| {
            let line = &resource.status;
            line.status != Some(state::SyncStatusCode::Synced)
                && (&line.group, &line.kind, &line.name)
                    == (&selected.group, &selected.kind, &selected.name)
        };
        comparison.resources.iter().filter(named).all(|resource| {
            resource.status.requires_pruning
                && resource.live.as_ref().is_some_and(|live| live.is_terminating())
        })
    };
    sync.resources.iter().all(is_leaving)
}

/// The kinds that the cluster did not know when a sync failed.
pub(crate) fn lacked(state: &OperationState) -> impl Iterator<Item = GroupVersionKind> + '_ {
    let failed = !matches!(state.phase, OperationPhase::Succeeded | OperationPhase::Running);
    let result = state.sync_result.as_ref().filter(|_| failed);
    let lines = result.into_iter().flat_map(|result| &result.resources);
    lines
        .filter(|line| {
            line.status == Some(ResultCode::SyncFailed)
                && (line.message.starts_with("The Kubernetes API could not find ")
                    || line.message.ends_with(" \"\" not found"))
        })
        .map(|line| GroupVersionKind::new(&line.group, &line.version, &line.kind))
}

/// The last operation, as far as it matters here.
fn attempt(app: &Application, last: &OperationState) -> Attempt {
    let result = last.sync_result.as_ref();
    let several = app.spec.has_multiple_sources();
    Attempt {
        phase: last.phase,
        message: last.message.clone(),
        revisions: result.map(|result| {
            if several { result.revisions.clone() } else { vec![result.revision.clone()] }
        }),
        same_sources: result.is_some_and(|result| {
            if several {
                result.sources == app.spec.sources
            } else {
                Some(&result.source) == app.spec.source.as_ref()
            }
        }),
        finished_at: last.finished_at,
        self_heal_attempts: last
            .operation
            .sync
            .as_ref()
            .map_or(0, |sync| sync.self_heal_attempts_count),
    }
}

fn resource(line: &ResourceStatus) -> state::ResourceStatus {
    state::ResourceStatus {
        group: line.group.clone(),
        kind: line.kind.clone(),
        name: line.name.clone(),
        status: line.status.known(),
        requires_pruning: line.requires_pruning,
        ..state::ResourceStatus::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::SyncStatusCode;
    use windlass_object::{Value, json};

    /// A cluster that knows all kinds but `Absent`.
    struct Served;

    impl ApiKinds for Served {
        fn namespaced(&self, _: &windlass_object::GroupKind) -> Option<bool> {
            Some(true)
        }

        fn serves(&self, kind: &GroupVersionKind) -> bool {
            kind.kind != "Absent"
        }
    }

    /// What is decided on an application whose `change`s are merged over one that is out of sync.
    fn decision(changes: &Value) -> Decision {
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
        windlass_object::patch::apply_merge_patch(&mut value, changes);
        let app: Application = serde_json::from_value(value).unwrap();
        let incomplete = app.status.sync.status == SyncStatusCode::Unknown;
        let now = "2026-01-01T00:00:10Z".parse().unwrap();
        decide(&app, &app.status, incomplete, &SelfHealBackoff::default(), &Served, now)
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
        let Decision::Sync(operation) = decision(&json!({})) else { panic!("no sync") };
        let sync = operation.sync.unwrap();
        assert_eq!((sync.revision.as_str(), sync.prune, operation.retry.limit), ("1", false, 5));
        assert!(operation.initiated_by.automated);
        let state = |state: Value| json!({"status": {"operationState": state}});
        assert!(matches!(decision(&state(last("Succeeded", "0", 0))), Decision::Sync(_)));
        assert_eq!(decision(&state(last("Succeeded", "1", 0))), Decision::Stay);
        assert_eq!(
            decision(&state(last("Failed", "1", 0))),
            Decision::Refuse("Failed last sync attempt to [1]: why".into())
        );
        assert_eq!(
            decision(&json!({"spec": {"syncPolicy": {"automated": {"enabled": false}}}})),
            Decision::Stay
        );
        assert_eq!(decision(&json!({"status": {"sync": {"status": "Synced"}}})), Decision::Stay);
        assert_eq!(decision(&json!({"operation": {"sync": {}}})), Decision::Stay);
    }

    #[test]
    fn what_failed_for_want_of_a_kind_is_tried_again_when_the_kind_is_there() {
        let failed = |kind: &str| {
            let mut state = last("Failed", "1", 0);
            state["syncResult"]["resources"] = json!([{
                "group": "g", "version": "v1", "kind": kind, "namespace": "n", "name": "x",
                "status": "SyncFailed", "message": "The Kubernetes API could not find g/X for it",
            }]);
            decision(&json!({"status": {"operationState": state}}))
        };
        assert!(matches!(failed("Absent"), Decision::Refuse(_)));
        assert!(matches!(failed("Present"), Decision::Sync(_)));
    }

    #[test]
    fn heals_what_differs_after_waiting() {
        let heal = |attempts: i64| {
            decision(&json!({
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
            decision(&json!({
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
        assert_eq!(decision(&unknown), Decision::Stay);
        let mut partial = unknown;
        partial["metadata"] = json!({"annotations": {PARTIAL_SYNC: "true"}});
        partial["spec"] = json!({"syncPolicy": {"automated": {"prune": true}}});
        let Decision::Sync(operation) = decision(&partial) else { panic!("no sync") };
        assert!(!operation.sync.unwrap().prune);
    }
}
