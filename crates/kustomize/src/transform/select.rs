//! Which resources a selector means.

use crate::error::Result;
use crate::kustomization::Selector;
use crate::resmap::ResMap;

/// The places of the resources that `selector` matches.
///
/// # Errors
/// For a bad regular expression or label selector.
pub fn select(_map: &ResMap, _selector: &Selector) -> Result<Vec<usize>> {
    Ok(Vec::new())
}
