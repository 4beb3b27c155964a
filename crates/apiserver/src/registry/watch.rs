//! Watches: what changes, as it changes.
//!
//! A feed holds a revision and asks the store for what came after it, whenever the store says that
//! something did. A slow reader therefore costs nothing but time; one that falls out of the window
//! is told so (410) and starts anew.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Call, ListOptions, Registry};
use crate::catalog::ResourceType;
use crate::status::Status;
use crate::store::{Entry, Event};

/// Events taken from the store at once.
const BATCH: usize = 256;
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);
/// A watch without a timeout ends after this and up to twice as long.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// The last bookmark comes this long before the end.
const LAST_BOOKMARK: Duration = Duration::from_secs(2);

/// One message of a watch.
pub enum FeedItem {
    /// The object is there, or has come to be selected.
    Added(Entry),
    /// It has changed.
    Modified(Entry),
    /// It is gone, or no longer selected; its last state at the revision of that.
    Deleted(Entry),
    /// Nothing else up to this revision.
    Bookmark {
        /// The revision.
        revision: u64,
        /// Whether this ends the initial events.
        initial_end: bool,
    },
    /// The watch cannot go on.
    Error(Box<Status>),
}

/// A running watch.
pub struct Feed {
    registry: Arc<Registry>,
    resource: Arc<ResourceType>,
    collection: Arc<str>,
    prefix: String,
    options: ListOptions,
    changed: watch::Receiver<u64>,
    /// Everything up to here has been told.
    cursor: u64,
    queue: VecDeque<FeedItem>,
    next_bookmark: Instant,
    end: Instant,
    last_bookmark_sent: bool,
    over: bool,
}

impl Call<'_> {
    /// Starts a watch.
    pub async fn watch(&self, options: ListOptions) -> Result<Feed, Status> {
        let revision = options.revision()?;
        let collection = self.collection();
        let store = &self.registry.store;
        // Before the first look at the store, so that nothing after it is missed.
        let changed = store.subscribe(&collection);
        let initial = options.initial_events.unwrap_or(revision == 0);
        if initial {
            self.wait_for(revision).await?;
        }
        let prefix = self.prefix();
        let mut queue = VecDeque::new();
        let cursor = if initial {
            let listed = store.list(&collection, &prefix, None);
            let selected = listed
                .items
                .into_iter()
                .filter(|(path, entry)| options.selects(&self.resource, path, entry));
            queue.extend(selected.map(|(_, entry)| FeedItem::Added(entry)));
            if options.bookmarks && options.initial_events == Some(true) {
                let bookmark = FeedItem::Bookmark { revision: listed.revision, initial_end: true };
                queue.push_back(bookmark);
            }
            listed.revision
        } else if revision == 0 {
            store.revision()
        } else {
            revision
        };
        let now = Instant::now();
        let timeout = match options.timeout_seconds {
            0 => DEFAULT_TIMEOUT + DEFAULT_TIMEOUT.mul_f64(random_fraction()),
            seconds => Duration::from_secs(seconds.min(u64::from(u32::MAX))),
        };
        Ok(Feed {
            registry: Arc::clone(self.registry),
            resource: Arc::clone(&self.resource),
            collection,
            prefix,
            options,
            changed,
            cursor,
            queue,
            next_bookmark: now + BOOKMARK_INTERVAL,
            end: now + timeout,
            last_bookmark_sent: false,
            over: false,
        })
    }
}

impl Feed {
    /// The resource, in the version that the client speaks.
    pub fn resource(&self) -> &Arc<ResourceType> {
        &self.resource
    }

    /// The objects.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Ends the watch.
    pub fn close(&mut self) {
        self.over = true;
        self.queue.clear();
    }

    /// The next messages, at least one; none when the watch is over.
    pub async fn next(&mut self) -> Option<Vec<FeedItem>> {
        loop {
            if !self.queue.is_empty() {
                return Some(self.queue.drain(..).collect());
            }
            if self.over {
                return None;
            }
            self.changed.mark_unchanged();
            self.take_events();
            if self.queue.is_empty() && !self.over {
                self.pause().await;
            }
        }
    }

    fn take_events(&mut self) {
        let taken = self.registry.store.events_after(&self.collection, self.cursor, BATCH);
        let Ok((events, visible)) = taken else {
            let message = format!(
                "too old resource version: {} ({})",
                self.cursor,
                self.registry.store.revision()
            );
            self.queue.push_back(FeedItem::Error(Box::new(Status::expired(message))));
            self.over = true;
            return;
        };
        for event in &events {
            if event.path.starts_with(self.prefix.as_str()) {
                self.queue.extend(self.message(event));
            }
        }
        self.cursor = match events.last() {
            Some(last) if events.len() == BATCH => last.revision,
            _ => self.cursor.max(visible),
        };
    }

    fn message(&self, event: &Event) -> Option<FeedItem> {
        let select = |entry: &Option<Entry>| {
            entry
                .as_ref()
                .filter(|entry| self.options.selects(&self.resource, &event.path, entry))
                .cloned()
        };
        match (select(&event.before), select(&event.after)) {
            (None, None) => None,
            (None, Some(after)) => Some(FeedItem::Added(after)),
            (Some(_), Some(after)) => Some(FeedItem::Modified(after)),
            (Some(before), None) => Some(FeedItem::Deleted(before.at(event.revision))),
        }
    }

    async fn pause(&mut self) {
        let now = Instant::now();
        let last = self.end - LAST_BOOKMARK.min(self.end.saturating_duration_since(now));
        let wake = if self.options.bookmarks && !self.last_bookmark_sent {
            self.next_bookmark.min(last)
        } else {
            self.end
        };
        tokio::select! {
            changed = self.changed.changed() => self.over |= changed.is_err(),
            () = tokio::time::sleep_until(wake) => {
                let now = Instant::now();
                if now >= self.end {
                    self.over = true;
                } else {
                    self.last_bookmark_sent = now + LAST_BOOKMARK >= self.end;
                    self.next_bookmark = now + BOOKMARK_INTERVAL;
                    let bookmark = FeedItem::Bookmark { revision: self.cursor, initial_end: false };
                    self.queue.push_back(bookmark);
                }
            }
        }
    }
}

/// Spreads the ends of watches, in [0, 1).
fn random_fraction() -> f64 {
    let bytes = uuid::Uuid::new_v4().into_bytes();
    f64::from(u16::from_le_bytes([bytes[0], bytes[1]])) / 65536.0
}
