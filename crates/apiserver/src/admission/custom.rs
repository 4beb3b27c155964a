//! Custom resources: judged by the schema of their CRD.

use windlass_object::Object;
use windlass_schema::validate::Reason;

use super::{Attributes, Operation};
use crate::status::{FieldError, FieldErrorKind, Status};

/// Nothing new comes where the definition is going.
pub(super) fn admit(attributes: &Attributes<'_>, old: Option<&Object>) -> Result<(), Status> {
    let resource = attributes.resource;
    let Some(version) = resource.custom() else { return Ok(()) };
    if let Some(warning) = &version.deprecation_warning {
        attributes.warnings.add(warning.clone());
    }
    if old.is_none() && attributes.operation == Operation::Create && version.terminating {
        let action = "create not allowed while custom resource definition is terminating";
        let mut status = Status::method_not_supported(&resource.group, &resource.plural, "create");
        action.clone_into(&mut status.message);
        return Err(status);
    }
    Ok(())
}

/// What the schema has against an object.
pub(super) fn validate(attributes: &Attributes<'_>, new: &Object) -> Vec<FieldError> {
    let Some(schema) = attributes.registry.schema(attributes.resource) else { return Vec::new() };
    let errors = windlass_schema::validate::validate(&new.to_value(), &schema);
    errors.into_iter().map(field_error).collect()
}

/// The same error in this crate's terms.
fn field_error(error: windlass_schema::validate::FieldError) -> FieldError {
    let kind = match error.reason {
        Reason::NotFound => FieldErrorKind::NotFound,
        Reason::Required => FieldErrorKind::Required,
        Reason::Duplicate => FieldErrorKind::Duplicate,
        Reason::Invalid => FieldErrorKind::Invalid,
        Reason::NotSupported => FieldErrorKind::NotSupported,
        Reason::Forbidden => FieldErrorKind::Forbidden,
        Reason::TooLong => FieldErrorKind::TooLong,
        Reason::TooMany => FieldErrorKind::TooMany,
        Reason::TypeInvalid => FieldErrorKind::TypeInvalid,
    };
    // The schema's message begins with the kind's text, which is added again when it is printed.
    let detail = match error.message.split_once(": ") {
        Some((_, detail)) => detail.to_owned(),
        None => String::new(),
    };
    FieldError::new(kind, error.field, detail)
}
