//! Strategic merge patches.
//!
//! Without a schema (custom resources) a patch is refused: they take JSON merge patches.

use windlass_object::Value;

use crate::Schema;

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
    #[error("{0}")]
    Conflict(String),
}

/// The value that the patch makes of `original`.
pub fn apply(original: &Value, patch: &Value, schema: &Schema) -> Result<Value, StrategicError> {
    let _ = (original, patch, schema);
    unimplemented!()
}

/// The patch that makes `modified` of `original`.
pub fn diff(original: &Value, modified: &Value, schema: &Schema) -> Result<Value, StrategicError> {
    let _ = (original, modified, schema);
    unimplemented!()
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
) -> Result<Value, StrategicError> {
    let _ = (original, modified, current, schema, overwrite);
    unimplemented!()
}
