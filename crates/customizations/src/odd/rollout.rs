//! Argo Rollouts: its own phase where it tells one, else what its conditions and replicas say.

use serde_json::Value;
use windlass_object::Object;

use super::{conditions, degraded, healthy, list_at, number, progressing, suspended, text};
use crate::{Status, Verdict};

const UNOBSERVED: &str = "Waiting for rollout spec update to be observed";

pub(super) fn rollout(object: &Object) -> Option<Verdict> {
    if !is_observed(object) {
        return progressing(UNOBSERVED);
    }
    let message = object.str_at(&["status", "message"]);
    if let Some(phase) = object.get(&["status", "phase"]).and_then(Value::as_str) {
        return match phase {
            "Paused" => suspended(message),
            phase => match Status::parse(phase) {
                Some(status) => super::verdict(status, message),
                None => super::verdict(Status::Unknown, "Lua returned an invalid health status"),
            },
        };
    }
    let fails = |condition: &&Value| {
        let aborted = ["RolloutAborted", "ProgressDeadlineExceeded"];
        match text(condition, "type") {
            "InvalidSpec" => true,
            "Progressing" => aborted.contains(&text(condition, "reason")),
            _ => false,
        }
    };
    if let Some(condition) = conditions(object).iter().find(fails) {
        return degraded(text(condition, "message"));
    }
    let paused = object.get(&["spec", "paused"]).is_some_and(|paused| *paused == true);
    if paused || !list_at(object, &["status", "pauseConditions"]).is_empty() {
        return suspended("Rollout is paused");
    }
    by_replicas(object)
}

fn by_replicas(object: &Object) -> Option<Verdict> {
    let waiting = |what: &str| progressing(format!("Waiting for roll out to finish: {what}"));
    let told = |path: &[&str]| object.get(path).and_then(Value::as_str);
    let Some(current) = told(&["status", "currentPodHash"]) else {
        return progressing("Waiting for rollout to finish: status has not been reconciled.");
    };
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
    // Where a canary has a status that names no stable set, that is not the same as no name.
    let stable =
        told(&["status", "stableRS"]).or_else(|| match object.get(&["status", "canary"]) {
            Some(_) => told(&["status", "canary", "stableRS"]),
            None => Some(""),
        });
    if object.get(&["spec", "strategy", "blueGreen"]).is_some() {
        if told(&["status", "blueGreen", "activeSelector"]) != Some(current) {
            return progressing("active service cutover pending");
        }
        if stable != Some("") && stable != Some(current) {
            return progressing("waiting for analysis to complete");
        }
    } else if object.get(&["spec", "strategy", "canary"]).is_some() {
        if all > updated {
            return waiting("old replicas are pending termination");
        }
        if stable == Some("") || stable != Some(current) {
            return progressing("Waiting for rollout to finish steps");
        }
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
    if object.get(&["spec", "workloadRef"]).is_none()
        || object.get(&["metadata", "annotations"]).is_none()
    {
        return true;
    }
    let number = |text: &str| text.parse::<f64>().ok();
    let workload = object.annotation("rollout.argoproj.io/workload-generation");
    workload.and_then(number) == number(object.str_at(&["status", "workloadObservedGeneration"]))
}
