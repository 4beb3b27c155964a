//! Between the versions of a resource.

use windlass_object::Object;

use crate::catalog::ResourceType;
use crate::status::Status;
use crate::store::Entry;

/// Whether a stored object's text is what a reader of its resource gets.
pub fn is_current(resource: &ResourceType, entry: &Entry) -> bool {
    entry.json.starts_with(type_head(resource).as_bytes())
}

/// How the text of an object of a resource begins.
pub(crate) fn type_head(resource: &ResourceType) -> String {
    let kind = &resource.kind;
    format!("{{\"kind\":\"{kind}\",\"apiVersion\":\"{}\",", resource.api_version())
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
