//! What the store keeps on disk: one redb file, written by one thread.
//!
//! Writes that arrive while a commit is under way form the next one, so the cost of `fsync` is
//! shared by all that wait for it. A write is answered only after the commit that holds it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::entry::Entry;
use super::state::{Change, State};

const OBJECTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("objects");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const REVISION: &str = "revision";
/// Separates resource and path in a key; neither can hold it.
const SEPARATOR: char = '\u{0}';
/// Reads come from memory: this only serves the tree pages that a commit changes.
const CACHE_BYTES: usize = 4 << 20;
/// How long the file may be held by a process that is being replaced.
const RELEASE: Duration = Duration::from_secs(5);
/// Pause between two looks.
const RELEASE_PAUSE: Duration = Duration::from_millis(20);
/// Most changes in one commit.
const MAX_BATCH: usize = 1024;

/// A change on its way to disk and who waits for it.
pub(super) struct Queued {
    pub(super) change: Change,
    pub(super) done: oneshot::Sender<Result<(), StoreError>>,
}

/// The file.
pub(super) struct Disk {
    path: PathBuf,
    /// None after a failure: it is opened again for the next commit.
    database: Option<Database>,
}

impl Disk {
    /// Opens or makes the file and reads it into a state.
    pub(super) fn open(path: &Path) -> Result<(Self, State), StoreError> {
        let database = open_released(path)?;
        let state = load(&database).map_err(|source| StoreError::new(path, "read", &source))?;
        Ok((Self { path: path.to_owned(), database: Some(database) }, state))
    }

    /// Commits what is queued until the queue is closed. Runs on its own thread.
    pub(super) fn run(mut self, state: &RwLock<State>, mut queue: mpsc::UnboundedReceiver<Queued>) {
        let mut batch = Vec::new();
        while queue.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
            match self.commit(&batch) {
                Ok(()) => {
                    let now = Instant::now();
                    let mut done = Vec::with_capacity(batch.len());
                    let mut state = state.write();
                    for queued in batch.drain(..) {
                        state.show(queued.change, now);
                        done.push(queued.done);
                    }
                    drop(state);
                    for done in done {
                        // The waiting request may have been given up by its client.
                        let _ = done.send(Ok(()));
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "writes refused");
                    self.database = None;
                    // Writes are queued under this lock, so all that build on the failed ones are
                    // in the queue by now, and no new one can until they are forgotten.
                    let mut state = state.write();
                    while let Ok(queued) = queue.try_recv() {
                        batch.push(queued);
                    }
                    for key in std::mem::take(&mut state.pending).into_keys() {
                        // Wakes those who wait for a write that will not come.
                        state.resource(&key.resource).changed.send_modify(|_| {});
                    }
                    state.seen.send_modify(|_| {});
                    drop(state);
                    for queued in batch.drain(..) {
                        let _ = queued.done.send(Err(error.clone()));
                    }
                }
            }
        }
    }

    fn commit(&mut self, batch: &[Queued]) -> Result<(), StoreError> {
        if self.database.is_none() {
            self.database = Some(open(&self.path)?);
        }
        let Some(database) = &self.database else { return Ok(()) };
        write(database, batch).map_err(|source| StoreError::new(&self.path, "write", &source))
    }
}

fn open(path: &Path) -> Result<Database, StoreError> {
    create(path).map_err(|source| StoreError::new(path, "open", &source))
}

fn create(path: &Path) -> Result<Database, DatabaseError> {
    Database::builder().set_cache_size(CACHE_BYTES).create(path)
}

/// Opens the file, which a killed process holds until the kernel has come to its last thread.
fn open_released(path: &Path) -> Result<Database, StoreError> {
    let end = Instant::now() + RELEASE;
    loop {
        match create(path) {
            Err(DatabaseError::DatabaseAlreadyOpen) if Instant::now() < end => {
                std::thread::sleep(RELEASE_PAUSE);
            }
            opened => return opened.map_err(|source| StoreError::new(path, "open", &source)),
        }
    }
}

fn write(database: &Database, batch: &[Queued]) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut objects = transaction.open_table(OBJECTS)?;
        let mut key = String::new();
        for Queued { change, .. } in batch {
            key.clear();
            key.push_str(&change.key.resource);
            key.push(SEPARATOR);
            key.push_str(&change.key.path);
            match &change.after {
                Some(entry) => objects.insert(key.as_str(), encode(entry).as_slice())?,
                None => objects.remove(key.as_str())?,
            };
        }
        if let Some(last) = batch.last() {
            transaction.open_table(META)?.insert(REVISION, last.change.revision)?;
        }
    }
    transaction.commit()?;
    Ok(())
}

fn load(database: &Database) -> Result<State, redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(OBJECTS)?;
    transaction.open_table(META)?;
    transaction.commit()?;
    let transaction = database.begin_read()?;
    let revision = transaction.open_table(META)?.get(REVISION)?.map_or(0, |value| value.value());
    let mut state = State::new(revision);
    for item in transaction.open_table(OBJECTS)?.iter()? {
        let (key, value) = item?;
        let parts = key.value().split_once(SEPARATOR).zip(decode(value.value()));
        let Some(((resource, path), entry)) = parts else {
            let found = format!("entry {:?} does not decode", key.value());
            return Err(redb::Error::Corrupted(found));
        };
        let resource: Arc<str> = resource.into();
        state.resource(&resource).objects.insert(path.into(), entry);
    }
    Ok(state)
}

/// Revision, seam, text without resourceVersion.
fn encode(entry: &Entry) -> Vec<u8> {
    let mut value = entry.revision.to_le_bytes().to_vec();
    value.extend_from_slice(&entry.seam().to_le_bytes());
    value.extend_from_slice(&entry.without_revision());
    value
}

fn decode(value: &[u8]) -> Option<Entry> {
    let (revision, rest) = value.split_first_chunk::<8>()?;
    let (seam, text) = rest.split_first_chunk::<4>()?;
    Entry::restore(text.to_vec(), u32::from_le_bytes(*seam), u64::from_le_bytes(*revision))
}
