//! What the store holds in memory.
//!
//! Every resource has its objects as readers see them and a ring of the events that led there.
//! A snapshot at an older revision is the present with the ring's younger events undone, so no
//! version of an object is kept that no event names.
//!
//! A write is *pending* between its acceptance and its being on disk. Writers build on pending
//! state, readers and watchers do not see it: what can be seen is never lost.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::entry::Entry;

/// How long an event is kept while the ring has room.
const WINDOW: Duration = Duration::from_secs(75);
/// Most events kept of one resource.
const MAX_EVENTS: usize = 20_000;
/// Most bytes of object text kept by the events of one resource.
const MAX_BYTES: usize = 64 << 20;

/// A resource and an object's path in it: `namespace/name`, or `name`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// Such as `apps/deployments`.
    pub resource: Arc<str>,
    /// `namespace/name`, or `name` for what has no namespace.
    pub path: Arc<str>,
}

/// A change of one object.
#[derive(Clone)]
pub struct Event {
    /// Its revision.
    pub revision: u64,
    /// The object's path.
    pub path: Arc<str>,
    /// The object before, none if it was made.
    pub before: Option<Entry>,
    /// The object after, none if it is gone.
    pub after: Option<Entry>,
    at: Instant,
}

/// The revision is older than the events that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Oldest revision that can be asked for.
    pub oldest: u64,
}

/// A write that waits to be seen.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) key: Key,
    pub(super) revision: u64,
    pub(super) after: Option<Entry>,
}

pub(super) struct Resource {
    pub(super) objects: BTreeMap<Arc<str>, Entry>,
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// Revision of the youngest event that is no longer kept.
    floor: u64,
    pub(super) changed: watch::Sender<u64>,
}

#[derive(Default)]
pub(super) struct State {
    /// The last revision given out.
    pub(super) assigned: u64,
    /// The last revision that readers see.
    pub(super) visible: u64,
    /// The revision at opening: older ones have no events.
    base: u64,
    pub(super) resources: HashMap<Arc<str>, Resource>,
    pub(super) pending: HashMap<Key, Change>,
    /// Tells of `visible`.
    pub(super) seen: watch::Sender<u64>,
}

impl State {
    pub(super) fn new(revision: u64) -> Self {
        let seen = watch::Sender::new(revision);
        Self { assigned: revision, visible: revision, base: revision, seen, ..Self::default() }
    }

    pub(super) fn resource(&mut self, id: &Arc<str>) -> &mut Resource {
        let base = self.base;
        self.resources.entry(Arc::clone(id)).or_insert_with(|| Resource::new(base))
    }

    /// The object as the next write finds it.
    pub(super) fn latest(&self, key: &Key) -> Option<&Entry> {
        match self.pending.get(key) {
            Some(change) => change.after.as_ref(),
            None => self.resources.get(&key.resource)?.objects.get(&key.path),
        }
    }

    /// Makes a change visible. Changes come in the order of their revisions.
    pub(super) fn show(&mut self, change: Change, now: Instant) {
        if self.pending.get(&change.key).is_some_and(|p| p.revision == change.revision) {
            self.pending.remove(&change.key);
        }
        self.visible = change.revision;
        self.seen.send_replace(change.revision);
        self.resource(&change.key.resource).show(change, now);
    }
}

impl Resource {
    fn new(floor: u64) -> Self {
        Self {
            objects: BTreeMap::new(),
            events: VecDeque::new(),
            bytes: 0,
            floor,
            changed: watch::Sender::new(floor),
        }
    }

    fn show(&mut self, change: Change, now: Instant) {
        let before = match &change.after {
            Some(after) => self.objects.insert(Arc::clone(&change.key.path), after.clone()),
            None => self.objects.remove(&change.key.path),
        };
        let event = Event {
            revision: change.revision,
            path: change.key.path,
            before,
            after: change.after,
            at: now,
        };
        self.bytes += event.size();
        self.events.push_back(Arc::new(event));
        self.trim(now);
        self.changed.send_replace(change.revision);
    }

    /// Drops events that are too old or too many.
    pub(super) fn trim(&mut self, now: Instant) {
        while let Some(first) = self.events.front() {
            let old = now.duration_since(first.at) > WINDOW;
            if !old && self.events.len() <= MAX_EVENTS && self.bytes <= MAX_BYTES {
                break;
            }
            self.floor = first.revision;
            self.bytes -= first.size();
            self.events.pop_front();
        }
    }

    /// Events after a revision, oldest first, at most `max`.
    pub(super) fn events_after(
        &self,
        revision: u64,
        max: usize,
    ) -> Result<Vec<Arc<Event>>, Compacted> {
        if revision < self.floor {
            return Err(Compacted { oldest: self.floor });
        }
        let start = self.events.partition_point(|event| event.revision <= revision);
        Ok(self.events.range(start..).take(max).cloned().collect())
    }

    /// Objects whose path starts with `prefix` and comes after `after`, as they were at a revision.
    pub(super) fn snapshot(
        &self,
        prefix: &str,
        after: Option<&str>,
        revision: u64,
    ) -> Result<Vec<(Arc<str>, Entry)>, Compacted> {
        let undo = self.events_after(revision, usize::MAX)?;
        let mut past: BTreeMap<&Arc<str>, &Option<Entry>> = BTreeMap::new();
        for event in undo.iter().rev().filter(|event| event.path.starts_with(prefix)) {
            past.insert(&event.path, &event.before);
        }
        let mut objects: BTreeMap<Arc<str>, Entry> = self
            .range(prefix, after)
            .map(|(path, entry)| (Arc::clone(path), entry.clone()))
            .collect();
        for (path, before) in past {
            if after.is_some_and(|after| &**path <= after) {
                continue;
            }
            match before {
                Some(entry) => objects.insert(Arc::clone(path), entry.clone()),
                None => objects.remove(path),
            };
        }
        Ok(objects.into_iter().collect())
    }

    /// Objects whose path starts with `prefix` and comes after `after`.
    pub(super) fn range<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&str>,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Entry)> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.objects
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(move |(path, _)| path.starts_with(prefix))
    }
}

impl Event {
    fn size(&self) -> usize {
        let text = |entry: &Option<Entry>| entry.as_ref().map_or(0, |entry| entry.json.len());
        text(&self.after) + text(&self.before)
    }
}
