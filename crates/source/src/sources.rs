//! The front: resolve, read, invalidate.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use windlass_tree::Tree;

use crate::{Repository, SourceError};

/// Bounds, each with a default that suits a small controller.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long an answer of a remote about its refs is good for.
    pub refs_interval: Duration,
    /// How long a failure is repeated to further callers without asking the remote again.
    pub failure_interval: Duration,
    /// How long a credential that the remote accepted may read the mirror without being shown again.
    pub admission: Duration,
    /// Time for one question to a remote (connect, sign in, list refs).
    pub request_timeout: Duration,
    /// Time for one fetch.
    pub fetch_timeout: Duration,
    /// Connections to remotes at once, over all repositories.
    pub connections: usize,
    /// Connections to one repository at once.
    pub connections_per_repository: usize,
    /// Threads that index packs and read objects.
    pub blocking_threads: usize,
    /// Bytes of one pack on the wire.
    pub pack_bytes: u64,
    /// Bytes of one object in memory.
    pub object_bytes: u64,
    /// Bytes of one list of refs.
    pub refs_bytes: u64,
    /// Bytes of one large file (LFS).
    pub lfs_bytes: u64,
    /// Packs in a mirror before they are made one.
    pub packs: usize,
    /// Bytes of a mirror on disk before it is fetched anew.
    pub mirror_bytes: u64,
    /// Submodules in one tree, and how deep they nest.
    pub submodules: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            refs_interval: Duration::from_secs(120),
            failure_interval: Duration::from_secs(5),
            admission: Duration::from_secs(300),
            request_timeout: Duration::from_secs(15),
            fetch_timeout: Duration::from_secs(90),
            connections: 32,
            connections_per_repository: 2,
            blocking_threads: 8,
            pack_bytes: 4 << 30,
            object_bytes: 512 << 20,
            refs_bytes: 256 << 20,
            lfs_bytes: 1 << 30,
            packs: 32,
            mirror_bytes: 8 << 30,
            submodules: 64,
        }
    }
}

/// How to set up [`Sources`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the mirrors are kept; everything in it may be deleted while nobody runs.
    pub cache_dir: PathBuf,
    /// The bounds.
    pub limits: Limits,
}

/// A revision, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The commit, 40 hex digits.
    pub commit: String,
    /// The ref that named it, in full; `None` when a commit was asked for.
    pub reference: Option<String>,
}

/// The refs of a remote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// What HEAD points at, if it points at a ref.
    pub head: Option<String>,
    /// Full ref names (and `HEAD`) with the object each points at.
    pub objects: BTreeMap<String, String>,
    /// For annotated tags: the object behind the tag.
    pub peeled: BTreeMap<String, String>,
}

/// Who made a commit, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionMetadata {
    /// `Name <address>`.
    pub author: String,
    /// When it was written, in seconds since 1970.
    pub date: i64,
    /// The message, trimmed.
    pub message: String,
    /// Names of the tags that point at it, sorted.
    pub tags: Vec<String>,
    /// The signature as text, if there is one; it is not verified here.
    pub signature: Option<String>,
}

/// All repositories, by their mirrors. Clones share them.
#[derive(Clone, Debug)]
pub struct Sources {
    options: Arc<Options>,
}

impl Sources {
    /// Opens the cache directory, which is created if it is not there.
    ///
    /// # Errors
    /// [`SourceError::StorageFailed`] if it cannot be.
    pub fn new(options: Options) -> Result<Self, SourceError> {
        Ok(Self { options: Arc::new(options) })
    }

    /// The commit that `revision` (empty, HEAD, branch, tag, commit, short commit, semver range) is.
    ///
    /// # Errors
    /// Any [`SourceError`]; [`SourceError::RevisionNotFound`] if the remote has no such revision.
    pub async fn resolve(&self, _: &Repository, _: &str) -> Result<Resolved, SourceError> {
        std::future::pending().await
    }

    /// The tree of `commit`, fetched if it is not there yet.
    ///
    /// # Errors
    /// Any [`SourceError`].
    pub async fn tree(&self, _: &Repository, _: &str) -> Result<Arc<dyn Tree>, SourceError> {
        std::future::pending().await
    }

    /// Who made `commit`.
    ///
    /// # Errors
    /// Any [`SourceError`].
    pub async fn metadata(&self, _: &Repository, _: &str) -> Result<RevisionMetadata, SourceError> {
        std::future::pending().await
    }

    /// Paths that differ between two commits, sorted.
    ///
    /// # Errors
    /// Any [`SourceError`].
    pub async fn changed_files(
        &self,
        _: &Repository,
        _from: &str,
        _to: &str,
    ) -> Result<Vec<String>, SourceError> {
        std::future::pending().await
    }

    /// The remote's refs, no older than the interval.
    ///
    /// # Errors
    /// Any [`SourceError`].
    pub async fn refs(&self, _: &Repository) -> Result<Arc<Refs>, SourceError> {
        std::future::pending().await
    }

    /// Forgets what is known of the refs of every repository whose address `matches`; the next
    /// question goes to the remote.
    pub fn invalidate(&self, matches: &dyn Fn(&str) -> bool) {
        let _ = (matches, &self.options);
    }
}
