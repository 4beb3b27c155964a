//! Which resources a selector means.

use regex::Regex;
use windlass_object::selector::LabelSelector;

use crate::error::{Error, Result};
use crate::id::Gvk;
use crate::kustomization::Selector;
use crate::resmap::ResMap;
use crate::resource::{Resource, scalar_text};

/// The places of the resources that `selector` matches.
///
/// # Errors
/// For a bad regular expression or label selector.
pub fn select(map: &ResMap, selector: &Selector) -> Result<Vec<usize>> {
    let matcher = Matcher::new(selector)?;
    let openapi = map.openapi();
    let is_meant = |resource: &Resource| {
        let api_version = resource.api_version();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let is_of_kind = matcher.kind.matches(resource.kind())
            && matcher.group.matches(group)
            && matcher.version.matches(version);
        if !is_of_kind {
            return false;
        }
        let (original, current) = (resource.original_id(openapi), resource.id(openapi));
        let is_there = matcher.namespace.matches(original.effective_namespace())
            || matcher.namespace.matches(current.effective_namespace());
        let is_named = matcher.name.matches(&original.name) || matcher.name.matches(&current.name);
        is_there && is_named && matcher.matches_labels(resource)
    };
    Ok(map.iter().enumerate().filter(|(_, r)| is_meant(r)).map(|(at, _)| at).collect())
}

/// A selector whose parts are compiled.
#[derive(Debug)]
pub(crate) struct Matcher {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    pub(crate) name: Pattern,
    pub(crate) namespace: Pattern,
    labels: Option<LabelSelector>,
    annotations: Option<LabelSelector>,
}

impl Matcher {
    pub(crate) fn new(selector: &Selector) -> Result<Self> {
        let labels = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|e| Error::told(format!("{e}"))),
        };
        Ok(Self {
            group: Pattern::new(&selector.group)?,
            version: Pattern::new(&selector.version)?,
            kind: Pattern::new(&selector.kind)?,
            name: Pattern::new(&selector.name)?,
            namespace: Pattern::new(&selector.namespace)?,
            labels: labels(&selector.label_selector)?,
            annotations: labels(&selector.annotation_selector)?,
        })
    }

    /// Whether it says nothing but labels and annotations, or nothing at all.
    pub(crate) fn names_nothing(&self) -> bool {
        [&self.group, &self.version, &self.kind, &self.name, &self.namespace]
            .iter()
            .all(|pattern| matches!(pattern, Pattern::Any))
    }

    /// Whether it says nothing of labels and annotations.
    pub(crate) fn labels_nothing(&self) -> bool {
        self.labels.is_none() && self.annotations.is_none()
    }

    pub(crate) fn matches_gvk(&self, gvk: &Gvk) -> bool {
        self.group.matches(&gvk.group)
            && self.version.matches(&gvk.version)
            && self.kind.matches(&gvk.kind)
    }

    pub(crate) fn matches_labels(&self, resource: &Resource) -> bool {
        let one = |selector: &Option<LabelSelector>, field: &str| {
            let Some(selector) = selector else { return true };
            let map = resource.value.get("metadata").and_then(|m| m.get(field));
            let texts: Vec<(&String, String)> = map
                .and_then(|map| map.as_object())
                .map(|map| map.iter().map(|(k, v)| (k, scalar_text(v))).collect())
                .unwrap_or_default();
            selector.matches_with(|key| {
                texts.iter().find(|(name, _)| *name == key).map(|(_, text)| text.as_str())
            })
        };
        one(&self.annotations, "annotations") && one(&self.labels, "labels")
    }
}

/// A regular expression for the whole of a text; the empty one matches everything.
#[derive(Debug)]
pub(crate) enum Pattern {
    Any,
    Literal(String),
    Regex(Regex),
}

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Result<Self> {
        if pattern.is_empty() {
            return Ok(Self::Any);
        }
        if pattern.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/')) {
            return Ok(Self::Literal(pattern.to_owned()));
        }
        let regex = windlass_sprig::regexp(&format!("^(?:{pattern})$")).map_err(Error::told)?;
        Ok(Self::Regex(regex))
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Literal(literal) => literal == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}
