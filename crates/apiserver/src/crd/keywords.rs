//! Keywords and extensions of schemas in CustomResourceDefinitions: which may be used, and how.

use serde_json::{Map, Value};

use super::schema::{DEPTH, flag, properties};
use crate::field::{forbidden, invalid, not_supported, required, text};
use crate::status::FieldError;

/// Keywords and extensions that must not be used, or only in a certain way.
pub(super) fn check(
    schema: &Value,
    path: &str,
    root: bool,
    depth: usize,
    out: &mut Vec<FieldError>,
) {
    let Some(map) = schema.as_object().filter(|_| depth <= DEPTH) else { return };
    plain_keywords(map, path, out);
    types(schema, path, root, out);
    list_keywords(schema, path, out);
    rules(schema, path, out);
    let mut nested = |value: &Value, at: String| check(value, &at, false, depth + 1, out);
    for (name, property) in properties(schema) {
        nested(property, format!("{path}.properties[{name}]"));
    }
    for name in ["items", "additionalProperties", "not"] {
        if let Some(value) = map.get(name) {
            nested(value, format!("{path}.{name}"));
        }
    }
    for junctor in ["allOf", "oneOf", "anyOf"] {
        for (at, value) in
            map.get(junctor).and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            nested(value, format!("{path}.{junctor}[{at}]"));
        }
    }
}

fn plain_keywords(map: &Map<String, Value>, path: &str, out: &mut Vec<FieldError>) {
    if map.get("uniqueItems") == Some(&Value::Bool(true)) {
        let detail =
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        out.push(forbidden(&format!("{path}.uniqueItems"), detail));
    }
    let additional = map.get("additionalProperties");
    if map.get("properties").is_some_and(non_empty)
        && additional.is_some_and(|additional| *additional != Value::Bool(true))
    {
        let detail = "additionalProperties and properties are mutual exclusive";
        out.push(forbidden(&format!("{path}.additionalProperties"), detail));
    }
    for (name, detail) in [
        ("$ref", "$ref is not supported"),
        ("definitions", "definitions is not supported"),
        ("dependencies", "dependencies is not supported"),
        ("patternProperties", "patternProperties is not supported"),
        ("additionalItems", "additionalItems is not supported"),
        ("id", "id is not supported"),
    ] {
        if map.get(name).is_some_and(non_empty) {
            out.push(forbidden(&format!("{path}.{name}"), detail));
        }
    }
    if map.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
        out.push(invalid(
            &format!("{path}.x-kubernetes-preserve-unknown-fields"),
            false,
            "must be true or undefined",
        ));
    }
    if map.get("items").is_some_and(Value::is_array) {
        out.push(forbidden(
            &format!("{path}.items"),
            "items must be a schema object and not an array",
        ));
    }
}

pub(super) fn non_empty(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    }
}

fn types(schema: &Value, path: &str, root: bool, out: &mut Vec<FieldError>) {
    const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
    let kind = text(schema, "/type");
    if !kind.is_empty() && !TYPES.contains(&kind) && !root {
        let path = format!("{path}.type");
        if kind == "null" {
            out.push(forbidden(
                &path,
                "type cannot be set to null, use nullable as an alternative",
            ));
        } else {
            out.push(not_supported(&path, kind, &TYPES));
        }
    }
    if let Some(map_type) = schema.get("x-kubernetes-map-type").and_then(Value::as_str) {
        if kind != "object" {
            let detail = "must be object if x-kubernetes-map-type is specified";
            let path = format!("{path}.type");
            out.push(match kind {
                "" => required(&path, detail),
                kind => invalid(&path, kind, detail),
            });
        }
        if !matches!(map_type, "atomic" | "granular") {
            let path = format!("{path}.x-kubernetes-map-type");
            out.push(not_supported(&path, map_type, &["atomic", "granular"]));
        }
    }
}

fn list_keywords(schema: &Value, path: &str, out: &mut Vec<FieldError>) {
    let kind = text(schema, "/type");
    let list_type = schema.get("x-kubernetes-list-type").and_then(Value::as_str);
    let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
    let keys: &[Value] = keys.map_or(&[], Vec::as_slice);
    let items = schema.get("items").filter(|items| items.is_object());
    let list_path = format!("{path}.x-kubernetes-list-type");
    let keys_path = format!("{path}.x-kubernetes-list-map-keys");
    if list_type.is_some() && kind != "array" {
        let detail = "must be array if x-kubernetes-list-type is specified";
        let path = format!("{path}.type");
        out.push(match kind {
            "" => required(&path, detail),
            kind => invalid(&path, kind, detail),
        });
    } else if let (Some("set"), Some(items)) = (list_type, items) {
        let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        let (name, fault) = match text(items, "/type") {
            "array" => {
                let inner = items.get("x-kubernetes-list-type");
                ("x-kubernetes-list-type", inner.is_some_and(|inner| inner != "atomic"))
            }
            "object" => {
                let inner = items.get("x-kubernetes-map-type");
                ("x-kubernetes-map-type", inner.is_none_or(|inner| inner != "atomic"))
            }
            _ => ("", false),
        };
        if fault {
            let value = items.get("x-kubernetes-list-type").cloned().unwrap_or_default();
            out.push(invalid(&format!("{path}.items.{name}"), value, detail));
        }
    }
    if let Some(other) = list_type.filter(|kind| !matches!(*kind, "atomic" | "set" | "map")) {
        out.push(not_supported(&list_path, other, &["atomic", "set", "map"]));
    }
    if !keys.is_empty() && list_type != Some("map") {
        let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
        out.push(match list_type {
            None => required(&list_path, detail),
            Some(other) => invalid(&list_path, other, detail),
        });
    }
    if list_type == Some("map") {
        if keys.is_empty() {
            let detail = "must not be empty if x-kubernetes-list-type is map";
            out.push(required(&keys_path, detail));
        }
        match items {
            None => out.push(required(
                &format!("{path}.items"),
                "must have a schema if x-kubernetes-list-type is map",
            )),
            Some(items) => map_items(items, keys, &keys_path, path, out),
        }
    }
    if let (Some(list_type @ ("set" | "map")), Some(items)) = (list_type, items)
        && flag(items, "nullable")
    {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
        out.push(forbidden(&format!("{path}.items.nullable"), &detail));
    }
}

/// The items of a list that merges by keys.
fn map_items(
    items: &Value,
    keys: &[Value],
    keys_path: &str,
    path: &str,
    out: &mut Vec<FieldError>,
) {
    let kind = text(items, "/type");
    if kind != "object" {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        out.push(invalid(&format!("{path}.items.type"), kind, detail));
        return;
    }
    let all_keys = || Value::Array(keys.to_vec());
    let needed = |key: &str| {
        let required = items.get("required").and_then(Value::as_array);
        required.into_iter().flatten().any(|name| name == key)
    };
    for (at, key) in keys.iter().enumerate() {
        let key = key.as_str().unwrap_or_default();
        match items.get("properties").and_then(|all| all.get(key)) {
            None => out.push(invalid(
                keys_path,
                all_keys(),
                "entries must all be names of item properties",
            )),
            Some(property) => {
                let path = format!("{path}.items.properties[{key}]");
                if matches!(text(property, "/type"), "array" | "object") {
                    let detail =
                        "must be a scalar type if parent array's x-kubernetes-list-type is map";
                    out.push(invalid(&format!("{path}.type"), kind, detail));
                }
                if flag(property, "nullable") {
                    let detail =
                        "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
                    out.push(forbidden(&format!("{path}.nullable"), detail));
                }
                if property.get("default").is_none() && !needed(key) {
                    out.push(required(
                        &format!("{path}.default"),
                        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
                    ));
                }
            }
        }
        if keys[..at].iter().any(|other| other == key) {
            out.push(invalid(keys_path, all_keys(), "must not contain duplicate entries"));
        }
    }
}

/// The parts of validation rules that can be judged without compiling them.
fn rules(schema: &Value, path: &str, out: &mut Vec<FieldError>) {
    let rules = schema.get("x-kubernetes-validations").and_then(Value::as_array);
    for (at, rule) in rules.into_iter().flatten().enumerate() {
        let path = format!("{path}.x-kubernetes-validations[{at}]");
        let expression = text(rule, "/rule").trim();
        let message = text(rule, "/message");
        let lines = |text: &str| text.contains(['\n', '\r']);
        if expression.is_empty() {
            out.push(required(&format!("{path}.rule"), "rule is not specified"));
        } else if !message.is_empty() && message.trim().is_empty() {
            let detail = "must be non-empty if specified";
            out.push(invalid(&format!("{path}.message"), message, detail));
        } else if lines(message.trim()) {
            let detail = "must not contain line breaks";
            out.push(invalid(&format!("{path}.message"), message, detail));
        } else if lines(expression) && message.trim().is_empty() {
            let detail = "message must be specified if rule contains line breaks";
            out.push(required(&format!("{path}.message"), detail));
        }
        const REASONS: [&str; 4] = [
            "FieldValueDuplicate",
            "FieldValueForbidden",
            "FieldValueInvalid",
            "FieldValueRequired",
        ];
        if let Some(reason) = rule.get("reason").and_then(Value::as_str)
            && !REASONS.contains(&reason)
        {
            out.push(not_supported(&format!("{path}.reason"), reason, &REASONS));
        }
    }
}
