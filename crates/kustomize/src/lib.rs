//! Kustomize overlays to manifests.
//!
//! [`build`] is a function of trees and options: it reads no disk, no network and no environment.
//! What lies elsewhere (remote bases, files by URL, charts) it asks for with [`Outcome::Needs`];
//! the caller fetches that, puts it into [`Given`] and calls again.
//!
//! A build goes as kustomize's does: [`target`] walks from the root down, on each level gathering
//! resources, running generators and transformers; at the end, and only at the root, hashes are put
//! behind names, references to names are mended, vars are resolved, and the whole is put in order.
//! Resources are JSON values with the history of their names beside them ([`Resource`]), since
//! kustomize writes its output through JSON too.

#![forbid(unsafe_code)]

pub mod edit;
mod error;
mod fieldspec;
mod id;
pub mod kind_order;
pub mod kustomization;
mod loader;
mod manifest;
mod openapi;
mod resmap;
mod resource;
pub mod transform;

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_tree::{Tree, TreePath};

pub use error::{During, Error, Place, Result};
pub use fieldspec::FieldSpec;
pub use id::{Gvk, ResId};
pub use loader::Loader;
pub use manifest::resources;
pub use openapi::OpenApi;
pub use resmap::ResMap;
pub use resource::{Behavior, Origin, PreviousId, Resource};

/// How to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether files must lie in or below the directory of the kustomization that names them.
    pub restrict_loads: bool,
    /// The order of the output, unless the kustomization says.
    pub reorder: Reorder,
    /// Whether `helmCharts` are rendered; an error if not.
    pub enable_helm: bool,
    /// Whether all resources get the label that names kustomize.
    pub managed_by_label: bool,
    /// The name of the tree's root in messages, without a slash at the end: an absolute path for
    /// a tree on disk.
    pub root_name: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            restrict_loads: true,
            reorder: Reorder::Unspecified,
            enable_helm: false,
            managed_by_label: false,
            root_name: String::new(),
        }
    }
}

/// The order of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reorder {
    /// Nothing was said, which is as good as `Legacy`.
    #[default]
    Unspecified,
    /// By kind and name.
    Legacy,
    /// As the resources came.
    None,
}

/// What the caller fetched.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Trees of remote bases; the text is why there is none.
    pub trees: BTreeMap<Repository, Result<Arc<dyn Tree>, String>>,
    /// Files by URL.
    pub files: BTreeMap<String, Fetched>,
    /// Environment variables for `envs` files and `helmCharts`.
    pub environment: BTreeMap<String, String>,
}

/// What asking for a file by URL came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Its content.
    Content(Arc<[u8]>),
    /// A status that is none of success, such as `404 (Not Found)`.
    Status(String),
    /// No answer, and why.
    Failed(String),
}

/// A revision of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    /// Its address, as `git clone` takes it.
    pub address: String,
    /// Branch, tag or commit; empty for the default branch.
    pub reference: String,
    /// Whether its submodules are wanted.
    pub submodules: bool,
}

/// Something that a build lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Need {
    /// A tree; it may take `timeout_seconds` to fetch.
    Tree {
        /// Which.
        repository: Repository,
        /// The bound that the kustomization sets.
        timeout_seconds: u64,
    },
    /// A file by URL.
    File {
        /// Its address.
        url: String,
    },
}

/// What a build came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is done.
    Built(Built),
    /// It lacks something that is in none of the trees.
    Needs(Vec<Need>),
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The resources, in order.
    pub resources: Vec<Resource>,
    /// What kustomize writes to stderr on the way.
    pub warnings: Vec<String>,
}

/// Builds the kustomization in the directory `path` of `tree`.
///
/// # Errors
/// In kustomize's words; [`Error::place`] says where.
pub fn build(
    _tree: &dyn Tree,
    _path: &TreePath,
    _options: &Options,
    _given: &Given,
) -> Result<Outcome> {
    Err(Error::told("nothing is built yet"))
}
