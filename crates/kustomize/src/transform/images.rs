//! `images`, and the ImageTagTransformer.

use crate::error::Result;
use crate::fieldspec::FieldSpec;
use crate::kustomization::Image;
use crate::resmap::ResMap;

/// Changes the image in the fields of `specs` and in containers at any depth.
///
/// # Errors
/// Where a field is not what its path says, or the image asks for what excludes itself.
pub fn transform(_map: &mut ResMap, _image: &Image, _specs: &[FieldSpec]) -> Result<()> {
    Ok(())
}
