//! What makes pods.

use jiff::Timestamp;
use serde_json::Value;
use windlass_object::Object;

use super::age;
use super::cells::cells;
use super::text::{
    at, containers, count, field, int, labels, list, or, plain, selector, selector_or_none,
};

fn created(object: &Object, now: Timestamp) -> String {
    age::since(object.str_at(&["metadata", "creationTimestamp"]), now)
}

fn template(object: &Object) -> (String, String) {
    containers(object.get(&["spec", "template", "spec", "containers"]))
}

pub(super) fn pod_template(object: &Object, _now: Timestamp) -> Vec<Value> {
    let (names, images) = containers(object.get(&["template", "spec", "containers"]));
    cells![object.name(), names, images, labels(object.get(&["template", "metadata", "labels"]))]
}

pub(super) fn replication_controller(object: &Object, now: Timestamp) -> Vec<Value> {
    let mut cells = replicas(object, now);
    cells.push(labels(object.get(&["spec", "selector"])).into());
    cells
}

pub(super) fn replica_set(object: &Object, now: Timestamp) -> Vec<Value> {
    let mut cells = replicas(object, now);
    cells.push(selector_or_none(object.get(&["spec", "selector"])).into());
    cells
}

fn replicas(object: &Object, now: Timestamp) -> Vec<Value> {
    let (names, images) = template(object);
    cells![
        object.name(),
        int(object, &["spec", "replicas"]),
        int(object, &["status", "replicas"]),
        int(object, &["status", "readyReplicas"]),
        created(object, now),
        names,
        images,
    ]
}

pub(super) fn deployment(object: &Object, now: Timestamp) -> Vec<Value> {
    let (names, images) = template(object);
    let ready = int(object, &["status", "readyReplicas"]);
    cells![
        object.name(),
        format!("{ready}/{}", int(object, &["spec", "replicas"])),
        int(object, &["status", "updatedReplicas"]),
        int(object, &["status", "availableReplicas"]),
        created(object, now),
        names,
        images,
        selector(object.get(&["spec", "selector"])),
    ]
}

pub(super) fn stateful_set(object: &Object, now: Timestamp) -> Vec<Value> {
    let (names, images) = template(object);
    let ready = int(object, &["status", "readyReplicas"]);
    cells![
        object.name(),
        format!("{ready}/{}", int(object, &["spec", "replicas"])),
        created(object, now),
        names,
        images,
    ]
}

pub(super) fn daemon_set(object: &Object, now: Timestamp) -> Vec<Value> {
    let (names, images) = template(object);
    let status = |field| int(object, &["status", field]);
    cells![
        object.name(),
        status("desiredNumberScheduled"),
        status("currentNumberScheduled"),
        status("numberReady"),
        status("updatedNumberScheduled"),
        status("numberAvailable"),
        labels(object.get(&["spec", "template", "spec", "nodeSelector"])),
        created(object, now),
        names,
        images,
        selector_or_none(object.get(&["spec", "selector"])),
    ]
}

pub(super) fn controller_revision(object: &Object, now: Timestamp) -> Vec<Value> {
    let owners = list(object, &["metadata", "ownerReferences"]);
    let controller = owners.iter().find(|owner| owner["controller"] == true).map(|owner| {
        let group = field(owner, "/apiVersion").split_once('/').map_or("", |(group, _)| group);
        let kind = field(owner, "/kind");
        let kind = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        format!("{}/{}", kind.to_lowercase(), field(owner, "/name"))
    });
    cells![
        object.name(),
        controller.unwrap_or_else(|| "<none>".to_owned()),
        int(object, &["revision"]),
        created(object, now),
    ]
}

pub(super) fn job(object: &Object, now: Timestamp) -> Vec<Value> {
    let (names, images) = template(object);
    let succeeded = int(object, &["status", "succeeded"]);
    let parallelism = int(object, &["spec", "parallelism"]);
    let completions = match object.int_at(&["spec", "completions"]) {
        Some(completions) => format!("{succeeded}/{completions}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    };
    let start = object.str_at(&["status", "startTime"]);
    let end = object.get(&["status", "completionTime"]).and_then(Value::as_str);
    let duration = if start.is_empty() { String::new() } else { age::between(start, end, now) };
    cells![
        object.name(),
        job_status(object),
        completions,
        duration,
        created(object, now),
        names,
        images,
        selector_or_none(object.get(&["spec", "selector"])),
    ]
}

fn job_status(object: &Object) -> &'static str {
    let has = |kind: &str| {
        let conditions = list(object, &["status", "conditions"]);
        let found = conditions.iter().find(|condition| field(condition, "/type") == kind);
        found.is_some_and(|condition| field(condition, "/status") == "True")
    };
    if has("Complete") {
        "Complete"
    } else if has("Failed") {
        "Failed"
    } else if object.is_terminating() {
        "Terminating"
    } else if has("Suspended") {
        "Suspended"
    } else if has("FailureTarget") {
        "FailureTarget"
    } else if has("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

pub(super) fn cron_job(object: &Object, now: Timestamp) -> Vec<Value> {
    let template = ["spec", "jobTemplate", "spec", "template", "spec", "containers"];
    let (names, images) = containers(object.get(&template));
    let last = object.str_at(&["status", "lastScheduleTime"]);
    let suspend = match object.get(&["spec", "suspend"]) {
        Some(Value::Bool(true)) => "True",
        Some(Value::Bool(false)) => "False",
        _ => "<unset>",
    };
    cells![
        object.name(),
        at(object, &["spec", "schedule"]),
        or(object.str_at(&["spec", "timeZone"]), "<none>"),
        suspend,
        count(object, &["status", "active"]),
        if last.is_empty() { "<none>".to_owned() } else { age::since(last, now) },
        created(object, now),
        names,
        images,
        selector_or_none(object.get(&["spec", "jobTemplate", "spec", "selector"])),
    ]
}

pub(super) fn disruption_budget(object: &Object, now: Timestamp) -> Vec<Value> {
    let limit = |field| object.get(&["spec", field]).map_or_else(|| "N/A".to_owned(), plain);
    cells![
        object.name(),
        limit("minAvailable"),
        limit("maxUnavailable"),
        int(object, &["status", "disruptionsAllowed"]),
        created(object, now),
    ]
}

pub(super) fn autoscaler(object: &Object, now: Timestamp) -> Vec<Value> {
    let target = |field| object.str_at(&["spec", "scaleTargetRef", field]);
    let min = object.int_at(&["spec", "minReplicas"]);
    cells![
        object.name(),
        format!("{}/{}", target("kind"), target("name")),
        metrics(object),
        min.map_or_else(|| "<unset>".to_owned(), |min| min.to_string()),
        int(object, &["spec", "maxReplicas"]),
        int(object, &["status", "currentReplicas"]),
        created(object, now),
    ]
}

/// The metrics of an autoscaler: current over target.
fn metrics(object: &Object) -> String {
    // The old version knows of CPU alone.
    if let Some(target) = object.int_at(&["spec", "targetCPUUtilizationPercentage"]) {
        let current = object.int_at(&["status", "currentCPUUtilizationPercentage"]);
        let current = current.map_or_else(|| "<unknown>".to_owned(), |now| format!("{now}%"));
        return format!("cpu: {current}/{target}%");
    }
    let specs = list(object, &["spec", "metrics"]);
    if specs.is_empty() {
        return "<none>".to_owned();
    }
    let statuses = list(object, &["status", "currentMetrics"]);
    let shown: Vec<String> = specs
        .iter()
        .enumerate()
        .map(|(at, spec)| metric(spec, statuses.get(at).unwrap_or(&Value::Null)))
        .collect();
    let first = shown[..shown.len().min(2)].join(", ");
    match shown.len().saturating_sub(2) {
        0 => first,
        more => format!("{first} + {more} more..."),
    }
}

fn metric(spec: &Value, status: &Value) -> String {
    let kind = field(spec, "/type");
    let source = match kind {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let target = |name: &str| spec.pointer(&format!("/{source}/target/{name}"));
    let current = |name: &str| {
        let value = status.pointer(&format!("/{source}/current/{name}"));
        value.map_or_else(|| "<unknown>".to_owned(), plain)
    };
    let average = target("averageValue").map(plain);
    match kind {
        "Resource" | "ContainerResource" => {
            let name = field(spec, &format!("/{source}/name"));
            if let Some(average) = average {
                return format!("{name}: {}/{average}", current("averageValue"));
            }
            let percent = |value: &Value| format!("{}%", plain(value));
            let now = status.pointer(&format!("/{source}/current/averageUtilization"));
            let now = now.map_or_else(|| "<unknown>".to_owned(), percent);
            let wanted = target("averageUtilization");
            let wanted = wanted.map_or_else(|| "<auto>".to_owned(), percent);
            format!("{name}: {now}/{wanted}")
        }
        "Pods" => format!("{}/{}", current("averageValue"), average.unwrap_or_default()),
        _ => match average {
            Some(average) => format!("{}/{average} (avg)", current("averageValue")),
            None => {
                format!("{}/{}", current("value"), target("value").map_or_else(String::new, plain))
            }
        },
    }
}
