//! `patches` and `patchesStrategicMerge`, and the PatchTransformer and
//! PatchStrategicMergeTransformer.

use serde_json::Value;
use windlass_object::patch::JsonPatch;
use windlass_object::{go, yaml};

use super::select::select;
use super::{strategic, told};
use crate::error::{During, Error, Result};
use crate::kustomization::{Patch, PatchArgs, Selector};
use crate::loader::Loader;
use crate::manifest;
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::yaml_words;

/// Applies a patch of either sort.
///
/// # Errors
/// If it is no patch, has no target, or does not apply.
pub fn transform(map: &mut ResMap, loader: &Loader<'_>, patch: &Patch) -> Result<()> {
    Loaded::new(loader, patch)?.apply(map)
}

/// A patch of either sort that has been read.
#[derive(Debug)]
pub(crate) struct Loaded<'p> {
    patch: &'p Patch,
    content: Content,
    /// Where it stands, for messages.
    source: String,
}

#[derive(Debug)]
enum Content {
    Merge(Vec<Resource>),
    Json(JsonPatch),
}

impl<'p> Loaded<'p> {
    /// Reads it.
    ///
    /// # Errors
    /// If there is not exactly one of file and text, or it is no patch.
    pub(crate) fn new(loader: &Loader<'_>, patch: &'p Patch) -> Result<Self> {
        let inline = patch.patch.trim();
        let (text, source) = match (inline.is_empty(), patch.path.is_empty()) {
            (true, true) => {
                let config = told::patch(patch);
                return Err(Error::told(format!(
                    "must specify one of patch and path in\n{config}"
                )));
            }
            (false, false) => {
                let config = told::patch(patch);
                let text = format!("patch and path can't be set at the same time\n{config}");
                return Err(Error::told(text));
            }
            (false, true) => (inline.to_owned(), format!("[patch: {}]", go::quote(inline))),
            (true, false) => {
                let content = loader
                    .load(&patch.path)
                    .during(|| format!("failed to get the patch file from path({})", patch.path))?;
                let text = String::from_utf8_lossy(&content).into_owned();
                (text, format!("[path: {}]", go::quote(&patch.path)))
            }
        };
        let content = match manifest::patches(text.as_bytes()) {
            Ok(patches) => Content::Merge(patches),
            Err(_) => Content::Json(json_patch(&text).map_err(|e| {
                // kustomize says so only when it comes to apply it.
                if e.to_string().contains("Unexpected kind: ") {
                    return e;
                }
                Error::told(format!("unable to parse SM or JSON patch from {source}"))
            })?),
        };
        Ok(Self { patch, content, source })
    }

    /// Applies it.
    ///
    /// # Errors
    /// If it has no target, or does not apply.
    pub(crate) fn apply(self, map: &mut ResMap) -> Result<()> {
        let target = self.patch.target.as_ref();
        match self.content {
            Content::Merge(patches) => {
                merge_all(map, patches, target, self.patch.options.as_ref(), &self.source)
            }
            Content::Json(patch) => apply_json(map, &patch, target, &self.source),
        }
    }
}

fn merge_all(
    map: &mut ResMap,
    mut patches: Vec<Resource>,
    target: Option<&Selector>,
    options: Option<&PatchArgs>,
    source: &str,
) -> Result<()> {
    for patch in &mut patches {
        let (name, kind) =
            options.map_or((false, false), |o| (o.allow_name_change, o.allow_kind_change));
        patch.allow_changes(name, kind);
    }
    let Some(target) = target else {
        for patch in patches {
            let id = patch.written_id(map.openapi())?;
            let openapi = map.openapi().clone();
            let at = map.one_by_any_id(&id).during(|| {
                format!("no resource matches strategic merge patch {}", go::quote(&id.to_string()))
            })?;
            if let Some(resource) = map.get_mut(at) {
                merge(resource, &patch, &openapi)?;
            }
        }
        return Ok(());
    };
    match &mut *patches {
        [] => Ok(()),
        [patch] => {
            let selected = select(map, target).during(|| {
                format!(
                    "unable to find patch target {} in `resources`",
                    go::quote(&describe(target))
                )
            })?;
            merge_into(map, &selected, patch)
        }
        _ => Err(Error::told(format!(
            "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set \
             `patches.target` field: {source}"
        ))),
    }
}

/// Merges one patch into the resources at these places, whose ids must stay apart.
fn merge_into(map: &mut ResMap, places: &[usize], patch: &mut Resource) -> Result<()> {
    let openapi = map.openapi().clone();
    // kustomize writes these anew, as texts.
    patch.set_labels(patch.labels());
    patch.set_annotations(patch.written_annotations());
    let name = patch.name().to_owned();
    patch.set_name(&name);
    let namespace = patch.namespace().to_owned();
    patch.set_namespace(&namespace);
    let kind = patch.kind().to_owned();
    for &at in places {
        let Some(resource) = map.get_mut(at) else { continue };
        patch.set_gvk(&resource.gvk());
        patch.set_kind(&kind);
        merge(resource, patch, &openapi)?;
    }
    map.drop_empties();
    for resource in map.iter() {
        let id = resource.id(&openapi);
        if map.by_current_id(&id).len() > 1 {
            return Err(Error::told(format!(
                "may not add resource with an already registered id: {id}"
            )));
        }
    }
    Ok(())
}

/// Merges a patch, which changes name, namespace and kind only if it may.
fn merge(resource: &mut Resource, patch: &Resource, openapi: &OpenApi) -> Result<()> {
    let (name, kind) = (resource.name().to_owned(), resource.kind().to_owned());
    let namespace = resource.namespace().to_owned();
    if patch.allow_name_change || patch.allow_kind_change {
        resource.store_previous_id(openapi);
    }
    let sees_notes = concerns_annotations(&patch.value);
    if sees_notes {
        resource.show_notes();
    }
    strategic::merge(resource, &patch.value, openapi)?;
    if resource.is_empty() {
        return Ok(());
    }
    if sees_notes {
        resource.take_notes()?;
    }
    let forgets = forgets_what_it_may(&patch.value);
    if !patch.allow_kind_change || forgets {
        resource.set_kind(&kind);
    }
    if !patch.allow_name_change || forgets {
        resource.set_name(&name);
    }
    resource.set_namespace(&namespace);
    Ok(())
}

/// Whether a patch loses its own annotations, which say what it may change, when it is merged: its
/// metadata takes the place of the resource's, and deletes them.
fn forgets_what_it_may(patch: &Value) -> bool {
    let says = |at: &str, word: &str| patch.pointer(at).is_some_and(|value| value == word);
    says("/metadata/$patch", "replace") && says("/metadata/annotations/$patch", "delete")
}

/// The operations of a text that begins with `[`, which must be JSON, or that is YAML.
pub(super) fn json_patch(text: &str) -> Result<JsonPatch> {
    let value = if text.is_empty() {
        return Err(Error::told("empty json patch operations"));
    } else if text.starts_with('[') {
        let mut value = serde_json::from_str(text).map_err(|e| Error::told(e.to_string()))?;
        tests_as_written(&mut value);
        value
    } else {
        let parsed = yaml::parse(text.as_bytes(), &yaml::Options::default());
        if let Some(e) = parsed.errors.into_iter().next() {
            return Err(Error::MalformedText {
                at: e.at,
                problem: yaml_words::said(text.as_bytes(), &e),
            });
        }
        // Comments in front of the first `---` are no document.
        let mut values = parsed.documents.into_iter().map(|d| d.value);
        values.find(|value| !value.is_null()).unwrap_or_default()
    };
    JsonPatch::from_value(&value).map_err(|e| Error::told(e.to_string()))
}

/// Spells the texts that `test` operations of JSON look for as Go spells those that it compares them
/// with: `&`, `<` and `>` are escaped there, so that kustomize finds none that has them as they are.
/// What operations before it put there was spelled as in the patch.
fn tests_as_written(patch: &mut Value) {
    fn spell(value: &mut Value) -> bool {
        match value {
            Value::String(text) if text.contains(['&', '<', '>']) => {
                let spelled = text.replace('&', "\\u0026");
                *text = spelled.replace('<', "\\u003c").replace('>', "\\u003e");
                true
            }
            Value::Array(items) => items.iter_mut().map(spell).max() == Some(true),
            Value::Object(fields) => fields.values_mut().map(spell).max() == Some(true),
            _ => false,
        }
    }
    for operation in patch.as_array_mut().into_iter().flatten() {
        let is_test = operation["op"] == "test";
        let Some(value) = operation.get_mut("value") else { continue };
        if is_test {
            spell(value);
        } else if spell(&mut value.clone()) {
            return;
        }
    }
}

fn apply_json(
    map: &mut ResMap,
    patch: &JsonPatch,
    target: Option<&Selector>,
    source: &str,
) -> Result<()> {
    let Some(target) = target else {
        return Err(Error::told(format!("must specify a target for JSON patch {source}")));
    };
    let openapi = map.openapi().clone();
    for at in select(map, target)? {
        let Some(resource) = map.get_mut(at) else { continue };
        resource.store_previous_id(&openapi);
        apply_to(resource, patch)?;
    }
    Ok(())
}

/// Applies a JSON patch to one resource.
pub(super) fn apply_to(resource: &mut Resource, patch: &JsonPatch) -> Result<()> {
    resource.show_notes();
    let notes = resource.internal_annotations();
    patch.apply(&mut resource.value).map_err(|e| Error::told(with_index(&e.to_string())))?;
    resource.blank.clear();
    // All nodes are new, and kustomize's notes are put back.
    resource.shared.clear();
    // kustomize writes these anew, as texts.
    let mut annotations = resource.annotations();
    annotations.extend(notes);
    resource.set_annotations(annotations);
    resource.take_notes()
}

/// What kustomize says of an item that cannot be added, with its index once more.
fn with_index(text: &str) -> String {
    let parts = text.strip_suffix("': invalid index referenced").zip(text.rsplit_once('/'));
    match parts {
        Some((path, (_, rest))) if text.starts_with("error in add") => {
            let index = rest.split('\'').next().unwrap_or_default();
            format!("{path}': Unable to access invalid index: {index}: invalid index referenced")
        }
        _ => text.to_owned(),
    }
}

/// Whether a merge patch may change annotations, those that it does not name among them.
fn concerns_annotations(patch: &Value) -> bool {
    let metadata = patch.get("metadata");
    let names = |key: &str| metadata.is_some_and(|m| !m.is_object() || m.get(key).is_some());
    patch.get("$patch").is_some() || names("annotations") || names("$patch")
}

/// Applies strategic merge patches, each a file or the text itself.
///
/// # Errors
/// If one is no patch, has no target, or does not apply.
pub fn strategic_merge(map: &mut ResMap, loader: &Loader<'_>, patches: &[String]) -> Result<()> {
    merge_loaded(map, load_strategic(loader, patches)?)
}

/// Reads strategic merge patches, each a file or the text itself.
///
/// # Errors
/// If one is no patch, or there is none.
pub(crate) fn load_strategic(loader: &Loader<'_>, patches: &[String]) -> Result<Vec<Resource>> {
    let mut loaded = Vec::new();
    for path in patches {
        match manifest::patches(path.as_bytes()) {
            Ok(patches) => loaded.extend(patches),
            Err(_) => {
                let content = loader.load(path)?;
                let patches = manifest::patches(&content);
                loaded.extend(patches.map_err(|e| in_file(e, path))?);
            }
        }
    }
    not_empty(loaded, &format!("files=[{}], Patch=", patches.join(" ")))
}

/// Applies strategic merge patches that are given as one text.
///
/// # Errors
/// If one is no patch, has no target, or does not apply.
pub fn strategic_merge_text(map: &mut ResMap, text: &str) -> Result<()> {
    let loaded = manifest::patches(text.as_bytes())?;
    merge_loaded(map, not_empty(loaded, &format!("files=[], Patch={text}"))?)
}

fn not_empty(patches: Vec<Resource>, source: &str) -> Result<Vec<Resource>> {
    if patches.is_empty() {
        return Err(Error::told(format!("patch appears to be empty; {source}")));
    }
    Ok(patches)
}

/// Applies strategic merge patches to the resources of their ids.
///
/// # Errors
/// If one has no target, or does not apply.
pub(crate) fn merge_loaded(map: &mut ResMap, patches: Vec<Resource>) -> Result<()> {
    for mut patch in patches {
        let id = patch.written_id(map.openapi())?;
        let at = map.one_by_any_id(&id)?;
        merge_into(map, &[at], &mut patch)?;
    }
    Ok(())
}

fn in_file(error: Error, file: &str) -> Error {
    match error {
        Error::MalformedText { at, problem } => {
            Error::Malformed { file: file.to_owned(), at, problem }
        }
        other => other,
    }
}

fn describe(selector: &Selector) -> String {
    let id = crate::id::ResId {
        gvk: selector.gvk(),
        name: selector.name.clone(),
        namespace: selector.namespace.clone(),
        cluster_scoped: false,
    };
    format!("{id}:a={}:l={}", selector.annotation_selector, selector.label_selector)
}
