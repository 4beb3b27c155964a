//! How much is asked of repositories.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use windlass_source::{Asked, Observer};

/// Repositories that are counted one by one; the rest is counted as one.
const COUNTED: usize = 10_000;

/// Upper bounds of the buckets in which durations are counted, in seconds.
pub(super) const BUCKETS: [f64; 8] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0];

/// Requests of one kind to one repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Requests {
    pub(super) count: u64,
    pub(super) failed: u64,
    /// How long they took together.
    pub(super) took: Duration,
    /// How many ended within each bound, those of smaller ones not counted again.
    pub(super) buckets: [u64; BUCKETS.len()],
}

/// What was asked of one repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counted {
    pub(super) ls_remote: Requests,
    pub(super) fetch: Requests,
}

/// What was asked of all repositories, by address. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct GitRequests(Arc<Mutex<HashMap<String, Counted>>>);

impl GitRequests {
    /// Counts what it is told of; for the options of sources.
    pub fn observer(&self) -> Observer {
        let this = self.clone();
        Arc::new(move |asked: &Asked<'_>| this.count(asked))
    }

    fn count(&self, asked: &Asked<'_>) {
        let mut all = self.0.lock();
        let url = if all.len() < COUNTED || all.contains_key(asked.url) { asked.url } else { "" };
        let counted = all.entry(url.to_owned()).or_default();
        let requests =
            if asked.kind == "fetch" { &mut counted.fetch } else { &mut counted.ls_remote };
        requests.count += 1;
        requests.failed += u64::from(asked.result.is_err());
        requests.took += asked.duration;
        let seconds = asked.duration.as_secs_f64();
        if let Some(bucket) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            requests.buckets[bucket] += 1;
        }
    }

    pub(super) fn clear(&self) {
        self.0.lock().clear();
    }

    pub(super) fn all(&self) -> Vec<(String, Counted)> {
        let mut all: Vec<_> = self.0.lock().iter().map(|(u, c)| (u.clone(), c.clone())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}
