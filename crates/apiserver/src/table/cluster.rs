//! What a cluster is made and governed of.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use windlass_object::Object;

use super::age;
use super::cells::cells;
use super::text::{at, count, field, int, list, or, plain};

fn created(object: &Object, now: Timestamp) -> String {
    age::since(object.str_at(&["metadata", "creationTimestamp"]), now)
}

pub(super) fn named(object: &Object, now: Timestamp) -> Vec<Value> {
    cells![object.name(), created(object, now)]
}

pub(super) fn namespace(object: &Object, now: Timestamp) -> Vec<Value> {
    cells![object.name(), at(object, &["status", "phase"]), created(object, now)]
}

pub(super) fn config_map(object: &Object, now: Timestamp) -> Vec<Value> {
    let entries = count(object, &["data"]) + count(object, &["binaryData"]);
    cells![object.name(), entries, created(object, now)]
}

pub(super) fn secret(object: &Object, now: Timestamp) -> Vec<Value> {
    cells![object.name(), at(object, &["type"]), count(object, &["data"]), created(object, now)]
}

pub(super) fn node(object: &Object, now: Timestamp) -> Vec<Value> {
    let conditions = list(object, &["status", "conditions"]);
    let ready = conditions.iter().rfind(|condition| field(condition, "/type") == "Ready");
    let mut status = match ready.map(|ready| field(ready, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if object.get(&["spec", "unschedulable"]) == Some(&Value::Bool(true)) {
        status.push_str(",SchedulingDisabled");
    }
    let labels = object.get(&["metadata", "labels"]).and_then(Value::as_object);
    let roles: BTreeSet<String> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role.to_owned()),
            None if key == "kubernetes.io/role" => Some(plain(value)),
            None => None,
        })
        .filter(|role| !role.is_empty())
        .collect();
    let roles = roles.into_iter().collect::<Vec<_>>().join(",");
    let info = |field| object.str_at(&["status", "nodeInfo", field]);
    let address = |kind: &str| {
        let addresses = list(object, &["status", "addresses"]);
        let found = addresses.iter().find(|address| field(address, "/type") == kind);
        found.map_or("<none>", |address| field(address, "/address"))
    };
    let mut kernel = or(info("kernelVersion"), "<unknown>").to_owned();
    if !info("architecture").is_empty() {
        kernel = format!("{kernel} ({})", info("architecture"));
    }
    cells![
        object.name(),
        status,
        or(&roles, "<none>"),
        created(object, now),
        info("kubeletVersion"),
        address("InternalIP"),
        address("ExternalIP"),
        or(info("osImage"), "<unknown>"),
        kernel,
        or(info("containerRuntimeVersion"), "<unknown>"),
    ]
}

/// Events, in the shape of either group.
pub(super) fn event(object: &Object, now: Timestamp) -> Vec<Value> {
    let either = |core: &[&str], events: &[&str]| {
        let found = object.get(core).or_else(|| object.get(events));
        found.filter(|value| !value.is_null()).cloned()
    };
    let time = |value: Option<&Value>| age::since_value(value, now);
    let first = either(&["firstTimestamp"], &["deprecatedFirstTimestamp"])
        .or_else(|| object.get(&["eventTime"]).cloned());
    let first = time(first.as_ref());
    let last = either(&["lastTimestamp"], &["deprecatedLastTimestamp"]);
    let mut last = last.map_or_else(|| first.clone(), |last| time(Some(&last)));
    let mut number = either(&["count"], &["deprecatedCount"]).and_then(|n| n.as_i64()).unwrap_or(0);
    if let Some(series) = object.get(&["series"]).filter(|series| series.is_object()) {
        last = time(series.get("lastObservedTime"));
        number = series["count"].as_i64().unwrap_or_default();
    } else if number == 0 {
        number = 1;
    }
    let about = either(&["involvedObject"], &["regarding"]).unwrap_or_default();
    let kind = field(&about, "/kind").to_lowercase();
    let target = match field(&about, "/name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let source = either(&["source"], &["deprecatedSource"]).unwrap_or_default();
    let reporter = either(&["reportingComponent"], &["reportingController"]).unwrap_or_default();
    let component = or(field(&source, "/component"), reporter.as_str().unwrap_or_default());
    let instance = or(field(&source, "/host"), object.str_at(&["reportingInstance"]));
    let from =
        if instance.is_empty() { component.to_owned() } else { format!("{component}, {instance}") };
    let message = either(&["message"], &["note"]).unwrap_or_default();
    cells![
        last,
        at(object, &["type"]),
        at(object, &["reason"]),
        target,
        field(&about, "/fieldPath"),
        from,
        message.as_str().unwrap_or_default().trim(),
        first,
        number,
        object.name(),
    ]
}

pub(super) fn resource_quota(object: &Object, now: Timestamp) -> Vec<Value> {
    let hard = object.get(&["status", "hard"]).and_then(Value::as_object);
    let used = object.get(&["status", "used"]).unwrap_or(&Value::Null);
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for (name, hard) in hard.into_iter().flatten() {
        let used = used.get(name).map_or_else(|| "0".to_owned(), plain);
        let column = if name.starts_with("limits.") { &mut limits } else { &mut requests };
        column.push(format!("{name}: {used}/{}", plain(hard)));
    }
    cells![object.name(), requests.join(", "), limits.join(", "), created(object, now)]
}

pub(super) fn component_status(object: &Object, _now: Timestamp) -> Vec<Value> {
    let conditions = list(object, &["conditions"]);
    let healthy = conditions.iter().find(|condition| field(condition, "/type") == "Healthy");
    let Some(healthy) = healthy else { return cells![object.name(), "Unknown", "", ""] };
    let status = if field(healthy, "/status") == "True" { "Healthy" } else { "Unhealthy" };
    cells![object.name(), status, field(healthy, "/message"), field(healthy, "/error")]
}

pub(super) fn role_binding(object: &Object, now: Timestamp) -> Vec<Value> {
    let role = |field| object.str_at(&["roleRef", field]);
    let subjects = |kind: &str| {
        let of_kind = list(object, &["subjects"]).iter().filter(|s| field(s, "/kind") == kind);
        let names = of_kind.map(|subject| match field(subject, "/namespace") {
            namespace if kind == "ServiceAccount" && !namespace.is_empty() => {
                format!("{namespace}/{}", field(subject, "/name"))
            }
            _ => field(subject, "/name").to_owned(),
        });
        names.collect::<Vec<_>>().join(", ")
    };
    cells![
        object.name(),
        format!("{}/{}", role("kind"), role("name")),
        created(object, now),
        subjects("User"),
        subjects("Group"),
        subjects("ServiceAccount"),
    ]
}

pub(super) fn lease(object: &Object, now: Timestamp) -> Vec<Value> {
    cells![object.name(), at(object, &["spec", "holderIdentity"]), created(object, now)]
}

pub(super) fn priority_class(object: &Object, now: Timestamp) -> Vec<Value> {
    let default = object.get(&["globalDefault"]) == Some(&Value::Bool(true));
    cells![
        object.name(),
        int(object, &["value"]),
        default,
        created(object, now),
        at(object, &["preemptionPolicy"]),
    ]
}

pub(super) fn runtime_class(object: &Object, now: Timestamp) -> Vec<Value> {
    cells![object.name(), at(object, &["handler"]), created(object, now)]
}

pub(super) fn api_service(object: &Object, now: Timestamp) -> Vec<Value> {
    let service = object.get(&["spec", "service"]).filter(|service| service.is_object());
    let service = service.map_or_else(
        || "Local".to_owned(),
        |service| format!("{}/{}", field(service, "/namespace"), field(service, "/name")),
    );
    let conditions = list(object, &["status", "conditions"]);
    let available = conditions.iter().find(|condition| field(condition, "/type") == "Available");
    let available = match available {
        Some(condition) if field(condition, "/status") == "True" => "True".to_owned(),
        Some(condition) => {
            format!("{} ({})", field(condition, "/status"), field(condition, "/reason"))
        }
        None => "Unknown".to_owned(),
    };
    cells![object.name(), service, available, created(object, now)]
}

pub(super) fn signing_request(object: &Object, now: Timestamp) -> Vec<Value> {
    let has = |kind: &str| {
        list(object, &["status", "conditions"]).iter().any(|c| field(c, "/type") == kind)
    };
    let mut status = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied",
        (_, true) => "Approved",
        _ => "Pending",
    }
    .to_owned();
    if has("Failed") {
        status.push_str(",Failed");
    }
    if !object.str_at(&["status", "certificate"]).is_empty() {
        status.push_str(",Issued");
    }
    let seconds = object.int_at(&["spec", "expirationSeconds"]);
    cells![
        object.name(),
        created(object, now),
        or(object.str_at(&["spec", "signerName"]), "<none>"),
        at(object, &["spec", "username"]),
        seconds.map_or_else(|| "<none>".to_owned(), age::human),
        status,
    ]
}

/// Webhooks and admission policies: how many rules, and about what.
pub(super) fn admission(object: &Object, plural: &str, now: Timestamp) -> Vec<Value> {
    let age = created(object, now);
    if plural.ends_with("webhookconfigurations") {
        return cells![object.name(), count(object, &["webhooks"]), age];
    }
    if plural.ends_with("bindings") {
        let parameter = object.get(&["spec", "paramRef"]).map(|parameter| {
            match (field(parameter, "/namespace"), field(parameter, "/name")) {
                (_, "") => super::text::selector(parameter.get("selector")),
                ("", name) => format!("*/{name}"),
                (namespace, name) => format!("{namespace}/{name}"),
            }
        });
        let parameter = parameter.unwrap_or_else(|| "<unset>".to_owned());
        return cells![object.name(), at(object, &["spec", "policyName"]), parameter, age];
    }
    let rules = if plural.starts_with("mutating") { "mutations" } else { "validations" };
    let kind = object.get(&["spec", "paramKind"]);
    let kind = kind.map_or_else(
        || "<unset>".to_owned(),
        |kind| format!("{}/{}", field(kind, "/apiVersion"), field(kind, "/kind")),
    );
    cells![object.name(), count(object, &["spec", rules]), kind, age]
}

pub(super) fn flow_schema(object: &Object, now: Timestamp) -> Vec<Value> {
    let conditions = list(object, &["status", "conditions"]);
    let dangling = conditions.iter().find(|condition| field(condition, "/type") == "Dangling");
    cells![
        object.name(),
        at(object, &["spec", "priorityLevelConfiguration", "name"]),
        int(object, &["spec", "matchingPrecedence"]),
        or(object.str_at(&["spec", "distinguisherMethod", "type"]), "<none>"),
        created(object, now),
        dangling.map_or("?", |condition| field(condition, "/status")),
    ]
}

pub(super) fn priority_level(object: &Object, now: Timestamp) -> Vec<Value> {
    let number = |path: &[&str]| {
        object.get(path).cloned().unwrap_or_else(|| Value::String("<none>".to_owned()))
    };
    let queuing = |field| number(&["spec", "limited", "limitResponse", "queuing", field]);
    cells![
        object.name(),
        at(object, &["spec", "type"]),
        number(&["spec", "limited", "nominalConcurrencyShares"]),
        queuing("queues"),
        queuing("handSize"),
        queuing("queueLengthLimit"),
        created(object, now),
    ]
}

pub(super) fn resource_claim(object: &Object, now: Timestamp) -> Vec<Value> {
    let allocated = object.get(&["status", "allocation"]).is_some_and(Value::is_object);
    let mut states = Vec::new();
    if object.is_terminating() {
        states.push("deleted");
    }
    if allocated {
        states.push("allocated");
        if !list(object, &["status", "reservedFor"]).is_empty() {
            states.push("reserved");
        }
    } else if !object.is_terminating() {
        states.push("pending");
    }
    cells![object.name(), states.join(","), created(object, now)]
}

pub(super) fn resource_slice(object: &Object, now: Timestamp) -> Vec<Value> {
    cells![
        object.name(),
        at(object, &["spec", "nodeName"]),
        at(object, &["spec", "driver"]),
        at(object, &["spec", "pool", "name"]),
        created(object, now),
    ]
}
