//! The database: revisions, watches and durability.
//!
//! Memory is the truth for reads; the disk only makes it last. One counter gives every write its
//! revision. See [`state`] for what is visible when, [`disk`] for how it is kept.

mod disk;
mod entry;
mod state;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot, watch};

pub use entry::{Encoded, Entry, Labels};
pub use state::{Compacted, Event, Key};

use disk::{Disk, Queued};
use state::{Change, State};

/// Name of the database in the data directory.
pub const FILE_NAME: &str = "objects.redb";

/// The database.
pub struct Store {
    state: Arc<RwLock<State>>,
    /// None when nothing is kept on disk.
    queue: Option<mpsc::UnboundedSender<Queued>>,
    writer: Option<std::thread::JoinHandle<()>>,
}

/// The database's file cannot be used. Nothing that was acknowledged is lost; the write that got
/// this answer is not kept.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot {action} {path}: {cause}; {advice}")]
pub struct StoreError {
    path: String,
    action: &'static str,
    cause: String,
    advice: &'static str,
}

impl StoreError {
    fn new(path: &Path, action: &'static str, cause: &dyn std::error::Error) -> Self {
        let cause = cause.to_string();
        let advice = if cause.contains("os error 28") || cause.contains("No space") {
            "make room on the disk"
        } else if cause.contains("already open") || cause.contains("Cannot acquire lock") {
            "another process uses this data directory: stop it or choose another directory"
        } else {
            "check the disk and the file's permissions"
        };
        Self { path: path.display().to_string(), action, cause, advice }
    }
}

impl StoreError {
    fn lost() -> Self {
        Self {
            path: FILE_NAME.to_owned(),
            action: "write",
            cause: "the write was given up".to_owned(),
            advice: "try again",
        }
    }
}

/// What a write expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No object.
    Absent,
    /// The object at this revision.
    Revision(u64),
}

/// The object is not what the write expected.
#[derive(Clone)]
pub struct Unexpected {
    /// What is there, waiting writes included.
    pub found: Option<Entry>,
}

/// A write that is accepted: durable once awaited.
pub struct Accepted {
    /// The object as written; for a deletion its last state at the deletion's revision.
    pub entry: Entry,
    done: Option<oneshot::Receiver<Result<(), StoreError>>>,
}

impl Accepted {
    /// Waits until the write is on disk and visible.
    pub async fn durable(self) -> Result<Entry, StoreError> {
        if let Some(done) = self.done {
            done.await.unwrap_or_else(|_| Err(StoreError::lost()))?;
        }
        Ok(self.entry)
    }
}

/// Objects at a revision.
pub struct Listed {
    /// The revision that they show.
    pub revision: u64,
    /// Path and object, sorted by path.
    pub items: Vec<(Arc<str>, Entry)>,
}

impl Store {
    /// Opens the database in a directory, or one that lives in memory only.
    pub fn open(dir: Option<&Path>) -> Result<Self, StoreError> {
        let Some(dir) = dir else {
            return Ok(Self {
                state: Arc::new(RwLock::new(State::new(0))),
                queue: None,
                writer: None,
            });
        };
        let (disk, state) = Disk::open(&dir.join(FILE_NAME))?;
        let state = Arc::new(RwLock::new(state));
        let (queue, receiver) = mpsc::unbounded_channel();
        let shared = Arc::clone(&state);
        let writer = std::thread::Builder::new()
            .name("apiserver-store".to_owned())
            .spawn(move || disk.run(&shared, receiver))
            .map_err(|source| StoreError::new(dir, "start the writer of", &source))?;
        Ok(Self { state, queue: Some(queue), writer: Some(writer) })
    }

    /// The revision that readers see.
    pub fn revision(&self) -> u64 {
        self.state.read().visible
    }

    /// The object as readers see it.
    pub fn get(&self, key: &Key) -> Option<Entry> {
        self.state.read().resources.get(&key.resource)?.objects.get(&key.path).cloned()
    }

    /// The object as the next write finds it: changes that wait for the disk included.
    pub fn latest(&self, key: &Key) -> Option<Entry> {
        self.state.read().latest(key).cloned()
    }

    /// Objects whose path starts with `prefix` and comes after `after`, now.
    pub fn list(&self, resource: &str, prefix: &str, after: Option<&str>) -> Listed {
        let state = self.state.read();
        let items = state.resources.get(resource).map_or_else(Vec::new, |found| {
            found
                .range(prefix, after)
                .map(|(path, entry)| (Arc::clone(path), entry.clone()))
                .collect()
        });
        Listed { revision: state.visible, items }
    }

    /// Objects whose path starts with `prefix` and comes after `after`, at a past revision.
    pub fn list_at(
        &self,
        resource: &str,
        prefix: &str,
        after: Option<&str>,
        revision: u64,
    ) -> Result<Listed, Compacted> {
        let state = self.state.read();
        let items = match state.resources.get(resource) {
            Some(found) => found.snapshot(prefix, after, revision)?,
            None => Vec::new(),
        };
        Ok(Listed { revision, items })
    }

    /// Events of a resource after a revision, oldest first, at most `max`, and the revision up to
    /// which there is nothing else if they are fewer.
    pub fn events_after(
        &self,
        resource: &Arc<str>,
        revision: u64,
        max: usize,
    ) -> Result<(Vec<Arc<Event>>, u64), Compacted> {
        let state = self.state.read();
        let events = match state.resources.get(resource) {
            Some(found) => found.events_after(revision, max)?,
            None => Vec::new(),
        };
        Ok((events, state.visible))
    }

    /// Tells of changes of a resource; the value is the revision of the last one.
    pub fn subscribe(&self, resource: &Arc<str>) -> watch::Receiver<u64> {
        self.state.write().resource(resource).changed.subscribe()
    }

    /// Tells of every change; the value is the revision that readers see.
    pub fn subscribe_all(&self) -> watch::Receiver<u64> {
        self.state.read().seen.subscribe()
    }

    /// Writes an object.
    pub fn put(&self, key: Key, expect: Expect, object: &Encoded) -> Result<Accepted, Unexpected> {
        self.write(key, expect, Some(object))
    }

    /// Deletes the object that is at a revision.
    pub fn delete(&self, key: Key, revision: u64) -> Result<Accepted, Unexpected> {
        self.write(key, Expect::Revision(revision), None)
    }

    fn write(
        &self,
        key: Key,
        expect: Expect,
        object: Option<&Encoded>,
    ) -> Result<Accepted, Unexpected> {
        let mut state = self.state.write();
        let revision = state.assigned + 1;
        let found = state.latest(&key);
        let as_expected = match expect {
            Expect::Absent => found.is_none(),
            Expect::Revision(revision) => found.is_some_and(|e| e.revision == revision),
        };
        let entry = match (object, found) {
            (Some(object), _) if as_expected => object.at(revision),
            (None, Some(found)) if as_expected => found.at(revision),
            _ => return Err(Unexpected { found: found.cloned() }),
        };
        state.assigned = revision;
        let after = object.map(|_| entry.clone());
        let change = Change { key, revision, after };
        let done = match &self.queue {
            None => {
                state.show(change, Instant::now());
                None
            }
            Some(queue) => {
                state.pending.insert(change.key.clone(), change.clone());
                let (done, wait) = oneshot::channel();
                // A closed queue drops `done`, which the waiting side reports.
                let _ = queue.send(Queued { change, done });
                Some(wait)
            }
        };
        Ok(Accepted { entry, done })
    }

    /// Waits until a write that was found pending is kept; an error says that it is not.
    pub async fn kept(&self, key: &Key, revision: u64) -> Result<(), StoreError> {
        let mut changed = self.subscribe(&key.resource);
        loop {
            {
                let state = self.state.read();
                let visible =
                    state.resources.get(&key.resource).and_then(|r| r.objects.get(&key.path));
                if visible.is_some_and(|entry| entry.revision >= revision) {
                    return Ok(());
                }
                if !state.pending.contains_key(key) {
                    return Err(StoreError::lost());
                }
            }
            if changed.changed().await.is_err() {
                return Err(StoreError::lost());
            }
        }
    }

    /// Waits until every write accepted before is visible, or given up.
    pub async fn settled(&self) {
        let mut seen = self.subscribe_all();
        let accepted = self.state.read().assigned;
        loop {
            {
                let state = self.state.read();
                if state.visible >= accepted || state.pending.is_empty() {
                    return;
                }
            }
            if seen.changed().await.is_err() {
                return;
            }
        }
    }

    /// Forgets events that are too old; for an idle server, whose writes do not do it.
    pub fn trim(&self) {
        let now = Instant::now();
        for resource in self.state.write().resources.values_mut() {
            resource.trim(now);
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // It ends when the queue is empty; a panic there was reported by the runtime.
            let _ = writer.join();
        }
    }
}
