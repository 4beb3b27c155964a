//! Actions that change a field or two.

use jiff::Timestamp;
use windlass_object::{Object, Value, json};

use super::{Parameter, Refused, holds, rfc3339, to_number};

pub(super) const ROLLING_UPDATE: &str = "strimzi.io/manual-rolling-update";
pub(super) const RECONCILIATION_LOOP: &str = "cnpg.io/reconciliationLoop";
pub(super) const PAUSED: &str = "autoscaling.keda.sh/paused";
pub(super) const PAUSED_REPLICAS: &str = "autoscaling.keda.sh/paused-replicas";
pub(super) const HEALTHY_INSTANCES: [&str; 3] = ["status", "instancesStatus", "healthy"];
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
const FORCE_SYNC: &str = "force-sync";

/// Kinds of Flux that reconcile on request.
pub(super) fn is_flux(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("helm.toolkit.fluxcd.io", "HelmRelease")
            | ("image.toolkit.fluxcd.io", "ImageRepository" | "ImageUpdateAutomation")
            | ("kustomize.toolkit.fluxcd.io", "Kustomization")
            | ("notification.toolkit.fluxcd.io", "Receiver")
            | (
                "source.toolkit.fluxcd.io",
                "Bucket" | "GitRepository" | "HelmChart" | "HelmRepository" | "OCIRepository"
            )
    )
}

pub(super) fn act(
    object: &Object,
    name: &str,
    parameters: &[Parameter],
    now: Timestamp,
) -> Option<Result<Object, Refused>> {
    let mut new = object.clone();
    match (object.group(), object.kind(), name) {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet", "restart") => {
            let path = ["spec", "template", "metadata", "annotations", RESTARTED_AT];
            new.set(&path, rfc3339(now));
        }
        ("apps", "Deployment", "pause") => new.set(&["spec", "paused"], true),
        ("apps", "Deployment", "resume") => {
            new.remove(&["spec", "paused"]);
        }
        ("apps", "Deployment" | "StatefulSet", "scale") => {
            let replicas = match number(parameters, "replicas") {
                Ok(replicas) => replicas,
                Err(refused) => return Some(Err(refused)),
            };
            new.set(&["spec", "replicas"], replicas);
        }
        ("argoproj.io", "AnalysisRun", "terminate") => new.set(&["spec", "terminate"], true),
        ("argoproj.io", "Application", "toggle-auto-sync") => {
            new.set(&["spec", "syncPolicy", "automated", "enabled"], !syncs_itself(object));
        }
        ("batch", "CronJob" | "Job", "suspend")
        | ("k8s.mariadb.com", "MariaDB", "suspend")
        | ("notification.toolkit.fluxcd.io", "Alert" | "Provider", "suspend") => {
            new.set(&["spec", "suspend"], true);
        }
        ("batch", "CronJob" | "Job", "resume")
        | ("k8s.mariadb.com", "MariaDB", "resume")
        | ("notification.toolkit.fluxcd.io", "Alert" | "Provider", "resume") => resume(&mut new),
        ("batch", "Job", "terminate") => terminate(&mut new, now),
        ("core.strimzi.io", "StrimziPodSet", "rolling-update") => {
            new.set_annotation(ROLLING_UPDATE, "true");
        }
        ("external-secrets.io", "ExternalSecret", "refresh")
        | ("external-secrets.io", "PushSecret", "push") => {
            new.set_annotation(FORCE_SYNC, &rfc3339(now));
        }
        ("keda.sh", "ScaledJob" | "ScaledObject", "pause") => new.set_annotation(PAUSED, "true"),
        ("keda.sh", "ScaledJob" | "ScaledObject", "resume") => {
            forget(&mut new, PAUSED);
            if object.kind() == "ScaledObject" {
                forget(&mut new, PAUSED_REPLICAS);
            }
        }
        ("keda.sh", "ScaledObject", "paused-replicas") => {
            let Some(given) = parameters.iter().find(|p| p.name == "replicas") else {
                return Some(Err(Refused("replicas parameter is required".to_owned())));
            };
            let text = given.value.as_str();
            let number = number(parameters, "replicas").ok();
            let Some(number) = number.filter(|n| n.as_f64().is_some_and(|n| n >= 0.0)) else {
                return Some(Err(Refused(format!("invalid number: {text} (must be >= 0)"))));
            };
            new.set_annotation(PAUSED_REPLICAS, &number.to_string());
        }
        ("postgresql.cnpg.io", "Cluster", name) => {
            return postgres(new, name, given(parameters, "instance"), now);
        }
        ("promoter.argoproj.io", "PullRequest", "merge") => new.set(&["spec", "state"], "merged"),
        ("psmdb.percona.com", "PerconaServerMongoDB", "pause") => new.set(&["spec", "pause"], true),
        ("psmdb.percona.com", "PerconaServerMongoDB", "unpause") => {
            new.set(&["spec", "pause"], false);
        }
        (group, kind, name) if is_flux(group, kind) => match name {
            "reconcile" => {
                let at = format!("By Argo CD at: {}", now.strftime("%Y-%m-%dT%H:%M:%S"));
                new.set_annotation("reconcile.fluxcd.io/requestedAt", &at);
            }
            "suspend" => new.set(&["spec", "suspend"], true),
            "resume" => resume(&mut new),
            _ => return None,
        },
        _ => return None,
    }
    Some(Ok(new))
}

fn given<'a>(parameters: &'a [Parameter], name: &str) -> &'a str {
    let found = parameters.iter().find(|parameter| parameter.name == name);
    found.map_or("", |parameter| parameter.value.as_str())
}

/// A parameter that is to be a number.
fn number(parameters: &[Parameter], name: &str) -> Result<Value, Refused> {
    let given = given(parameters, name);
    to_number(given).ok_or_else(|| Refused(format!("invalid number: {given}")))
}

/// Takes back what holds an object, if something does.
fn resume(object: &mut Object) {
    if holds(object, &["spec", "suspend"]) {
        object.set(&["spec", "suspend"], false);
    }
}

/// Removes an annotation; the map stays, empty or not.
fn forget(object: &mut Object, annotation: &str) {
    object.remove(&["metadata", "annotations", annotation]);
}

/// Whether a secret's interval is zero, in any unit: it is read once.
pub(super) fn never_refreshes(secret: &Object) -> bool {
    match secret.get(&["spec", "refreshInterval"]) {
        Some(Value::Number(number)) => number.as_f64() == Some(0.0),
        Some(Value::String(text)) => {
            matches!(text.as_str(), "0" | "0ns" | "0us" | "0µs" | "0ms" | "0s" | "0m" | "0h")
        }
        _ => false,
    }
}

/// Whether an application syncs by itself.
pub(super) fn syncs_itself(application: &Object) -> bool {
    let automated = application.get(&["spec", "syncPolicy", "automated"]);
    automated.is_some_and(|automated| {
        let enabled = automated.get("enabled").unwrap_or(&Value::Null);
        !automated.is_null() && matches!(enabled, Value::Null | Value::Bool(true))
    })
}

/// Whether a job has come, or is about to come, to its end.
pub(super) fn job_has_ended(job: &Object) -> bool {
    crate::odd::conditions(job).iter().any(|condition| {
        let kind = crate::odd::text(condition, "type");
        let is_true = crate::odd::text(condition, "status") == "True";
        is_true && matches!(kind, "Complete" | "Failed" | "FailureTarget" | "SuccessCriteriaMet")
    })
}

/// The job controller ends a job with this condition.
fn terminate(job: &mut Object, now: Timestamp) {
    // What has no status yet has not begun.
    let begun = job.get(&["status"]).is_some_and(|status| !status.is_null());
    if !begun || job_has_ended(job) {
        return;
    }
    let mut conditions = crate::odd::conditions(job).to_vec();
    conditions.push(json!({
        "lastTransitionTime": rfc3339(now),
        "message": "Job was terminated explicitly through Argo CD",
        "reason": "ManuallyTerminated",
        "status": "True",
        "type": "FailureTarget",
    }));
    job.set(&["status", "conditions"], conditions);
}

fn postgres(
    mut cluster: Object,
    name: &str,
    instance: &str,
    now: Timestamp,
) -> Option<Result<Object, Refused>> {
    match name {
        "reload" => cluster.set_annotation("cnpg.io/reloadedAt", &rfc3339(now)),
        "restart" => cluster.set_annotation(RESTARTED_AT, &rfc3339(now)),
        "suspend" => cluster.set_annotation(RECONCILIATION_LOOP, "disabled"),
        "resume" => forget(&mut cluster, RECONCILIATION_LOOP),
        "promote" => return Some(promote(cluster, instance, now)),
        _ => return None,
    }
    Some(Ok(cluster))
}

/// `any` is the healthy instance after the primary, a number the instance of that number, else a name is
/// meant.
fn promote(mut cluster: Object, instance: &str, now: Timestamp) -> Result<Object, Refused> {
    let healthy = crate::odd::list_at(&cluster, &HEALTHY_INSTANCES);
    let names: Vec<&str> = healthy.iter().filter_map(Value::as_str).collect();
    let numbered = format!("{}-{instance}", cluster.name());
    let wanted = if to_number(instance).is_some() { numbered.as_str() } else { instance };
    let found = if instance == "any" {
        let primary = cluster.str_at(&["status", "currentPrimary"]);
        let primary = names.iter().position(|name| *name == primary);
        primary.map_or(names.first(), |at| names.iter().cycle().nth(at + 1))
    } else {
        names.iter().find(|name| **name == wanted)
    };
    let Some(found) = found.map(|name| (*name).to_owned()) else {
        return Err(Refused(format!(
            "Could not find a healthy instance matching the criteria: {instance}"
        )));
    };
    cluster.set(&["status", "phase"], "Switchover in progress");
    cluster.set(&["status", "phaseReason"], format!("Switching over to {found}"));
    cluster.set(&["status", "targetPrimary"], found);
    cluster.set(&["status", "targetPrimaryTimestamp"], rfc3339(now));
    Ok(cluster)
}
