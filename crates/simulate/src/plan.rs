//! What a controller wants done: values, carried out by [`crate::execute`].

use std::time::Duration;

use serde_json::{Map, Value};
use windlass_object::Object;

use crate::resource::{Kind, Resource};

/// An object of the API.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) resource: Resource,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
}

impl Target {
    /// The object of a known kind.
    pub(crate) fn of(kind: Kind, object: &Object) -> Self {
        Self::new(kind.resource(), object)
    }

    /// The object of any resource.
    pub(crate) fn new(resource: &Resource, object: &Object) -> Self {
        Self {
            resource: resource.clone(),
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
            uid: object.uid().to_owned(),
        }
    }
}

/// What happens to dependents of a deleted object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// Creates an object. That it exists already is no error.
    Create { kind: Kind, object: Object },
    /// Applies a JSON merge patch (RFC 7386), to the object or to a subresource of it.
    Patch { target: Target, subresource: &'static str, patch: Value },
    /// Deletes the object with this identity.
    Delete { target: Target, propagation: Propagation, grace_seconds: Option<u32> },
    /// Deletes the object if the API confirms that none of these owners exists.
    Collect { target: Target, owners: Vec<Target>, propagation: Propagation },
    /// Puts a pod on a node.
    Bind { target: Target, node: String },
    /// Ends a namespace in which nothing is left.
    FinalizeNamespace { target: Target },
}

/// What a controller's look at the world gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Plan {
    /// What to do, in order.
    pub(crate) actions: Vec<Action>,
    /// When to look again though nothing changed.
    pub(crate) again: Option<Duration>,
}

impl Plan {
    /// Nothing to do.
    pub(crate) fn nothing() -> Self {
        Self::default()
    }

    /// Looks again after `wait`, if that is sooner than what is asked for already.
    pub(crate) fn look_again(&mut self, wait: Duration) {
        self.again = Some(self.again.map_or(wait, |other| other.min(wait)));
    }

    /// Creates the object, or changes what differs in the one that is there: the fields that
    /// `desired` has, and its labels and annotations among others.
    pub(crate) fn ensure(&mut self, kind: Kind, there: Option<&Object>, desired: Object) {
        let Some(there) = there else {
            return self.actions.push(Action::Create { kind, object: desired });
        };
        let mut patch = Map::new();
        for (field, new) in desired.fields() {
            if matches!(field.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
                continue;
            }
            let old = there.get(&[field]).unwrap_or(&Value::Null);
            if let Some(part) = merge_patch(old, new) {
                patch.insert(field.clone(), part);
            }
        }
        let mut metadata = Map::new();
        for part in ["labels", "annotations"] {
            let differing: Map<String, Value> = desired
                .get(&["metadata", part])
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .filter(|(key, value)| there.get(&["metadata", part, key]) != Some(value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            if !differing.is_empty() {
                metadata.insert(part.to_owned(), Value::Object(differing));
            }
        }
        if !metadata.is_empty() {
            patch.insert("metadata".to_owned(), Value::Object(metadata));
        }
        if !patch.is_empty() {
            let target = Target::of(kind, there);
            self.actions.push(Action::Patch { target, subresource: "", patch: patch.into() });
        }
    }

    /// Deletes the object, with its dependents after it.
    pub(crate) fn delete(&mut self, kind: Kind, object: &Object) {
        self.actions.push(Action::Delete {
            target: Target::of(kind, object),
            propagation: Propagation::Background,
            grace_seconds: None,
        });
    }

    /// Removes one finalizer of the object.
    pub(crate) fn remove_finalizer(&mut self, target: Target, object: &Object, finalizer: &str) {
        let left: Vec<&str> = object.finalizers().filter(|other| *other != finalizer).collect();
        // Finalizers that someone else adds meanwhile must not be lost.
        let patch = serde_json::json!({
            "metadata": {"finalizers": left, "resourceVersion": object.resource_version()},
        });
        self.actions.push(Action::Patch { target, subresource: "", patch });
    }

    /// Writes the status if it differs from the object's.
    pub(crate) fn status(&mut self, kind: Kind, object: &Object, status: &Value) {
        let old = object.get(&["status"]).cloned().unwrap_or_else(|| Value::Object(Map::new()));
        if let Some(patch) = merge_patch(&old, status) {
            self.actions.push(Action::Patch {
                target: Target::of(kind, object),
                subresource: "status",
                patch: serde_json::json!({ "status": patch }),
            });
        }
    }
}

/// The JSON merge patch that makes `new` of `old`; nothing when they are equal.
pub(crate) fn merge_patch(old: &Value, new: &Value) -> Option<Value> {
    if old == new {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return Some(new.clone()) };
    let mut patch = Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        let part = match old.get(key) {
            Some(before) => merge_patch(before, value),
            None => Some(value.clone()),
        };
        if let Some(part) = part {
            patch.insert(key.clone(), part);
        }
    }
    Some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::merge_patch;

    #[test]
    fn merge_patches_say_only_what_differs() {
        let old = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1]});
        assert_eq!(merge_patch(&old, &old), None);
        assert_eq!(
            merge_patch(&old, &json!({"a": 1, "b": {"c": 4}, "e": [1, 2]})),
            Some(json!({"b": {"c": 4, "d": null}, "e": [1, 2]}))
        );
    }
}
