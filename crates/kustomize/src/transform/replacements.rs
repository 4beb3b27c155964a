//! `replacements`, and the ReplacementTransformer.

use crate::error::Result;
use crate::kustomization::ReplacementField;
use crate::loader::Loader;
use crate::resmap::ResMap;

/// Copies values from field to field.
///
/// # Errors
/// If there is no one source, a path leads nowhere, or a file cannot be read.
pub fn transform(
    _map: &mut ResMap,
    _loader: &Loader<'_>,
    _replacements: &[ReplacementField],
) -> Result<()> {
    Ok(())
}
