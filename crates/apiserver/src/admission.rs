//! What is special to a kind when an object is written.

use std::sync::Arc;

use jiff::Timestamp;
use windlass_object::Object;

use crate::auth::UserInfo;
use crate::catalog::ResourceType;
use crate::registry::{Registry, Warnings};
use crate::status::{FieldError, Status};

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An object is made.
    Create,
    /// An object is changed.
    Update,
    /// Deletion is asked for.
    Delete,
}

/// The circumstances of a write.
pub struct Attributes<'a> {
    /// The other objects.
    pub registry: &'a Arc<Registry>,
    /// The resource, in the version that the client speaks.
    pub resource: &'a ResourceType,
    /// Subresource, or empty.
    pub subresource: &'a str,
    /// What is being done.
    pub operation: Operation,
    /// Namespace, or empty.
    pub namespace: &'a str,
    /// Who asks.
    pub user: &'a UserInfo,
    /// Whether nothing is to be written.
    pub dry_run: bool,
    /// When the request came.
    pub now: Timestamp,
    /// What the client is to be warned of.
    pub warnings: &'a Warnings,
}

/// Completes an object that is to be written, or refuses it. Runs on defaulted objects, before
/// names are generated. `old` is the object as it is, for an update.
pub fn admit(
    _attributes: &Attributes<'_>,
    _old: Option<&Object>,
    _new: &mut Object,
) -> Result<(), Status> {
    Ok(())
}

/// What is wrong with an object that is to be written, apart from its metadata.
pub fn validate(
    _attributes: &Attributes<'_>,
    _old: Option<&Object>,
    _new: &Object,
) -> Vec<FieldError> {
    Vec::new()
}

/// Whether an object may be deleted.
pub fn admit_delete(_attributes: &Attributes<'_>, _old: &Object) -> Result<(), Status> {
    Ok(())
}

/// Follows up on a write that is done: allocations are released, CRDs come into service.
pub fn written(
    _registry: &Arc<Registry>,
    _resource: &ResourceType,
    _old: Option<&Object>,
    _new: Option<&Object>,
) {
}
