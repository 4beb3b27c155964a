//! Kinds whose health is one look at their status.

use windlass_object::{Object, Value};

use super::{Verdict, conditions, degraded, healthy, progressing, versions};
use crate::state::{Health, HealthCode};

/// Whether a load balancer has been given an address.
fn has_address(object: &Object) -> bool {
    let list = object.get(&["status", "loadBalancer", "ingress"]).and_then(Value::as_array);
    list.is_some_and(|list| !list.is_empty())
}

pub(super) fn ingress(object: &Object) -> Verdict {
    if has_address(object) { healthy("") } else { progressing("") }
}

pub(super) fn service(object: &Object) -> Verdict {
    versions(object, "Service", &["v1"])?;
    let balanced = object.str_at(&["spec", "type"]) == "LoadBalancer";
    if balanced && !has_address(object) { progressing("") } else { healthy("") }
}

pub(super) fn volume_claim(object: &Object) -> Verdict {
    versions(object, "PersistentVolumeClaim", &["v1"])?;
    let status = match object.str_at(&["status", "phase"]) {
        "Lost" => HealthCode::Degraded,
        "Pending" => HealthCode::Progressing,
        "Bound" => HealthCode::Healthy,
        _ => HealthCode::Unknown,
    };
    Ok(Health::new(status, ""))
}

pub(super) fn job(object: &Object) -> Verdict {
    versions(object, "Job", &["batch/v1"])?;
    let mut complete = false;
    let mut failed = None;
    let mut suspended = false;
    let mut message = "";
    for condition in conditions(object) {
        match condition.kind() {
            "Failed" => failed = Some(condition.message()),
            "Complete" => message = condition.message(),
            "Suspended" => {
                message = condition.message();
                suspended |= condition.is_true();
            }
            _ => continue,
        }
        complete = true;
    }
    match failed {
        _ if !complete => progressing(message),
        Some(failure) => degraded(failure),
        None if suspended => Ok(Health::new(HealthCode::Suspended, message)),
        None => healthy(message),
    }
}

pub(super) fn api_service(object: &Object) -> Verdict {
    let known = ["apiregistration.k8s.io/v1", "apiregistration.k8s.io/v1beta1"];
    versions(object, "APIService", &known)?;
    match conditions(object).find(|c| c.kind() == "Available") {
        None => progressing("Waiting to be processed"),
        Some(available) => {
            let message = format!("{}: {}", available.reason(), available.message());
            if available.is_true() { healthy(message) } else { progressing(message) }
        }
    }
}

pub(super) fn workflow(object: &Object) -> Verdict {
    let message = object.str_at(&["status", "message"]);
    let status = match object.str_at(&["status", "phase"]) {
        "" | "Pending" | "Running" => HealthCode::Progressing,
        "Succeeded" => HealthCode::Healthy,
        "Failed" | "Error" => HealthCode::Degraded,
        _ => HealthCode::Unknown,
    };
    Ok(Health::new(status, message))
}
