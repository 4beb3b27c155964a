//! Walks to the fields that a [`FieldSpec`] names.

use serde_json::Value;

use crate::error::Result;
use crate::fieldspec::FieldSpec;
use crate::id::Gvk;

/// What is made where a field is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// A scalar.
    Scalar,
    /// A mapping.
    Mapping,
    /// A list.
    Sequence,
}

/// Calls `set` with each field of the object `value`, of kind `gvk`, that `spec` names. A path
/// goes through lists item by item. With `spec.create`, what is missing is made as `create` says.
///
/// # Errors
/// Those of `set`, and where a field is not what its path says.
pub fn each(
    _value: &mut Value,
    _gvk: &Gvk,
    _spec: &FieldSpec,
    _create: Option<Create>,
    _set: &mut dyn FnMut(&mut Value) -> Result<()>,
) -> Result<()> {
    Ok(())
}
