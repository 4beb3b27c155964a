//! `namePrefix` and `nameSuffix`, and the PrefixTransformer and SuffixTransformer.

use crate::error::Result;
use crate::fieldspec::FieldSpec;
use crate::resmap::ResMap;

/// Puts `prefix` before the fields of `specs` and notes it for name references.
///
/// # Errors
/// Where a field is not what its path says.
pub fn prefix(_map: &mut ResMap, _prefix: &str, _specs: &[FieldSpec]) -> Result<()> {
    Ok(())
}

/// Puts `suffix` behind the fields of `specs` and notes it for name references.
///
/// # Errors
/// Where a field is not what its path says.
pub fn suffix(_map: &mut ResMap, _suffix: &str, _specs: &[FieldSpec]) -> Result<()> {
    Ok(())
}
