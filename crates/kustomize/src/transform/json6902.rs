//! `patchesJson6902`, and the PatchJson6902Transformer.

use crate::error::Result;
use crate::kustomization::Selector;
use crate::loader::Loader;
use crate::resmap::ResMap;

/// Applies the JSON patch in the file `path`, or `inline`, to the one resource that `target` names.
///
/// # Errors
/// If there is not exactly one of path and text, the patch is none, no one resource is the
/// target, or an operation fails.
pub fn transform(
    _map: &mut ResMap,
    _loader: &Loader<'_>,
    _target: Option<&Selector>,
    _path: &str,
    _inline: &str,
) -> Result<()> {
    Ok(())
}
