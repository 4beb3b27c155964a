//! What a schema says against a value.
//!
//! Validation rules in CEL (`x-kubernetes-validations`) are not evaluated; [`unevaluated_rules`]
//! tells which ones a schema has.

use std::fmt;

use windlass_object::Value;

use crate::Schema;

/// Kinds of field errors, named as in a Status cause's `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// `FieldValueNotFound`
    NotFound,
    /// `FieldValueRequired`
    Required,
    /// `FieldValueDuplicate`
    Duplicate,
    /// `FieldValueInvalid`
    Invalid,
    /// `FieldValueNotSupported`
    NotSupported,
    /// `FieldValueForbidden`
    Forbidden,
    /// `FieldValueTooLong`
    TooLong,
    /// `FieldValueTooMany`
    TooMany,
    /// `FieldValueTypeInvalid`
    TypeInvalid,
}

/// One thing wrong with one field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// What kind of error.
    pub reason: Reason,
    /// Path as apimachinery prints it: `spec.containers[0].name`.
    pub field: String,
    /// The message without the path: `Invalid value: "x": must be …`.
    pub message: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl Reason {
    /// As a Status cause's `reason` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }
}

/// Validates a value against the schema: types, required, enum, pattern, format, bounds, and the
/// uniqueness of list items. No errors means that the value is valid.
pub fn validate(value: &Value, schema: &Schema) -> Vec<FieldError> {
    let _ = (value, schema);
    unimplemented!()
}

/// Paths of the fields that the schema does not know, as strict decoding reports them
/// (`unknown field "spec.x"`), sorted.
pub fn unknown_fields(value: &Value, schema: &Schema) -> Vec<String> {
    let _ = (value, schema);
    unimplemented!()
}

/// What typed decoding says of the first field that has the wrong JSON type, as the API server's
/// 400 answer ends: `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`.
pub fn decode_error(value: &Value, schema: &Schema) -> Option<String> {
    let _ = (value, schema);
    unimplemented!()
}

/// The schema's CEL rules, as `path: rule`, which are not evaluated.
pub fn unevaluated_rules(schema: &Schema) -> Vec<String> {
    let _ = schema;
    unimplemented!()
}
