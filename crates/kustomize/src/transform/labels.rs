//! `labels` and `commonLabels`, and the LabelTransformer.

use std::collections::BTreeMap;

use super::fields::{Create, Fields, set_entry};
use super::shared;
use crate::error::Result;
use crate::fieldspec::FieldSpec;
use crate::resmap::ResMap;

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
    for resource in map.iter_mut() {
        let before = may_share.then(|| shared::entries(&fields, resource, pairs));
        fields.apply(&mut resource.value, Some(Create::Mapping), &mut |value| {
            pairs.iter().try_for_each(|(key, text)| set_entry(value, key, text))
        })?;
        if let Some(before) = before {
            shared::note(&fields, resource, pairs, &before);
        }
    }
    Ok(())
}
