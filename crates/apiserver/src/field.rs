//! Errors of fields, said briefly.

use serde_json::Value;

use crate::status::{FieldError, FieldErrorKind as Kind};

/// A string in a value by JSON pointer; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The items of a list in a value by JSON pointer.
pub(crate) fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `Required value`
pub(crate) fn required(field: &str, detail: &str) -> FieldError {
    FieldError::new(Kind::Required, field, detail)
}

/// `Forbidden`
pub(crate) fn forbidden(field: &str, detail: &str) -> FieldError {
    FieldError::new(Kind::Forbidden, field, detail)
}

/// `Invalid value`
pub(crate) fn invalid(field: &str, value: impl Into<Value>, detail: &str) -> FieldError {
    FieldError::with_value(Kind::Invalid, field, value, detail)
}

/// `Duplicate value`
pub(crate) fn duplicate(field: &str, value: impl Into<Value>) -> FieldError {
    FieldError::with_value(Kind::Duplicate, field, value, "")
}

/// `Not found`
pub(crate) fn not_found(field: &str, value: impl Into<Value>) -> FieldError {
    FieldError::with_value(Kind::NotFound, field, value, "")
}

/// `Unsupported value`, with those that are.
pub(crate) fn not_supported(field: &str, value: &str, supported: &[&str]) -> FieldError {
    let supported: Vec<String> = supported.iter().map(|one| format!("\"{one}\"")).collect();
    let detail = format!("supported values: {}", supported.join(", "));
    FieldError::with_value(Kind::NotSupported, field, value, detail)
}

/// One error for each fault of a value.
pub(crate) fn faulty(field: &str, value: &str, faults: Vec<String>, out: &mut Vec<FieldError>) {
    out.extend(faults.into_iter().map(|fault| invalid(field, value, &fault)));
}

/// A value that may not change.
pub(crate) fn immutable(
    field: &str,
    new: Option<&Value>,
    old: Option<&Value>,
    out: &mut Vec<FieldError>,
) {
    if new != old {
        out.push(invalid(field, new.cloned().unwrap_or_default(), "field is immutable"));
    }
}
