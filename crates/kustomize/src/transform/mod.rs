//! What changes resources, one transformer a file. Each takes the resources and its own
//! configuration; the order is the caller's.

pub mod annotations;
pub mod fields;
pub mod images;
pub mod json6902;
pub mod labels;
pub mod namespace;
pub mod patch;
pub mod prefix_suffix;
pub mod replacements;
pub mod replicas;
pub mod select;
pub mod shared;
pub mod sort;
pub mod strategic;
pub(crate) mod told;
pub mod value_add;
pub mod vars;
