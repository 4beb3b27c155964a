//! Clusters and what runs in clouds: Crossplane, Cluster API, Karmada, Open Cluster Management.

use serde_json::Value;
use windlass_object::Object;

use super::{
    conditions, degraded, healthy, last_condition, list, list_at, progressing, suspended, text,
    verdict,
};
use crate::{Status, Verdict};

/// A managed resource of provider-aws: synced with the cloud, and ready there.
pub(super) fn crossplane_managed(object: &Object) -> Option<Verdict> {
    let what = match object.kind() {
        "Distribution" => "distribution",
        "ResourceRecordSet" => "resourcrecordset",
        kind => kind,
    };
    if object.get(&["status", "conditions"]).is_none_or(Value::is_null) {
        return progressing(format!("Waiting for {what} to be created"));
    }
    let is = |kind: &str| last_condition(object, kind).is_some_and(|c| text(c, "status") == "True");
    let (ready, synced) = (is("Ready"), is("Synced"));
    let told = |reason: &str| {
        let mut those = conditions(object).iter().rev();
        those.find(|c| text(c, "type") == "Synced" && text(c, "reason") == reason)
    };
    let paused = told("ReconcilePaused").is_some();
    if ready && synced {
        return healthy(last_condition(object, "Ready").map_or("", |c| text(c, "reason")));
    }
    if paused && !synced {
        return suspended("ReconcilePaused");
    }
    if synced && !paused {
        return progressing(format!("Waiting for {what} to be available"));
    }
    degraded(told("ReconcileError").map_or("", |condition| text(condition, "message")))
}

/// A provider tells by two reasons whether it is installed and whether it is healthy.
pub(super) fn crossplane_package(object: &Object) -> Option<Verdict> {
    if object.get(&["status", "conditions"]).is_none_or(Value::is_null) {
        return progressing("Waiting for provider to be installed");
    }
    let told = |kind: &str| {
        let condition = last_condition(object, kind);
        condition.map_or(("", ""), |c| (text(c, "status"), text(c, "reason")))
    };
    let (installed, working) = (told("Installed"), told("Healthy"));
    let message = format!("{} {}", installed.1, working.1);
    if installed.0 == "True" && working.0 == "True" { healthy(message) } else { degraded(message) }
}

pub(super) fn machine_pool(object: &Object) -> Option<Verdict> {
    let phase = object.get(&["status", "phase"]).and_then(Value::as_str);
    let status = match phase {
        Some("Running" | "Scaling") => Status::Healthy,
        Some("Failed" | "Unknown") => Status::Degraded,
        _ => Status::Progressing,
    };
    let not_yet: Vec<String> = conditions(object)
        .iter()
        .filter(|condition| text(condition, "status") == "False")
        .filter_map(|condition| {
            let kind = condition.get("type")?.as_str()?;
            Some(match condition.get("reason").and_then(Value::as_str) {
                Some(reason) => format!("Not {kind} ({reason})"),
                None => format!("Not {kind}"),
            })
        })
        .collect();
    let message = phase.map(|phase| format!("MachinePool is {phase}")).unwrap_or_default();
    if not_yet.is_empty() {
        return verdict(status, message);
    }
    verdict(status, format!("{message}: {}", not_yet.join(", ")))
}

/// A failure that will not pass goes before all conditions, and an update before the control plane's
/// being ready. Ready is ready, whatever stands after it; errors before that are told together.
pub(super) fn managed_control_plane(object: &Object) -> Option<Verdict> {
    let observed = object.int_at(&["status", "observedGeneration"]);
    let behind = observed.zip(object.generation());
    if behind.is_some_and(|(observed, generation)| observed != generation) {
        return progressing("Waiting for the control plane spec to be reconciled");
    }
    let failure = object.str_at(&["status", "failureMessage"]);
    if !failure.is_empty() {
        return degraded(failure);
    }
    let updating =
        |c: &Value| text(c, "type") == "EKSControlPlaneUpdating" && text(c, "status") == "True";
    if conditions(object).iter().any(updating) {
        return progressing("EKS control plane is updating");
    }
    if object.get(&["status", "conditions"]).is_none_or(Value::is_null) {
        return progressing("Provisioning...");
    }
    let mut errors = String::new();
    for condition in conditions(object) {
        let status = text(condition, "status");
        if status == "True" && text(condition, "type") == "Ready" {
            return healthy("Control plane is ready");
        }
        if status == "False" && text(condition, "severity") == "Error" {
            errors.push_str(text(condition, "message"));
            errors.push(' ');
        }
    }
    if !errors.is_empty() {
        return degraded(errors);
    }
    if object.get(&["status", "ready"]) == Some(&Value::Bool(false)) {
        return progressing("Control plane is not ready (.status.ready is false)");
    }
    progressing("Control plane is not ready")
}

pub(super) fn configuration_policy(object: &Object) -> Option<Verdict> {
    let Some(compliant) = object.get(&["status", "compliant"]).filter(|c| !c.is_null()) else {
        return progressing("Waiting for the status to be reported");
    };
    if object.int_at(&["status", "lastEvaluatedGeneration"]) != object.generation() {
        return progressing("Waiting for the status to be updated");
    }
    if object.get(&["status", "compliancyDetails"]).is_none_or(Value::is_null) {
        return progressing("Waiting for compliance");
    }
    let messages: Vec<String> = list_at(object, &["status", "compliancyDetails"])
        .iter()
        .flat_map(|detail| list(detail, "conditions"))
        .filter_map(|condition| {
            let told = |key: &str| condition.get(key).and_then(Value::as_str);
            Some(format!("{} - {}", told("type")?, told("message")?))
        })
        .collect();
    let status = if compliant == "Compliant" { Status::Healthy } else { Status::Degraded };
    verdict(status, messages.join("; "))
}

/// On the hub a policy tells of clusters, on a managed cluster of templates.
pub(super) fn governance_policy(object: &Object) -> Option<Verdict> {
    if object.get(&["spec", "disabled"]) == Some(&Value::Bool(true)) {
        return healthy("Policy is disabled");
    }
    let told = |key: &str| object.get(&["status", key]).is_some_and(|value| !value.is_null());
    if !told("compliant") {
        let placed = !list_at(object, &["status", "placement"]).is_empty();
        return if placed && !told("status") {
            healthy("No clusters match this policy")
        } else {
            progressing("Waiting for the status to be reported")
        };
    }
    let status = match object.str_at(&["status", "compliant"]) {
        "Compliant" => Status::Healthy,
        _ => Status::Degraded,
    };
    let (what, entries) = match (told("status"), told("details")) {
        (true, _) => ("clusters", "status"),
        (false, true) => ("templates", "details"),
        (false, false) => return verdict(status, ""),
    };
    let failing: Vec<&str> = list_at(object, &["status", entries])
        .iter()
        .filter(|entry| text(entry, "compliant") != "Compliant")
        .filter_map(|entry| match what {
            "templates" => entry.get("templateMeta")?.get("name")?.as_str(),
            _ => entry.get("clustername")?.as_str(),
        })
        .collect();
    if failing.is_empty() {
        return verdict(status, format!("All {what} are compliant"));
    }
    verdict(status, format!("NonCompliant {what}: {}", failing.join(", ")))
}

/// A binding does as well as the worst of the clusters that it is bound to.
pub(super) fn resource_binding(object: &Object) -> Option<Verdict> {
    let clusters = list_at(object, &["spec", "clusters"]);
    let states = list_at(object, &["status", "aggregatedStatus"]);
    // What depends on another binding is bound to no clusters of its own.
    let depends = object.kind() == "ResourceBinding" && object.get(&["spec", "clusters"]).is_none();
    if states.is_empty() || !depends && states.len() != clusters.len() {
        return progressing("Current resource status is insufficient");
    }
    let bad = |state: &Value| match text(state, "health") {
        "Unhealthy" => true,
        "Unknown" => state.get("applied") != Some(&Value::Bool(true)),
        _ => false,
    };
    if states.iter().any(bad) {
        return degraded("Current resource status is unhealthy");
    }
    healthy("")
}
