//! Which fields of which kinds a transformer changes.

use std::fmt;

use crate::error::{Error, Result};
use crate::id::Gvk;

/// A path in the kinds that `gvk` selects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSpec {
    /// The kinds; empty parts select everything.
    pub gvk: Gvk,
    /// Keys joined by `/`, which inside a key is written `\/`; `[]` behind a key says that it
    /// holds a list.
    pub path: String,
    /// Whether the field is made where it is not there.
    pub create: bool,
}

impl FieldSpec {
    /// `path` in every kind.
    pub fn everywhere(path: &str, create: bool) -> Self {
        Self { gvk: Gvk::default(), path: path.to_owned(), create }
    }

    fn covers(&self, other: &Self) -> bool {
        self.gvk.is_selected(&other.gvk) && self.path == other.path
    }
}

impl fmt::Display for FieldSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.gvk, self.create, self.path)
    }
}

/// Adds `incoming` unless `specs` says the same already.
///
/// # Errors
/// If it says the same but for `create`.
pub(crate) fn merge_one(specs: &mut Vec<FieldSpec>, incoming: &FieldSpec) -> Result<()> {
    match specs.iter().find(|spec| spec.covers(incoming)) {
        Some(spec) if spec.create != incoming.create => Err(Error::told("conflicting fieldspecs")),
        Some(_) => Ok(()),
        None => {
            specs.push(incoming.clone());
            Ok(())
        }
    }
}

/// [`merge_one`] for each.
///
/// # Errors
/// Likewise.
pub(crate) fn merge_all(specs: &mut Vec<FieldSpec>, incoming: &[FieldSpec]) -> Result<()> {
    incoming.iter().try_for_each(|spec| merge_one(specs, spec))
}
