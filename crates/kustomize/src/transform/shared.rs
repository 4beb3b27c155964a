//! Scalars that several fields of a resource share.
//!
//! kustomize puts one and the same node of YAML wherever it adds a label or an annotation, and later
//! sets scalars in place: who changes a label that an earlier `commonLabels` added changes it in
//! selectors and templates too. A field leaves the others when it is taken away or written anew as
//! part of something larger.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use windlass_object::Pointer;

use super::fields::Fields;
use crate::resource::Resource;

/// Fields that hold one scalar.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    at: Vec<Pointer>,
    value: Value,
}

/// Where maps are that `fields` names.
fn maps(fields: &Fields, resource: &Resource) -> Vec<Pointer> {
    let mut out = Vec::new();
    fields.places(&resource.value, &mut |pointer| out.push(pointer));
    out
}

fn entry(map: &Pointer, key: &str) -> Pointer {
    let tokens = map.tokens().map(str::to_owned).chain([key.to_owned()]);
    Pointer::from_tokens(tokens)
}

/// The entries with keys of `pairs` that the maps of `fields` have already.
pub(super) fn entries(
    fields: &Fields,
    resource: &Resource,
    pairs: &BTreeMap<String, String>,
) -> BTreeSet<Pointer> {
    let maps = maps(fields, resource);
    let all = maps.iter().flat_map(|map| pairs.keys().map(|key| entry(map, key)));
    all.filter(|at| at.get(&resource.value).is_some()).collect()
}

/// Notes what was added to the maps of `fields`, which had the entries `before`.
pub(super) fn note(
    fields: &Fields,
    resource: &mut Resource,
    pairs: &BTreeMap<String, String>,
    before: &BTreeSet<Pointer>,
) {
    let maps = maps(fields, resource);
    for (key, text) in pairs {
        let added = maps.iter().map(|map| entry(map, key)).filter(|at| !before.contains(at));
        let added: BTreeSet<Pointer> =
            added.filter(|at| at.get(&resource.value).is_some()).collect();
        if added.len() > 1 {
            let at = added.into_iter().collect();
            resource.shared.push(Shared { at, value: Value::String(text.clone()) });
        }
    }
}

/// Carries what changed in one of the fields that share a scalar to the others.
pub(crate) fn settle(resource: &mut Resource) {
    let mut shared = std::mem::take(&mut resource.shared);
    for group in &mut shared {
        group
            .at
            .retain(|at| at.get(&resource.value).is_some_and(|v| !v.is_object() && !v.is_array()));
        let mut values = group.at.iter().filter_map(|at| at.get(&resource.value));
        let Some(new) = values.rfind(|value| **value != group.value).cloned() else {
            continue;
        };
        for at in &group.at {
            if let Some(value) = at.get_mut(&mut resource.value) {
                value.clone_from(&new);
            }
        }
        group.value = new;
    }
    shared.retain(|group| group.at.len() > 1);
    resource.shared = shared;
}

/// The resource's annotations were written anew.
pub(crate) fn part_annotations(resource: &mut Resource) {
    let annotations = Pointer::from_tokens(["metadata", "annotations"]);
    for group in &mut resource.shared {
        group.at.retain(|at| !at.is_within(&annotations));
    }
    resource.shared.retain(|group| group.at.len() > 1);
}
