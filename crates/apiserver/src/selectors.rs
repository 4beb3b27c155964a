//! Field selectors: which fields each kind can be selected by.

use serde_json::Value;
use windlass_object::Object;
use windlass_object::selector::FieldSelector;

use crate::catalog::ResourceType;
use crate::status::Status;

/// Refuses a selector on a field that the kind cannot be selected by.
pub fn check(_resource: &ResourceType, selector: &FieldSelector) -> Result<(), Status> {
    for requirement in selector.requirements() {
        if !matches!(requirement.field.as_str(), "metadata.name" | "metadata.namespace") {
            return Err(Status::bad_request(format!(
                "field label not supported: {}",
                requirement.field
            )));
        }
    }
    Ok(())
}

/// Whether an object is selected.
pub fn matches(_resource: &ResourceType, selector: &FieldSelector, object: &Object) -> bool {
    selector.matches(|field| {
        let path: Vec<&str> = field.split('.').collect();
        object.get(&path).and_then(Value::as_str).unwrap_or_default()
    })
}
