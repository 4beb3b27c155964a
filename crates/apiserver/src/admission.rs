//! What is special to a kind when an object is written.
//!
//! [`admit`] completes objects, as the real server's strategies and its built-in admission plugins do; [`validate`]
//! says what is wrong with them. Both are told what kinds there are by `catalog` and are otherwise one function a kind.

mod custom;
mod definitions;

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
    attributes: &Attributes<'_>,
    old: Option<&Object>,
    new: &mut Object,
) -> Result<(), Status> {
    if !attributes.subresource.is_empty() {
        return Ok(());
    }
    if attributes.resource.custom().is_some() {
        return custom::admit(attributes, old);
    }
    match (&*attributes.resource.group, &*attributes.resource.plural) {
        ("apiextensions.k8s.io", "customresourcedefinitions") => {
            definitions::admit(attributes, old, new);
        }
        _ => {}
    }
    Ok(())
}

/// What is wrong with an object that is to be written, apart from its metadata.
pub fn validate(
    attributes: &Attributes<'_>,
    old: Option<&Object>,
    new: &Object,
) -> Vec<FieldError> {
    if attributes.resource.custom().is_some() {
        return custom::validate(attributes, new);
    }
    if !attributes.subresource.is_empty() {
        return Vec::new();
    }
    match (&*attributes.resource.group, &*attributes.resource.plural) {
        ("apiextensions.k8s.io", "customresourcedefinitions") => crate::crd::validate(new, old),
        _ => Vec::new(),
    }
}

/// Whether an object may be deleted.
pub fn admit_delete(_attributes: &Attributes<'_>, _old: &Object) -> Result<(), Status> {
    Ok(())
}

/// Puts a finalizer into an object that cannot go at once, before its deletion begins.
pub fn guard_deletion(
    registry: &Arc<Registry>,
    resource: &ResourceType,
    object: &mut Object,
    now: Timestamp,
) {
    if resource.group == "apiextensions.k8s.io" && resource.plural == "customresourcedefinitions" {
        definitions::guard_deletion(registry, object, now);
    }
}

/// Follows up on a write that is done: allocations are released, CRDs come into service.
pub fn written(
    registry: &Arc<Registry>,
    resource: &ResourceType,
    old: Option<&Object>,
    new: Option<&Object>,
) {
    if let Some(version) = resource.custom() {
        if new.is_none() {
            definitions::object_deleted(registry, resource, &version.crd);
        }
        return;
    }
    if resource.group == "apiextensions.k8s.io" && resource.plural == "customresourcedefinitions" {
        definitions::written(registry, old, new);
    }
}
