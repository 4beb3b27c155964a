//! Clusters and what runs in clouds: Crossplane, Cluster API, Karmada, Open Cluster Management.

use serde_json::Value;
use windlass_object::Object;

use super::{
    condition, conditions, degraded, healthy, last_condition, list, list_at, progressing,
    suspended, text, verdict,
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
    let told = |kind: &str| {
        let condition = last_condition(object, kind);
        condition
            .map_or(("", "", ""), |c| (text(c, "status"), text(c, "reason"), text(c, "message")))
    };
    match (told("Ready"), told("Synced")) {
        (("True", reason, _), ("True", _, _)) => healthy(reason),
        (_, ("True", _, _)) => progressing(format!("Waiting for {what} to be available")),
        (_, ("False", reason @ "ReconcilePaused", _)) => suspended(reason),
        (_, (_, _, message)) => degraded(message),
    }
}

/// A package tells by two reasons whether it is installed and whether it is healthy.
pub(super) fn crossplane_package(object: &Object) -> Option<Verdict> {
    let installed = last_condition(object, "Installed")?;
    let working = last_condition(object, "Healthy")?;
    let message = format!("{} {}", text(installed, "reason"), text(working, "reason"));
    let both = [installed, working].iter().all(|c| text(c, "status") == "True");
    if both {
        return healthy(message);
    }
    let failed = [installed, working].iter().any(|c| text(c, "status") == "False");
    if failed { degraded(message) } else { None }
}

pub(super) fn machine_pool(object: &Object) -> Option<Verdict> {
    let phase = object.str_at(&["status", "phase"]);
    let status = match phase {
        "" => return progressing(""),
        "Running" | "Scaling" => Status::Healthy,
        "Failed" => Status::Degraded,
        _ => Status::Progressing,
    };
    let not_yet = conditions(object).iter().filter(|condition| text(condition, "status") != "True");
    let not_yet: Vec<String> = not_yet
        .map(|condition| match text(condition, "reason") {
            "" => format!("Not {}", text(condition, "type")),
            reason => format!("Not {} ({reason})", text(condition, "type")),
        })
        .collect();
    let message = format!("MachinePool is {phase}");
    if not_yet.is_empty() {
        return verdict(status, message);
    }
    verdict(status, format!("{message}: {}", not_yet.join(", ")))
}

pub(super) fn managed_control_plane(object: &Object) -> Option<Verdict> {
    let failure = object.str_at(&["status", "failureMessage"]);
    if !failure.is_empty() {
        return degraded(failure);
    }
    let observed = object.int_at(&["status", "observedGeneration"]);
    if observed.is_some_and(|observed| Some(observed) != object.generation()) {
        return progressing("Waiting for the control plane spec to be reconciled");
    }
    let failed = |c: &&Value| text(c, "status") == "False" && text(c, "severity") == "Error";
    let errors: String = conditions(object)
        .iter()
        .filter(failed)
        .map(|condition| format!("{} ", text(condition, "message")))
        .collect();
    if !errors.is_empty() {
        return degraded(errors);
    }
    let is = |kind: &str| condition(object, kind).is_some_and(|c| text(c, "status") == "True");
    if is("EKSControlPlaneUpdating") {
        return progressing("EKS control plane is updating");
    }
    if object.get(&["status"]).is_none_or(Value::is_null) {
        return progressing("Provisioning...");
    }
    if object.get(&["status", "ready"]) != Some(&Value::Bool(true)) {
        return progressing("Control plane is not ready (.status.ready is false)");
    }
    if is("Ready") {
        healthy("Control plane is ready")
    } else {
        progressing("Control plane is not ready")
    }
}

pub(super) fn configuration_policy(object: &Object) -> Option<Verdict> {
    if object.get(&["status", "lastEvaluatedGeneration"]).is_none() {
        return progressing("Waiting for the status to be reported");
    }
    if object.int_at(&["status", "lastEvaluatedGeneration"]) != object.generation() {
        return progressing("Waiting for the status to be updated");
    }
    let details = list_at(object, &["status", "compliancyDetails"]);
    let messages: Vec<String> = details
        .iter()
        .flat_map(|detail| list(detail, "conditions"))
        .map(|condition| format!("{} - {}", text(condition, "type"), text(condition, "message")))
        .collect();
    let status = match object.str_at(&["status", "compliant"]) {
        "NonCompliant" => Status::Degraded,
        _ => Status::Healthy,
    };
    verdict(status, messages.join("; "))
}

/// On the hub a policy tells of clusters, on a managed cluster of templates.
pub(super) fn governance_policy(object: &Object) -> Option<Verdict> {
    if object.get(&["spec", "disabled"]) == Some(&Value::Bool(true)) {
        return healthy("Policy is disabled");
    }
    let replicated = object.label("policy.open-cluster-management.io/root-policy").is_some();
    let compliant = object.str_at(&["status", "compliant"]);
    if compliant.is_empty() {
        let placed = !replicated && object.get(&["status", "placement"]).is_some();
        return if placed {
            healthy("No clusters match this policy")
        } else {
            progressing("Waiting for the status to be reported")
        };
    }
    let (what, entries) =
        if replicated { ("templates", "details") } else { ("clusters", "status") };
    let failing: Vec<&str> = list_at(object, &["status", entries])
        .iter()
        .filter(|entry| text(entry, "compliant") != "Compliant")
        .map(|entry| match entry.get("templateMeta") {
            Some(meta) => text(meta, "name"),
            None => text(entry, "clustername"),
        })
        .collect();
    if failing.is_empty() {
        return healthy(format!("All {what} are compliant"));
    }
    degraded(format!("NonCompliant {what}: {}", failing.join(", ")))
}

/// A binding does as well as the worst of the clusters that it is bound to.
pub(super) fn resource_binding(object: &Object) -> Option<Verdict> {
    let clusters = list_at(object, &["spec", "clusters"]);
    let states = list_at(object, &["status", "aggregatedStatus"]);
    if states.is_empty() || states.len() < clusters.len() {
        return progressing("Current resource status is insufficient");
    }
    let bad = |state: &Value| {
        let applied = state.get("applied") == Some(&Value::Bool(true));
        let health = text(state, "health");
        health == "Unhealthy" || !applied && health != "Healthy"
    };
    if states.iter().any(bad) {
        return degraded("Current resource status is unhealthy");
    }
    healthy("")
}
