//! Status conditions, and times as Kubernetes writes them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_object::Object;

/// RFC 3339 in UTC with whole seconds.
pub(crate) fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How long ago a written time was; nothing when it is absent or unreadable, zero when it is in
/// the future.
pub(crate) fn age(time: Option<&str>, now: Timestamp) -> Option<Duration> {
    let time: Timestamp = time?.parse().ok()?;
    Some(Duration::try_from(now.duration_since(time)).unwrap_or_default())
}

/// The object's conditions.
pub(crate) fn of(object: &Object) -> Vec<Value> {
    object.get(&["status", "conditions"]).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The condition of a type.
pub(crate) fn find<'a>(conditions: &'a [Value], kind: &str) -> Option<&'a Value> {
    conditions.iter().find(|condition| condition["type"] == kind)
}

/// Whether the object has the condition with status `True`.
pub(crate) fn is_true(object: &Object, kind: &str) -> bool {
    find(&of(object), kind).is_some_and(|condition| condition["status"] == "True")
}

/// What a condition says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Condition<'a> {
    pub(crate) kind: &'a str,
    pub(crate) status: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

/// Sets a condition as the workload controllers do: one with the same status and reason stays as
/// it is, another goes to the end of the list. `with_update_time` is for Deployments.
pub(crate) fn set(
    conditions: &mut Vec<Value>,
    condition: Condition<'_>,
    now: Timestamp,
    with_update_time: bool,
) {
    let old = find(conditions, condition.kind);
    if old.is_some_and(|old| old["status"] == condition.status && old["reason"] == condition.reason)
    {
        return;
    }
    let now = written(now);
    let since = old
        .filter(|old| old["status"] == condition.status)
        .and_then(|old| old["lastTransitionTime"].as_str())
        .unwrap_or(&now)
        .to_owned();
    let mut new = json!({
        "type": condition.kind, "status": condition.status, "reason": condition.reason,
        "message": condition.message, "lastTransitionTime": since,
    });
    if with_update_time {
        new["lastUpdateTime"] = json!(now);
    }
    remove(conditions, condition.kind);
    conditions.push(new);
}

/// Removes the condition of a type.
pub(crate) fn remove(conditions: &mut Vec<Value>, kind: &str) {
    conditions.retain(|condition| condition["type"] != kind);
}
