//! An object database that many threads read.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gix::ObjectId;
use gix::objs::tree::EntryKind as Mode;
use gix::objs::{Find as _, Kind};
use parking_lot::Mutex;

type Handle = gix::odb::Cache<gix::odb::store::Handle<Arc<gix::odb::Store>>>;

/// Directories kept decoded.
const LISTINGS: usize = 4096;
/// Entries in them together.
const ENTRIES: usize = 1 << 17;
/// Handles that lie ready, each with a cache of its own.
const HANDLES: usize = 8;

/// Why an object cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ObjectError {
    /// It is not there.
    Missing(ObjectId),
    /// It is larger than allowed: its size.
    TooLarge(u64),
    /// It is there and cannot be read, or is not what it should be.
    Damaged(String),
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(id) => write!(f, "object {id} is missing"),
            Self::TooLarge(size) => write!(f, "an object of {size} bytes is over the limit"),
            Self::Damaged(why) => f.write_str(why),
        }
    }
}

/// One name in a directory.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) name: Box<str>,
    pub(crate) mode: Mode,
    pub(crate) id: ObjectId,
}

/// A directory's names, sorted bytewise.
pub(crate) type Listing = Arc<[Item]>;

/// The objects of one repository. Handles are not for sharing among threads, so a few lie ready.
pub(crate) struct Objects {
    dir: PathBuf,
    store: Arc<gix::odb::Store>,
    handles: Mutex<Vec<Handle>>,
    listings: Mutex<Listings>,
    damaged: AtomicBool,
    used: Mutex<Instant>,
    /// Removed when the last reader is gone: the whole generation of a mirror.
    doomed: Mutex<Option<PathBuf>>,
    object_bytes: u64,
}

#[derive(Default)]
struct Listings {
    known: HashMap<ObjectId, Listing>,
    order: VecDeque<ObjectId>,
    entries: usize,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objects({})", self.dir.display())
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        if let Some(dir) = self.doomed.get_mut().take() {
            // What cannot be removed now is removed when the cache is opened next.
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}

impl Objects {
    /// Opens the database at `dir` (a repository's `objects`).
    pub(crate) fn open(dir: &Path, object_bytes: u64) -> Result<Self, String> {
        let options = gix::odb::store::init::Options {
            // Grows beyond what is there now: packs come in while it is open.
            slots: gix::odb::store::init::Slots::Given(512),
            alloc_limit_bytes: usize::try_from(object_bytes).ok(),
            ..Default::default()
        };
        let store = gix::odb::Store::at_opts(
            dir.to_owned(),
            gix::hash::Kind::Sha1,
            &mut std::iter::empty(),
            options,
        )
        .map_err(|e| e.to_string())?;
        Ok(Self {
            dir: dir.to_owned(),
            store: Arc::new(store),
            handles: Mutex::default(),
            listings: Mutex::default(),
            damaged: AtomicBool::new(false),
            used: Mutex::new(Instant::now()),
            doomed: Mutex::default(),
            object_bytes,
        })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether an object could not be read that ought to be readable.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Has `dir` removed when nobody reads any more.
    pub(crate) fn doom(&self, dir: PathBuf) {
        *self.doomed.lock() = Some(dir);
    }

    fn with<R>(&self, f: impl FnOnce(&mut Handle) -> R) -> R {
        let waiting = self.handles.lock().pop();
        let mut handle = waiting.unwrap_or_else(|| {
            let mut handle = self.store.to_cache_arc();
            handle.set_pack_cache(|| Box::new(crate::pack_cache::Bases::default()));
            handle
        });
        let result = f(&mut handle);
        let mut handles = self.handles.lock();
        if handles.len() < HANDLES {
            handles.push(handle);
        }
        *self.used.lock() = Instant::now();
        result
    }

    /// Gives back the memory of the caches if nobody has read for so long.
    pub(crate) fn rest(&self, idle: Duration) {
        if self.used.lock().elapsed() > idle {
            self.handles.lock().clear();
            *self.listings.lock() = Listings::default();
        }
    }

    /// Takes note that an object could not be read that ought to be readable.
    pub(crate) fn note_damage(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    fn broken(&self, why: impl fmt::Display) -> ObjectError {
        self.note_damage();
        ObjectError::Damaged(why.to_string())
    }

    pub(crate) fn contains(&self, id: &ObjectId) -> bool {
        self.with(|handle| gix::objs::Exists::exists(handle, id))
    }

    /// The size of the object `id` in bytes.
    pub(crate) fn size(&self, id: &ObjectId) -> Result<u64, ObjectError> {
        let header = self.with(|handle| gix::odb::Header::try_header(handle, id));
        match header {
            Ok(Some(header)) => Ok(header.size()),
            Ok(None) => Err(ObjectError::Missing(*id)),
            Err(e) => Err(self.broken(e)),
        }
    }

    /// Hands the object's kind and bytes to `f`.
    pub(crate) fn read<R>(
        &self,
        id: &ObjectId,
        limit: u64,
        f: impl FnOnce(Kind, &[u8]) -> R,
    ) -> Result<R, ObjectError> {
        let size = self.size(id)?;
        if size > limit.min(self.object_bytes) {
            return Err(ObjectError::TooLarge(size));
        }
        let mut buffer = Vec::new();
        let found = self.with(|handle| {
            handle.try_find(id, &mut buffer).map(|found| found.map(|data| f(data.kind, data.data)))
        });
        match found {
            Ok(Some(result)) => Ok(result),
            Ok(None) => Err(ObjectError::Missing(*id)),
            Err(e) => Err(self.broken(e)),
        }
    }

    /// The names in the directory `id`. Names that no path can hold are left out.
    pub(crate) fn listing(&self, id: &ObjectId) -> Result<Listing, ObjectError> {
        if let Some(listing) = self.listings.lock().known.get(id) {
            return Ok(listing.clone());
        }
        let items = self.read(id, self.object_bytes, |kind, data| {
            if kind != Kind::Tree {
                return Err(format!("object {id} is no tree"));
            }
            let mut items = Vec::new();
            for entry in gix::objs::TreeRefIter::from_bytes(data, gix::hash::Kind::Sha1) {
                let entry = entry.map_err(|e| format!("tree {id}: {e}"))?;
                let name = String::from_utf8_lossy(entry.filename);
                if matches!(&*name, "" | "." | "..") || name.contains(['/', '\0']) {
                    continue;
                }
                items.push(Item {
                    name: name.into(),
                    mode: entry.mode.kind(),
                    id: entry.oid.to_owned(),
                });
            }
            items.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(items)
        })?;
        let listing: Listing = items.map_err(|e| self.broken(e))?.into();
        self.listings.lock().keep(*id, &listing);
        Ok(listing)
    }

    /// The commit behind `id`, which may be a tag, and its root directory.
    pub(crate) fn commit(&self, id: &ObjectId) -> Result<(ObjectId, ObjectId), ObjectError> {
        let mut at = *id;
        for _ in 0..8 {
            let step = self.read(&at, self.object_bytes, |kind, data| match kind {
                Kind::Commit => header(data, "tree ").map(|tree| (Kind::Commit, tree)),
                Kind::Tag => header(data, "object ").map(|to| (Kind::Tag, to)),
                _ => None,
            })?;
            match step {
                Some((Kind::Commit, tree)) => return Ok((at, tree)),
                Some((_, to)) => at = to,
                None => return Err(ObjectError::Damaged(format!("object {at} is no commit"))),
            }
        }
        Err(ObjectError::Damaged(format!("tag {id} does not end in a commit")))
    }

    /// The only object that begins with `prefix`, if there is one only.
    pub(crate) fn by_prefix(&self, prefix: &str) -> Option<ObjectId> {
        let prefix = gix::hash::Prefix::from_hex_nonempty(prefix).ok()?;
        self.with(|handle| handle.lookup_prefix(prefix, None)).ok().flatten()?.ok()
    }
}

/// The id in the first header line that begins with `name`.
fn header(data: &[u8], name: &str) -> Option<ObjectId> {
    let rest = data.strip_prefix(name.as_bytes())?;
    ObjectId::from_hex(rest.get(..40)?).ok()
}

impl Listings {
    fn keep(&mut self, id: ObjectId, listing: &Listing) {
        if self.known.insert(id, listing.clone()).is_some() {
            return;
        }
        self.order.push_back(id);
        self.entries += listing.len();
        while self.order.len() > LISTINGS || self.entries > ENTRIES {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(gone) = self.known.remove(&oldest) {
                self.entries -= gone.len();
            }
        }
    }
}
