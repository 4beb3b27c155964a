//! Storage, search, messaging and operators.

use serde_json::Value;
use windlass_object::Object;

use super::{conditions, degraded, healthy, list_at, number, progressing, text, verdict};
use crate::{Status, Verdict};

pub(super) fn ceph_cluster(object: &Object) -> Option<Verdict> {
    let health = object.str_at(&["status", "ceph", "health"]);
    let message = object.str_at(&["status", "message"]);
    let state = object.str_at(&["status", "state"]);
    match health {
        "" if object.get(&["status"]).is_none() => progressing("Waiting for status to be reported"),
        "" => progressing(message),
        "HEALTH_OK" => {
            healthy(format!("Ceph health is HEALTH_OK - Ceph cluster state is {state} - {message}"))
        }
        _ => {
            let details = object.get(&["status", "ceph", "details"]).and_then(Value::as_object);
            let details: Vec<&str> =
                details.into_iter().flatten().map(|(_, detail)| text(detail, "message")).collect();
            if details.is_empty() {
                return degraded(format!("Ceph health is {health} - {message}"));
            }
            degraded(format!("Ceph health is {health} ({}) - {message}", details.join("; ")))
        }
    }
}

/// Green with fewer nodes than asked for is still on its way.
pub(super) fn elasticsearch(object: &Object) -> Option<Verdict> {
    const UNKNOWN: &str = "Elasticsearch Cluster status is unknown. Ensure your ArgoCD is current and then check for/file a bug report: https://github.com/argoproj/argo-cd/issues";
    const CHECK: &str = "Check the status of indices, replicas and shards";
    let phase = object.str_at(&["status", "phase"]);
    match phase {
        "Ready" => {}
        "ApplyingChanges" | "MigratingData" => {
            return progressing(format!("Elasticsearch phase is {phase}"));
        }
        "Invalid" => return degraded("Elasticsearch phase is Invalid"),
        _ => {
            return verdict(Status::Unknown, UNKNOWN);
        }
    }
    match object.str_at(&["status", "health"]) {
        "green" => {
            let sets = list_at(object, &["spec", "nodeSets"]);
            let wanted: f64 =
                sets.iter().filter_map(|set| set.get("count").and_then(Value::as_f64)).sum();
            let available = number(object, &["status", "availableNodes"]).unwrap_or_default();
            if available < wanted {
                return progressing(format!(
                    "The desired amount of availableNodes is {wanted} but the current amount is {available}"
                ));
            }
            healthy("Elasticsearch Cluster status is Green")
        }
        "yellow" => progressing(format!("Elasticsearch Cluster status is Yellow. {CHECK}")),
        "red" => degraded(format!("Elasticsearch Cluster status is Red. {CHECK}")),
        _ => verdict(Status::Unknown, UNKNOWN),
    }
}

pub(super) fn external_secret_error(object: &Object) -> Option<Verdict> {
    let status = object.str_at(&["status", "status"]);
    let error = status.strip_prefix("ERROR, ")?;
    degraded(error)
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

/// Conditions of a subscription tell of trouble; its state tells how far it is.
pub(super) fn operator_subscription(object: &Object) -> Option<Verdict> {
    if object.get(&["status", "conditions"]).is_none() && object.get(&["status", "state"]).is_none()
    {
        return progressing("An install plan for a subscription is pending installation");
    }
    let state = object.str_at(&["status", "state"]);
    let is_true = |kind: &str| {
        let found = conditions(object).iter().find(|c| text(c, "type") == kind);
        found.is_some_and(|condition| text(condition, "status") == "True")
    };
    let approvable = conditions(object).iter().any(|condition| {
        text(condition, "type") == "InstallPlanPending"
            && text(condition, "status") == "True"
            && text(condition, "reason") == "RequiresApproval"
    });
    let optional = state == "UpgradePending"
        && approvable
        && object.str_at(&["spec", "installPlanApproval"]) == "Manual"
        && !object.str_at(&["status", "installedCSV"]).is_empty()
        && !is_true("BundleUnpacking");
    let mut message = String::new();
    for (index, condition) in conditions(object).iter().enumerate() {
        let (kind, status) = (text(condition, "type"), text(condition, "status"));
        if !(optional && kind == "InstallPlanPending") {
            message.push_str(&format!("{}: {kind} | {status}\n", index + 1));
        }
    }
    message.push_str(&match state {
        "" => ".status.state not yet known\n".to_owned(),
        state if optional => format!(
            ".status.state is '{state}' (manual InstallPlan approval pending; treated as healthy)\n"
        ),
        state => format!(".status.state is '{state}'\n"),
    });
    if ["CatalogSourcesUnhealthy", "InstallPlanFailed", "ResolutionFailed"].into_iter().any(is_true)
    {
        return degraded(message);
    }
    let pending = is_true("InstallPlanPending") || is_true("BundleUnpacking");
    if optional || state == "AtLatestKnown" && !pending {
        return healthy(message);
    }
    progressing(message)
}
