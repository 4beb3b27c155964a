//! Strategic merge patches.
//!
//! The types say how lists merge: `x-kubernetes-patch-strategy: merge` with a merge key for lists
//! of objects, without one for lists of scalars; everything else is replaced. Patches carry
//! directives: `$patch` (replace, delete), `$retainKeys`, `$deleteFromPrimitiveList/<list>` and
//! `$setElementOrder/<list>`. Custom resources have no such types: for them the API server refuses
//! these patches and kubectl uses JSON merge patches.

mod conflict;
mod diff;
mod lists;
mod merge;

use windlass_object::{Map, Value, go};

use crate::Schema;
use crate::table::{ANY, Type};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const ELEMENT_ORDER: &str = "$setElementOrder";

/// A patch that cannot be made or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrategicError {
    /// The patch or a value does not have the shape that the type asks for.
    #[error("{0}")]
    Invalid(String),
    /// A list item lacks the key that the list merges by.
    #[error("map: {item} does not contain declared merge key: {key}")]
    NoMergeKey {
        /// The item as Go prints it.
        item: String,
        /// The key.
        key: String,
    },
    /// A three-way patch would overwrite what others changed since, and must not.
    #[error("patch:\n{patch}\nconflicts with changes made from original to current:\n{changes}\n")]
    Conflict {
        /// The patch, as JSON.
        patch: String,
        /// The changes since, as JSON.
        changes: String,
    },
}

type Result<T> = std::result::Result<T, StrategicError>;
type Fields = Map<String, Value>;

/// The value that the patch makes of `original`.
pub fn apply(original: &Value, patch: &Value, schema: &Schema) -> Result<Value> {
    let options = merge::Options { lists: true, drop_nulls: true };
    merge::maps(fields(original)?, fields(patch)?, schema.ty(), options).map(Value::Object)
}

/// The patch that makes `modified` of `original`; an empty object if they are the same.
pub fn diff(original: &Value, modified: &Value, schema: &Schema) -> Result<Value> {
    let options = diff::Options { order: true, ..diff::Options::default() };
    diff::maps(&fields(original)?, &fields(modified)?, schema.ty(), options).map(Value::Object)
}

/// The patch of `kubectl apply`: deletions by `original` (last applied) and `modified`, the rest by
/// `current` and `modified`. Without `overwrite`, what changed in `current` since `original` and
/// differs from `modified` is a conflict.
pub fn three_way(
    original: &Value,
    modified: &Value,
    current: &Value,
    schema: &Schema,
    overwrite: bool,
) -> Result<Value> {
    let ty = schema.ty();
    let (original, modified) = (fields(original)?, fields(modified)?);
    let current = fields(current)?;
    let delta = diff::Options { order: true, ignore_deletions: true, ..diff::Options::default() };
    let delta = diff::maps(&current, &modified, ty, delta)?;
    let deletions = diff::Options { order: true, ignore_changes: true, ..diff::Options::default() };
    let deletions = diff::maps(&original, &modified, ty, deletions)?;
    let options = merge::Options { lists: false, drop_nulls: false };
    let patch = merge::maps(deletions, delta, ty, options)?;
    if !overwrite {
        let changes = diff::maps(&original, &current, ty, diff::Options::default())?;
        if conflict::in_maps(&patch, &changes, ty)? {
            return Err(StrategicError::Conflict {
                patch: Value::Object(patch).to_string(),
                changes: Value::Object(changes).to_string(),
            });
        }
    }
    Ok(Value::Object(patch))
}

fn fields(value: &Value) -> Result<Fields> {
    match value {
        Value::Object(map) => Ok(map.clone()),
        Value::Null => Ok(Fields::new()),
        _ => Err(StrategicError::Invalid("invalid JSON document".into())),
    }
}

/// How a field merges.
#[derive(Clone, Copy)]
struct Field<'a> {
    ty: Type<'a>,
    merge: bool,
    retain_keys: bool,
    key: &'a str,
}

impl<'a> Field<'a> {
    fn of(ty: Type<'a>, name: &str) -> Self {
        let ty = ty.field(name).unwrap_or(ty.at(ANY));
        let node = ty.node();
        Self {
            ty,
            merge: node.patch.merge,
            retain_keys: node.patch.retain_keys,
            key: node.merge_key.as_deref().unwrap_or_default(),
        }
    }
}

/// Whether Go would give two values the same type.
fn same_type(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.is_f64() == b.is_f64(),
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

fn invalid<T>(message: impl Into<String>) -> Result<T> {
    Err(StrategicError::Invalid(message.into()))
}

fn wrong_type<T>(expected: &str, found: &Value) -> Result<T> {
    let found = go::type_name(found);
    invalid(format!("expected a {expected}, but received a {found}"))
}
