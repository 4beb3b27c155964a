//! YAML texts to resources.

use std::collections::VecDeque;

use serde_json::Value;
use windlass_object::Pointer;
use windlass_object::yaml::{self, Document};

use crate::error::{Error, Result};
use crate::resource::{Resource, scalar_text};

/// The resources in `text`, lists opened.
///
/// # Errors
/// For what is not YAML, and objects without kind or name.
pub fn resources(text: &[u8]) -> Result<Vec<Resource>> {
    let options = yaml::Options::kustomize();
    let parsed = yaml::parse(text, &options);
    if let Some(e) = parsed.errors.into_iter().next() {
        return Err(Error::MalformedText { at: e.at, problem: e.problem.to_string() });
    }
    let alone = parsed.documents.len() == 1;
    let mut found = VecDeque::new();
    for mut document in parsed.documents {
        if document.value.is_null() {
            continue;
        }
        keep_annotations(text, &mut document, &options);
        let kind = document.value.get("kind").and_then(Value::as_str);
        if alone
            && matches!(kind, Some("List" | "ResourceList"))
            && let Some(items) = document.value.get_mut("items")
        {
            found.extend(items.as_array_mut().map(std::mem::take).unwrap_or_default());
            continue;
        }
        found.push_back(document.value);
    }
    found.retain(|value| !is_empty(value));
    found.iter().try_for_each(check)?;
    open_lists(found)
}

/// Opens lists of resources; what they hold comes behind all else.
fn open_lists(mut found: VecDeque<Value>) -> Result<Vec<Resource>> {
    let mut out = Vec::with_capacity(found.len());
    while let Some(mut value) = found.pop_front() {
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or("");
        if !kind.ends_with("List") {
            out.push(Resource::new(value));
            continue;
        }
        let kind = kind.to_owned();
        match value.get_mut("items") {
            None => out.push(Resource::new(value)),
            Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                let items: Vec<Value> =
                    std::mem::take(items).into_iter().filter(|v| !is_empty(v)).collect();
                items.iter().try_for_each(check)?;
                found.extend(items);
            }
            Some(other) => {
                let got = match other {
                    Value::Object(_) => "map[string]interface {}",
                    Value::String(_) => "string",
                    Value::Bool(_) => "bool",
                    _ => "int",
                };
                return Err(Error::told(format!(
                    "expected array in {kind}/items, but found {got}"
                )));
            }
        }
    }
    Ok(out)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

pub(crate) fn check(value: &Value) -> Result<()> {
    let missing = |what: &str| {
        let text = |pointer| value.pointer(pointer).map(scalar_text).unwrap_or_default();
        let map = |pointer| {
            let fields = value.pointer(pointer).and_then(Value::as_object);
            let pairs: Vec<String> = fields
                .into_iter()
                .flatten()
                .map(|(k, v)| format!("{k}:{}", scalar_text(v)))
                .collect();
            pairs.join(" ")
        };
        Error::told(format!(
            "missing {what} in object {{{{{} {}}} {{{{{} {}}} map[{}] map[{}]}}}}",
            text("/apiVersion"),
            text("/kind"),
            text("/metadata/name"),
            text("/metadata/namespace"),
            map("/metadata/labels"),
            map("/metadata/annotations"),
        ))
    };
    if !value.is_object() {
        let kind = if value.is_array() { "SequenceNode" } else { "ScalarNode" };
        return Err(Error::told(format!(
            "wrong node kind: expected MappingNode but was {kind}: node contents:\n{}",
            yaml::to_string(value)
        )));
    }
    let said = |pointer: &str| value.pointer(pointer).is_some_and(|v| !is_empty(v));
    if !said("/kind") {
        return Err(missing("kind"));
    }
    let list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    if !list && !said("/metadata/name") {
        return Err(missing("metadata.name"));
    }
    Ok(())
}

/// kyaml reads annotations by their text, whatever YAML takes them for: `1.10` stays that.
fn keep_annotations(text: &[u8], document: &mut Document, options: &yaml::Options) {
    let fields = document.value.pointer("/metadata/annotations").and_then(Value::as_object);
    let odd: Vec<(String, Value)> = fields
        .into_iter()
        .flatten()
        .filter(|(_, v)| v.is_number() || v.is_boolean())
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    for (key, value) in odd {
        let pointer = Pointer::from_tokens(["metadata", "annotations", &key]);
        let at = yaml::position(text, document, &pointer, options);
        let raw = raw_scalar(text, at.line, &key).unwrap_or_else(|| scalar_text(&value));
        if let Some(slot) = pointer.get_mut(&mut document.value) {
            *slot = Value::String(raw);
        }
    }
}

/// The plain scalar behind `key:` in a line, which counts from one.
fn raw_scalar(text: &[u8], line: usize, key: &str) -> Option<String> {
    let line = text.split(|b| *b == b'\n').nth(line.checked_sub(1)?)?;
    let line = std::str::from_utf8(line).ok()?;
    let behind = &line[line.find(key)? + key.len()..];
    let behind = behind.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?.trim();
    let plain = behind.split(" #").next()?.trim_end();
    let ok = |c: char| c.is_ascii_alphanumeric() || "+-._:".contains(c);
    (!plain.is_empty() && plain.chars().all(ok)).then(|| plain.to_owned())
}
