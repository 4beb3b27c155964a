//! Sets of field paths.
//!
//! A [`FieldSet`] is a tree of path [`Element`]s; each one may be a member of the set, have members
//! below it, or both. [`FieldSet::of`] and [`compare`] walk values by their schema as
//! structured-merge-diff does: objects field by field, lists by key or value where the schema says
//! how, everything else as one leaf.

mod element;
mod set;
mod walk;

pub use element::{Element, Scalar};
pub use set::{FieldSet, FieldsError};
pub use walk::{Comparison, compare};

pub(crate) use element::equal;
pub(crate) use walk::{InvalidValue, check, merge, named_fields, reconcile, remove, set_of};
