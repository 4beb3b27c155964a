//! Between the versions of a resource.

use windlass_object::Object;

use crate::catalog::ResourceType;
use crate::status::Status;
use crate::store::Entry;

/// Whether a stored object's text is what a reader of its resource gets.
pub fn is_current(resource: &ResourceType, entry: &Entry) -> bool {
    // The text begins with the apiVersion, because fields are sorted.
    let head = format!("{{\"apiVersion\":\"{}\",", resource.api_version());
    resource.custom().is_none() || entry.json.starts_with(head.as_bytes())
}

/// The object in the version of `resource`.
pub fn to_version(mut object: Object, resource: &ResourceType) -> Result<Object, Status> {
    if object.api_version() == resource.api_version() {
        return Ok(object);
    }
    if resource.custom().is_some() {
        object.set(&["apiVersion"], resource.api_version());
        return Ok(object);
    }
    Err(Status::not_implemented(&format!(
        "conversion of {} from {} to {}",
        resource.plural,
        object.api_version(),
        resource.api_version()
    )))
}
