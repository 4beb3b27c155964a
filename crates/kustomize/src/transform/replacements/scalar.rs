//! Scalars and their texts.

use serde_json::Value;
use windlass_object::yaml;

use crate::error::{Error, Result};
use crate::kustomization::FieldOptions;
use crate::resource::scalar_text;

/// The text of a scalar.
///
/// # Errors
/// If it is none.
pub(super) fn text(value: &Value) -> Result<String> {
    match value {
        Value::Object(_) | Value::Array(_) => {
            Err(Error::told("delimiter option can only be used with scalar nodes"))
        }
        Value::Null => Ok(String::new()),
        scalar => Ok(scalar_text(scalar)),
    }
}

/// The text that a match is looked for in.
pub(super) fn printed(value: &Value) -> String {
    match value {
        Value::Object(_) | Value::Array(_) => yaml::to_string(value).trim().to_owned(),
        scalar => scalar_text(scalar).trim().to_owned(),
    }
}

/// A scalar without a type: the text says what it is.
pub(in crate::transform) fn untyped(text: &str) -> Value {
    let is_plain = text.trim() == text
        && !text.contains(['\n', '\r'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with(['"', '\'', '[', '{', '&', '*', '!', '|', '>', '%', '@', '`', '#']);
    if is_plain {
        match yaml::parse_one(text.as_bytes(), &yaml::Options::kustomize()) {
            Ok(value @ (Value::Bool(_) | Value::Number(_))) => return value,
            Ok(Value::Null) if !text.is_empty() => return Value::Null,
            // A date is written out.
            Ok(time @ Value::String(_)) if text.starts_with(|c: char| c.is_ascii_digit()) => {
                return time;
            }
            _ => {}
        }
    }
    Value::String(text.to_owned())
}

/// A text in the place of `old`, whose type it keeps.
///
/// # Errors
/// If the text is nothing of that type.
pub(super) fn typed(old: &Value, text: &str) -> Result<Value> {
    let tag = match old {
        Value::String(_) | Value::Object(_) | Value::Array(_) => {
            return Ok(Value::String(text.to_owned()));
        }
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float",
        Value::Number(_) => "int",
    };
    let new = untyped(text);
    let (new_tag, fits) = match &new {
        Value::Null => ("null", tag == "null"),
        Value::Bool(_) => ("bool", tag == "bool"),
        Value::Number(n) if n.is_f64() => ("float", tag == "float"),
        Value::Number(_) => ("int", tag == "int" || tag == "float"),
        _ => ("str", false),
    };
    if fits {
        return Ok(new);
    }
    Err(Error::told(format!("yaml: cannot decode !!{new_tag} `{text}` as a !!{tag}")))
}

/// Sets a field: a scalar keeps its type and takes the text, or the text becomes a part of it;
/// everything else is replaced.
///
/// # Errors
/// If only a part of what is no scalar is to be set, or the text is not of the field's type.
pub(super) fn set(
    field: &mut Value,
    value: &Value,
    is_new: bool,
    options: Option<&FieldOptions>,
) -> Result<()> {
    let options = options.filter(|options| !options.delimiter.is_empty());
    let joined = match options {
        None => None,
        Some(options) => {
            let old = match &*field {
                Value::Null => "null".to_owned(),
                field => text(field)?,
            };
            let part = match value {
                Value::Object(_) | Value::Array(_) | Value::Null => String::new(),
                scalar => scalar_text(scalar),
            };
            let mut parts: Vec<&str> = old.split(&options.delimiter).collect();
            match usize::try_from(options.index) {
                Err(_) => parts.insert(0, &part),
                Ok(at) if at >= parts.len() => parts.push(&part),
                Ok(at) => parts[at] = &part,
            }
            Some(parts.join(&options.delimiter))
        }
    };
    if matches!(field, Value::Object(_) | Value::Array(_)) {
        *field = value.clone();
        return Ok(());
    }
    let text = joined.unwrap_or_else(|| scalar_text(value));
    *field = if is_new { untyped(&text) } else { typed(field, &text)? };
    Ok(())
}
