//! Gateway API: objects whose conditions are told by each parent or ancestor.

use serde_json::Value;
use windlass_object::Object;

use super::{conditions, degraded, healthy, last_condition, list, list_at, progressing, text};
use crate::{Status, Verdict};

/// Whether a condition is about the object as it is now, as far as it tells.
fn is_current(object: &Object, condition: &Value) -> bool {
    let observed = condition.get("observedGeneration").and_then(Value::as_i64);
    observed.zip(object.generation()).is_none_or(|(observed, generation)| observed == generation)
}

fn find<'a>(conditions: &'a [Value], types: &[&str], bad: fn(&str) -> bool) -> Option<&'a Value> {
    let fits = |c: &&Value| types.contains(&text(c, "type")) && bad(text(c, "status"));
    conditions.iter().find(fits)
}

fn is_false(status: &str) -> bool {
    status == "False"
}

fn is_not_true(status: &str) -> bool {
    status != "True"
}

/// What a condition says, or which it is.
fn message(condition: &Value) -> String {
    match condition.get("message").and_then(Value::as_str) {
        None => format!("Failed condition: {}", text(condition, "type")),
        Some(message) => message.to_owned(),
    }
}

/// What a list of conditions tells of trouble, or of something that is not programmed yet.
fn trouble(conditions: &[Value], yet: &str, before: &str) -> Option<Verdict> {
    for kind in ["ResolvedRefs", "Accepted"] {
        if let Some(condition) = find(conditions, &[kind], is_false) {
            return degraded(format!("{before}{}", message(condition)));
        }
    }
    let condition = find(conditions, &["Programmed"], is_not_true)?;
    let told = condition.get("message").and_then(Value::as_str).unwrap_or(yet);
    progressing(format!("{before}{told}"))
}

pub(super) fn gateway_class(object: &Object) -> Option<Verdict> {
    const WAITING: &str = "Waiting for GatewayClass status";
    let mut told = conditions(object).iter().filter(|c| text(c, "type") == "Accepted");
    let Some(condition) = told.find(|condition| is_current(object, condition)) else {
        return progressing(WAITING);
    };
    let message = condition.get("message").and_then(Value::as_str);
    match text(condition, "status") {
        "True" => healthy(message.unwrap_or("GatewayClass is accepted")),
        "False" => degraded(message.unwrap_or("GatewayClass is not accepted")),
        _ => progressing(message.unwrap_or(WAITING)),
    }
}

pub(super) fn gateway(object: &Object) -> Option<Verdict> {
    let own = trouble(conditions(object), "Gateway is still being programmed", "");
    if own.is_some() {
        return own;
    }
    let listeners = list_at(object, &["status", "listeners"]);
    let yet = "Listener is still being programmed";
    let listener = |listener| trouble(list(listener, "conditions"), yet, "Listener: ");
    if let Some(verdict) = listeners.iter().find_map(listener) {
        return Some(verdict);
    }
    let told = object.get(&["status", "conditions"]).is_some_and(|value| !value.is_null());
    if told || !listeners.is_empty() {
        return healthy("Gateway is healthy");
    }
    progressing("Waiting for Gateway status")
}

/// Parents tell of a route; those that have not seen an HTTP route as it is now do not count.
pub(super) fn route(object: &Object) -> Option<Verdict> {
    let kind = object.kind();
    let counts = |parent: &&Value| {
        let conditions = list(parent, "conditions");
        !conditions.is_empty()
            && (kind != "HTTPRoute" || conditions.iter().all(|c| is_current(object, c)))
    };
    let parents = list_at(object, &["status", "parents"]);
    let mut told = parents.iter().filter(counts).peekable();
    if told.peek().is_none() {
        return progressing(format!("Waiting for {kind} status"));
    }
    let failing = told.find_map(|parent| {
        let name = parent.get("parentRef").map(|parent| text(parent, "name")).unwrap_or_default();
        let before = format!("Parent {name}: ");
        trouble(list(parent, "conditions"), "Route is still being programmed", &before)
    });
    failing.or_else(|| healthy(format!("{kind} is healthy")))
}

fn ancestor_name(ancestor: &Value) -> &str {
    ancestor.get("ancestorRef").map(|reference| text(reference, "name")).unwrap_or_default()
}

pub(super) fn backend_tls_policy(object: &Object) -> Option<Verdict> {
    by_ancestors(object, false)
}

/// What is no policy has no ancestors to tell of it.
pub(super) fn microgateway(object: &Object) -> Option<Verdict> {
    let kind = object.kind();
    if !kind.ends_with("Policy") {
        return healthy(format!("{kind} is healthy"));
    }
    by_ancestors(object, true)
}

/// Ancestors tell of a policy. Where they must, each says that it has seen the policy as it is now,
/// and whether it accepts it.
fn by_ancestors(object: &Object, must: bool) -> Option<Verdict> {
    let kind = object.kind();
    let ancestors = list_at(object, &["status", "ancestors"]);
    for ancestor in ancestors {
        let seen = |condition: &Value| {
            let told = condition.get("observedGeneration").is_some_and(|told| !told.is_null());
            is_current(object, condition) && (told || !must || object.generation().is_none())
        };
        if !list(ancestor, "conditions").iter().all(seen) {
            let name = ancestor_name(ancestor);
            return progressing(format!("Waiting for Ancestor {name} to update {kind} status"));
        }
    }
    let mut told = progressing(format!("Waiting for {kind} status"));
    for ancestor in ancestors {
        let (name, mut accepted) = (ancestor_name(ancestor), false);
        for condition in list(ancestor, "conditions") {
            let holds = text(condition, "status") == "True";
            match text(condition, "type") {
                "Accepted" | "ResolvedRefs" if !holds => {
                    return degraded(format!("Ancestor {name}: {}", text(condition, "message")));
                }
                "Accepted" => {
                    accepted = true;
                    told = healthy(format!("{kind} is healthy"));
                }
                _ => {}
            }
        }
        if must && !accepted {
            told = degraded(format!("Ancestor {name}: {kind} is not accepted"));
        }
    }
    told
}

/// A route is admitted by each of its routers.
pub(super) fn openshift_route(object: &Object) -> Option<Verdict> {
    let routers = list_at(object, &["status", "ingress"]);
    let mut admitted = 0;
    for condition in routers.iter().flat_map(|router| list(router, "conditions")) {
        match (text(condition, "type"), text(condition, "status")) {
            ("Admitted", "True") => admitted += 1,
            ("Admitted", "False") => return degraded("Route is degraded"),
            _ => {}
        }
    }
    if !routers.is_empty() && admitted == routers.len() {
        return healthy("Route is healthy");
    }
    progressing("Route is still getting admitted")
}

/// An instance of a service is adopted, advertised, and then found, as DNS tells.
pub(super) fn service_instance(object: &Object) -> Option<Verdict> {
    let told = |kind: &str, key: &str| last_condition(object, kind).map_or("", |c| text(c, key));
    let message = |kind: &str| told(kind, "message");
    if told("Adopted", "status") == "False" {
        return degraded(message("Adopted"));
    }
    if matches!(told("Advertised", "reason"), "AdvertiseError" | "UnadvertiseError") {
        return degraded(message("Advertised"));
    }
    let found = message("Discoverable");
    match (told("Discoverable", "reason"), told("Discoverable", "status")) {
        ("DiscoveryError", _) => super::verdict(Status::Unknown, found),
        (_, "True") => healthy(found),
        _ => progressing(found),
    }
}
