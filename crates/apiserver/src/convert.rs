//! Between the versions of a resource.
//!
//! Most resources have one version. Events are the same objects under two groups, autoscalers have an old version that
//! knows of CPU alone, and versions of custom resources differ in nothing but their name.

mod autoscalers;
mod events;

use windlass_object::Object;

use crate::catalog::{GroupVersion, ResourceType};
use crate::status::Status;
use crate::store::Entry;

/// Whether a stored object's text is what a reader of its resource gets.
pub(crate) fn is_current(resource: &ResourceType, entry: &Entry) -> bool {
    entry.json.starts_with(type_head(resource).as_bytes())
}

/// How the text of an object of a resource begins.
pub(crate) fn type_head(resource: &ResourceType) -> String {
    let kind = &resource.kind;
    format!("{{\"kind\":\"{kind}\",\"apiVersion\":\"{}\",", resource.api_version())
}

/// The object in the version of `resource`.
pub(crate) fn to_version(object: Object, resource: &ResourceType) -> Result<Object, Status> {
    let wanted = GroupVersion { group: resource.group.clone(), version: resource.version.clone() };
    convert(object, resource, &wanted)
}

/// The object in the version that `resource` is stored in.
pub(crate) fn to_storage(object: Object, resource: &ResourceType) -> Result<Object, Status> {
    match &resource.storage {
        Some(storage) => convert(object, resource, storage),
        None => Ok(object),
    }
}

fn convert(
    mut object: Object,
    resource: &ResourceType,
    wanted: &GroupVersion,
) -> Result<Object, Status> {
    let api_version = wanted.api_version();
    if object.api_version() == api_version {
        return Ok(object);
    }
    if let Some(custom) = resource.custom() {
        if custom.webhook_conversion {
            return Err(Status::not_implemented(&format!(
                "conversion of {} from {} to {api_version} by webhook",
                resource.group_resource(),
                object.api_version()
            )));
        }
        object.set(&["apiVersion"], api_version);
        return Ok(object);
    }
    match (object.api_version(), api_version.as_str()) {
        ("v1", "events.k8s.io/v1") => events::from_core(&mut object),
        ("events.k8s.io/v1", "v1") => events::to_core(&mut object),
        ("autoscaling/v2", "autoscaling/v1") => autoscalers::to_v1(&mut object)?,
        ("autoscaling/v1", "autoscaling/v2") => autoscalers::to_v2(&mut object)?,
        (from, to) => {
            let what = format!("conversion of {} from {from} to {to}", resource.plural);
            return Err(Status::not_implemented(&what));
        }
    }
    object.set(&["apiVersion"], api_version);
    Ok(object)
}
