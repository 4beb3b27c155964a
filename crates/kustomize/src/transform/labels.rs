//! `labels` and `commonLabels`, and the LabelTransformer.

use std::collections::BTreeMap;

use super::fields::{Create, Fields, set_entry};
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
    for resource in map.iter_mut() {
        fields.apply(&mut resource.value, Some(Create::Mapping), &mut |value| {
            pairs.iter().try_for_each(|(key, text)| set_entry(value, key, text))
        })?;
    }
    Ok(())
}
