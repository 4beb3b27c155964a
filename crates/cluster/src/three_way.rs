//! The patch that `kubectl apply` sends.
//!
//! Deletions come from what was applied last and is no longer asked for; additions and changes
//! from what is asked for and is not live. Built-in kinds take strategic merge patches, custom
//! resources JSON merge patches, whose lists are replaced whole.

use windlass_object::{Map, Object, Value, go, patch};
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
    let record = go::to_json(&modified.to_value()) + "\n";
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
    let body = patch::three_way_merge_patch(&original, &modified, &live)
        .map_err(|error| error.to_string())?;
    for path in [&["apiVersion"][..], &["kind"], &["metadata", "name"]] {
        if path.iter().try_fold(&body, |v, key| v.get(key)).is_some() {
            return Err("at least one of apiVersion, kind and name was changed".into());
        }
    }
    Ok(Patch { content_type: "application/merge-patch+json", body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    #[track_caller]
    fn check(original: &Value, modified: Value, live: Value, expected: &Value) {
        let mut live = Object::try_from(live).unwrap();
        live.set_annotation(LAST_APPLIED, &original.to_string());
        let mut modified = Object::try_from(modified).unwrap();
        modified.set_annotation(LAST_APPLIED, &original.to_string());
        let patch = three_way(&live, &modified, None).unwrap();
        assert_eq!(&patch.body, expected);
    }

    #[test]
    fn custom_resources_are_merged_by_field() {
        // Set by others: kept. No longer asked for: deleted. Lists: replaced.
        check(
            &json!({"spec": {"a": 1, "gone": 1}}),
            json!({"spec": {"a": 2, "list": [1]}}),
            json!({"spec": {"a": 1, "gone": 1, "theirs": 3, "list": [1, 2]}}),
            &json!({"spec": {"a": 2, "gone": null, "list": [1]}}),
        );
        check(
            &json!({"spec": {"a": {"b": 1}}}),
            json!({"spec": {}}),
            json!({"spec": {"a": {"b": 1, "c": 2}}}),
            &json!({"spec": {"a": null}}),
        );
        check(
            &json!({"spec": 1}),
            json!({"spec": 1}),
            json!({"spec": 1, "status": {}}),
            &json!({}),
        );
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
