//! `patches` and `patchesStrategicMerge`, and the PatchTransformer and
//! PatchStrategicMergeTransformer.

use crate::error::Result;
use crate::kustomization::Patch;
use crate::loader::Loader;
use crate::resmap::ResMap;

/// Applies a patch of either sort.
///
/// # Errors
/// If it is no patch, has no target, or does not apply.
pub fn transform(_map: &mut ResMap, _loader: &Loader<'_>, _patch: &Patch) -> Result<()> {
    Ok(())
}

/// Applies strategic merge patches, each a file or the text itself.
///
/// # Errors
/// If one is no patch, has no target, or does not apply.
pub fn strategic_merge(_map: &mut ResMap, _loader: &Loader<'_>, _patches: &[String]) -> Result<()> {
    Ok(())
}
