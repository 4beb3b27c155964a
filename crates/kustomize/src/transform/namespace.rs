//! `namespace`, and the NamespaceTransformer.

use crate::error::Result;
use crate::fieldspec::FieldSpec;
use crate::resmap::ResMap;

/// How role bindings' subjects are changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subjects {
    /// Service accounts named `default`.
    #[default]
    DefaultOnly,
    /// All service accounts.
    AllServiceAccounts,
    /// None.
    Untouched,
}

/// A namespace and where it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// The namespace.
    pub namespace: String,
    /// Fields that get it, beside `metadata.namespace`.
    pub specs: Vec<FieldSpec>,
    /// Whether only fields that are not set get it.
    pub unset_only: bool,
    /// How role bindings' subjects are changed.
    pub subjects: Subjects,
}

/// Sets the namespace.
///
/// # Errors
/// Where a field is not what its path says, or two resources have the same id afterwards.
pub fn transform(_map: &mut ResMap, _namespace: &Namespace) -> Result<()> {
    Ok(())
}
