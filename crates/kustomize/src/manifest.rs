//! YAML texts to resources.

use std::collections::VecDeque;

use serde_json::Value;
use windlass_object::Pointer;
use windlass_object::yaml::{self, Document};

use crate::error::{Error, Result};
use crate::resource::{Resource, scalar_text};
use crate::yaml_words;

/// The resources in `text`, lists opened.
///
/// # Errors
/// For what is not YAML, and objects without kind or name.
pub fn resources(text: &[u8]) -> Result<Vec<Resource>> {
    read(text, Nulls::Texts)
}

/// The strategic merge patches in `text`: their nulls take fields away, annotations too.
pub(crate) fn patches(text: &[u8]) -> Result<Vec<Resource>> {
    read(text, Nulls::Stay)
}

/// What becomes of annotations that are null.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    /// Texts, as all annotations.
    Texts,
    /// What they are.
    Stay,
}

fn read(text: &[u8], nulls: Nulls) -> Result<Vec<Resource>> {
    let options = yaml::Options::kustomize();
    let parsed = yaml::parse(text, &options);
    if let Some(e) = parsed.errors.into_iter().next() {
        return Err(Error::MalformedText { at: e.at, problem: yaml_words::said(text, &e) });
    }
    let alone = parsed.documents.len() == 1;
    let mut found = VecDeque::new();
    for mut document in parsed.documents {
        if document.value.is_null() {
            continue;
        }
        let blank = keep_texts(text, &mut document, &options, nulls);
        let kind = document.value.get("kind").and_then(Value::as_str);
        if alone
            && matches!(kind, Some("List" | "ResourceList"))
            && let Some(items) = document.value.get_mut("items")
        {
            let items = items.as_array_mut().map(std::mem::take).unwrap_or_default();
            for (at, value) in items.into_iter().enumerate() {
                let within = Pointer::from_tokens(["items".to_owned(), at.to_string()]);
                let inner = |pointer: &Pointer| {
                    let rest = pointer.is_within(&within);
                    rest.then(|| Pointer::from_tokens(pointer.tokens().skip(2)).to_string())
                };
                let blank = blank.iter().filter_map(inner).collect();
                found.push_back(Resource { blank, ..Resource::new(value) });
            }
            continue;
        }
        let blank = blank.iter().map(ToString::to_string).collect();
        found.push_back(Resource { blank, ..Resource::new(document.value) });
    }
    found.retain(|resource| !is_empty(&resource.value));
    found.iter().try_for_each(|resource| check(&resource.value))?;
    let mut out = open_lists(found)?;
    if nulls == Nulls::Texts {
        out.iter_mut().try_for_each(Resource::take_written_notes)?;
    }
    Ok(out)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().any(has_null),
        Value::Array(items) => items.iter().any(has_null),
        _ => false,
    }
}

/// Opens lists of resources; what they hold comes behind all else.
fn open_lists(mut found: VecDeque<Resource>) -> Result<Vec<Resource>> {
    let mut out = Vec::with_capacity(found.len());
    while let Some(mut resource) = found.pop_front() {
        if !resource.kind().ends_with("List") {
            out.push(resource);
            continue;
        }
        let kind = resource.kind().to_owned();
        match resource.value.get_mut("items") {
            None => out.push(resource),
            Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                let items: Vec<Value> =
                    std::mem::take(items).into_iter().filter(|v| !is_empty(v)).collect();
                items.iter().try_for_each(check)?;
                found.extend(items.into_iter().map(Resource::new));
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
    let has = |field: &str| value.get(field).is_some_and(|v| !v.is_null());
    if !has("apiVersion") && !has("kind") && value.get("metadata").is_none_or(is_empty) {
        return Err(Error::told("missing Resource metadata"));
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

/// kyaml sees scalars as they are written: annotations are texts, whatever YAML takes them for
/// (`1.10` stays that), and a null that is written as nothing is none to it. The pointers of those
/// come back. Annotations are set anew in each build, so that folded ones are not written folded and
/// read again, which is what changes other folded texts.
fn keep_texts(
    text: &[u8],
    document: &mut Document,
    options: &yaml::Options,
    nulls: Nulls,
) -> Vec<Pointer> {
    let mut blank = Vec::new();
    let mut texts = Vec::new();
    if !has_null(&document.value) && !has_odd_annotations(&document.value) {
        return blank;
    }
    yaml::each_scalar(text, document, options, &mut |at, text, is_plain| {
        if is_plain && text.is_empty() {
            blank.push(at.clone());
        }
        if !is_plain && !text.contains('\n') {
            return;
        }
        let tokens: Vec<&str> = at.tokens().collect();
        let within = tokens.strip_prefix(&["items"]).and_then(|rest| rest.get(1..));
        let tokens = within.unwrap_or(&tokens);
        if matches!(tokens, ["metadata", "annotations", _]) {
            texts.push((at.clone(), text.to_owned()));
        }
    });
    for (at, text) in texts {
        if let Some(value) = at.get_mut(&mut document.value)
            && !(value.is_null() && nulls == Nulls::Stay)
        {
            *value = Value::String(text);
        }
    }
    if nulls == Nulls::Texts && has_null(&document.value) {
        for at in yaml::flow_blanks(text, document, options) {
            if let Some(value) = at.get_mut(&mut document.value).filter(|value| value.is_null()) {
                *value = Value::String(String::new());
            }
        }
    }
    blank
}

/// Whether some annotation, here or in an item of a list, may be written otherwise than it reads.
fn has_odd_annotations(value: &Value) -> bool {
    let is_odd = |value: &Value| match value {
        Value::Number(_) | Value::Bool(_) => true,
        // What may have been a plain date, or folded.
        Value::String(text) => {
            text.ends_with('Z') && text.starts_with(|c: char| c.is_ascii_digit())
                || text.contains('\n')
        }
        _ => false,
    };
    let odd = |value: &Value| {
        let annotations = value.pointer("/metadata/annotations").and_then(Value::as_object);
        annotations.is_some_and(|annotations| annotations.values().any(is_odd))
    };
    let items = value.get("items").and_then(Value::as_array);
    odd(value) || items.is_some_and(|items| items.iter().any(odd))
}
