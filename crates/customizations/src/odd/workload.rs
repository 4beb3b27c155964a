//! Serving, batch and telemetry.

use serde_json::Value;
use windlass_object::Object;

use super::{condition, conditions, degraded, healthy, progressing, suspended, text};
use crate::Verdict;

/// `1: Type | Status` for each condition. All that the kind has must be true.
pub(super) fn knative_operator(object: &Object) -> Option<Verdict> {
    let known: &[&str] = match object.kind() {
        "KnativeEventing" => &["InstallSucceeded", "Ready"],
        _ => &["DependenciesInstalled", "DeploymentsAvailable", "InstallSucceeded", "Ready"],
    };
    let (mut ready, mut waiting) = (0, false);
    let mut message = String::new();
    for (index, condition) in conditions(object).iter().enumerate() {
        let (kind, status) = (text(condition, "type"), text(condition, "status"));
        match status {
            "True" => ready += usize::from(known.contains(&kind)),
            "False" | "Unknown" => waiting = true,
            _ => {}
        }
        message.push_str(&format!("{}: {kind} | {status}\n", index + 1));
    }
    if conditions(object).is_empty() {
        return progressing(format!("Waiting for {}", object.kind()));
    }
    if ready == known.len() {
        return healthy(format!("{} is healthy.", object.kind()));
    }
    if waiting { progressing(message) } else { degraded(message) }
}

pub(super) fn knative_service(object: &Object) -> Option<Verdict> {
    if conditions(object).is_empty() {
        return progressing("Waiting for status update.");
    }
    let mut told = String::new();
    let mut failed = false;
    for condition in conditions(object).iter().filter(|c| text(c, "status") != "True") {
        let status = text(condition, "status");
        failed |= status == "False";
        told.push_str(&format!("{} is {status}", text(condition, "type")));
        if let Some(reason) = condition.get("reason").and_then(Value::as_str) {
            told.push_str(&format!(", since {reason}."));
        }
        if let Some(message) = condition.get("message").and_then(Value::as_str) {
            told.push_str(&format!(" {message}"));
        }
        told.push('\n');
    }
    match told.is_empty() {
        true => healthy("Knative Service is healthy."),
        false if failed => degraded(told),
        false => progressing(told),
    }
}

pub(super) fn inference_service(object: &Object) -> Option<Verdict> {
    let stopped = condition(object, "Stopped").is_some_and(|c| text(c, "status") == "True");
    if stopped {
        return suspended("InferenceService is Stopped");
    }
    let transition = object.str_at(&["status", "modelStatus", "transitionStatus"]);
    let mut message = String::new();
    if !matches!(transition, "" | "UpToDate") {
        message = format!("0: transitionStatus | {transition}");
    }
    let mut unready = false;
    for (index, condition) in conditions(object).iter().enumerate() {
        let (kind, status) = (text(condition, "type"), text(condition, "status"));
        if status == "True" || kind == "Stopped" {
            continue;
        }
        unready = true;
        message.push_str(&format!(" | {}: {kind} | {status}", index + 1));
        for key in ["reason", "message"] {
            if let Some(more) = condition.get(key).and_then(Value::as_str) {
                message.push_str(&format!(" | {more}"));
            }
        }
    }
    match transition {
        "InProgress" => progressing(message),
        state if !matches!(state, "" | "UpToDate") => degraded(message),
        _ if conditions(object).is_empty() => {
            progressing("Waiting for InferenceService to report status...")
        }
        _ if unready => progressing(message),
        _ => healthy("InferenceService is healthy."),
    }
}

/// Running is as many executors running as asked for, or within the bounds of dynamic allocation.
pub(super) fn spark_application(object: &Object) -> Option<Verdict> {
    let state = object.str_at(&["status", "applicationState", "state"]);
    let executors = object.get(&["status", "executorState"]).and_then(Value::as_object);
    let running =
        executors.into_iter().flatten().filter(|(_, state)| *state == "RUNNING").count() as u64;
    match state {
        "PENDING_RERUN" => return progressing("SparkApplication is Pending Rerun"),
        "FAILED" => {
            return degraded(object.str_at(&["status", "applicationState", "errorMessage"]));
        }
        "COMPLETED" => return healthy("SparkApplication was Completed"),
        "RUNNING" => {
            let (least, most) = executor_bounds(object);
            if running >= least && running <= most {
                return healthy("SparkApplication is Running");
            }
        }
        _ => {}
    }
    progressing("Waiting for Executor pods")
}

fn executor_bounds(object: &Object) -> (u64, u64) {
    let whole = |path: &[&str]| {
        let value = object.get(path)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    let enabled =
        |path: &[&str]| object.get(path).is_some_and(|value| *value == true || *value == "true");
    for prefix in ["spark.dynamicAllocation", "spark.streaming.dynamicAllocation"] {
        let key = |name: &str| format!("{prefix}.{name}");
        if enabled(&["spec", "sparkConf", &key("enabled")]) {
            let least = whole(&["spec", "sparkConf", &key("minExecutors")]).unwrap_or(0);
            let most = whole(&["spec", "sparkConf", &key("maxExecutors")]).unwrap_or(u64::MAX);
            return (least, most);
        }
    }
    if enabled(&["spec", "dynamicAllocation", "enabled"]) {
        let least = whole(&["spec", "dynamicAllocation", "minExecutors"]).unwrap_or(0);
        let most = whole(&["spec", "dynamicAllocation", "maxExecutors"]).unwrap_or(u64::MAX);
        return (least, most);
    }
    match whole(&["spec", "executor", "instances"]) {
        Some(instances) => (instances, instances),
        None => (0, u64::MAX),
    }
}

/// `status.scale.statusReplicas` is `ready/wanted`.
pub(super) fn telemetry_collector(object: &Object) -> Option<Verdict> {
    let mode = object.str_at(&["spec", "mode"]);
    if mode == "sidecar" {
        return healthy("Collector is running in sidecar mode");
    }
    let replicas = object.str_at(&["status", "scale", "statusReplicas"]);
    if object.get(&["status"]).is_none_or(Value::is_null) {
        return progressing("Waiting for OpenTelemetry Collector status");
    }
    if replicas.is_empty() {
        return progressing("Scale status not available");
    }
    let counts = replicas.split_once('/').and_then(|(ready, wanted)| {
        Some((ready.parse::<u64>().ok()?, wanted.parse::<u64>().ok()?))
    });
    let Some(counts) = counts else {
        return progressing(format!("Unable to parse replica status: {replicas}"));
    };
    match counts {
        (0, 0) if mode == "daemonset" => healthy("DaemonSet has no eligible nodes (0/0)"),
        (ready, wanted) if ready == wanted => healthy("All replicas are ready"),
        (0, _) => degraded("No replicas are ready"),
        _ => progressing("Replicas are starting up"),
    }
}
