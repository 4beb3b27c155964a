//! Files and directories as a kustomization names them.

use std::sync::Arc;

use windlass_tree::{Tree, TreePath};

use crate::error::{Error, Result};

/// The longest file, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Reads what a kustomization in one directory names.
#[derive(Clone, Debug)]
pub struct Loader<'t> {
    tree: &'t dyn Tree,
    root: TreePath,
    root_name: String,
}

impl<'t> Loader<'t> {
    /// For the kustomization in the directory `root` of `tree`.
    pub fn new(tree: &'t dyn Tree, root: TreePath, root_name: &str) -> Self {
        Self { tree, root, root_name: root_name.to_owned() }
    }

    /// The directory's name in messages.
    pub fn root(&self) -> String {
        format!("{}/{}", self.root_name, self.root)
    }

    /// The file at `path`, which is relative to the kustomization's directory, or a URL.
    ///
    /// # Errors
    /// If it is not there, or lies outside of the directory and may not.
    pub fn load(&self, path: &str) -> Result<Arc<[u8]>> {
        let at = self.root.join(path).map_err(|e| Error::told(e.to_string()))?;
        self.tree.read(&at, MAX_FILE_BYTES).map_err(|e| Error::told(e.to_string()))
    }
}
