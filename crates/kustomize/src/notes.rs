//! What a build remembers of a resource, as kustomize keeps it: in annotations that are taken away
//! at the end.
//!
//! Here it stands beside the object, and is put into its annotations only where somebody could see
//! it there: a JSON patch that moves or tests all annotations, a merge patch that deletes them, a
//! replacement that copies them. Afterwards it is read back, so that what took the notes away, or
//! gave a resource those of another, has the same consequences.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use windlass_object::Pointer;

use crate::error::{Error, Result};
use crate::id::ResId;
use crate::openapi::OpenApi;
use crate::origin::{ORIGIN, TRANSFORMATIONS};
use crate::resource::{Behavior, PreviousId, Resource, scalar_text};

const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";
const BEHAVIOR: &str = "internal.config.kubernetes.io/generatorBehavior";
const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";
const ALLOW_NAME_CHANGE: &str = "internal.config.kubernetes.io/allowNameChange";
const ALLOW_KIND_CHANGE: &str = "internal.config.kubernetes.io/allowKindChange";
const ENABLED: &str = "enabled";

/// All annotations that begin so are notes.
const PREFIX: &str = "internal.config.kubernetes.io/";
/// Notes from before there was a prefix for them.
const LEGACY: [&str; 3] =
    ["config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id"];

impl Resource {
    /// Writes all notes as annotations.
    pub(crate) fn show_notes(&mut self) {
        let mut notes: Vec<(&str, String)> = Vec::new();
        if !self.previous.is_empty() {
            let joined = |part: fn(&PreviousId) -> &str| {
                self.previous.iter().map(part).collect::<Vec<_>>().join(",")
            };
            notes.push((PREVIOUS_NAMES, joined(|p| &p.name)));
            notes.push((PREVIOUS_NAMESPACES, joined(|p| &p.namespace)));
            notes.push((PREVIOUS_KINDS, joined(|p| &p.kind)));
        }
        for (key, list) in [(PREFIXES, &self.prefixes), (SUFFIXES, &self.suffixes)] {
            if !list.is_empty() {
                notes.push((key, list.join(",")));
            }
        }
        if let Some(behavior) = self.behavior {
            notes.push((BEHAVIOR, behavior.name().to_owned()));
        }
        if self.needs_hash {
            notes.push((NEEDS_HASH, ENABLED.to_owned()));
        }
        if let Some(origin) = &self.origin {
            notes.push((ORIGIN, origin.text()));
        }
        if let Some(text) = self.transformations_text() {
            notes.push((TRANSFORMATIONS, text));
        }
        if notes.is_empty() {
            return;
        }
        let annotations = self.metadata_mut().entry("annotations").or_insert_with(|| json!({}));
        if annotations.is_null() {
            *annotations = json!({});
        }
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.extend(notes.into_iter().map(|(k, v)| (k.to_owned(), Value::String(v))));
        }
    }

    /// Takes the notes out of the annotations; those that are not there are forgotten.
    ///
    /// # Errors
    /// If they contradict each other.
    pub(crate) fn take_notes(&mut self) -> Result<()> {
        let (origin, transformations) =
            (self.origin.as_ref().map(crate::resource::Origin::text), self.transformations_text());
        let mut none = Map::new();
        let annotations = match self.value.pointer_mut("/metadata/annotations") {
            Some(Value::Object(annotations)) => annotations,
            _ => &mut none,
        };
        let had = !annotations.is_empty();
        let mut take = |key: &str| annotations.remove(key).map(|value| scalar_text(&value));
        let mut list = |key: &str| -> Vec<String> {
            let text = take(key);
            text.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect()
        };
        let (prefixes, suffixes) = (list(PREFIXES), list(SUFFIXES));
        let names = list(PREVIOUS_NAMES);
        let mut one = |key: &str| {
            let found = list(key);
            // What is not there is one empty text.
            if found.is_empty() { vec![String::new()] } else { found }
        };
        let (namespaces, kinds) = (one(PREVIOUS_NAMESPACES), one(PREVIOUS_KINDS));
        if !names.is_empty() && (names.len() != namespaces.len() || names.len() != kinds.len()) {
            return Err(Error::told(
                "number of previous names, number of previous namespaces, number of previous kinds \
                 not equal",
            ));
        }
        let behavior = take(BEHAVIOR);
        let hash = take(NEEDS_HASH);
        let needs_hash = hash.as_deref() == Some(ENABLED);
        // Words of others stay what they are.
        let known = behavior.as_deref().map(Behavior::parse);
        let known = known.filter(|known| behavior.as_deref() == Some(known.name()));
        if let Some(text) = behavior.filter(|_| known.is_none()) {
            annotations.insert(BEHAVIOR.to_owned(), Value::String(text));
        }
        if let Some(text) = hash.filter(|_| !needs_hash) {
            annotations.insert(NEEDS_HASH.to_owned(), Value::String(text));
        }
        let is_enabled = |key: &str| annotations.get(key).and_then(Value::as_str) == Some(ENABLED);
        let (allow_name, allow_kind) =
            (is_enabled(ALLOW_NAME_CHANGE), is_enabled(ALLOW_KIND_CHANGE));
        // What was changed stays as it is.
        let mut same = |key: &str, text: Option<String>| {
            let is_same = text.as_deref() == annotations.get(key).and_then(Value::as_str);
            if is_same && text.is_some() {
                annotations.remove(key);
            }
            is_same
        };
        let (same_origin, same_transformations) =
            (same(ORIGIN, origin), same(TRANSFORMATIONS, transformations));
        if had && annotations.is_empty() {
            self.metadata_mut().remove("annotations");
        }
        self.prefixes = prefixes;
        self.suffixes = suffixes;
        self.previous = names
            .into_iter()
            .zip(namespaces)
            .zip(kinds)
            .map(|((name, namespace), kind)| PreviousId { namespace, name, kind })
            .collect();
        self.behavior = known;
        self.needs_hash = needs_hash;
        self.allow_name_change = allow_name;
        self.allow_kind_change = allow_kind;
        if !same_origin {
            self.origin = None;
        }
        if !same_transformations {
            self.transformations.clear();
        }
        Ok(())
    }

    /// Takes the notes of a resource that somebody wrote into a file.
    ///
    /// # Errors
    /// If they contradict each other.
    pub(crate) fn take_written_notes(&mut self) -> Result<()> {
        let annotations = self.value.pointer("/metadata/annotations").and_then(Value::as_object);
        let has_notes = annotations.is_some_and(|a| a.keys().any(|key| key.starts_with(PREFIX)));
        if has_notes { self.take_notes() } else { Ok(()) }
    }

    /// The first id that the annotations of a patch give it, else its own.
    ///
    /// # Errors
    /// If the annotations contradict each other.
    pub(crate) fn written_id(&self, openapi: &OpenApi) -> Result<ResId> {
        if !self.annotations().contains_key(PREVIOUS_NAMES) {
            return Ok(self.id(openapi));
        }
        let mut read = self.clone();
        read.take_notes()?;
        Ok(read.original_id(openapi))
    }

    /// The object as kustomize has it, with all notes in it.
    pub(crate) fn noted(&self) -> Value {
        let mut shown = self.clone();
        shown.show_notes();
        shown.value
    }

    /// The annotations that are notes.
    pub(crate) fn internal_annotations(&self) -> BTreeMap<String, String> {
        let is_note = |key: &str| key.starts_with(PREFIX) || LEGACY.contains(&key);
        self.annotations().into_iter().filter(|(key, _)| is_note(key)).collect()
    }

    /// Lets it change the name and the kind of what it is merged into.
    pub(crate) fn allow_changes(&mut self, name: bool, kind: bool) {
        let wanted = [(name, ALLOW_NAME_CHANGE), (kind, ALLOW_KIND_CHANGE)];
        let wanted: Vec<&str> = wanted.iter().filter(|(is, _)| *is).map(|(_, key)| *key).collect();
        if wanted.is_empty() {
            return;
        }
        let mut annotations = self.written_annotations();
        annotations.extend(wanted.iter().map(|key| ((*key).to_owned(), ENABLED.to_owned())));
        self.set_annotations(annotations);
        self.allow_name_change |= name;
        self.allow_kind_change |= kind;
    }

    /// The annotations as texts, where one that is written as nothing is empty.
    pub(crate) fn written_annotations(&self) -> BTreeMap<String, String> {
        let mut annotations = self.annotations();
        for (key, value) in &mut annotations {
            let at = Pointer::from_tokens(["metadata", "annotations", key]).to_string();
            if self.blank.contains(&at) {
                value.clear();
            }
        }
        annotations
    }
}
