//! Serving, batch and telemetry.

use serde_json::Value;
use windlass_object::Object;

use super::{conditions, degraded, healthy, number, progressing, suspended, text};
use crate::{Status, Verdict};

/// `1: Type | Status` for each condition. All that the kind has must be true.
pub(super) fn knative_operator(object: &Object) -> Option<Verdict> {
    // Those that a kind must have, and those that it waits for while they are false.
    let (known, awaited): (&[&str], &[&str]) = match object.kind() {
        "KnativeEventing" => (&["InstallSucceeded", "Ready"], &["Ready"]),
        _ => (
            &["DependenciesInstalled", "DeploymentsAvailable", "InstallSucceeded", "Ready"],
            &["DeploymentsAvailable", "Ready"],
        ),
    };
    if object.get(&["status", "conditions"]).is_none_or(Value::is_null) {
        return progressing(format!("Waiting for {}", object.kind()));
    }
    let (mut ready, mut waiting) = (0, false);
    let mut message = String::new();
    for (index, condition) in conditions(object).iter().enumerate() {
        let (kind, status) = (text(condition, "type"), text(condition, "status"));
        match status {
            "True" => ready += usize::from(known.contains(&kind)),
            "False" => waiting |= awaited.contains(&kind),
            "Unknown" => waiting = true,
            _ => {}
        }
        message.push_str(&format!("{}: {kind} | {status}\n", index + 1));
    }
    if waiting {
        return progressing(message);
    }
    if ready == known.len() {
        return healthy(format!("{} is healthy.", object.kind()));
    }
    degraded(message)
}

pub(super) fn knative_service(object: &Object) -> Option<Verdict> {
    if object.get(&["status", "conditions"]).is_none_or(Value::is_null) {
        return progressing("Waiting for status update.");
    }
    let (mut ready, mut unready, mut failed) = (0, false, false);
    let mut told = String::new();
    for condition in conditions(object) {
        let (kind, status) = (text(condition, "type"), text(condition, "status"));
        match status {
            "True" => {
                let counts = matches!(kind, "ConfigurationsReady" | "RoutesReady" | "Ready");
                ready += usize::from(counts);
                continue;
            }
            "False" => failed = true,
            "Unknown" => unready = true,
            _ => continue,
        }
        told.push_str(&format!("{kind} is {status}"));
        match text(condition, "reason") {
            "" => {}
            reason => told.push_str(&format!(", since {reason}.")),
        }
        match text(condition, "message") {
            "" => {}
            message => told.push_str(&format!(" {message}")),
        }
        told.push('\n');
    }
    if failed {
        return degraded(told);
    }
    if ready == 3 && !unready { healthy("Knative Service is healthy.") } else { progressing(told) }
}

/// Available, and rolled out.
pub(super) fn deployment_config(object: &Object) -> Option<Verdict> {
    const WAITING: &str = "replication controller is waiting for pods to run";
    let told = |key: &str| object.get(&["status", key]).is_some_and(|value| !value.is_null());
    if !told("conditions") || !told("replicas") {
        return progressing(WAITING);
    }
    let counts = |condition: &&Value| {
        let rolled_out = text(condition, "reason") == "NewReplicationControllerAvailable";
        let kind = text(condition, "type");
        text(condition, "status") == "True"
            && (kind == "Available" || kind == "Progressing" && rolled_out)
    };
    let none_wanted = number(object, &["status", "replicas"]) == Some(0.0);
    match conditions(object).iter().filter(counts).count() {
        2 => healthy("replication controller successfully rolled out"),
        _ if none_wanted => healthy("replication controller successfully rolled out"),
        1 => progressing(WAITING),
        _ => degraded("Deployment config is degraded"),
    }
}

pub(super) fn spin_app(object: &Object) -> Option<Verdict> {
    if object.get(&["status"]).is_none_or(Value::is_null) {
        return progressing("Waiting for status to be available");
    }
    let (mut available, mut under_way) = ((false, ""), None);
    for condition in conditions(object) {
        let holds = text(condition, "status") == "True";
        let message = condition.get("message").and_then(Value::as_str);
        match text(condition, "type") {
            "Progressing" if holds => {
                under_way = Some(message.unwrap_or("Application progress status"));
            }
            "Progressing" if text(condition, "status") == "False" => {
                let told = message.unwrap_or_default().to_lowercase();
                if text(condition, "reason") == "ProgressDeadlineExceeded"
                    || told.contains("timeout")
                    || told.contains("failed")
                {
                    return degraded(message.unwrap_or("Application deployment has failed"));
                }
            }
            "Available" => {
                available = (holds, message.unwrap_or("Application is not available"));
            }
            _ => {}
        }
    }
    let (available, why_not) = available;
    if !available {
        return degraded(why_not);
    }
    let ready = number(object, &["status", "readyReplicas"]).unwrap_or_default();
    let wanted = number(object, &["spec", "replicas"]).unwrap_or(1.0);
    if ready < wanted {
        return progressing(format!("Waiting for replicas to be ready ({ready}/{wanted})"));
    }
    if let Some(message) = under_way {
        return progressing(message);
    }
    healthy(format!("Application is healthy with {ready}/{wanted} replicas ready"))
}

pub(super) fn game_server_set(object: &Object) -> Option<Verdict> {
    const WAITING: &str = "Waiting for GameServerSet initialization";
    let observed = object.int_at(&["status", "observedGeneration"]) == object.generation();
    if object.get(&["status"]).is_none_or(Value::is_null) || !observed {
        return progressing(WAITING);
    }
    let update = ["spec", "updateStrategy", "rollingUpdate"];
    let [spec, strategy, rolling] = update;
    if object.get(&[spec, strategy, rolling, "paused"]) == Some(&Value::Bool(true)) {
        return suspended("GameServerSet is paused");
    }
    let count = |field: &str| number(object, &["status", field]).unwrap_or_default();
    let partition = number(object, &[spec, strategy, rolling, "partition"]).unwrap_or_default();
    if partition != 0.0 && count("updatedReplicas") >= count("replicas") - partition {
        return suspended(format!("Partition={partition}, waiting for manual intervention"));
    }
    let (ready, all) = (count("readyReplicas"), count("replicas"));
    #[allow(clippy::float_cmp)]
    if count("updatedReadyReplicas") == all {
        return healthy("All GameServerSet replicas are updated and ready");
    }
    if ready < all {
        return progressing(format!("ReadyReplicas {ready}/{all}, still progressing"));
    }
    progressing(WAITING)
}

/// A service does well when its model is what was asked for and nothing is false or unknown.
pub(super) fn inference_service(object: &Object) -> Option<Verdict> {
    let model = object.get(&["status", "modelStatus"]).filter(|model| !model.is_null());
    let transition = model.map(|model| text(model, "transitionStatus"));
    let transition = transition.filter(|transition| *transition != "UpToDate");
    if object.get(&["status", "conditions"]).is_none_or(Value::is_null) {
        return progressing("Waiting for InferenceService to report status...");
    }
    let mut message = transition.map(|told| format!("0: transitionStatus | {told}"));
    let mut unready = transition.is_some();
    for (index, condition) in conditions(object).iter().enumerate() {
        let (kind, status) = (text(condition, "type"), text(condition, "status"));
        match (kind, status) {
            ("Stopped", "True") => return suspended("InferenceService is Stopped"),
            (_, "True") | ("Stopped", "False") => continue,
            ("Stopped", "Unknown") | (_, "Unknown" | "False") => unready = true,
            _ => {}
        }
        if kind == "Stopped" {
            continue;
        }
        let message = message.get_or_insert_default();
        message.push_str(&format!(" | {}: {kind} | {status}", index + 1));
        for key in ["reason", "message"] {
            match text(condition, key) {
                "" => {}
                more => message.push_str(&format!(" | {more}")),
            }
        }
    }
    match transition {
        None if !unready => healthy("InferenceService is healthy."),
        None | Some("InProgress") => progressing(message.unwrap_or_default()),
        Some(_) => degraded(message.unwrap_or_default()),
    }
}

/// Running is as many executors running as asked for, or within the bounds of dynamic allocation.
pub(super) fn spark_application(object: &Object) -> Option<Verdict> {
    let state = object.get(&["status", "applicationState", "state"]).and_then(Value::as_str);
    let error = || degraded(object.str_at(&["status", "applicationState", "errorMessage"]));
    match state {
        Some("") => progressing("SparkApplication was added, enqueuing it for submission"),
        Some("RUNNING") if enough_executors(object) => healthy("SparkApplication is Running"),
        Some("SUBMITTED") => progressing("SparkApplication was submitted successfully"),
        Some("COMPLETED") => healthy("SparkApplication was Completed"),
        Some("FAILED" | "SUBMISSION_FAILED" | "FAILING") => error(),
        Some("PENDING_RERUN") => progressing("SparkApplication is Pending Rerun"),
        Some("INVALIDATING") => {
            super::verdict(Status::Missing, "SparkApplication is in InvalidatingState")
        }
        // With the line break and the blanks that the real one has.
        Some("SUCCEEDING") => progressing(concat!(
            "The driver pod has been completed successfully. The executor pods terminate and are cleaned up.\n",
            "                                ",
            "Under this circumstances, we assume the executor pod are completed."
        )),
        Some("UNKNOWN") => progressing(
            "SparkApplication is in UnknownState because either driver pod or one or all executor pods in unknown state  ",
        ),
        _ => progressing("Waiting for Executor pods"),
    }
}

fn enough_executors(object: &Object) -> bool {
    let Some(states) = object.get(&["status", "executorState"]).filter(|s| !s.is_null()) else {
        return false;
    };
    let states = states.as_object().into_iter().flatten();
    let running = states.filter(|(_, state)| *state == "RUNNING").count() as u64;
    let wanted = object.get(&["spec", "executor", "instances"]);
    if wanted.and_then(Value::as_u64) == Some(running) {
        return true;
    }
    if let Some((least, most)) = executor_bounds(object) {
        return running >= least && running <= most;
    }
    wanted.is_none() && object.get(&["spec", "dynamicAllocation"]).is_none() && running >= 1
}

fn executor_bounds(object: &Object) -> Option<(u64, u64)> {
    let whole = |path: &[&str]| {
        let value = object.get(path)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    let bounds = |least: &[&str], most: &[&str]| {
        (whole(least).unwrap_or(0), whole(most).unwrap_or(u64::MAX))
    };
    if object.get(&["spec", "dynamicAllocation", "enabled"]) == Some(&Value::Bool(true)) {
        let key = |name| ["spec", "dynamicAllocation", name];
        return Some(bounds(&key("minExecutors"), &key("maxExecutors")));
    }
    ["spark.streaming.dynamicAllocation", "spark.dynamicAllocation"].into_iter().find_map(
        |prefix| {
            let key = |name: &str| format!("{prefix}.{name}");
            let enabled = object.str_at(&["spec", "sparkConf", &key("enabled")]) == "true";
            let (least, most) = (key("minExecutors"), key("maxExecutors"));
            enabled.then(|| bounds(&["spec", "sparkConf", &least], &["spec", "sparkConf", &most]))
        },
    )
}

/// `status.scale.statusReplicas` is `ready/wanted`.
pub(super) fn telemetry_collector(object: &Object) -> Option<Verdict> {
    if object.get(&["status"]).is_none_or(Value::is_null) {
        return progressing("Waiting for OpenTelemetry Collector status");
    }
    let mode = object.str_at(&["spec", "mode"]);
    let replicas = object.get(&["status", "scale", "statusReplicas"]).and_then(Value::as_str);
    let Some(replicas) = replicas else {
        return match mode {
            "sidecar" => healthy("Collector is running in sidecar mode"),
            _ => progressing("Scale status not available"),
        };
    };
    // The first two numbers with a slash between them, whatever stands around.
    let counts = replicas.match_indices('/').find_map(|(at, _)| {
        let (before, after) = (replicas.get(..at)?, replicas.get(at + 1..)?);
        let ready = before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let wanted = after.get(..after.len() - rest)?;
        Some((before.get(ready..)?.parse::<u64>().ok()?, wanted.parse::<u64>().ok()?))
    });
    let Some(counts) = counts else {
        return progressing(format!("Unable to parse replica status: {replicas}"));
    };
    match counts {
        (0, 0) if mode == "daemonset" => healthy("DaemonSet has no eligible nodes (0/0)"),
        (0, _) => degraded("No replicas are ready"),
        (ready, wanted) if ready == wanted => healthy("All replicas are ready"),
        _ => progressing("Replicas are starting up"),
    }
}

/// A rollout of Kruise that stops at a partition of its replicas, from its second generation on.
pub(super) fn kruise_partition(object: &Object) -> Option<Verdict> {
    let (name, all, updated) = match object.kind() {
        "DaemonSet" => ("Daemonset", "desiredNumberScheduled", "updatedNumberScheduled"),
        _ => ("Statefulset", "replicas", "updatedReplicas"),
    };
    let partition = number(object, &["spec", "updateStrategy", "rollingUpdate", "partition"])
        .filter(|partition| *partition != 0.0 && object.generation() > Some(1))?;
    let count = |field: &str| number(object, &["status", field]).unwrap_or_default();
    if count(updated) > count(all) - partition {
        return suspended(format!("{name} needs manual intervention"));
    }
    progressing("Waiting for initialization")
}

/// What KEDA scales: failing goes before paused, which is told of what is ready only. The message is
/// that of the last condition that counts.
pub(super) fn keda(object: &Object) -> Option<Verdict> {
    let jobs = object.kind() == "ScaledJob";
    let (mut ready, mut failing, mut paused, mut message) = (false, false, false, "");
    for condition in conditions(object) {
        match (text(condition, "type"), text(condition, "status")) {
            ("Ready", "False") => failing = true,
            ("Ready", "Unknown") if jobs => failing = true,
            ("Fallback", "True") if !jobs => failing = true,
            ("Ready", "True") => ready = true,
            ("Paused", "True") => paused = true,
            _ => continue,
        }
        message = text(condition, "message");
    }
    match (failing, ready, paused) {
        (true, ..) => degraded(message),
        (false, true, false) => healthy(message),
        (false, true, true) => suspended(message),
        (false, false, _) if jobs => progressing("Waiting for ScaledJob"),
        (false, false, _) => progressing("Creating HorizontalPodAutoscaler Object"),
    }
}

/// A machine that is not ready is starting once it was created, else stopped.
pub(super) fn virtual_machine(object: &Object) -> Option<Verdict> {
    let (mut status, mut message) = (Status::Progressing, "No status available");
    let created = object.get(&["status", "created"]) == Some(&Value::Bool(true));
    for condition in conditions(object) {
        match (text(condition, "type"), text(condition, "status")) {
            ("Paused", "True") => return suspended("Paused"),
            ("Ready", "True") => (status, message) = (Status::Healthy, "Running"),
            ("Ready", _) if created => message = "Starting",
            ("Ready", _) => (status, message) = (Status::Suspended, "Stopped"),
            _ => {}
        }
    }
    let told = object.get(&["status", "printableStatus"]).and_then(Value::as_str);
    super::verdict(status, told.unwrap_or(message))
}
