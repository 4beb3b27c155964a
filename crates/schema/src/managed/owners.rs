//! The owners of an object's fields, as `metadata.managedFields` keeps them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_object::{Object, Value, go};

use super::Write;
use crate::fields::FieldSet;

/// More managers of updates than this are joined, the oldest first.
const MAX_UPDATE_MANAGERS: usize = 10;
/// The manager that they are joined under.
const ANCIENT: &str = "ancient-changes";

/// Who an owner is. Appliers are the same whatever version they applied with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) manager: String,
    pub(super) apply: bool,
    api_version: String,
    pub(super) subresource: String,
}

/// What an owner owns.
#[derive(Clone, Debug, Default)]
pub(super) struct Owned {
    pub(super) api_version: String,
    pub(super) set: FieldSet,
    pub(super) time: Option<String>,
}

/// All owners of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners(pub(super) BTreeMap<Id, Owned>);

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    #[serde(skip_serializing_if = "String::is_empty")]
    manager: String,
    operation: String,
    api_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    fields_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields_v1: Option<Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    subresource: String,
}

impl Id {
    pub(super) fn new(write: &Write<'_>, apply: bool, api_version: &str) -> Self {
        let manager = if write.manager.is_empty() { "unknown" } else { write.manager };
        Self {
            manager: manager.into(),
            apply,
            api_version: if apply { String::new() } else { api_version.into() },
            subresource: write.subresource.into(),
        }
    }

    /// As conflict messages name it.
    pub(super) fn describe(&self) -> String {
        let mut text = go::quote(&self.manager);
        if !self.subresource.is_empty() {
            text = format!("{text} with subresource {}", go::quote(&self.subresource));
        }
        if !self.apply {
            text = format!("{text} using {}", self.api_version);
        }
        text
    }
}

/// Whether a client asks to forget all owners.
pub(super) fn is_reset(object: &Object) -> bool {
    match object.get(&["metadata", "managedFields"]) {
        Some(Value::Array(entries)) => match entries.as_slice() {
            [] => true,
            [Value::Object(only)] => only.is_empty(),
            _ => false,
        },
        _ => false,
    }
}

impl Owners {
    /// Reads the owners of an object.
    pub(super) fn read(object: &Object) -> Result<Self, String> {
        let Some(Value::Array(entries)) = object.get(&["metadata", "managedFields"]) else {
            return Ok(Self::default());
        };
        let mut owners = BTreeMap::new();
        for (i, entry) in entries.iter().enumerate() {
            let entry = Entry::deserialize(entry).map_err(|e| e.to_string())?;
            let apply = match entry.operation.as_str() {
                "Apply" => true,
                "Update" => false,
                _ => return Err("operation must be `Apply` or `Update`".into()),
            };
            if entry.api_version.is_empty() {
                return Err("apiVersion must not be empty".into());
            }
            match entry.fields_type.as_str() {
                "FieldsV1" => {}
                "" => return Err(format!("missing fieldsType in managed fields entry {i}")),
                other => {
                    return Err(format!(
                        "invalid fieldsType {} in managed fields entry {i}",
                        go::quote(other)
                    ));
                }
            }
            let set = match &entry.fields_v1 {
                None | Some(Value::Null) => FieldSet::default(),
                Some(fields) => FieldSet::from_fields_v1(fields).map_err(|e| e.to_string())?,
            };
            let id = Id {
                manager: entry.manager,
                apply,
                api_version: if apply { String::new() } else { entry.api_version.clone() },
                subresource: entry.subresource,
            };
            let owned = Owned { api_version: entry.api_version, set, time: entry.time };
            owners.insert(id, owned);
        }
        Ok(Self(owners))
    }

    /// Writes the owners into an object, in the order that the API server keeps: appliers first,
    /// then by time and name.
    pub(super) fn write(&self, object: &mut Object) {
        object.remove(&["metadata", "managedFields"]);
        if self.is_empty() {
            return;
        }
        let mut owners: Vec<_> = self.0.iter().collect();
        owners.sort_by(|(a, x), (b, y)| {
            b.apply
                .cmp(&a.apply)
                .then_with(|| x.time.cmp(&y.time))
                .then_with(|| a.manager.cmp(&b.manager))
                .then_with(|| x.api_version.cmp(&y.api_version))
                .then_with(|| a.subresource.cmp(&b.subresource))
        });
        let entries: Vec<Value> = owners
            .into_iter()
            .filter_map(|(id, owned)| {
                serde_json::to_value(Entry {
                    manager: id.manager.clone(),
                    operation: if id.apply { "Apply" } else { "Update" }.into(),
                    api_version: owned.api_version.clone(),
                    time: owned.time.clone(),
                    fields_type: "FieldsV1".into(),
                    fields_v1: Some(owned.set.to_fields_v1()),
                    subresource: id.subresource.clone(),
                })
                .ok()
            })
            .collect();
        object.set(&["metadata", "managedFields"], entries);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Joins the oldest updaters of a version until few enough are left.
    pub(super) fn cap(&mut self) {
        let mut updaters: Vec<(Option<String>, Id)> = self
            .0
            .iter()
            .filter(|(id, _)| !id.apply)
            .map(|(id, owned)| (owned.time.clone(), id.clone()))
            .collect();
        let mut count = updaters.len();
        updaters.sort();
        let mut first_of: BTreeMap<String, Id> = BTreeMap::new();
        for (_, id) in updaters {
            if count <= MAX_UPDATE_MANAGERS {
                return;
            }
            let Some(first) = first_of.get(&id.api_version) else {
                first_of.insert(id.api_version.clone(), id);
                continue;
            };
            let bucket = Id {
                manager: ANCIENT.into(),
                apply: false,
                api_version: id.api_version.clone(),
                subresource: String::new(),
            };
            let Some(owned) = self.0.remove(&id) else { continue };
            let before = self.0.remove(&bucket).or_else(|| self.0.remove(first));
            let set = before.map_or_else(|| owned.set.clone(), |b| b.set.union(&owned.set));
            self.0.insert(bucket, Owned { set, ..owned });
            count -= 1;
        }
    }
}
