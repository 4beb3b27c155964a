//! An immutable file tree, and a record of what was read of it.
//!
//! Renderers see nothing but a [`Tree`]: no file system, no network, no Git. A tree is a snapshot:
//! the same path gives the same answer for as long as the value lives, so any number of renders
//! share it. Every entry has a [`ContentId`] that changes when anything at or below it changes;
//! a [`Recorder`] notes the ids that a render looked at, and [`ReadRecord::still_holds`] asks a
//! later tree, cheaply, whether that render would come out the same.

#![forbid(unsafe_code)]

mod directory;
mod given;
mod glob;
mod memory;
mod path;
pub mod path_match;
mod record;

use std::fmt;
use std::sync::Arc;

pub use directory::DirectoryTree;
pub use given::{
    ClusterRead, ClusterVersions, Given, GivenChart, GivenLookup, GivenRecord, GivenTree, Holds,
    Lookup, Need,
};
pub use glob::{Glob, GlobError, glob_matches};
pub use memory::MemoryTree;
pub use path::TreePath;
pub use record::{ReadRecord, Recorder, Seen};

/// Identity of the content at a path: two entries with the same id hold the same bytes, all the
/// way down. For a Git tree it is the hex object id; for others a hex SHA-256.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ContentId(Arc<str>);

impl ContentId {
    /// Wraps an id that is already text.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The SHA-256 of `bytes`.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(hex::encode(sha2::Sha256::digest(bytes)).into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A regular file with the executable bit.
    Executable,
    /// A symbolic link; [`Tree::read`] gives its target as text.
    Symlink,
    /// A directory.
    Directory,
}

impl EntryKind {
    /// Whether this is a regular file, executable or not.
    pub fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Executable)
    }
}

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Its content's identity.
    pub id: ContentId,
}

/// Why a tree could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Nothing stands at the path.
    #[error("{path}: no such file or directory")]
    NotFound {
        /// The path asked for.
        path: TreePath,
    },
    /// A directory was asked for and a file stands there, or the other way round.
    #[error("{path}: is not a {wanted}")]
    WrongKind {
        /// The path asked for.
        path: TreePath,
        /// "file" or "directory".
        wanted: &'static str,
    },
    /// The file is larger than the caller takes.
    #[error("{path}: holds {size} bytes, the limit is {limit}")]
    TooLarge {
        /// The path asked for.
        path: TreePath,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The path leaves the tree, or a chain of links does not end.
    #[error("{path}: leads out of the tree")]
    Escape {
        /// The path asked for.
        path: String,
    },
    /// The store behind the tree failed (a corrupt object, an I/O error).
    #[error("{path}: cannot be read: {reason}")]
    Store {
        /// The path asked for.
        path: TreePath,
        /// The store's own words.
        reason: String,
    },
}

/// An immutable file tree. Paths are relative to its root; links are not followed by these methods
/// ([`resolve`] follows them, staying inside).
pub trait Tree: Send + Sync + fmt::Debug {
    /// The entry at `path`, `None` if nothing is there. The root is a directory.
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError>;

    /// The names in the directory at `path`, sorted bytewise, each with its entry.
    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError>;

    /// The bytes of the file at `path` (of a link: its target), refused if longer than `limit`.
    fn read(&self, path: &TreePath, limit: u64) -> Result<Arc<[u8]>, TreeError>;
}

/// Follows symbolic links in `path` until something that is none, within the tree.
///
/// # Errors
/// [`TreeError::Escape`] for a link that is absolute, leaves the tree, or is the 40th in a row
/// (Linux's own bound); [`TreeError::NotFound`] when the chain ends in nothing.
pub fn resolve(tree: &dyn Tree, path: &TreePath) -> Result<(TreePath, Entry), TreeError> {
    let mut done = TreePath::root();
    let mut todo: Vec<String> = path.components().rev().map(str::to_owned).collect();
    let mut links = 0;
    let escape = || TreeError::Escape { path: path.to_string() };
    while let Some(name) = todo.pop() {
        if name == ".." {
            done = done.parent().ok_or_else(escape)?;
            continue;
        }
        let here = done.join(&name).map_err(|_| escape())?;
        let entry = tree.entry(&here)?.ok_or_else(|| TreeError::NotFound { path: path.clone() })?;
        if entry.kind != EntryKind::Symlink {
            done = here;
            continue;
        }
        links += 1;
        if links > 40 {
            return Err(escape());
        }
        let target = tree.read(&here, 4096)?;
        let target = String::from_utf8_lossy(&target).into_owned();
        if target.starts_with('/') {
            return Err(escape());
        }
        todo.extend(
            target.split('/').rev().filter(|c| !c.is_empty() && *c != ".").map(str::to_owned),
        );
    }
    let entry = tree.entry(&done)?.ok_or_else(|| TreeError::NotFound { path: path.clone() })?;
    Ok((done, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_inside_the_tree_only() {
        let mut tree = MemoryTree::default();
        tree.insert("a/real.yaml", "x");
        tree.link("a/link.yaml", "real.yaml");
        tree.link("b", "a");
        tree.link("out", "../etc/passwd");
        tree.link("abs", "/etc/passwd");
        tree.link("loop", "loop");
        let at = |p: &str| resolve(&tree, &TreePath::new(p).unwrap()).map(|(p, _)| p.to_string());
        assert_eq!(at("a/link.yaml").unwrap(), "a/real.yaml");
        assert_eq!(at("b/link.yaml").unwrap(), "a/real.yaml");
        assert_eq!(at("").unwrap(), "");
        for bad in ["out", "abs", "loop"] {
            assert!(matches!(at(bad), Err(TreeError::Escape { .. })), "{bad}");
        }
        assert!(matches!(at("b/none"), Err(TreeError::NotFound { .. })));
    }
}
