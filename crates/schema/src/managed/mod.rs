//! Server-side apply and the bookkeeping of `managedFields`.

use windlass_object::{GroupVersionKind, Object};

use crate::{Schema, fields::FieldSet};

/// Who writes, when, and through which endpoint.
#[derive(Clone, Debug)]
pub struct Write<'a> {
    /// Field manager.
    pub manager: &'a str,
    /// Subresource, such as `status`; empty for the main resource.
    pub subresource: &'a str,
    /// Now, RFC 3339 in whole seconds and UTC: `2026-01-02T03:04:05Z`.
    pub time: &'a str,
    /// Fields that this endpoint does not write: see [`reset_fields`].
    pub reset: &'a FieldSet,
}

/// Another manager owns a field that an apply would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The other manager as messages name it: `"m" using apps/v1`, `"m" with subresource "status" …`.
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
    /// The applied configuration does not fit the schema. Status 500 as the API server answers it.
    #[error("{0}")]
    Schema(String),
}

/// The live object with `config` merged into it and `metadata.managedFields` kept. Defaults are
/// not filled in: do that after. Equal to `live` if nothing changed.
pub fn apply(
    live: Option<&Object>,
    config: &Object,
    write: &Write<'_>,
    force: bool,
    schema: &Schema,
) -> Result<Object, ApplyError> {
    let _ = (live, config, write, force, schema);
    unimplemented!()
}

/// `new` with `metadata.managedFields` as any write that is not an apply leaves them. `new` is the
/// whole object after the write (defaulted); its own `managedFields` are what the client sent. Never fails: managed fields that cannot be
/// read leave the live ones in place.
pub fn update(live: Option<&Object>, new: Object, write: &Write<'_>, schema: &Schema) -> Object {
    let _ = (live, write, schema);
    new
}

/// The fields that an endpoint of a kind does not write (and so does not own). `has_status` tells
/// whether a custom resource has a status subresource; built-in kinds are known.
pub fn reset_fields(gvk: &GroupVersionKind, subresource: &str, has_status: bool) -> FieldSet {
    let _ = (gvk, subresource, has_status);
    FieldSet::default()
}
