//! `labels` and `commonLabels`, and the LabelTransformer.

use std::collections::BTreeMap;

use super::fields::{Create, Fields, set_entry};
use super::shared;
use crate::error::Result;
use crate::fieldspec::FieldSpec;
use crate::resmap::ResMap;

const ANNOTATIONS: &str = "metadata/annotations";

/// Sets `pairs`, which may be labels or annotations, in the maps that `specs` name.
///
/// # Errors
/// If such a field is no map.
pub fn transform(
    map: &mut ResMap,
    pairs: &BTreeMap<String, String>,
    specs: &[FieldSpec],
) -> Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    let fields = Fields::new(specs);
    // One field shares with none.
    let may_share = specs.len() > 1;
    // Annotations that hold nothing but kustomize's notes are there for who makes none.
    let sees_notes = |spec: &FieldSpec| !spec.create && spec.path.starts_with(ANNOTATIONS);
    let sees_notes = specs.iter().any(sees_notes);
    for resource in map.iter_mut() {
        if sees_notes {
            resource.show_notes();
        }
        let before = may_share.then(|| shared::entries(&fields, resource, pairs));
        fields.apply(&mut resource.value, Some(Create::Mapping), &mut |value| {
            pairs.iter().try_for_each(|(key, text)| set_entry(value, key, text))
        })?;
        if let Some(before) = before {
            shared::note(&fields, resource, pairs, &before);
        }
        if sees_notes {
            resource.take_notes()?;
        }
    }
    Ok(())
}
