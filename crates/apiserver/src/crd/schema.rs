//! What is wrong with a schema in a CustomResourceDefinition.
//!
//! Schemas must be structural: every field has one type, and what is said under `allOf`, `anyOf`, `oneOf` and `not`
//! only restricts fields that are declared outside of them.

use serde_json::Value;

use super::keywords::{self, non_empty};
use crate::field::{forbidden, invalid, required, text};
use crate::status::FieldError;

/// Schemas in schemas; beyond this the schema is refused rather than followed.
pub(super) const DEPTH: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Checks a version's schema. `status` tells whether the version has the status subresource.
pub(super) fn check(schema: &Value, path: &str, status: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let kind = text(schema, "/type");
    if status && kind != "object" {
        errors.push(invalid(
            &format!("{path}.type"),
            kind,
            "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled",
        ));
    }
    if schema["nullable"] == true {
        errors.push(forbidden(&format!("{path}.nullable"), "nullable cannot be true at the root"));
    }
    // What can not even be read as a structural schema is told of by the checks of its keywords.
    if is_readable(schema, 0) {
        let mut structural = Vec::new();
        invariants(schema, Level::Root, path, 0, &mut structural);
        complete(schema, path, &mut structural);
        structural.sort_by_key(ToString::to_string);
        errors.extend(structural);
    }
    let mut open_api = Vec::new();
    keywords::check(schema, path, true, 0, &mut open_api);
    errors.extend(open_api);
    errors
}

pub(super) fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// Whether a schema has none of the keywords that structural schemas have no place for.
fn is_readable(schema: &Value, depth: usize) -> bool {
    let Some(map) = schema.as_object().filter(|_| depth <= DEPTH) else { return true };
    let unsupported = [
        "id",
        "$schema",
        "$ref",
        "patternProperties",
        "dependencies",
        "additionalItems",
        "definitions",
    ];
    let preserve = map.get("x-kubernetes-preserve-unknown-fields");
    if unsupported.iter().any(|name| map.get(*name).is_some_and(non_empty))
        || preserve == Some(&Value::Bool(false))
        || map.get("items").is_some_and(Value::is_array)
    {
        return false;
    }
    let single =
        ["items", "additionalProperties", "not"].into_iter().filter_map(|name| map.get(name));
    let junctors =
        ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|name| map.get(name)?.as_array());
    let mut nested =
        single.chain(junctors.flatten()).chain(properties(schema).map(|(_, value)| value));
    nested.all(|nested| is_readable(nested, depth + 1))
}

pub(super) fn flag(schema: &Value, name: &str) -> bool {
    schema.get(name) == Some(&Value::Bool(true))
}

/// The invariants of structural schemas, outside of logical junctors.
fn invariants(schema: &Value, level: Level, path: &str, depth: usize, out: &mut Vec<FieldError>) {
    if depth > DEPTH {
        out.push(forbidden(path, "schemas must not be nested so deeply"));
        return;
    }
    let kind = text(schema, "/type");
    let int_or_string = flag(schema, "x-kubernetes-int-or-string");
    let preserve = flag(schema, "x-kubernetes-preserve-unknown-fields");
    let embedded = flag(schema, "x-kubernetes-embedded-resource");
    if let Some(items) = schema.get("items") {
        invariants(items, Level::Item, &format!("{path}.items"), depth + 1, out);
    } else if kind == "array" {
        out.push(required(&format!("{path}.items"), "must be specified"));
    }
    for (name, property) in properties(schema) {
        let path = format!("{path}.properties[{name}]");
        invariants(property, Level::Field, &path, depth + 1, out);
    }
    if let Some(additional) = schema.get("additionalProperties") {
        let path = format!("{path}.additionalProperties");
        if level == Level::Root {
            out.push(forbidden(&path, "must not be used at the root"));
        }
        if embedded {
            let detail = "must not be used if x-kubernetes-embedded-resource is set";
            out.push(forbidden(&path, detail));
        }
        if additional.is_object() {
            invariants(additional, Level::Field, &path, depth + 1, out);
        }
    }
    for (set, name) in [
        (preserve, "x-kubernetes-preserve-unknown-fields"),
        (embedded, "x-kubernetes-embedded-resource"),
    ] {
        if int_or_string && set {
            let detail = "must be false if x-kubernetes-int-or-string is true";
            out.push(invalid(&format!("{path}.{name}"), true, detail));
        }
    }
    let any_of = is_int_or_string(schema.get("anyOf"));
    let all_of = is_int_or_string(schema.pointer("/allOf/0/anyOf"));
    restrictions(schema, any_of, all_of, path, depth, out);
    let type_path = format!("{path}.type");
    if embedded && kind != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        out.push(match kind {
            "" => required(&type_path, detail),
            kind => invalid(&type_path, kind, detail),
        });
    } else if kind.is_empty() && !int_or_string && !preserve {
        let detail = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        out.push(required(&type_path, detail));
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        out.push(invalid(&type_path, kind, "must be object at the root"));
    }
    if level == Level::Root || embedded {
        identity(schema, level, path, out);
    }
    if embedded && !preserve && properties(schema).next().is_none() {
        out.push(required(
            &format!("{path}.properties"),
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
        ));
    }
}

/// `apiVersion`, `kind` and `metadata` are what they are everywhere.
fn identity(schema: &Value, level: Level, path: &str, out: &mut Vec<FieldError>) {
    for (name, wanted) in [("kind", "string"), ("apiVersion", "string"), ("metadata", "object")] {
        let Some(property) = schema.get("properties").and_then(|all| all.get(name)) else {
            continue;
        };
        let path = format!("{path}.properties[{name}]");
        let kind = text(property, "/type");
        if kind != wanted {
            out.push(invalid(&format!("{path}.type"), kind, &format!("must be {wanted}")));
        }
        if name == "metadata" && level == Level::Root {
            let allowed = |key: &String| matches!(key.as_str(), "type" | "description" | "default");
            let plain = property.as_object().into_iter().flatten().all(|(key, value)| {
                allowed(key)
                    || key == "properties"
                        && value.as_object().is_some_and(|names| {
                            names.keys().all(|name| name == "name" || name == "generateName")
                        })
            });
            if !plain {
                out.push(forbidden(
                    &path,
                    "must not specify anything other than name and generateName, but metadata is implicitly specified",
                ));
            }
        }
    }
}

/// Whether a junctor is the one form in which it may name types: integer or string.
fn is_int_or_string(any_of: Option<&Value>) -> bool {
    let types: Vec<&str> = match any_of.and_then(Value::as_array) {
        Some(all) => all.iter().map(|one| text(one, "/type")).collect(),
        None => return false,
    };
    types == ["integer", "string"]
}

/// What is said under the logical junctors of a schema.
fn restrictions(
    schema: &Value,
    skip_any_of: bool,
    skip_first_all_of: bool,
    path: &str,
    depth: usize,
    out: &mut Vec<FieldError>,
) {
    for junctor in ["anyOf", "allOf", "oneOf"] {
        if junctor == "anyOf" && skip_any_of {
            continue;
        }
        let nested = schema.get(junctor).and_then(Value::as_array);
        for (at, nested) in nested.into_iter().flatten().enumerate() {
            let skip = junctor == "allOf" && at == 0 && skip_first_all_of;
            restriction(nested, skip, &format!("{path}.{junctor}[{at}]"), depth + 1, out);
        }
    }
    if let Some(not) = schema.get("not") {
        restriction(not, false, &format!("{path}.not"), depth + 1, out);
    }
    let pattern = text(schema, "/pattern");
    if let Err(error) = regex::Regex::new(pattern) {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
        let detail = format!("must be a valid regular expression, but isn't: {why}");
        out.push(invalid(&format!("{path}.pattern"), pattern, &detail));
    }
}

/// A schema under a junctor may restrict but not declare.
fn restriction(
    schema: &Value,
    skip_any_of: bool,
    path: &str,
    depth: usize,
    out: &mut Vec<FieldError>,
) {
    if depth > DEPTH {
        out.push(forbidden(path, "schemas must not be nested so deeply"));
        return;
    }
    restrictions(schema, skip_any_of, false, path, depth, out);
    if let Some(items) = schema.get("items") {
        restriction(items, false, &format!("{path}.items"), depth + 1, out);
    }
    for (name, property) in properties(schema) {
        restriction(property, false, &format!("{path}.properties[{name}]"), depth + 1, out);
    }
    if !text(schema, "/type").is_empty() {
        out.push(forbidden(&format!("{path}.type"), "must be empty to be structural"));
    }
    for (name, word) in [
        ("additionalProperties", "undefined"),
        ("title", "empty"),
        ("description", "empty"),
        ("default", "undefined"),
    ] {
        if schema.get(name).is_some() {
            let detail = format!("must be {word} to be structural");
            out.push(forbidden(&format!("{path}.{name}"), &detail));
        }
    }
    for name in [
        "nullable",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
    ] {
        if flag(schema, name) {
            out.push(forbidden(&format!("{path}.{name}"), "must be false to be structural"));
        }
    }
    for (name, word) in [
        ("x-kubernetes-list-map-keys", "empty"),
        ("x-kubernetes-list-type", "undefined"),
        ("x-kubernetes-map-type", "undefined"),
        ("x-kubernetes-validations", "empty"),
    ] {
        if schema.get(name).is_some() {
            let detail = format!("must be {word} to be structural");
            out.push(forbidden(&format!("{path}.{name}"), &detail));
        }
    }
    if schema.get("properties").and_then(|all| all.get("metadata")).is_some() {
        out.push(forbidden(
            &format!("{path}.properties[metadata]"),
            "must not be specified in a nested context",
        ));
    }
}

/// What is restricted under a junctor must be declared beside it. The server looks at the junctors of the root alone.
fn complete(schema: &Value, path: &str, out: &mut Vec<FieldError>) {
    for junctor in ["allOf", "anyOf", "oneOf"] {
        let nested = schema.get(junctor).and_then(Value::as_array);
        for (at, nested) in nested.into_iter().flatten().enumerate() {
            restricted(nested, schema, path, &format!("{path}.{junctor}[{at}]"), 1, out);
        }
    }
    if let Some(not) = schema.get("not") {
        restricted(not, schema, path, &format!("{path}.not"), 1, out);
    }
}

/// `declared_at` is where a missing declaration belongs, `at` where the restriction is.
fn restricted(
    schema: &Value,
    declared: &Value,
    declared_at: &str,
    at: &str,
    depth: usize,
    out: &mut Vec<FieldError>,
) {
    if depth > DEPTH {
        return;
    }
    let missing = |out: &mut Vec<FieldError>, path: String, at: String| {
        out.push(required(&path, &format!("because it is defined in {at}")));
    };
    if let Some(items) = schema.get("items") {
        let (path, at) = (format!("{declared_at}.items"), format!("{at}.items"));
        match declared.get("items") {
            Some(declared) => restricted(items, declared, &path, &at, depth + 1, out),
            None => missing(out, path, at),
        }
    }
    for (name, property) in properties(schema) {
        let path = format!("{declared_at}.properties[{name}]");
        let at = format!("{at}.properties[{name}]");
        match declared.get("properties").and_then(|all| all.get(name)) {
            Some(declared) => restricted(property, declared, &path, &at, depth + 1, out),
            None => missing(out, path, at),
        }
    }
    for junctor in ["allOf", "anyOf", "oneOf"] {
        let nested = schema.get(junctor).and_then(Value::as_array);
        for (index, nested) in nested.into_iter().flatten().enumerate() {
            let at = format!("{at}.{junctor}[{index}]");
            restricted(nested, declared, declared_at, &at, depth + 1, out);
        }
    }
    if let Some(not) = schema.get("not") {
        restricted(not, declared, declared_at, &format!("{at}.not"), depth + 1, out);
    }
}
