//! Walks over values by their schema.

mod compare;
mod merge;
mod sets;
mod typed;

pub use compare::{Comparison, compare};
pub(crate) use merge::{merge, remove};
pub(crate) use sets::{named_fields, reconcile, set_of};
pub(crate) use typed::{InvalidValue, check};
