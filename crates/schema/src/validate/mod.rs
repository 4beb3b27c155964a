//! What a schema says against a value.
//!
//! [`validate`] says of a custom resource what the API server says, in its words; built-in kinds
//! have no schema of that kind (their validation is code of Kubernetes): of them it checks types
//! and required fields alone, and [`decode_error`] tells what typed decoding says.
//!
//! Validation rules in CEL (`x-kubernetes-validations`) are not evaluated; [`unevaluated_rules`]
//! tells which ones a schema has.

mod checks;
mod decode;
mod format;
mod lists;

use std::collections::BTreeSet;
use std::fmt;

use windlass_object::{Value, go};

use crate::table::{NodeId, Type};
use crate::{Schema, prune};

pub use decode::decode_error;

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
/// uniqueness of list items. No errors means that the value is valid. Do [`crate::default`] first:
/// a null that is not allowed counts as a value of the wrong type.
pub fn validate(value: &Value, schema: &Schema) -> Vec<FieldError> {
    let mut errors = Vec::new();
    checks::check(value, schema.ty(), "", &mut errors);
    lists::embedded(value, schema.ty(), "", &mut errors);
    lists::unique(value, schema.ty(), "", &mut errors);
    errors
}

/// Paths of the fields that the schema does not know, as strict decoding reports them
/// (`unknown field "spec.x"`), sorted.
pub fn unknown_fields(value: &Value, schema: &Schema) -> Vec<String> {
    prune(&mut value.clone(), schema)
}

/// The schema's CEL rules, as `path: rule`, which are not evaluated.
pub fn unevaluated_rules(schema: &Schema) -> Vec<String> {
    let mut rules = Vec::new();
    collect_rules(schema.ty(), "", &mut BTreeSet::new(), &mut rules);
    rules
}

fn collect_rules(ty: Type<'_>, path: &str, seen: &mut BTreeSet<NodeId>, rules: &mut Vec<String>) {
    if !seen.insert(ty.id) {
        return;
    }
    if let Some(checks) = &ty.node().checks {
        rules.extend(checks.rules.iter().map(|rule| format!("{path}: {rule}")));
    }
    for (name, field) in ty.fields() {
        collect_rules(field, &child(path, name), seen, rules);
    }
    if ty.node().item.is_some() {
        collect_rules(ty.item(), &format!("{path}[*]"), seen, rules);
    }
    if let crate::table::Open::Typed(id) = ty.node().open {
        collect_rules(ty.at(id), &format!("{path}[*]"), seen, rules);
    }
}

/// The path of a field.
fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl FieldError {
    fn required(field: String) -> Self {
        Self { reason: Reason::Required, field, message: "Required value".into() }
    }

    fn duplicate(field: String, value: &Value) -> Self {
        let message = format!("Duplicate value: {}", printed(value));
        Self { reason: Reason::Duplicate, field, message }
    }

    fn invalid(field: &str, value: &str, detail: &str) -> Self {
        let message = format!("Invalid value: {value}: {detail}");
        Self { reason: Reason::Invalid, field: field.into(), message }
    }

    /// An error that upstream does not tie to a field.
    fn unplaced(detail: &str) -> Self {
        Self::invalid("<nil>", "\"\"", detail)
    }
}

/// A value as messages show it.
fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => go::quote(text),
        other => go::to_json(other),
    }
}
