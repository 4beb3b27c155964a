//! How to set up [`crate::Sources`]: bounds, and who is told.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::SourceError;

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
#[derive(Clone)]
pub struct Options {
    /// Where the mirrors are kept; everything in it may be deleted while nobody runs.
    pub cache_dir: PathBuf,
    /// The bounds.
    pub limits: Limits,
    /// Is told of every question to a remote when it has been answered.
    pub observer: Option<Observer>,
}

/// Is told of every question to a remote when it has been answered.
pub type Observer = Arc<dyn Fn(&Asked<'_>) + Send + Sync>;

/// A question to a remote, answered.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The repository, without user information.
    pub url: &'a str,
    /// `ls-remote` or `fetch`, as Argo CD's metric `argocd_git_request_total` has it.
    pub kind: &'static str,
    /// How long it took.
    pub duration: Duration,
    /// How it ended.
    pub result: Result<(), &'a SourceError>,
}

impl Options {
    /// The default bounds, with mirrors below `cache_dir`.
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self { cache_dir: cache_dir.into(), limits: Limits::default(), observer: None }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("cache_dir", &self.cache_dir)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
