//! `replacements`, and the ReplacementTransformer.

mod path;
mod scalar;

use serde_json::Value;
use windlass_object::{go, yaml};

pub(super) use self::scalar::untyped;

use self::path::{Kind, Place, Step};
use super::select::Matcher;
use crate::error::{During, Error, Result};
use crate::id::{Gvk, ResId};
use crate::kustomization::{
    FieldOptions, ReplacementField, SourceSelector, TargetSelector, decode,
};
use crate::loader::Loader;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::yaml_words;

const DEFAULT_FIELD: &str = "metadata.name";

/// Copies values from field to field.
///
/// # Errors
/// If there is no one source, a path leads nowhere, or a file cannot be read.
pub fn transform(
    map: &mut ResMap,
    loader: &Loader<'_>,
    replacements: &[ReplacementField],
) -> Result<()> {
    let all = read_all(loader, replacements)?;
    all.iter().try_for_each(|replacement| replace(map, replacement))
}

/// All replacements, those of files in the place where the file is named.
///
/// # Errors
/// If a file cannot be read.
pub(crate) fn read_all(
    loader: &Loader<'_>,
    replacements: &[ReplacementField],
) -> Result<Vec<ReplacementField>> {
    let mut all = Vec::new();
    for replacement in replacements {
        if replacement.path.is_empty() {
            all.push(replacement.clone());
            continue;
        }
        if replacement.source.is_some() || !replacement.targets.is_empty() {
            return Err(Error::told("cannot specify both path and inline replacement"));
        }
        all.extend(read(&loader.load(&replacement.path)?)?);
    }
    Ok(all)
}

/// The replacements in a file: one, or a list.
fn read(content: &[u8]) -> Result<Vec<ReplacementField>> {
    let parsed = yaml::parse(content, &yaml::Options::default());
    if let Some(e) = parsed.errors.into_iter().next() {
        return Err(Error::MalformedText { at: e.at, problem: yaml_words::said(content, &e) });
    }
    let value = parsed.documents.into_iter().next().map(|d| d.value).unwrap_or_default();
    let kind = match value {
        Value::Array(_) => return decode(&value, false).map_err(Error::told),
        Value::Object(_) => return decode(&value, false).map(|one| vec![one]).map_err(Error::told),
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
    };
    Err(Error::told(format!(
        "unsupported replacement type encountered within replacement path: {kind}"
    )))
}

/// What is copied.
struct Source {
    value: Value,
    /// Whether it was read from a field; a text that was given is what YAML takes it for.
    is_typed: bool,
}

/// Copies one value, which is given in place and not by a file.
///
/// # Errors
/// If there is no one source, or a path leads nowhere.
pub fn replace(map: &mut ResMap, replacement: &ReplacementField) -> Result<()> {
    let source = match (&replacement.source, &replacement.source_value) {
        _ if replacement.targets.is_empty() => None,
        (None, None) => None,
        (Some(_), Some(_)) => {
            return Err(Error::told("value and resource selectors are mutually exclusive"));
        }
        (None, Some(text)) => Some(Source { value: Value::String(text.clone()), is_typed: false }),
        (Some(source), None) => Some(Source { value: source_value(map, source)?, is_typed: true }),
    };
    let Some(source) = source else {
        let text = "replacements must specify a source and at least one target";
        return Err(Error::told(text));
    };
    replacement.targets.iter().try_for_each(|target| set_targets(map, &source, target))
}

/// All ids of a resource, the present one first. kustomize knows nothing of scopes here.
fn ids(resource: &Resource) -> impl Iterator<Item = ResId> + '_ {
    let current = ResId {
        gvk: resource.gvk(),
        name: resource.name().to_owned(),
        namespace: resource.namespace().to_owned(),
        cluster_scoped: false,
    };
    std::iter::once(current).chain(resource.previous_ids())
}

fn source_value(map: &ResMap, source: &SourceSelector) -> Result<Value> {
    let wanted = ResId {
        gvk: Gvk {
            group: source.group.clone(),
            version: source.version.clone(),
            kind: source.kind.clone(),
        },
        name: source.name.clone(),
        namespace: source.namespace.clone(),
        cluster_scoped: false,
    };
    let mut found = None;
    for resource in map.iter().filter(|r| may_be(r, &source.name)) {
        if ids(resource).any(|id| id.is_selected_by(&wanted)) && found.replace(resource).is_some() {
            let text = format!("multiple matches for selector {}", describe(source, &wanted));
            return Err(Error::told(text));
        }
    }
    let Some(resource) = found else {
        return Err(Error::told(format!("nothing selected by {}", describe(source, &wanted))));
    };
    let field = if source.field_path.is_empty() { DEFAULT_FIELD } else { &source.field_path };
    let path = path::split(field);
    let noted;
    let object = if sees_notes(&path) {
        noted = resource.noted();
        &noted
    } else {
        &resource.value
    };
    let value =
        path::lookup(object, &path).during(|| "error looking up replacement source".to_owned())?;
    let is_empty = |value: &&Value| match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    let Some(value) = value.filter(|value| !is_empty(value)) else {
        return Err(Error::told(format!(
            "fieldPath `{field}` is missing for replacement source {wanted}"
        )));
    };
    let Some(options) = source.options.as_ref().filter(|o| !o.delimiter.is_empty()) else {
        return Ok(value.clone());
    };
    let text = scalar::text(value)?;
    let part = usize::try_from(options.index).ok();
    match part.and_then(|part| text.split(&options.delimiter).nth(part)) {
        Some(part) => Ok(scalar::typed(value, part).unwrap_or_else(|_| part.into())),
        None => Err(Error::told(format!(
            "options.index {} is out of bounds for value {text}",
            options.index
        ))),
    }
}

/// Whether what kustomize keeps in annotations can be on the path.
fn sees_notes(path: &[String]) -> bool {
    let may_be = |at: usize, name: &str| path.get(at).is_none_or(|p| p == name || p == "*");
    may_be(0, "metadata") && may_be(1, "annotations")
}

/// A cheap look at whether a resource can have an id of this name.
fn may_be(resource: &Resource, name: &str) -> bool {
    name.is_empty()
        || resource.name() == name
        || resource.previous.iter().any(|previous| previous.name == name)
}

fn describe(source: &SourceSelector, id: &ResId) -> String {
    let mut text = id.to_string();
    // kustomize has put the default in by the time it says so, but only where something matched.
    if !source.field_path.is_empty() {
        text = format!("{text}:{}", source.field_path);
    }
    if let Some(options) = &source.options
        && (!options.delimiter.is_empty() || options.create)
    {
        let FieldOptions { delimiter, index, create, .. } = options;
        text = format!("{text}:{delimiter}({index}), create={create}");
    }
    text
}

fn set_targets(map: &mut ResMap, value: &Source, target: &TargetSelector) -> Result<()> {
    let Some(select) = &target.select else {
        return Err(Error::told("target must specify resources to select"));
    };
    let compiled = |selector| Matcher::new(selector);
    let select = compiled(select).during(|| "error creating target selector".to_owned())?;
    let reject = target.reject.iter().map(compiled).collect::<Result<Vec<_>>>();
    let reject = reject.during(|| "error creating target selector".to_owned())?;
    let fields: Vec<(&str, Vec<String>)> = if target.field_paths.is_empty() {
        vec![(DEFAULT_FIELD, path::split(DEFAULT_FIELD))]
    } else {
        target.field_paths.iter().map(|field| (&**field, path::split(field))).collect()
    };
    let options = target.options.as_ref();
    let is_target = |resource: &Resource| {
        let labels_rejected =
            reject.iter().any(|r| !r.labels_nothing() && r.matches_labels(resource));
        if labels_rejected || !select.matches_labels(resource) {
            return false;
        }
        let matches = |matcher: &Matcher, id: &ResId| {
            matcher.name.matches(&id.name)
                && matcher.matches_gvk(&id.gvk)
                && matcher.namespace.matches(&id.namespace)
        };
        ids(resource).any(|id| matches(&select, &id))
            && !reject
                .iter()
                .filter(|r| !r.names_nothing())
                .any(|r| ids(resource).any(|id| matches(r, &id)))
    };
    for resource in map.iter_mut().filter(|r| is_target(r)) {
        for (field, path) in &fields {
            if !sees_notes(path) {
                set_field(&mut resource.value, value, field, path, options)?;
                continue;
            }
            resource.show_notes();
            set_field(&mut resource.value, value, field, path, options)?;
            resource.take_notes()?;
        }
    }
    Ok(())
}

fn set_field(
    object: &mut Value,
    value: &Source,
    field: &str,
    path: &[String],
    options: Option<&FieldOptions>,
) -> Result<()> {
    if set_inside_text(object, value, path, options) {
        return Ok(());
    }
    let create = options.is_some_and(|o| o.create).then(|| Kind::of(&value.value));
    let doing = || {
        let doing = if create.is_some() { "find or create" } else { "find" };
        format!("unable to {doing} field {} in replacement target", go::quote(field))
    };
    let places = path::find(object, path, create).during(doing)?;
    if places.is_empty() {
        return Err(Error::told(doing()));
    }
    set_places(object, value, &places, options)
}

fn set_places(
    object: &mut Value,
    value: &Source,
    places: &[Place],
    options: Option<&FieldOptions>,
) -> Result<()> {
    for place in places {
        // What was found in a text of its own is set in a copy that nobody keeps.
        let Some(at) = place.steps.as_deref().and_then(|steps| path::at_mut(object, steps)) else {
            continue;
        };
        let is_part = options.is_some_and(|o| !o.delimiter.is_empty());
        let is_whole = !is_part && matches!(at, Value::Object(_) | Value::Array(_));
        if let Some(text) = value.value.as_str().filter(|_| is_whole && !value.is_typed) {
            *at = scalar::untyped(text);
            continue;
        }
        scalar::set(at, &value.value, place.is_new, options)?;
    }
    Ok(())
}

/// Whether some text on the path holds YAML or JSON in which the rest of the path leads somewhere;
/// if so, the value is set there.
fn set_inside_text(
    object: &mut Value,
    value: &Source,
    path: &[String],
    options: Option<&FieldOptions>,
) -> bool {
    for end in 1..path.len() {
        let Ok(Some(found)) = path::lookup(object, &path[..end]) else { continue };
        let Value::String(text) = found else {
            match found {
                Value::Object(_) | Value::Array(_) => continue,
                _ => return false,
            }
        };
        let Ok(mut inner) = yaml::parse_one(text.as_bytes(), &yaml::Options::kustomize()) else {
            continue;
        };
        let create = options.is_some_and(|o| o.create).then(|| Kind::of(&value.value));
        let Ok(places) = path::find(&mut inner, &path[end..], create) else { return false };
        if places.is_empty() || set_places(&mut inner, value, &places, options).is_err() {
            return false;
        }
        let text = written(&inner, text);
        let steps: Option<Vec<Step>> = path::steps(object, &path[..end]);
        if let Some(at) = steps.and_then(|steps| path::at_mut(object, &steps)) {
            *at = Value::String(text);
        }
        return true;
    }
    false
}

/// The text of a value, JSON where `original` was JSON.
fn written(value: &Value, original: &str) -> String {
    if !original.trim_start().starts_with(['{', '[']) {
        return yaml::to_string(value).trim().to_owned();
    }
    let text = if original.contains('\n') && original.contains("  ") {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    // Go writes these so that JSON can stand in HTML.
    let text = text.unwrap_or_default().replace('&', "\\u0026");
    text.replace('<', "\\u003c").replace('>', "\\u003e")
}
