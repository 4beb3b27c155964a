//! Kinds that run pods.

use windlass_object::{Object, Value};

use super::{Condition, Verdict, conditions, degraded, healthy, progressing, versions};
use crate::state::{Health, HealthCode};

fn status(object: &Object, field: &str) -> i64 {
    object.int_at(&["status", field]).unwrap_or_default()
}

fn is_observed(object: &Object) -> bool {
    object.generation().unwrap_or_default() <= status(object, "observedGeneration")
}

pub(super) fn deployment(object: &Object) -> Verdict {
    versions(object, "Deployment", &["apps/v1"])?;
    if object.get(&["spec", "paused"]).and_then(Value::as_bool) == Some(true) {
        return Ok(Health::new(HealthCode::Suspended, "Deployment is paused"));
    }
    if !is_observed(object) {
        return progressing(
            "Waiting for rollout to finish: observed deployment generation less than desired generation",
        );
    }
    let late = conditions(object)
        .find(|c| c.kind() == "Progressing")
        .is_some_and(|c| c.reason() == "ProgressDeadlineExceeded");
    if late {
        let name = object.name();
        return degraded(format!("Deployment {name:?} exceeded its progress deadline"));
    }
    let updated = status(object, "updatedReplicas");
    let total = status(object, "replicas");
    let available = status(object, "availableReplicas");
    if let Some(wanted) = object.int_at(&["spec", "replicas"]).filter(|wanted| updated < *wanted) {
        return progressing(format!(
            "Waiting for rollout to finish: {updated} out of {wanted} new replicas have been updated..."
        ));
    }
    if total > updated {
        let old = total - updated;
        return progressing(format!(
            "Waiting for rollout to finish: {old} old replicas are pending termination..."
        ));
    }
    if available < updated {
        return progressing(format!(
            "Waiting for rollout to finish: {available} of {updated} updated replicas are available..."
        ));
    }
    healthy("")
}

pub(super) fn replica_set(object: &Object) -> Verdict {
    versions(object, "ReplicaSet", &["apps/v1"])?;
    if !is_observed(object) {
        return progressing(
            "Waiting for rollout to finish: observed replica set generation less than desired generation",
        );
    }
    let failure =
        conditions(object).find(|c| c.kind() == "ReplicaFailure").filter(Condition::is_true);
    if let Some(failure) = failure {
        return degraded(failure.message());
    }
    let available = status(object, "availableReplicas");
    if let Some(wanted) = object.int_at(&["spec", "replicas"]).filter(|wanted| available < *wanted)
    {
        return progressing(format!(
            "Waiting for rollout to finish: {available} out of {wanted} new replicas are available..."
        ));
    }
    healthy("")
}

pub(super) fn daemon_set(object: &Object) -> Verdict {
    versions(object, "DaemonSet", &["apps/v1"])?;
    if !is_observed(object) {
        return progressing(
            "Waiting for rollout to finish: observed daemon set generation less than desired generation",
        );
    }
    let name = object.name();
    let updated = status(object, "updatedNumberScheduled");
    let desired = status(object, "desiredNumberScheduled");
    let available = status(object, "numberAvailable");
    if object.str_at(&["spec", "updateStrategy", "type"]) == "OnDelete" {
        return healthy(format!(
            "daemon set {updated} out of {desired} new pods have been updated"
        ));
    }
    if updated < desired {
        return progressing(format!(
            "Waiting for daemon set {name:?} rollout to finish: {updated} out of {desired} new pods have been updated..."
        ));
    }
    if available < desired {
        return progressing(format!(
            "Waiting for daemon set {name:?} rollout to finish: {available} of {desired} updated pods are available..."
        ));
    }
    healthy("")
}

pub(super) fn stateful_set(object: &Object) -> Verdict {
    versions(object, "StatefulSet", &["apps/v1"])?;
    if status(object, "observedGeneration") == 0 || !is_observed(object) {
        return progressing("Waiting for statefulset spec update to be observed...");
    }
    let wanted = object.int_at(&["spec", "replicas"]);
    let ready = status(object, "readyReplicas");
    let updated = status(object, "updatedReplicas");
    if let Some(wanted) = wanted.filter(|wanted| ready < *wanted) {
        return progressing(format!("Waiting for {} pods to be ready...", wanted - ready));
    }
    let strategy = object.str_at(&["spec", "updateStrategy", "type"]);
    let rolling = object
        .get(&["spec", "updateStrategy", "rollingUpdate"])
        .is_some_and(|rolling| !rolling.is_null());
    if strategy == "RollingUpdate" && rolling {
        let partition = object.int_at(&["spec", "updateStrategy", "rollingUpdate", "partition"]);
        if let (Some(wanted), Some(partition)) = (wanted, partition) {
            let moving = wanted - partition;
            if updated < moving {
                return progressing(format!(
                    "Waiting for partitioned roll out to finish: {updated} out of {moving} new pods have been updated..."
                ));
            }
        }
        return healthy(format!(
            "partitioned roll out complete: {updated} new pods have been updated..."
        ));
    }
    if strategy == "OnDelete" {
        return healthy(format!("statefulset has {ready} ready pods"));
    }
    let update = object.str_at(&["status", "updateRevision"]);
    let current = object.str_at(&["status", "currentRevision"]);
    if update != current {
        return progressing(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {update}..."
        ));
    }
    let pods = status(object, "currentReplicas");
    healthy(format!("statefulset rolling update complete {pods} pods at revision {current}..."))
}
