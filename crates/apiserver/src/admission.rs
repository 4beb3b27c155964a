//! What is special to a kind when an object is written.
//!
//! [`admit`] completes objects, as the real server's strategies and its built-in admission plugins do; [`validate`]
//! says what is wrong with them. Both are told what kinds there are by `catalog` and are otherwise one function a kind.

mod allocations;
mod custom;
mod definitions;
mod pods;
mod services;
#[cfg(test)]
mod tests;
mod validate;
mod workloads;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_object::Object;

use crate::auth::UserInfo;
use crate::catalog::ResourceType;
use crate::registry::{Registry, Warnings, timestamp};
use crate::status::{FieldError, Status};

pub use allocations::Allocations;

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
    if let Some(warning) = without_effect(attributes.resource) {
        attributes.warnings.add(warning);
    }
    match (&*attributes.resource.group, &*attributes.resource.plural) {
        ("apiextensions.k8s.io", "customresourcedefinitions") => {
            definitions::admit(attributes, old, new);
        }
        ("", "services") => services::admit(attributes, old, new)?,
        ("", "pods") if old.is_none() => pods::admit(attributes, new)?,
        ("", "namespaces") if old.is_none() => workloads::admit_namespace(new),
        ("", "persistentvolumes") if old.is_none() => {
            workloads::protect(new, "kubernetes.io/pv-protection");
            new.set(
                &["status"],
                json!({"phase": "Pending", "lastPhaseTransitionTime": timestamp(attributes.now)}),
            );
        }
        ("", "persistentvolumeclaims") if old.is_none() => {
            storage_class(attributes, new);
            workloads::protect(new, "kubernetes.io/pvc-protection");
        }
        ("storage.k8s.io", "volumeattributesclasses") if old.is_none() => {
            workloads::protect(new, "kubernetes.io/vac-protection");
        }
        ("apiregistration.k8s.io", "apiservices") if old.is_none() => local_api(attributes, new),
        ("certificates.k8s.io", "certificatesigningrequests") if old.is_none() => {
            requester(attributes, new);
        }
        ("batch", "jobs") => workloads::admit_job(old, new),
        ("apps", "daemonsets") => workloads::admit_daemon_set(old, new),
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
        return custom::validate(attributes, old, new);
    }
    if !attributes.subresource.is_empty() {
        return Vec::new();
    }
    match (&*attributes.resource.group, &*attributes.resource.plural) {
        ("apiextensions.k8s.io", "customresourcedefinitions") => crate::crd::validate(new, old),
        ("", "services") => services::validate(old, new),
        (group, plural) => validate::check(group, plural, old, new),
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
        if new.is_none() && version.terminating {
            definitions::object_deleted(registry, resource, &version.crd);
        }
        return;
    }
    match (&*resource.group, &*resource.plural) {
        ("apiextensions.k8s.io", "customresourcedefinitions") => {
            definitions::written(registry, old, new);
        }
        ("", "services") => {
            if let Some(service) = new.or(old) {
                let service = format!("{}/{}", service.namespace(), service.name());
                registry.allocations.written(&service, new);
            }
        }
        _ => {}
    }
}

/// What clients are told of kinds that are kept and do nothing here.
fn without_effect(resource: &ResourceType) -> Option<String> {
    let known = matches!(
        (&*resource.group, &*resource.plural),
        ("", "resourcequotas" | "limitranges")
            | ("admissionregistration.k8s.io", _)
            | ("apiregistration.k8s.io", "apiservices")
    );
    known.then(|| format!("{} is kept but not enforced by the embedded API server", resource.kind))
}

/// What no service brings is brought by this server.
fn local_api(attributes: &Attributes<'_>, api: &mut Object) {
    if api.get(&["spec", "service"]).is_some_and(Value::is_object) {
        return;
    }
    let available = json!({
        "type": "Available", "status": "True", "reason": "Local",
        "message": "Local APIServices are always available",
        "lastTransitionTime": timestamp(attributes.now),
    });
    api.set(&["status", "conditions"], json!([available]));
}

/// Who asks for a certificate is not for them to say.
fn requester(attributes: &Attributes<'_>, request: &mut Object) {
    let user = attributes.user;
    request.set(&["spec", "username"], user.name.clone());
    for field in ["uid", "groups", "extra"] {
        request.remove(&["spec", field]);
    }
    if !user.uid.is_empty() {
        request.set(&["spec", "uid"], user.uid.clone());
    }
    if !user.groups.is_empty() {
        request.set(&["spec", "groups"], json!(user.groups));
    }
    if !user.extra.is_empty() {
        request.set(&["spec", "extra"], json!(user.extra));
    }
}

/// A claim that names no class gets the default one.
fn storage_class(attributes: &Attributes<'_>, claim: &mut Object) {
    const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
    let named = claim.get(&["spec", "storageClassName"]).is_some()
        || claim.annotation("volume.beta.kubernetes.io/storage-class").is_some();
    if named {
        return;
    }
    let mut classes = attributes.registry.all("storage.k8s.io", "storageclasses", "");
    classes.retain(|class| class.annotation(DEFAULT) == Some("true"));
    // The newest one wins, and by name where they are as old.
    classes.sort_by_key(|class| {
        let made = class.str_at(&["metadata", "creationTimestamp"]).to_owned();
        (std::cmp::Reverse(made), class.name().to_owned())
    });
    if let Some(class) = classes.first() {
        claim.set(&["spec", "storageClassName"], class.name());
    }
}
