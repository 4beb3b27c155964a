//! The front: resolve, read, invalidate.

use std::collections::{BTreeMap, HashMap};
use std::fs::TryLockError;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gix::ObjectId;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use windlass_tree::{Tree as _, TreePath};

use crate::address::{self, Address};
use crate::answers::{Refs, Resolved, RevisionMetadata};
use crate::flight::Flights;
use crate::lfs::LargeFiles;
use crate::local::{self, Local};
use crate::mirror::Mirror;
use crate::objects::{ObjectError, Objects};
use crate::options::Options;
use crate::revision::{self, Pick};
use crate::tree::GitTree;
use crate::wire::Scope;
use crate::{Repository, SourceError, commit, submodules};

/// All repositories, by their mirrors. Clones share them.
#[derive(Clone, Debug)]
pub struct Sources {
    pub(crate) shared: Arc<Shared>,
}

/// Whose refs: repository and what it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RefsKey {
    url: String,
    admission: [u8; 32],
    scope: Scope,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    /// In the place of the limits' own since it was set.
    request_timeout: Mutex<Option<Duration>>,
    refs: Flights<RefsKey, Arc<Refs>>,
    local_refs: Flights<PathBuf, Arc<Refs>>,
    fetches: Flights<(String, [u8; 32], String), ()>,
    pub(crate) mirrors: Mutex<HashMap<String, Arc<Mirror>>>,
    pub(crate) locals: Mutex<HashMap<PathBuf, Local>>,
    pub(crate) admitted: Mutex<HashMap<[u8; 32], Instant>>,
    pub(crate) connections: Semaphore,
    pub(crate) blocking: Arc<Semaphore>,
    /// Keeps other processes out of the cache directory for as long as it is open.
    _lock: std::fs::File,
}

impl Shared {
    pub(crate) fn request_timeout(&self) -> Duration {
        self.request_timeout.lock().unwrap_or(self.options.limits.request_timeout)
    }
}

/// Repositories and credentials that are remembered at once.
pub(crate) const REMEMBERED: usize = 4096;
/// Local repositories held open.
const LOCALS: usize = 64;
/// How long the refs of a local repository are good for: reading them costs next to nothing.
const LOCAL_INTERVAL: Duration = Duration::from_millis(200);
/// Paths that [`Sources::changed_files`] gives at most.
const CHANGES: usize = 100_000;
/// How deep submodules nest.
const NESTING: usize = 8;
/// Bytes of `.gitmodules` and `.lfsconfig`.
const CONFIG: u64 = 1 << 20;
/// How long the directory may be held by a process that is being replaced.
const RELEASE: Duration = Duration::from_secs(5);
/// Pause between two looks.
const RELEASE_PAUSE: Duration = Duration::from_millis(20);
/// A repository that nobody has read for so long gives back its caches.
pub(crate) const IDLE: Duration = Duration::from_secs(600);

impl Sources {
    /// Opens the cache directory, which is created if it is not there. Waits some seconds for a
    /// process that is being replaced.
    ///
    /// # Errors
    /// [`SourceError::StorageFailed`] if it cannot be written, [`SourceError::CacheInUse`] if another
    /// process has it open.
    pub fn new(options: Options) -> Result<Self, SourceError> {
        let failed = |why: String| SourceError::StorageFailed {
            url: options.cache_dir.display().to_string(),
            why,
        };
        std::fs::create_dir_all(&options.cache_dir).map_err(|e| failed(e.to_string()))?;
        let lock = std::fs::File::create(options.cache_dir.join("lock"))
            .map_err(|e| failed(e.to_string()))?;
        let end = Instant::now() + RELEASE;
        // A killed process holds it until the kernel has come to its last thread.
        while let Err(error) = lock.try_lock() {
            match error {
                TryLockError::WouldBlock if Instant::now() < end => {
                    std::thread::sleep(RELEASE_PAUSE);
                }
                TryLockError::WouldBlock => {
                    let dir = options.cache_dir.display().to_string();
                    return Err(SourceError::CacheInUse { dir });
                }
                TryLockError::Error(e) => return Err(failed(e.to_string())),
            }
        }
        crate::mirror::prune(&options.cache_dir);
        let l = &options.limits;
        Ok(Self {
            shared: Arc::new(Shared {
                refs: Flights::new(REMEMBERED, l.refs_interval, l.failure_interval),
                local_refs: Flights::new(REMEMBERED, LOCAL_INTERVAL, LOCAL_INTERVAL),
                fetches: Flights::new(REMEMBERED, Duration::ZERO, l.failure_interval),
                mirrors: Mutex::default(),
                locals: Mutex::default(),
                admitted: Mutex::default(),
                connections: Semaphore::new(l.connections),
                blocking: Arc::new(Semaphore::new(l.blocking_threads)),
                _lock: lock,
                request_timeout: Mutex::default(),
                options,
            }),
        })
    }

    /// The commit that `revision` (empty, HEAD, branch, tag, commit, short commit, semver range) is.
    /// A commit in full is not looked up: [`Sources::tree`] tells whether it is there.
    ///
    /// # Errors
    /// Any [`SourceError`]; [`SourceError::RevisionNotFound`] if the remote has no such revision.
    pub async fn resolve(
        &self,
        repository: &Repository,
        revision: &str,
    ) -> Result<Resolved, SourceError> {
        self.resolve_tagged(repository, revision, "").await
    }

    /// [`Sources::resolve`] where a semver range looks only at tags that begin with `tag_prefix`
    /// (the field `tagPrefix` of an Application's source).
    ///
    /// # Errors
    /// As [`Sources::resolve`].
    pub async fn resolve_tagged(
        &self,
        repository: &Repository,
        revision: &str,
        tag_prefix: &str,
    ) -> Result<Resolved, SourceError> {
        Address::parse(&repository.url)?;
        let revision = revision.trim();
        if revision::is_commit(revision) {
            return Ok(Resolved { commit: revision.to_ascii_lowercase(), reference: None });
        }
        let unusual = revision.starts_with("refs/")
            && !revision.starts_with("refs/heads/")
            && !revision.starts_with("refs/tags/");
        let scope = if unusual { Scope::Exact(revision.to_owned()) } else { Scope::Common };
        let refs = self.refs_in(repository, scope).await?;
        match revision::pick(&refs, revision, tag_prefix) {
            Pick::Found(resolved) => Ok(resolved),
            Pick::Short => self.resolve_short(repository, revision).await,
            Pick::Missing => Err(missing(repository, revision)),
        }
    }

    /// The only commit that begins with `short`, looked for in the mirror and then in all history.
    async fn resolve_short(
        &self,
        repository: &Repository,
        short: &str,
    ) -> Result<Resolved, SourceError> {
        let find = |objects: Arc<Objects>| {
            let short = short.to_ascii_lowercase();
            move || {
                let id = objects.by_prefix(&short)?;
                objects.commit(&id).ok().map(|(commit, _)| commit.to_string())
            }
        };
        let found = |commit| Ok(Resolved { commit, reference: None });
        if let Address::File { path } = Address::parse(&repository.url)? {
            let local = self.local(&path).await?;
            let commit = self.shared.blocking(repository, find(local.objects)).await?;
            return commit.map_or_else(|| Err(missing(repository, short)), found);
        }
        let mirror = self.mirror(repository);
        let objects = self.shared.objects(repository, &mirror).await?;
        if let Some(commit) = self.shared.blocking(repository, find(objects)).await? {
            return found(commit);
        }
        let refs = self.refs(repository).await?;
        self.fetch(repository, &mirror, short.to_owned(), refs, true).await?;
        let objects = self.shared.objects(repository, &mirror).await?;
        let commit = self.shared.blocking(repository, find(objects)).await?;
        commit.map_or_else(|| Err(missing(repository, short)), found)
    }

    /// The tree of `commit`, fetched if it is not there yet.
    ///
    /// # Errors
    /// Any [`SourceError`].
    pub async fn tree(
        &self,
        repository: &Repository,
        commit: &str,
    ) -> Result<Arc<GitTree>, SourceError> {
        let mut left = self.shared.options.limits.submodules;
        Ok(Arc::new(self.build(repository, commit, NESTING, &mut left).await?))
    }

    async fn build(
        &self,
        repository: &Repository,
        commit: &str,
        nesting: usize,
        left: &mut usize,
    ) -> Result<GitTree, SourceError> {
        let (objects, large_dir) = self.ensure(repository, commit).await?;
        let (store, wanted) = (objects.clone(), commit.to_owned());
        let (commit, root) = self
            .shared
            .blocking(repository, move || store.commit(&parse_id(&wanted)?))
            .await?
            .map_err(|e| unreadable(repository, &e))?;
        let mut tree = GitTree { objects, commit, root, submodules: BTreeMap::new(), large: None };
        let (plain, files) = (tree.clone(), [".gitmodules", ".lfsconfig"]);
        let [modules, config] = self
            .shared
            .blocking(repository, move || files.map(|name| read_text(&plain, name)))
            .await?;
        if repository.enable_lfs {
            let endpoint = config.and_then(|text| {
                let file = gix::config::File::try_from(text.as_str()).ok()?;
                Some(file.string("lfs.url")?.to_string())
            });
            tree.large = Some(Arc::new(LargeFiles {
                repository: repository.clone(),
                dir: large_dir,
                ours: !matches!(Address::parse(&repository.url)?, Address::File { .. }),
                endpoint,
                limits: self.shared.options.limits.clone(),
                runtime: tokio::runtime::Handle::current(),
            }));
        }
        if let (true, Some(text)) = (repository.submodules, modules) {
            for module in submodules::parse(&text, &repository.url)? {
                let incomplete = |why: String| SourceError::IncompleteTree {
                    url: repository.shown(),
                    path: module.path.clone(),
                    why,
                };
                let Some(wanted) = self.link(repository, &tree, &module.path).await? else {
                    continue;
                };
                *left =
                    left.checked_sub(1).ok_or_else(|| incomplete("too many submodules".into()))?;
                let nesting = nesting
                    .checked_sub(1)
                    .ok_or_else(|| incomplete("submodules nest too deep".into()))?;
                let sub = repository.submodule(&module.url, "")?;
                let built = Box::pin(self.build(&sub, &wanted, nesting, left)).await;
                let built = built.map_err(|e| incomplete(format!("submodule: {e}")))?;
                tree.submodules.insert(module.path, built);
            }
        }
        Ok(tree)
    }

    /// The commit that stands at `path` as a link to a submodule.
    async fn link(
        &self,
        repository: &Repository,
        tree: &GitTree,
        path: &str,
    ) -> Result<Option<String>, SourceError> {
        let (tree, path) = (tree.clone(), TreePath::new(path));
        let found = self.shared.blocking(repository, move || tree.link(&path.ok()?)).await?;
        Ok(found.map(|id| id.to_string()))
    }

    /// Who made `commit`.
    ///
    /// # Errors
    /// Any [`SourceError`].
    pub async fn metadata(
        &self,
        repository: &Repository,
        commit: &str,
    ) -> Result<RevisionMetadata, SourceError> {
        let (objects, _) = self.ensure(repository, commit).await?;
        let wanted = commit.to_owned();
        let read = move || {
            let (id, _) = objects.commit(&parse_id(&wanted)?)?;
            commit::metadata(&objects, &id)
        };
        let mut metadata = self
            .shared
            .blocking(repository, read)
            .await?
            .map_err(|e| unreadable(repository, &e))?;
        let refs = self.refs(repository).await?;
        metadata.tags = revision::tags_at(&refs, commit);
        Ok(metadata)
    }

    /// Paths of the files that differ between two commits, sorted, the first 100,000.
    ///
    /// # Errors
    /// Any [`SourceError`].
    pub async fn changed_files(
        &self,
        repository: &Repository,
        from: &str,
        to: &str,
    ) -> Result<Vec<String>, SourceError> {
        self.ensure(repository, from).await?;
        let (objects, _) = self.ensure(repository, to).await?;
        let (from, to) = (from.to_owned(), to.to_owned());
        let compare = move || {
            let (_, from) = objects.commit(&parse_id(&from)?)?;
            let (_, to) = objects.commit(&parse_id(&to)?)?;
            commit::changes(&objects, &from, &to, CHANGES)
        };
        let changes = self.shared.blocking(repository, compare).await?;
        changes.map_err(|e| unreadable(repository, &e))
    }

    /// The remote's HEAD, branches and tags, no older than the interval.
    ///
    /// # Errors
    /// Any [`SourceError`].
    pub async fn refs(&self, repository: &Repository) -> Result<Arc<Refs>, SourceError> {
        self.refs_in(repository, Scope::Common).await
    }

    async fn refs_in(
        &self,
        repository: &Repository,
        scope: Scope,
    ) -> Result<Arc<Refs>, SourceError> {
        let shown = repository.shown();
        if let Address::File { path } = Address::parse(&repository.url)? {
            let (this, repository, at) = (self.clone(), repository.clone(), path.clone());
            let read = || async move {
                let objects = this.local(&at).await?.objects;
                let read = move || local::refs(&at, &objects);
                Ok(Arc::new(this.shared.blocking(&repository, read).await??))
            };
            return self.shared.local_refs.get(path, &shown, read).await;
        }
        let admission = repository.admission();
        let url = address::canonical(&repository.url);
        let key = RefsKey { url, admission, scope: scope.clone() };
        let (shared, mirror) = (self.shared.clone(), self.mirror(repository));
        let repository = repository.clone();
        let list = || async move {
            let refs = shared.list(&repository, &mirror, &scope).await?;
            shared.admit(admission);
            shared.rest();
            Ok(Arc::new(refs))
        };
        self.shared.refs.get(key, &shown, list).await
    }

    /// How long what is known of remote refs counts from now on, unless it is invalidated.
    pub fn keep_refs(&self, interval: Duration) {
        self.shared.refs.keep(interval);
    }

    /// How long a question to a remote may take from now on; none is as the options have it.
    pub fn bound_requests(&self, time: Option<Duration>) {
        *self.shared.request_timeout.lock() = time;
    }

    /// Forgets what is known of the refs of every repository whose address
    /// ([`crate::address::canonical`]) `matches`, and of failures to fetch from it; the next question goes to the remote.
    pub fn invalidate(&self, matches: &dyn Fn(&str) -> bool) {
        self.shared.refs.forget(|key| matches(&key.url));
        self.shared.fetches.forget(|(url, ..)| matches(url));
        let local = |path: &PathBuf| {
            let path = path.to_string_lossy();
            matches(&path) || matches(&format!("file://{path}"))
        };
        self.shared.local_refs.forget(local);
    }

    pub(crate) fn mirror(&self, repository: &Repository) -> Arc<Mirror> {
        let key = address::canonical(&repository.url);
        let mut mirrors = self.shared.mirrors.lock();
        if let Some(mirror) = mirrors.get(&key) {
            return mirror.clone();
        }
        if mirrors.len() >= REMEMBERED {
            // Those in use stay shared by the ones that use them.
            mirrors.retain(|_, mirror| Arc::strong_count(mirror) > 1);
        }
        let options = &self.shared.options;
        let mirror =
            Arc::new(Mirror::new(&options.cache_dir, &key, repository.shown(), &options.limits));
        mirrors.insert(key, mirror.clone());
        mirror
    }

    async fn local(&self, path: &std::path::Path) -> Result<Local, SourceError> {
        if let Some(local) = self.shared.locals.lock().get(path)
            && !local.objects.is_damaged()
        {
            return Ok(local.clone());
        }
        let (at, limits) = (path.to_owned(), self.shared.options.limits.clone());
        let repository = Repository::anonymous(format!("file://{}", path.display()));
        let open = move || Local::open(&at, &limits);
        let local = self.shared.blocking(&repository, open).await??;
        let mut locals = self.shared.locals.lock();
        if locals.len() >= LOCALS {
            locals.clear();
        }
        locals.insert(path.to_owned(), local.clone());
        Ok(local)
    }

    /// The objects that hold `commit`, and where large files are kept.
    pub(crate) async fn ensure(
        &self,
        repository: &Repository,
        commit: &str,
    ) -> Result<(Arc<Objects>, PathBuf), SourceError> {
        if !revision::is_commit(commit) {
            return Err(missing(repository, commit));
        }
        if let Address::File { path } = Address::parse(&repository.url)? {
            let local = self.local(&path).await?;
            if !self.shared.has(repository, &local.objects, commit).await? {
                return Err(missing(repository, commit));
            }
            return Ok((local.objects, local.dir.join("lfs/objects")));
        }
        if !self.shared.is_admitted(&repository.admission()) {
            self.refs(repository).await?;
        }
        let mirror = self.mirror(repository);
        let objects = self.shared.objects(repository, &mirror).await?;
        if self.shared.has(repository, &objects, commit).await? {
            return Ok((objects, mirror.lfs_dir()));
        }
        let refs = self.refs(repository).await?;
        self.fetch(repository, &mirror, commit.to_owned(), refs.clone(), false).await?;
        let objects = self.shared.objects(repository, &mirror).await?;
        if self.shared.has(repository, &objects, commit).await? {
            return Ok((objects, mirror.lfs_dir()));
        }
        // Not as a commit by itself: all there is, then.
        self.fetch(repository, &mirror, commit.to_owned(), refs, true).await?;
        let objects = self.shared.objects(repository, &mirror).await?;
        if self.shared.has(repository, &objects, commit).await? {
            return Ok((objects, mirror.lfs_dir()));
        }
        Err(missing(repository, commit))
    }

    /// Fetches `commit`, or `all` that the refs reach. That a remote does not give a commit to which
    /// no ref leads is no failure here.
    pub(crate) async fn fetch(
        &self,
        repository: &Repository,
        mirror: &Arc<Mirror>,
        commit: String,
        refs: Arc<Refs>,
        all: bool,
    ) -> Result<(), SourceError> {
        let url = address::canonical(&repository.url);
        let what = if all { format!("all {commit}") } else { commit.clone() };
        let key = (url, repository.admission(), what);
        let (shared, mirror) = (self.shared.clone(), mirror.clone());
        let (shown, repository) = (repository.shown(), repository.clone());
        let attempt =
            || async move { shared.fetch(&repository, &mirror, &commit, &refs, all).await };
        self.shared.fetches.get(key, &shown, attempt).await
    }
}

pub(crate) fn parse_id(text: &str) -> Result<ObjectId, ObjectError> {
    ObjectId::from_hex(text.as_bytes()).map_err(|e| ObjectError::Damaged(e.to_string()))
}

fn missing(repository: &Repository, revision: &str) -> SourceError {
    SourceError::RevisionNotFound { url: repository.shown(), revision: revision.to_owned() }
}

pub(crate) fn unreadable(repository: &Repository, error: &ObjectError) -> SourceError {
    SourceError::StorageFailed { url: repository.shown(), why: error.to_string() }
}

/// A small file of the root directory as text.
fn read_text(tree: &GitTree, name: &str) -> Option<String> {
    let path = TreePath::new(name).ok()?;
    let bytes = tree.read(&path, CONFIG).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
