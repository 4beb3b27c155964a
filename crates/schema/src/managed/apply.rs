//! Server-side apply.

use windlass_object::{Object, Value, go};

use super::owners::Owners;
use super::updater::{self, Applied, Conflicts};
use super::{LAST_APPLIED, Write, without_owners};
use crate::Schema;
use crate::fields::{FieldSet, InvalidValue, check, compare};

/// Annotations of more bytes than this are not kept.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// Another manager owns a field that an apply would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The other manager as messages name it: `"m" using apps/v1`, `"m" with subresource "status"`.
    pub manager: String,
    /// The field: `.spec.replicas`.
    pub field: String,
}

/// An apply that was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Others own the fields and `force` was not set. Status 409, reason Conflict, one
    /// `FieldManagerConflict` cause a conflict.
    #[error("{message}")]
    Conflicts {
        /// As the API server says it.
        message: String,
        /// All of them, by manager and field.
        conflicts: Vec<Conflict>,
    },
    /// The applied configuration cannot be used. Status 400.
    #[error("{0}")]
    BadRequest(String),
    /// The configuration, or the live object's own `managedFields`, do not fit the schema. Status
    /// 500, as the API server answers it.
    #[error("{0}")]
    Schema(String),
}

impl Conflict {
    /// The message of the Status cause.
    pub fn message(&self) -> String {
        format!("conflict with {}", self.manager)
    }
}

/// The live object with `config` merged into it and `metadata.managedFields` kept. Defaults are
/// not filled in: do that after. `live` is none for a create. Equal to `live` if nothing changed.
/// `config` must be of the version and kind of the schema.
pub fn apply(
    live: Option<&Object>,
    config: &Object,
    write: &Write<'_>,
    force: bool,
    schema: &Schema,
) -> Result<Object, ApplyError> {
    if config.get(&["metadata", "managedFields"]).is_some_and(|v| !v.is_null()) {
        return Err(ApplyError::BadRequest("metadata.managedFields must be nil".into()));
    }
    let wrong = check(&config.to_value(), schema.ty(), false);
    if !wrong.is_empty() {
        return Err(ApplyError::Schema(format!(
            "failed to create typed patch object ({}/{}; {}): {}",
            config.namespace(),
            config.name(),
            config.gvk(),
            print(&wrong)
        )));
    }
    let mut owners = match live {
        None => Owners::default(),
        Some(live) => Owners::read(live)
            .map_err(|e| ApplyError::Schema(format!("failed to decode managed fields: {e}")))?,
    };
    let old = live.map_or_else(|| blank(config), without_owners);
    if owners.is_empty() && live.is_some() {
        let before = Write { manager: "before-first-apply", ..*write };
        owners = updater::update(&blank(config), &old, owners, &before, schema);
    }
    let Applied { object, owners } =
        match updater::apply(&old, config, owners.clone(), write, force, schema) {
            Ok(applied) => applied,
            Err(conflicts) if write.manager == "kubectl" => {
                let waived = waived(&old, schema).unwrap_or_default();
                let left = without(&conflicts, &waived);
                if !left.is_empty() {
                    return Err(refused(&left));
                }
                updater::apply(&old, config, owners, write, true, schema)
                    .map_err(|conflicts| refused(&conflicts))?
            }
            Err(conflicts) => return Err(refused(&conflicts)),
        };
    let mut object = object.unwrap_or(old);
    if write.manager == "kubectl" && object.annotation(LAST_APPLIED).is_some_and(|a| !a.is_empty())
    {
        set_last_applied(&mut object, config);
    }
    owners.write(&mut object);
    Ok(object)
}

/// The object before there was one.
fn blank(config: &Object) -> Object {
    let mut blank = Object::default();
    blank.set(&["apiVersion"], config.api_version());
    blank.set(&["kind"], config.kind());
    blank
}

/// The paths that client-side apply set and that still are as it set them: `kubectl apply
/// --server-side` may take those from whoever owns them.
fn waived(live: &Object, schema: &Schema) -> Option<FieldSet> {
    let last: Value = serde_json::from_str(live.annotation(LAST_APPLIED)?).ok()?;
    if last["apiVersion"] != live.api_version() {
        return None;
    }
    let live = live.to_value();
    if !check(&live, schema.ty(), false).is_empty() || !check(&last, schema.ty(), false).is_empty()
    {
        return None;
    }
    let found = compare(&last, &live, schema);
    Some(
        FieldSet::of(&last, schema)
            .difference(&found.modified)
            .difference(&found.added)
            .difference(&found.removed),
    )
}

fn without(conflicts: &Conflicts, waived: &FieldSet) -> Conflicts {
    conflicts
        .iter()
        .map(|(id, set)| (id.clone(), set.difference(waived)))
        .filter(|(_, set)| !set.is_empty())
        .collect()
}

fn set_last_applied(object: &mut Object, config: &Object) {
    let mut config = config.clone();
    if let Some(Value::Object(annotations)) = config.get(&["metadata", "annotations"]).cloned() {
        let mut annotations = annotations;
        annotations.remove(LAST_APPLIED);
        config.remove(&["metadata", "annotations"]);
        if !annotations.is_empty() {
            config.set(&["metadata", "annotations"], annotations);
        }
    }
    object.set_annotation(LAST_APPLIED, &(go::to_json(&config.to_value()) + "\n"));
    let annotations = object.get(&["metadata", "annotations"]).and_then(Value::as_object);
    let bytes: usize = annotations
        .into_iter()
        .flatten()
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
        .sum();
    if bytes > MAX_ANNOTATIONS {
        object.remove_annotation(LAST_APPLIED);
    }
}

fn refused(conflicts: &Conflicts) -> ApplyError {
    let by_manager: Vec<(String, Vec<String>)> =
        conflicts.iter().map(|(id, set)| (id.describe(), set.paths())).collect();
    let conflicts: Vec<Conflict> = by_manager
        .iter()
        .flat_map(|(manager, fields)| {
            fields.iter().map(|field| Conflict { manager: manager.clone(), field: field.clone() })
        })
        .collect();
    let message = match conflicts.as_slice() {
        [only] => {
            format!("Apply failed with 1 conflict: conflict with {}: {}", only.manager, only.field)
        }
        _ => {
            let lines: Vec<String> = by_manager
                .into_iter()
                .flat_map(|(manager, fields)| {
                    std::iter::once(format!("conflicts with {manager}:"))
                        .chain(fields.into_iter().map(|field| format!("- {field}")))
                })
                .collect();
            format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
        }
    };
    ApplyError::Conflicts { message, conflicts }
}

fn print(wrong: &[InvalidValue]) -> String {
    let line = |w: &InvalidValue| {
        if w.path.is_empty() { w.message.clone() } else { format!("{}: {}", w.path, w.message) }
    };
    match wrong {
        [only] => line(only),
        many => {
            let lines: Vec<String> = many.iter().map(|w| format!("  {}", line(w))).collect();
            format!("errors:\n{}", lines.join("\n"))
        }
    }
}
