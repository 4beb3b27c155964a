//! Charts of Helm repositories and registries: the edge between them and the pure renderer.
//!
//! ```text
//! Repository (address, credentials, trust) + name + range
//!   -> index.yaml, or tags     kept for a while, asked for again by ETag
//!   -> archive                 bounded, checked against its digest, kept on disk by it
//! ```
//!
//! An artifact of a registry that is no chart becomes a tree ([`Charts::artifact`]).
//!
//! Credentials go to the repository's own origin and nowhere else, unless it says so. All downloads
//! are bounded in bytes, time and number.

#![forbid(unsafe_code)]

mod artifact;
mod cache;
mod error;
pub mod index;
pub mod metadata;
mod package;
pub mod registry;
mod repository;
mod store;

pub use artifact::ArtifactRules;
pub use cache::DiskCache;
pub use error::Error;
pub use index::{ChartVersion, Index};
pub use package::pack;
pub use repository::{Repository, fetch, fetch_file, fetch_index};
pub use store::Charts;

/// Bytes of an index at most: Argo CD's bound.
pub const MAX_INDEX: u64 = 1 << 30;
/// Bytes of a chart's archive at most.
pub const MAX_ARCHIVE: u64 = 128 << 20;
