//! One Kubernetes object.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{GroupKind, GroupVersionKind, ResourceKey};

/// A Kubernetes object: a JSON object, of which nothing else is promised. Accessors answer empty
/// for what is absent or of the wrong type.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Object(Map<String, Value>);

/// The value is not a JSON object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an object, found {found}")]
pub struct NotAnObject {
    /// What was found: "a list", "a string" and so on.
    pub found: &'static str,
}

/// One of an object's owners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// Group and version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Name; the namespace is the dependent's own, or none.
    pub name: String,
    /// Identity.
    pub uid: String,
    /// Whether this owner is the managing controller.
    pub controller: Option<bool>,
    /// Whether foreground deletion of the owner waits for the dependent.
    pub block_owner_deletion: Option<bool>,
}

impl TryFrom<Value> for Object {
    type Error = NotAnObject;

    fn try_from(value: Value) -> Result<Self, NotAnObject> {
        let found = match value {
            Value::Object(map) => return Ok(Self(map)),
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
        };
        Err(NotAnObject { found })
    }
}

impl From<Map<String, Value>> for Object {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Value::Object(object.0)
    }
}

impl Object {
    /// The fields.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The fields, to change.
    pub fn fields_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }

    /// The object as a value.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// A copy of the object as a value.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// The value at a path of field names.
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |v, key| v.as_object()?.get(*key))
    }

    /// The string at a path of field names, empty if there is none.
    pub fn str_at(&self, path: &[&str]) -> &str {
        self.get(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// The integer at a path of field names.
    pub fn int_at(&self, path: &[&str]) -> Option<i64> {
        self.get(path).and_then(Value::as_i64)
    }

    /// Sets the value at a path of field names; objects on the way are made, and made in the place
    /// of what is not an object.
    pub fn set(&mut self, path: &[&str], value: impl Into<Value>) {
        let Some((last, parents)) = path.split_last() else { return };
        let mut map = &mut self.0;
        for key in parents {
            let slot = map.entry(*key).or_insert_with(|| Value::Object(Map::new()));
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            let Value::Object(next) = slot else { return };
            map = next;
        }
        map.insert((*last).to_owned(), value.into());
    }

    /// Removes and returns the value at a path of field names; its parents stay, empty or not.
    pub fn remove(&mut self, path: &[&str]) -> Option<Value> {
        let (last, parents) = path.split_last()?;
        let mut map = &mut self.0;
        for key in parents {
            map = map.get_mut(*key)?.as_object_mut()?;
        }
        map.remove(*last)
    }

    /// `apiVersion`.
    pub fn api_version(&self) -> &str {
        self.str_at(&["apiVersion"])
    }

    /// `kind`.
    pub fn kind(&self) -> &str {
        self.str_at(&["kind"])
    }

    /// Group, version and kind.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::from_api_version(self.api_version(), self.kind())
    }

    /// API group, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// Group and kind.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(self.group(), self.kind())
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.str_at(&["metadata", "name"])
    }

    /// `metadata.namespace`, empty if there is none.
    pub fn namespace(&self) -> &str {
        self.str_at(&["metadata", "namespace"])
    }

    /// `metadata.uid`.
    pub fn uid(&self) -> &str {
        self.str_at(&["metadata", "uid"])
    }

    /// `metadata.resourceVersion`.
    pub fn resource_version(&self) -> &str {
        self.str_at(&["metadata", "resourceVersion"])
    }

    /// `metadata.generation`.
    pub fn generation(&self) -> Option<i64> {
        self.int_at(&["metadata", "generation"])
    }

    /// Whether deletion has been asked for.
    pub fn is_terminating(&self) -> bool {
        self.get(&["metadata", "deletionTimestamp"]).is_some_and(|v| !v.is_null())
    }

    /// Names the object.
    pub fn key(&self) -> ResourceKey {
        ResourceKey::new(self.group(), self.kind(), self.namespace(), self.name())
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.get(&["metadata", "labels", key]).and_then(Value::as_str)
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.get(&["metadata", "annotations", key]).and_then(Value::as_str)
    }

    /// Sets a label.
    pub fn set_label(&mut self, key: &str, value: &str) {
        self.set(&["metadata", "labels", key], value);
    }

    /// Sets an annotation.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        self.set(&["metadata", "annotations", key], value);
    }

    /// Removes an annotation, and the map when it was the last.
    pub fn remove_annotation(&mut self, key: &str) -> Option<Value> {
        let old = self.remove(&["metadata", "annotations", key]);
        if self
            .get(&["metadata", "annotations"])
            .and_then(Value::as_object)
            .is_some_and(Map::is_empty)
        {
            self.remove(&["metadata", "annotations"]);
        }
        old
    }

    /// `metadata.finalizers`.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        self.get(&["metadata", "finalizers"])
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }

    /// `metadata.ownerReferences`; entries that do not decode are skipped.
    pub fn owner_references(&self) -> Vec<OwnerReference> {
        self.get(&["metadata", "ownerReferences"])
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|v| OwnerReference::deserialize(v).ok())
            .collect()
    }
}

impl fmt::Debug for Object {
    /// Identity only: an object may be a Secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} {}/{})", self.gvk(), self.namespace(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn accessors_never_fail() {
        let mut o =
            Object::try_from(json!({"metadata": {"labels": 3, "finalizers": ["a", 1]}})).unwrap();
        assert_eq!(o.label("x"), None);
        assert_eq!(o.finalizers().collect::<Vec<_>>(), ["a"]);
        o.set_label("x", "y");
        assert_eq!(o.label("x"), Some("y"));
        assert_eq!(o.remove(&["metadata", "labels", "x"]), Some(json!("y")));
        assert!(Object::try_from(json!([])).is_err());
    }

    #[test]
    fn debug_shows_no_content() {
        let o = Object::try_from(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "n", "namespace": "ns"},
            "data": {"password": "aHVudGVyMg=="},
        }))
        .unwrap();
        assert_eq!(format!("{o:?}"), "Object(/v1, Kind=Secret ns/n)");
    }
}
