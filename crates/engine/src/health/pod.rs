//! Pods.
//!
//! A pod that restarts for ever is judged by whether it is ready; one that ends (a hook, often) by
//! how it ended, and until then not by images that cannot be pulled: it may yet run.

use windlass_object::{Object, Value};

use super::{Verdict, conditions, degraded, healthy, progressing, versions};
use crate::annotation::IGNORE_RESTART_POLICY;
use crate::hook;
use crate::state::{Health, HealthCode};

pub(super) fn pod(object: &Object) -> Verdict {
    versions(object, "Pod", &["v1"])?;
    let policy = object.str_at(&["spec", "restartPolicy"]);
    let stays = policy == "Always"
        || object.annotation(IGNORE_RESTART_POLICY) == Some("true") && !hook::is_hook(object);
    let message = object.str_at(&["status", "message"]);

    if stays {
        let stuck: Vec<&str> = containers(object, "containerStatuses")
            .filter_map(|c| c.get("state")?.get("waiting"))
            .filter(|waiting| is_stuck(text(waiting, "reason")))
            .map(|waiting| text(waiting, "message"))
            .collect();
        if !stuck.is_empty() {
            return degraded(stuck.join(", "));
        }
    }
    match object.str_at(&["status", "phase"]) {
        "Pending" => progressing(message),
        "Succeeded" => healthy(message),
        "Failed" if !message.is_empty() => degraded(message),
        "Failed" => {
            let mut all = containers(object, "initContainerStatuses")
                .chain(containers(object, "containerStatuses"));
            degraded(all.find_map(failure).unwrap_or_default())
        }
        "Running" if stays => {
            let ready = conditions(object).find(|c| c.kind() == "Ready");
            if ready.is_some_and(|c| c.is_true()) {
                return healthy(message);
            }
            let ended = containers(object, "containerStatuses")
                .any(|c| c.get("lastState").and_then(|s| s.get("terminated")).is_some());
            if ended { degraded(message) } else { progressing(message) }
        }
        "Running" if matches!(policy, "OnFailure" | "Never") => progressing(message),
        _ => Ok(Health::new(HealthCode::Unknown, message)),
    }
}

fn is_stuck(reason: &str) -> bool {
    reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff")
}

/// Why a container failed.
fn failure(container: &Value) -> Option<String> {
    let ended = container.get("state")?.get("terminated")?;
    let message = text(ended, "message");
    if !message.is_empty() {
        return Some(message.to_owned());
    }
    if text(ended, "reason") == "OOMKilled" {
        return Some("OOMKilled".to_owned());
    }
    let code = ended.get("exitCode").and_then(Value::as_i64).unwrap_or_default();
    let name = text(container, "name");
    (code != 0).then(|| format!("container {name:?} failed with exit code {code}"))
}

fn containers<'a>(object: &'a Object, list: &str) -> impl Iterator<Item = &'a Value> {
    object.get(&["status", list]).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
