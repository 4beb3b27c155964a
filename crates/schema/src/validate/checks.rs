//! The checks of one schema.

use windlass_object::{Value, go};

use super::{FieldError, Reason, child, format, printed};
use crate::table::{Checks, Kind, NodeId, Type};

pub(super) fn check(value: &Value, ty: Type<'_>, path: &str, errors: &mut Vec<FieldError>) {
    let node = ty.node();
    if value.is_null() && node.nullable {
        return;
    }
    check_type(value, ty, path, errors);
    if let Some(checks) = &node.checks {
        check_bounds(value, checks, path, errors);
        check_alternatives(value, ty, checks, path, errors);
    }
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                // The metadata of a custom resource is none of its schema's business.
                let own = |field: &Type<'_>| field.node().structural || !node.structural;
                if let Some(field) = ty.known(name).filter(own) {
                    check(value, field, &child(path, name), errors);
                }
            }
        }
        Value::Array(items) if matches!(node.kind, Kind::Array | Kind::Any) => {
            for (i, item) in items.iter().enumerate() {
                check(item, ty.item(), &format!("{path}[{i}]"), errors);
            }
        }
        _ => {}
    }
}

fn check_type(value: &Value, ty: Type<'_>, path: &str, errors: &mut Vec<FieldError>) {
    let node = ty.node();
    let expected = match node.kind {
        Kind::Any => return,
        Kind::Object => "object",
        Kind::Array => "array",
        Kind::String => "string",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::IntOrString => "integer,string",
        Kind::Quantity => "string",
    };
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Number(n) if is_whole(n) => "integer",
        Value::Number(_) => "number",
    };
    let format = node.format.as_deref().unwrap_or_default();
    let fits = match node.kind {
        Kind::Number => matches!(found, "integer" | "number"),
        Kind::IntOrString => matches!(found, "integer" | "string"),
        Kind::Quantity => matches!(found, "integer" | "number" | "string"),
        _ => found == expected,
    };
    let mut report = |expected: &str, found: &str| {
        let detail = format!("{path} in body must be of type {expected}: {}", go::quote(found));
        let message = format!("Invalid value: {}: {detail}", go::quote(found));
        errors.push(FieldError { reason: Reason::TypeInvalid, field: path.into(), message });
    };
    if !fits {
        // Of a number with a format upstream names the format, and the number as Go has it.
        let sized = node.kind == Kind::Integer && found == "number" && !format.is_empty();
        let found = if sized { "float64" } else { found };
        report(if sized { format } else { expected }, found);
    } else if let (Kind::String, Value::String(text)) = (node.kind, value)
        && !format::is(format, text)
    {
        report(format, text);
    }
    if let (Kind::Integer, Value::Number(number)) = (node.kind, value)
        && (!is_whole(number) || !in_range(number, format))
        && matches!(format, "int32" | "int64")
    {
        errors.push(FieldError::unplaced(&format!(
            "Checked value must be of type integer with format {format} in {path}"
        )));
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|f| f.fract() == 0.0)
}

fn in_range(number: &serde_json::Number, format: &str) -> bool {
    match (format, number.as_i64()) {
        ("int32", Some(number)) => i32::try_from(number).is_ok(),
        ("int32", None) => number.as_f64().is_some_and(|f| f.abs() <= f64::from(i32::MAX)),
        _ => true,
    }
}

fn check_bounds(value: &Value, checks: &Checks, path: &str, errors: &mut Vec<FieldError>) {
    if !checks.allowed.is_empty() && !checks.allowed.iter().any(|a| crate::fields::equal(a, value))
    {
        let allowed: Vec<String> = checks
            .allowed
            .iter()
            .map(|value| match value {
                Value::String(text) => go::quote(text),
                other => go::quote(&go::to_json(other)),
            })
            .collect();
        let message = format!(
            "Unsupported value: {}: supported values: {}",
            printed(value),
            allowed.join(", ")
        );
        errors.push(FieldError { reason: Reason::NotSupported, field: path.into(), message });
    }
    let invalid = |value: &Value, detail: String| {
        FieldError::invalid(path, &printed(value), &format!("{path} in body {detail}"))
    };
    let too_many = |found: usize, max: u64| FieldError {
        reason: Reason::TooMany,
        field: path.into(),
        message: format!("Too many: {found}: must have at most {max} items"),
    };
    match value {
        Value::String(text) => errors.extend(wrong_text(text, checks, path)),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            if let Some(factor) = checks.multiple_of
                && !is_multiple(number, factor)
            {
                errors.push(invalid(value, format!("should be a multiple of {factor}")));
            }
            if let Some(max) = checks.maximum {
                if checks.exclusive_maximum && number >= max {
                    errors.push(invalid(value, format!("should be less than {max}")));
                } else if number > max {
                    errors.push(invalid(value, format!("should be less than or equal to {max}")));
                }
            }
            if let Some(min) = checks.minimum {
                if checks.exclusive_minimum && number <= min {
                    errors.push(invalid(value, format!("should be greater than {min}")));
                } else if number < min {
                    errors
                        .push(invalid(value, format!("should be greater than or equal to {min}")));
                }
            }
        }
        Value::Array(items) => {
            let count = items.len() as u64;
            if let Some(min) = checks.min_items.filter(|min| count < *min) {
                errors.push(invalid(&count.into(), format!("should have at least {min} items")));
            }
            if let Some(max) = checks.max_items.filter(|max| count > *max) {
                errors.push(too_many(items.len(), max));
            }
            let repeated = |(i, item): (usize, &Value)| items[..i].contains(item);
            if checks.unique_items && items.iter().enumerate().any(repeated) {
                errors.push(invalid(&Value::from(""), "shouldn't contain duplicates".into()));
            }
        }
        Value::Object(map) => {
            let count = map.len() as u64;
            if let Some(min) = checks.min_properties.filter(|min| count < *min) {
                errors
                    .push(invalid(&count.into(), format!("should have at least {min} properties")));
            }
            if let Some(max) = checks.max_properties.filter(|max| count > *max) {
                errors.push(too_many(map.len(), max));
            }
            for name in checks.required.iter().filter(|name| !map.contains_key(&***name)) {
                errors.push(FieldError::required(child(path, name)));
            }
        }
        _ => {}
    }
}

/// The first thing wrong with a text: upstream stops there.
fn wrong_text(text: &str, checks: &Checks, path: &str) -> Option<FieldError> {
    let length = text.chars().count() as u64;
    if let Some(max) = checks.max_length.filter(|max| length > *max) {
        let message = format!("Too long: may not be more than {max} bytes");
        return Some(FieldError { reason: Reason::TooLong, field: path.into(), message });
    }
    let invalid = |detail: String| {
        FieldError::invalid(path, &go::quote(text), &format!("{path} in body {detail}"))
    };
    if let Some(min) = checks.min_length.filter(|min| length < *min) {
        return Some(invalid(format!("should be at least {min} chars long")));
    }
    let pattern = checks.pattern.as_ref()?;
    if pattern.regex().is_some_and(|regex| !regex.is_match(text)) {
        return Some(invalid(format!("should match '{}'", pattern.source)));
    }
    None
}

fn is_multiple(number: f64, factor: f64) -> bool {
    factor <= 0.0 || (number / factor).fract() == 0.0
}

fn check_alternatives(
    value: &Value,
    ty: Type<'_>,
    checks: &Checks,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    let outcome = |id: &NodeId| {
        let mut errors = Vec::new();
        check(value, ty.at(*id), path, &mut errors);
        errors
    };
    let said = |detail: &str| FieldError::unplaced(&format!("{} {detail}", go::quote(path)));
    if !checks.any_of.is_empty() {
        let outcomes: Vec<_> = checks.any_of.iter().map(outcome).collect();
        if outcomes.iter().all(|errors| !errors.is_empty()) {
            errors.push(said("must validate at least one schema (anyOf)"));
            errors.extend(outcomes.into_iter().next().unwrap_or_default());
        }
    }
    if !checks.one_of.is_empty() {
        let outcomes: Vec<_> = checks.one_of.iter().map(outcome).collect();
        let valid = outcomes.iter().filter(|errors| errors.is_empty()).count();
        if valid == 0 {
            errors.push(said("must validate one and only one schema (oneOf). Found none valid"));
            errors.extend(outcomes.into_iter().next().unwrap_or_default());
        } else if valid > 1 {
            errors.push(said(&format!(
                "must validate one and only one schema (oneOf). Found {valid} valid alternatives"
            )));
        }
    }
    if !checks.all_of.is_empty() {
        let outcomes: Vec<_> = checks.all_of.iter().map(outcome).collect();
        let valid = outcomes.iter().filter(|errors| errors.is_empty()).count();
        errors.extend(outcomes.into_iter().flatten());
        if valid == 0 {
            errors.push(said("must validate all the schemas (allOf). None validated"));
        } else if valid < checks.all_of.len() {
            errors.push(said("must validate all the schemas (allOf)"));
        }
    }
    if checks.not.is_some_and(|id| outcome(&id).is_empty()) {
        errors.push(said("must not validate the schema (not)"));
    }
}
