//! Custom resources: judged by the schema of their CRD.

use serde_json::Value;
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

/// What the schema has against an object. What an update leaves as it was is forgiven: a schema may have become
/// stricter since.
pub(super) fn validate(
    attributes: &Attributes<'_>,
    old: Option<&Object>,
    new: &Object,
) -> Vec<FieldError> {
    let Some(schema) = attributes.registry.schema(attributes.resource) else { return Vec::new() };
    let value = new.to_value();
    let mut errors = windlass_schema::validate::validate(&value, &schema);
    if let Some(old) = old.filter(|_| !errors.is_empty()) {
        let old = old.to_value();
        let schema = attributes.resource.custom().map_or(&Value::Null, |version| &version.schema);
        errors.retain(|error| !is_unchanged(error, schema, &old, &value));
    }
    errors.into_iter().map(field_error).collect()
}

/// Whether an error is about a value that the update did not touch. What is missing is the fault of the object that
/// it is missing in.
fn is_unchanged(
    error: &windlass_schema::validate::FieldError,
    schema: &Value,
    old: &Value,
    new: &Value,
) -> bool {
    let mut steps = steps(&error.field);
    if error.reason == Reason::Required {
        steps.pop();
    }
    same_at(&steps, schema, old, new)
}

/// Whether two values are equal at a path. Items of lists belong together by their keys; a list without keys is
/// compared as a whole.
fn same_at(steps: &[String], schema: &Value, old: &Value, new: &Value) -> bool {
    if old == new {
        return true;
    }
    let Some((step, rest)) = steps.split_first() else { return false };
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let (Some(old), Some(new)) = (old.get(step), new.get(step)) else { return false };
            let property = schema.get("properties").and_then(|all| all.get(step));
            let schema = property.or_else(|| schema.get("additionalProperties"));
            same_at(rest, schema.unwrap_or(&Value::Null), old, new)
        }
        (Value::Array(old), Value::Array(new)) if schema["x-kubernetes-list-type"] == "map" => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array();
            let new = step.parse().ok().and_then(|at: usize| new.get(at));
            let Some(new) = new else { return false };
            let same = |old: &&Value| {
                let keys = keys.into_iter().flatten().filter_map(Value::as_str);
                keys.into_iter().all(|key| old.get(key) == new.get(key))
            };
            let old = old.iter().find(same);
            old.is_some_and(|old| same_at(rest, &schema["items"], old, new))
        }
        _ => false,
    }
}

/// The steps of a field path: `spec.ports[0].name`, `data[a.b]`.
fn steps(path: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end = inner.find(']').unwrap_or(inner.len());
            steps.push(inner[..end].to_owned());
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if end > 0 {
                steps.push(name[..end].to_owned());
            }
            rest = &name[end..];
        }
    }
    steps
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_as_it_was_is_forgiven() {
        let schema = json!({"properties": {"spec": {"properties": {"list": {
            "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["b"],
        }}}}});
        let check = |field: &str, reason, old: &Value, new: &Value, forgiven: bool| {
            let error = windlass_schema::validate::FieldError {
                reason,
                field: field.to_owned(),
                message: String::new(),
            };
            assert_eq!(is_unchanged(&error, &schema, old, new), forgiven, "{field}");
        };
        let old = json!({"spec": {
            "a": 1, "list": [{"b": "x", "n": 1}], "m": {"k.k": 1}, "plain": [{"b": "x"}],
        }});
        let mut new = old.clone();
        new["spec"]["c"] = json!(2);
        new["spec"]["list"] = json!([{"b": "w"}, {"b": "x", "n": 1, "o": 2}]);
        new["spec"]["plain"] = json!([{"b": "x"}, {"b": "y"}]);
        check("spec.a", Reason::Invalid, &old, &new, true);
        check("spec.list[1].n", Reason::Invalid, &old, &new, true);
        check("spec.list[0].b", Reason::Invalid, &old, &new, false);
        check("spec.plain[0].b", Reason::Invalid, &old, &new, false);
        check("spec.m[k.k]", Reason::Invalid, &old, &new, true);
        check("spec.c", Reason::Invalid, &old, &new, false);
        // What has changed and lacks something counts again.
        check("spec.d", Reason::Required, &old, &new, false);
        check("spec.list[1].z", Reason::Required, &old, &new, false);
        check("spec.m.z", Reason::Required, &old, &new, true);
    }
}
