//! Storage, search, messaging and operators.

use serde_json::Value;
use windlass_object::Object;

use super::{
    conditions, degraded, healthy, last_condition, list_at, number, progressing, text, verdict,
};
use crate::{Status, Verdict};

/// Health with its details by name, the state of a healthy one, and the message, as far as told.
pub(super) fn ceph_cluster(object: &Object) -> Option<Verdict> {
    if object.get(&["status"]).is_none_or(Value::is_null) {
        return progressing("Waiting for status to be reported");
    }
    let told = |path: &[&str]| object.get(path).and_then(Value::as_str);
    let mut status = Status::Progressing;
    let mut message: Vec<String> = Vec::new();
    if let Some(health) = told(&["status", "ceph", "health"]) {
        let details = object.get(&["status", "ceph", "details"]).and_then(Value::as_object);
        let mut details: Vec<(&String, &Value)> = details.into_iter().flatten().collect();
        details.sort_by_key(|(kind, _)| *kind);
        let details = details.into_iter().filter_map(|(_, detail)| detail.get("message")?.as_str());
        let details: Vec<&str> = details.collect();
        status = match health {
            "HEALTH_ERR" | "HEALTH_WARN" => Status::Degraded,
            "HEALTH_OK" => Status::Healthy,
            _ => Status::Progressing,
        };
        message.push(match details.as_slice() {
            [] => format!("Ceph health is {health}"),
            details => format!("Ceph health is {health} ({})", details.join("; ")),
        });
    }
    if let Some(state) = told(&["status", "state"]).filter(|_| status == Status::Healthy) {
        message.push(format!("Ceph cluster state is {state}"));
        status = match state {
            "Created" | "Connected" => Status::Healthy,
            "Error" => Status::Degraded,
            _ => Status::Progressing,
        };
    }
    let more = told(&["status", "message"]).filter(|message| !message.is_empty());
    message.extend(more.map(str::to_owned));
    verdict(status, message.join(" - "))
}

/// What is known of a cluster counts only while it has the nodes that it was asked for.
pub(super) fn elasticsearch(object: &Object) -> Option<Verdict> {
    const UNKNOWN: &str = "Elasticsearch Cluster status is unknown. Ensure your ArgoCD is current and then check for/file a bug report: https://github.com/argoproj/argo-cd/issues";
    const CHECK: &str = "Check the status of indices, replicas and shards";
    let unknown = || verdict(Status::Unknown, UNKNOWN);
    let sets = list_at(object, &["spec", "nodeSets"]);
    let wanted: f64 = sets.iter().filter_map(|set| set.get("count").and_then(Value::as_f64)).sum();
    let Some(available) = number(object, &["status", "availableNodes"]) else { return unknown() };
    if available < wanted {
        return progressing(format!(
            "The desired amount of availableNodes is {wanted} but the current amount is {available}"
        ));
    }
    if available > wanted || object.get(&["status", "health"]).is_none() {
        return unknown();
    }
    let health = object.str_at(&["status", "health"]);
    match (object.str_at(&["status", "phase"]), health) {
        ("Ready", "green") => healthy("Elasticsearch Cluster status is Green"),
        ("Ready", "yellow") => {
            progressing(format!("Elasticsearch Cluster status is Yellow. {CHECK}"))
        }
        ("Ready", "red") => degraded(format!("Elasticsearch Cluster status is Red. {CHECK}")),
        (phase @ ("ApplyingChanges" | "MigratingData"), _) => {
            progressing(format!("Elasticsearch phase is {phase}"))
        }
        ("Invalid", _) => degraded("Elasticsearch phase is Invalid"),
        _ => unknown(),
    }
}

/// Conditions of what lies in Grafana are told up to the first that is false.
pub(super) fn grafana_synchronized(object: &Object) -> Option<Verdict> {
    let (mut status, mut message) = (Status::Progressing, String::new());
    for condition in conditions(object).iter().filter(|c| c.get("status").is_some()) {
        if !message.is_empty() {
            message.push_str(", ");
        }
        let told =
            ["reason", "type", "message"].map(|key| condition.get(key).and_then(Value::as_str));
        for (before, word) in ["", " for ", " because "].iter().zip(told) {
            let Some(word) = word else { break };
            message.push_str(before);
            message.push_str(word);
        }
        match text(condition, "status") {
            "False" => return degraded(message),
            "True" => status = Status::Healthy,
            _ => {}
        }
    }
    verdict(status, message)
}

pub(super) fn external_secret_error(object: &Object) -> Option<Verdict> {
    let status = object.str_at(&["status", "status"]);
    status.starts_with("ERROR").then(|| status.replace("ERROR, ", "")).and_then(degraded)
}

pub(super) fn rabbitmq_topology(object: &Object) -> Option<Verdict> {
    let kind = object.kind().to_lowercase();
    for condition in conditions(object).iter().filter(|c| text(c, "type") == "Ready") {
        match (text(condition, "status"), text(condition, "reason")) {
            ("True", "SuccessfulCreateOrUpdate") => {
                return healthy(format!("RabbitMQ {kind} ready"));
            }
            ("False", "FailedCreateOrUpdate") => {
                return degraded(format!("RabbitMQ {kind} failed to be created or updated"));
            }
            _ => {}
        }
    }
    verdict(Status::Unknown, format!("RabbitMQ {kind} status is unknown"))
}

/// Conditions of a subscription tell of trouble; its state tells how far it is. What waits for a
/// person to approve an upgrade is well.
pub(super) fn operator_subscription(object: &Object) -> Option<Verdict> {
    if object.get(&["status", "conditions"]).is_none_or(Value::is_null) {
        return progressing("An install plan for a subscription is pending installation");
    }
    let is_pending = |c: &&Value| {
        text(c, "type") == "InstallPlanPending"
            && text(c, "status") == "True"
            && text(c, "reason") == "RequiresApproval"
    };
    let approvable = object.str_at(&["spec", "installPlanApproval"]) == "Manual"
        && conditions(object).iter().any(|condition| is_pending(&condition))
        && object.get(&["status", "installedCSV"]).is_some();
    let (mut failed, mut pending, mut message) = (false, false, String::new());
    for (index, condition) in conditions(object).iter().enumerate() {
        let (kind, status) = (text(condition, "type"), text(condition, "status"));
        if approvable && kind == "InstallPlanPending" {
            continue;
        }
        message.push_str(&format!("{}: {kind} | {status}\n", index + 1));
        match kind {
            "InstallPlanPending" => pending |= status == "True",
            "InstallPlanMissing" => {
                failed |= text(condition, "reason") != "ReferencedInstallPlanNotFound";
            }
            "CatalogSourcesUnhealthy" | "InstallPlanFailed" | "ResolutionFailed" => {
                failed |= status == "True";
            }
            _ => {}
        }
    }
    let Some(state) = object.get(&["status", "state"]).and_then(Value::as_str) else {
        message.push_str(".status.state not yet known\n");
        return if failed { degraded(message) } else { progressing(message) };
    };
    let optional = approvable && state == "UpgradePending";
    pending |= matches!(state, "" | "UpgradeAvailable") || state == "UpgradePending" && !optional;
    failed |= state == "UpgradeFailed";
    message.push_str(&format!(".status.state is '{state}'"));
    if optional {
        message.push_str(" (manual InstallPlan approval pending; treated as healthy)");
    }
    message.push('\n');
    match (failed, pending) {
        (true, _) => degraded(message),
        (false, true) => progressing(message),
        (false, false) => healthy(message),
    }
}

/// Conditions of Keycloak tell in the order in which they came about.
pub(super) fn keycloak(object: &Object) -> Option<Verdict> {
    let mut told: Vec<&Value> = conditions(object).iter().collect();
    told.sort_by_key(|condition| {
        let time = condition.get("lastTransitionTime").and_then(Value::as_str);
        (time.is_none(), time)
    });
    for condition in told.into_iter().filter(|c| text(c, "status") == "True") {
        match text(condition, "type") {
            "Ready" => return healthy(""),
            "HasErrors" => return degraded(format!("Has Errors: {}", text(condition, "message"))),
            _ => {}
        }
    }
    progressing("")
}

/// A cluster forms before its replicas are ready, and is told of by the last condition of a type.
pub(super) fn rabbitmq_cluster(object: &Object) -> Option<Verdict> {
    let failed = |c: &&Value| text(c, "type") == "ReconcileSuccess" && text(c, "status") == "False";
    if let Some(condition) = conditions(object).iter().find(failed) {
        return degraded(text(condition, "message"));
    }
    let of = |kind: &str| last_condition(object, kind).map_or("", |c| text(c, "status"));
    match (of("ClusterAvailable"), of("AllReplicasReady")) {
        ("Unknown", _) | (_, "Unknown") => {
            progressing("Waiting for RabbitMQ cluster readiness (conditions unknown)")
        }
        ("False", _) => progressing("Waiting for RabbitMQ cluster formation"),
        (_, "False") => progressing("Waiting for RabbitMQ instances ready"),
        ("True", "True") => healthy("RabbitMQ cluster ready"),
        _ => progressing("Waiting for RabbitMQ Operator"),
    }
}
