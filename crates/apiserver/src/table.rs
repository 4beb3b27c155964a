//! Tables: what `kubectl get` prints.

use serde_json::Value;
use windlass_object::Object;

use crate::catalog::ResourceType;
use crate::status::Status;

/// A `Table` of objects, all of one resource, without list metadata. None if the resource cannot be shown so.
/// `include` is the request's `includeObject`; `headers` tells whether column definitions are wanted.
pub fn render(
    _resource: &ResourceType,
    _objects: &[Object],
    _include: &str,
    _headers: bool,
) -> Result<Value, Status> {
    Err(Status::not_acceptable(&["application/json"]))
}
