//! Carries the actions of a sync out.

use futures::future::join_all;
use windlass_cluster::{ApplyOptions, Cluster, DeleteOptions, DryRun, Error};
use windlass_engine::annotation::HOOK_FINALIZER;
use windlass_engine::sync::{Action, Batch, Change, Outcome, Propagation, Verb};
use windlass_engine::tracking::is_crd;

/// Batch after batch; what a batch holds runs at once. Outcomes come in the order of actions, and
/// end with a batch that failed and stops the rest.
///
/// `told` is told of each request: the action, and the HTTP status it was answered with.
pub(crate) async fn batches(
    cluster: &Cluster,
    batches: &[Batch],
    told: &(dyn Fn(&Action, u16) + Sync),
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for batch in batches {
        let done =
            join_all(batch.actions.iter().map(|action| perform(cluster, action, told))).await;
        let stopped = batch.is_stopped_by(&done);
        outcomes.extend(done);
        if stopped {
            break;
        }
    }
    outcomes
}

async fn perform(
    cluster: &Cluster,
    action: &Action,
    told: &(dyn Fn(&Action, u16) + Sync),
) -> Outcome {
    if is_contradictory(action) {
        return Outcome::Failed { message: CONTRADICTORY.to_owned() };
    }
    let result = request(cluster, action).await;
    match &result {
        Ok(_) => told(action, 200),
        // What did not reach the API was no request.
        Err(error) => {
            if let Some(code) = error.code() {
                told(action, code.as_u16());
            }
        }
    }
    match result {
        Ok(done) => done,
        Err(error) if error.is_not_found() || matches!(error, Error::NoSuchKind { .. }) => {
            Outcome::NotFound { message: failure(action, &error) }
        }
        Err(error) => Outcome::Failed { message: failure(action, &error) },
    }
}

/// In the words of kubectl's code, which Argo CD asks.
const CONTRADICTORY: &str = "error validating options: --force cannot be used with --server-side";

/// Whether an action asks for what does not go together.
fn is_contradictory(action: &Action) -> bool {
    matches!(action.verb, Verb::ServerSideApply { force: true, .. }) && !action.dry_run
}

/// Why it failed. Objects of RBAC fail in what Argo CD does before it applies them.
fn failure(action: &Action, error: &Error) -> String {
    let (Verb::Apply { object, .. } | Verb::ServerSideApply { object, .. }) = &action.verb else {
        return error.to_string();
    };
    let (name, namespace) = (&action.key.name, &action.key.namespace);
    let (is_absent, error) = (error.is_not_found(), error.of_applied(name, namespace));
    if action.dry_run || !windlass_cluster::is_reconciled(object) {
        return error;
    }
    let place = if is_absent && !namespace.is_empty() {
        format!("error getting namespace {namespace}: ")
    } else {
        String::new()
    };
    format!("error running rbacReconcile: error running kubectl auth reconcile: {place}{error}")
}

/// What changed, and what is said of it.
async fn request(cluster: &Cluster, action: &Action) -> Result<Outcome, Error> {
    // A rehearsal only computes here what would be sent.
    let dry_run = if action.dry_run { DryRun::Client } else { DryRun::None };
    let (gvk, key) = (&action.kind, &action.key);
    let change = match &action.verb {
        Verb::Apply { object, force, .. } => {
            let options = ApplyOptions { dry_run, force: *force };
            let applied = cluster.apply(object, &options).await?;
            if is_crd(object) && !action.dry_run {
                cluster.await_definition(object.name()).await;
            }
            // A rehearsal of kubectl does not look whether there is anything to patch.
            let unchanged = applied.outcome == windlass_cluster::Outcome::Unchanged;
            if action.dry_run && unchanged {
                return Ok(done(windlass_cluster::Applied {
                    outcome: windlass_cluster::Outcome::Configured,
                    ..applied
                }));
            }
            return Ok(done(applied));
        }
        Verb::ServerSideApply { object, migrate, .. } => {
            if action.dry_run {
                let options = ApplyOptions { dry_run, force: false };
                let applied = cluster.apply(object, &options).await?;
                return Ok(done(applied));
            }
            let applied = cluster.server_side_apply(object, dry_run, migrate.as_deref()).await?;
            if is_crd(object) {
                cluster.await_definition(object.name()).await;
            }
            return Ok(done(applied));
        }
        Verb::Create { object, .. } => change(cluster.create(object, dry_run).await?.outcome),
        Verb::Replace { object, force } => {
            change(cluster.replace(object, *force, dry_run).await?.outcome)
        }
        Verb::Update { object } => {
            if !action.dry_run {
                cluster.update(object, dry_run).await?;
            }
            Change::Updated
        }
        Verb::Delete { propagation } => {
            if !action.dry_run {
                let options = DeleteOptions {
                    propagation: Some(match propagation {
                        Propagation::Foreground => windlass_cluster::Propagation::Foreground,
                        Propagation::Background => windlass_cluster::Propagation::Background,
                        Propagation::Orphan => windlass_cluster::Propagation::Orphan,
                    }),
                    ..DeleteOptions::default()
                };
                cluster.delete(gvk, &key.namespace, &key.name, &options).await?;
            }
            Change::Removed
        }
        Verb::ReleaseHook => {
            let ours = |finalizer: &str| finalizer == HOOK_FINALIZER;
            cluster.remove_finalizers(gvk, &key.namespace, &key.name, &ours).await?;
            Change::Removed
        }
    };
    Ok(change.into())
}

fn done(applied: windlass_cluster::Applied) -> Outcome {
    let (change, warnings) = (change(applied.outcome), applied.warnings);
    Outcome::Done { change, warnings, reconciled: applied.reconciled }
}

fn change(outcome: windlass_cluster::Outcome) -> Change {
    match outcome {
        windlass_cluster::Outcome::Created => Change::Created,
        windlass_cluster::Outcome::Configured => Change::Configured,
        windlass_cluster::Outcome::Unchanged => Change::Unchanged,
        windlass_cluster::Outcome::ServerSideApplied => Change::ServerSideApplied,
        windlass_cluster::Outcome::Replaced => Change::Replaced,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use windlass_engine::state::SyncPhase;
    use windlass_engine::sync::TaskId;
    use windlass_object::{Object, json};

    use super::*;

    #[test]
    fn a_forced_apply_on_the_server_is_refused() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "namespace": "n"}});
        let object = Arc::new(Object::try_from(object).unwrap());
        let of = |force, dry_run| Action {
            task: TaskId { key: object.key(), phase: SyncPhase::Sync },
            key: object.key(),
            kind: object.gvk(),
            verb: Verb::ServerSideApply {
                object: object.clone(),
                force,
                validate: true,
                migrate: None,
            },
            dry_run,
        };
        assert!(is_contradictory(&of(true, false)));
        assert!(!is_contradictory(&of(false, false)));
        // A rehearsal applies on no server.
        assert!(!is_contradictory(&of(true, true)));
    }
}
