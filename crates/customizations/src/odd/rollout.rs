//! Argo Rollouts: its own phase where it tells one, else what its conditions and replicas say.

use windlass_object::Object;

use super::{condition, degraded, healthy, number, progressing, suspended, text};
use crate::{Status, Verdict};

const UNOBSERVED: &str = "Waiting for rollout spec update to be observed";

pub(super) fn rollout(object: &Object) -> Option<Verdict> {
    if !is_observed(object) {
        return progressing(UNOBSERVED);
    }
    let message = object.str_at(&["status", "message"]);
    let status = match object.str_at(&["status", "phase"]) {
        "Healthy" => Some(Status::Healthy),
        "Degraded" => Some(Status::Degraded),
        "Progressing" => Some(Status::Progressing),
        "Paused" => Some(Status::Suspended),
        _ => None,
    };
    if let Some(status) = status {
        return super::verdict(status, message);
    }
    if let Some(invalid) = condition(object, "InvalidSpec") {
        return degraded(text(invalid, "message"));
    }
    if let Some(condition) = condition(object, "Progressing") {
        match text(condition, "reason") {
            "RolloutAborted" | "ProgressDeadlineExceeded" => {
                return degraded(text(condition, "message"));
            }
            "RolloutPaused" => return suspended("Rollout is paused"),
            _ => {}
        }
    }
    if object.get(&["spec", "paused"]).is_some_and(|paused| *paused == true) {
        return suspended("Rollout is paused");
    }
    by_replicas(object)
}

fn by_replicas(object: &Object) -> Option<Verdict> {
    let waiting = |what: &str| progressing(format!("Waiting for roll out to finish: {what}"));
    let count = |field: &str| number(object, &["status", field]).unwrap_or_default();
    let wanted = number(object, &["spec", "replicas"]).unwrap_or(1.0);
    let (updated, available, all) =
        (count("updatedReplicas"), count("availableReplicas"), count("replicas"));
    if updated < wanted {
        return waiting("More replicas need to be updated");
    }
    if available < updated {
        return waiting("updated replicas are still becoming available");
    }
    let current = object.str_at(&["status", "currentPodHash"]);
    if object.get(&["spec", "strategy", "blueGreen"]).is_some() {
        let active = match object.str_at(&["status", "blueGreen", "activeSelector"]) {
            "" => object.str_at(&["status", "activeSelector"]),
            active => active,
        };
        if active != current {
            return waiting("active service cutover pending");
        }
        return healthy("");
    }
    if all > updated {
        return waiting("old replicas are pending termination");
    }
    let stable = match object.str_at(&["status", "stableRS"]) {
        "" => object.str_at(&["status", "canary", "stableRS"]),
        stable => stable,
    };
    if !stable.is_empty() && stable != current {
        return waiting("waiting for all steps to complete");
    }
    healthy("")
}

/// Generations are told as text; older controllers told a hash, which says nothing.
fn is_observed(object: &Object) -> bool {
    if object.get(&["status"]).is_none() {
        return false;
    }
    let observed = object.str_at(&["status", "observedGeneration"]).parse::<f64>().ok();
    let behind = observed.zip(number(object, &["metadata", "generation"]));
    if behind.is_some_and(|(observed, generation)| observed < generation) {
        return false;
    }
    if object.get(&["spec", "workloadRef"]).is_none() {
        return true;
    }
    let workload = object.annotation("rollout.argoproj.io/workload-generation").unwrap_or_default();
    object.str_at(&["status", "workloadObservedGeneration"]) == workload
}
