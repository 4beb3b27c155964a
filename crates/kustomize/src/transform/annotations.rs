//! `commonAnnotations`, and the AnnotationsTransformer.

use std::collections::BTreeMap;

use super::labels;
use crate::error::Result;
use crate::fieldspec::FieldSpec;
use crate::resmap::ResMap;

/// Sets `annotations` in the fields of `specs`.
///
/// # Errors
/// Where a field is not what its path says.
pub fn transform(
    map: &mut ResMap,
    annotations: &BTreeMap<String, String>,
    specs: &[FieldSpec],
) -> Result<()> {
    labels::transform(map, annotations, specs)
}
