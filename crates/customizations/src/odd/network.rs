//! Gateway API: objects whose conditions are told by each parent or ancestor.

use serde_json::Value;
use windlass_object::Object;

use super::{conditions, degraded, healthy, list, list_at, progressing, text};
use crate::Verdict;

/// Whether a condition is about the object as it is now.
fn is_current(object: &Object, condition: &Value) -> bool {
    let observed = condition.get("observedGeneration").and_then(Value::as_i64);
    observed.zip(object.generation()).is_none_or(|(observed, generation)| observed >= generation)
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
    match text(condition, "message") {
        "" => format!("Failed condition: {}", text(condition, "type")),
        message => message.to_owned(),
    }
}

pub(super) fn gateway(object: &Object) -> Option<Verdict> {
    let current = conditions(object).iter().all(|condition| is_current(object, condition));
    if conditions(object).is_empty() || !current {
        return progressing("Waiting for Gateway status");
    }
    if let Some(condition) = find(conditions(object), &["Accepted", "ResolvedRefs"], is_false) {
        return degraded(message(condition));
    }
    for listener in list_at(object, &["status", "listeners"]) {
        if let Some(condition) =
            find(list(listener, "conditions"), &["Accepted", "ResolvedRefs"], is_false)
        {
            return degraded(format!("Listener: {}", text(condition, "message")));
        }
    }
    if let Some(condition) = find(conditions(object), &["Programmed"], is_not_true) {
        return progressing(text(condition, "message"));
    }
    for listener in list_at(object, &["status", "listeners"]) {
        if let Some(condition) = find(list(listener, "conditions"), &["Programmed"], is_not_true) {
            return progressing(format!("Listener: {}", message(condition)));
        }
    }
    healthy("Gateway is healthy")
}

pub(super) fn route(object: &Object) -> Option<Verdict> {
    let kind = object.kind();
    let parents: Vec<&Value> = list_at(object, &["status", "parents"])
        .iter()
        .filter(|parent| list(parent, "conditions").iter().any(|c| is_current(object, c)))
        .collect();
    if parents.is_empty() {
        return progressing(format!("Waiting for {kind} status"));
    }
    let name = |parent: &Value| {
        parent
            .get("parentRef")
            .map(|reference| text(reference, "name").to_owned())
            .unwrap_or_default()
    };
    for parent in &parents {
        if let Some(c) = find(list(parent, "conditions"), &["Accepted", "ResolvedRefs"], is_false) {
            return degraded(format!("Parent {}: {}", name(parent), message(c)));
        }
    }
    for parent in &parents {
        if let Some(c) = find(list(parent, "conditions"), &["Programmed"], is_not_true) {
            return progressing(format!("Parent {}: {}", name(parent), text(c, "message")));
        }
    }
    healthy(format!("{kind} is healthy"))
}

fn ancestor_name(ancestor: &Value) -> &str {
    ancestor.get("ancestorRef").map(|reference| text(reference, "name")).unwrap_or_default()
}

pub(super) fn backend_tls_policy(object: &Object) -> Option<Verdict> {
    let kind = object.kind();
    let ancestors = list_at(object, &["status", "ancestors"]);
    if ancestors.iter().all(|ancestor| list(ancestor, "conditions").is_empty()) {
        return progressing(format!("Waiting for {kind} status"));
    }
    for ancestor in ancestors {
        if list(ancestor, "conditions").iter().any(|condition| !is_current(object, condition)) {
            let name = ancestor_name(ancestor);
            return progressing(format!("Waiting for Ancestor {name} to update {kind} status"));
        }
    }
    for ancestor in ancestors {
        let conditions = list(ancestor, "conditions");
        if let Some(condition) = find(conditions, &["Accepted", "ResolvedRefs"], is_not_true) {
            let name = ancestor_name(ancestor);
            return degraded(format!("Ancestor {name}: {}", text(condition, "message")));
        }
    }
    healthy(format!("{kind} is healthy"))
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

pub(super) fn microgateway(object: &Object) -> Option<Verdict> {
    let kind = object.kind();
    let ancestors = list_at(object, &["status", "ancestors"]);
    // What is no policy has no ancestors to tell of it.
    if !kind.ends_with("Policy") && object.get(&["status", "ancestors"]).is_none() {
        return healthy(format!("{kind} is healthy"));
    }
    if ancestors.is_empty() {
        return progressing(format!("Waiting for {kind} status"));
    }
    for ancestor in ancestors {
        let (name, conditions) = (ancestor_name(ancestor), list(ancestor, "conditions"));
        if ancestor.get("conditions").is_none() {
            continue;
        }
        if conditions.iter().any(|condition| !is_current(object, condition)) {
            return progressing(format!("Waiting for Ancestor {name} to update {kind} status"));
        }
        match conditions.iter().find(|c| text(c, "type") == "Accepted") {
            Some(c) if text(c, "status") == "True" => {}
            Some(c) => return degraded(format!("Ancestor {name}: {}", text(c, "message"))),
            None => return degraded(format!("Ancestor {name}: {kind} is not accepted")),
        }
    }
    healthy(format!("{kind} is healthy"))
}
