//! What `kustomize edit` does, as functions of a kustomization's text.
//!
//! A [`Document`] is read, changed by the functions here, and written: fields stay in their order
//! and keep the comments in front of them, new ones come behind. A comment inside a field moves in
//! front of it, as the tool does it.

mod document;
mod generators;
mod lists;
mod metadata;
mod values;
mod vars;

pub use document::Document;
pub use generators::{GeneratorFlags, add_config_map, add_secret, check_added, remove_generators};
pub use generators::{Sort, set_config_map, set_secret};
pub use lists::{add_bases, add_paths, remove_paths};
pub use lists::{add_patch, remove_patch};
pub use metadata::{AddLabels, add_annotations, add_labels, pairs, remove_pairs, set_annotations};
pub use values::{add_build_metadata, build_metadata, fix, remove_build_metadata};
pub use values::{set_images, set_replicas};
pub use vars::{Changed, Files, vars_to_replacements};
