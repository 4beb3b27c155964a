//! The patch that `kubectl apply` sends.
//!
//! Deletions come from what was applied last and is no longer asked for; additions and changes
//! from what is asked for and is not live. Built-in kinds take strategic merge patches, custom
//! resources JSON merge patches, whose lists are replaced whole.

use windlass_object::{Map, Object, Value};
use windlass_schema::{Schema, strategic};

/// Annotation that holds what was applied last.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A patch and how it is to be read.
pub(crate) struct Patch {
    pub(crate) content_type: &'static str,
    pub(crate) body: Value,
}

impl Patch {
    pub(crate) fn is_empty(&self) -> bool {
        self.body.as_object().is_some_and(Map::is_empty)
    }
}

/// What `last-applied-configuration` says, if it can be read.
pub(crate) fn last_applied(live: &Object) -> Option<Value> {
    serde_json::from_str(live.annotation(LAST_APPLIED)?).ok()
}

/// The object with the annotation that records it, as kubectl makes it.
pub(crate) fn with_last_applied(object: &Object) -> Object {
    let mut modified = object.clone();
    modified.remove(&["metadata", "annotations", LAST_APPLIED]);
    if modified.get(&["metadata", "annotations"]).is_none_or(Value::is_null) {
        modified.set(&["metadata", "annotations"], Map::new());
    }
    let record = crate::go_json(&modified.to_value()) + "\n";
    modified.set_annotation(LAST_APPLIED, &record);
    modified
}

/// The patch that takes `live` to `modified`.
pub(crate) fn three_way(
    live: &Object,
    modified: &Object,
    schema: Option<&Schema>,
) -> Result<Patch, String> {
    let original = last_applied(live).unwrap_or_else(|| Value::Object(Map::new()));
    let (live, modified) = (live.to_value(), modified.to_value());
    if let Some(schema) = schema {
        let body = strategic::three_way(&original, &modified, &live, schema, true)
            .map_err(|error| error.to_string())?;
        return Ok(Patch { content_type: "application/strategic-merge-patch+json", body });
    }
    let changes = keep_changes(&diff(&live, &modified));
    let deletions = keep_deletions(&diff(&original, &modified));
    let body = merge(Value::Object(deletions), Value::Object(changes));
    for path in [&["apiVersion"][..], &["kind"], &["metadata", "name"]] {
        if path.iter().try_fold(&body, |v, key| v.get(key)).is_some() {
            return Err("at least one of apiVersion, kind and name was changed".into());
        }
    }
    Ok(Patch { content_type: "application/merge-patch+json", body })
}

/// The JSON merge patch that makes `to` of `from`.
fn diff(from: &Value, to: &Value) -> Map<String, Value> {
    let empty = Map::new();
    let (from, to) = (from.as_object().unwrap_or(&empty), to.as_object().unwrap_or(&empty));
    let mut patch = Map::new();
    for (key, new) in to {
        match from.get(key) {
            Some(old) if old == new => {}
            Some(old @ Value::Object(_)) if new.is_object() => {
                patch.insert(key.clone(), Value::Object(diff(old, new)));
            }
            _ => {
                patch.insert(key.clone(), new.clone());
            }
        }
    }
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    patch
}

/// The patch without its deletions; an empty map that was set stays, one that became empty goes.
fn keep_changes(patch: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for (key, value) in patch {
        match value {
            Value::Null => {}
            Value::Object(map) if !map.is_empty() => {
                let inner = keep_changes(map);
                if !inner.is_empty() {
                    kept.insert(key.clone(), Value::Object(inner));
                }
            }
            value => {
                kept.insert(key.clone(), value.clone());
            }
        }
    }
    kept
}

/// Only the deletions of the patch.
fn keep_deletions(patch: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for (key, value) in patch {
        match value {
            Value::Null => {
                kept.insert(key.clone(), Value::Null);
            }
            Value::Object(map) => {
                let inner = keep_deletions(map);
                if !inner.is_empty() {
                    kept.insert(key.clone(), Value::Object(inner));
                }
            }
            _ => {}
        }
    }
    kept
}

/// Two patches as one; where both speak, the second is heard.
fn merge(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut first), Value::Object(second)) => {
            for (key, value) in second {
                let merged = match first.remove(&key) {
                    Some(old) => merge(old, value),
                    None => value,
                };
                first.insert(key, merged);
            }
            Value::Object(first)
        }
        (_, second) => second,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    #[track_caller]
    fn check(original: Value, modified: Value, live: Value, expected: Value) {
        let mut live = Object::try_from(live).unwrap();
        live.set_annotation(LAST_APPLIED, &original.to_string());
        let mut modified = Object::try_from(modified).unwrap();
        modified.set_annotation(LAST_APPLIED, &original.to_string());
        let patch = three_way(&live, &modified, None).unwrap();
        assert_eq!(patch.body, expected);
    }

    #[test]
    fn custom_resources_are_merged_by_field() {
        // Set by others: kept. No longer asked for: deleted. Lists: replaced.
        check(
            json!({"spec": {"a": 1, "gone": 1}}),
            json!({"spec": {"a": 2, "list": [1]}}),
            json!({"spec": {"a": 1, "gone": 1, "theirs": 3, "list": [1, 2]}}),
            json!({"spec": {"a": 2, "gone": null, "list": [1]}}),
        );
        check(
            json!({"spec": {"a": {"b": 1}}}),
            json!({"spec": {}}),
            json!({"spec": {"a": {"b": 1, "c": 2}}}),
            json!({"spec": {"a": null}}),
        );
        check(json!({"spec": 1}), json!({"spec": 1}), json!({"spec": 1, "status": {}}), json!({}));
    }

    #[test]
    fn the_record_is_kubectls() {
        let object = Object::try_from(json!({"kind": "A", "metadata": {"name": "n"}})).unwrap();
        let record = with_last_applied(&object);
        assert_eq!(
            record.annotation(LAST_APPLIED),
            Some("{\"kind\":\"A\",\"metadata\":{\"annotations\":{},\"name\":\"n\"}}\n")
        );
    }
}
