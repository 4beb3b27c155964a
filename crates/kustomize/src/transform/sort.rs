//! `sortOptions`, and the SortOrderTransformer.

use crate::error::Result;
use crate::kustomization::SortOptions;
use crate::resmap::ResMap;

/// Puts the resources in order.
///
/// # Errors
/// For an order that there is not.
pub fn transform(_map: &mut ResMap, _options: &SortOptions) -> Result<()> {
    Ok(())
}
