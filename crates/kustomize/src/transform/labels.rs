//! `labels` and `commonLabels`, and the LabelTransformer.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::fieldspec::FieldSpec;
use crate::resmap::ResMap;

/// Sets `labels` in the fields of `specs`.
///
/// # Errors
/// Where a field is not what its path says.
pub fn transform(
    _map: &mut ResMap,
    _labels: &BTreeMap<String, String>,
    _specs: &[FieldSpec],
) -> Result<()> {
    Ok(())
}
