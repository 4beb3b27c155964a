//! One attempt for many callers, and its answer kept for a while.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;

use crate::SourceError;

type Answer<V> = Result<V, SourceError>;

struct Slot<V> {
    answer: Shared<BoxFuture<'static, Answer<V>>>,
    /// When it was there, and whether it is good.
    landed: Arc<OnceLock<(Instant, bool)>>,
}

/// Attempts by key. An attempt runs as a task of its own: a caller that gives up does not take it
/// from the others.
pub(crate) struct Flights<K, V> {
    slots: Mutex<HashMap<K, Slot<V>>>,
    capacity: usize,
    /// How long a good answer is repeated, in milliseconds.
    keep_good: AtomicU64,
    /// How long a failure is.
    keep_failed: Duration,
}

impl<K, V> fmt::Debug for Flights<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights({})", self.slots.lock().len())
    }
}

impl<K, V> Flights<K, V>
where
    K: Hash + Eq + Clone,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(capacity: usize, good: Duration, failed: Duration) -> Self {
        let flights = Self {
            slots: Mutex::default(),
            capacity,
            keep_good: AtomicU64::default(),
            keep_failed: failed,
        };
        flights.keep(good);
        flights
    }

    /// How long good answers are repeated from now on, also those that are there.
    pub(crate) fn keep(&self, good: Duration) {
        let millis = u64::try_from(good.as_millis()).unwrap_or(u64::MAX);
        self.keep_good.store(millis, Ordering::Relaxed);
    }

    /// The answer for `key`: the kept one, the one on its way, or that of a new attempt.
    pub(crate) async fn get<F>(&self, key: K, shown: &str, attempt: impl FnOnce() -> F) -> Answer<V>
    where
        F: Future<Output = Answer<V>> + Send + 'static,
    {
        let answer = {
            let mut slots = self.slots.lock();
            match slots.get(&key).filter(|slot| self.fresh(slot)) {
                Some(slot) => slot.answer.clone(),
                None => {
                    self.make_room(&mut slots);
                    let slot = start(attempt(), shown.to_owned());
                    let answer = slot.answer.clone();
                    slots.insert(key, slot);
                    answer
                }
            }
        };
        answer.await
    }

    fn fresh(&self, slot: &Slot<V>) -> bool {
        let good = Duration::from_millis(self.keep_good.load(Ordering::Relaxed));
        slot.landed.get().is_none_or(|(at, is_good)| {
            at.elapsed() < if *is_good { good } else { self.keep_failed }
        })
    }

    /// Drops what is stale, and if that is not enough the oldest that has landed.
    fn make_room(&self, slots: &mut HashMap<K, Slot<V>>) {
        if slots.len() < self.capacity {
            return;
        }
        slots.retain(|_, slot| self.fresh(slot));
        if slots.len() < self.capacity {
            return;
        }
        let oldest = slots
            .iter()
            .filter_map(|(key, slot)| slot.landed.get().map(|(at, _)| (*at, key.clone())))
            .min_by_key(|(at, _)| *at);
        if let Some((_, key)) = oldest {
            slots.remove(&key);
        }
    }

    /// Forgets every key that `matches`; callers that already wait still get their answer.
    pub(crate) fn forget(&self, matches: impl Fn(&K) -> bool) {
        self.slots.lock().retain(|key, _| !matches(key));
    }
}

fn start<V: Clone + Send + Sync + 'static>(
    attempt: impl Future<Output = Answer<V>> + Send + 'static,
    url: String,
) -> Slot<V> {
    let landed = Arc::new(OnceLock::new());
    let mark = landed.clone();
    let task = tokio::spawn(async move {
        let answer = attempt.await;
        // Only this task sets it.
        let _ = mark.set((Instant::now(), answer.is_ok()));
        answer
    });
    let mark = landed.clone();
    let answer = task.map(move |joined| {
        joined.unwrap_or_else(|_| {
            let _ = mark.set((Instant::now(), false));
            Err(SourceError::Cancelled { url })
        })
    });
    Slot { answer: answer.boxed().shared(), landed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[tokio::test]
    async fn many_callers_make_one_attempt() {
        let flights = Arc::new(Flights::new(4, Duration::from_secs(60), Duration::ZERO));
        let attempts = Arc::new(AtomicUsize::new(0));
        let get = |key: &'static str, good: bool| {
            let (flights, attempts) = (flights.clone(), attempts.clone());
            async move {
                flights
                    .get(key, "u", || async move {
                        attempts.fetch_add(1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                        if good { Ok(1) } else { Err(SourceError::Cancelled { url: "u".into() }) }
                    })
                    .await
            }
        };
        let all = futures::future::join_all((0..1000).map(|_| get("a", true))).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(attempts.load(Ordering::SeqCst), 1);
        flights.forget(|k| *k == "a");
        get("a", true).await.unwrap();
        assert_eq!(attempts.load(Ordering::SeqCst), 2);
        // Failures are not kept here: each caller that comes later tries again.
        assert!(get("b", false).await.is_err());
        assert!(get("b", false).await.is_err());
        assert_eq!(attempts.load(Ordering::SeqCst), 4);
        for key in ["c", "d", "e", "f", "g"] {
            get(key, true).await.unwrap();
        }
        assert!(flights.slots.lock().len() <= 4);
    }
}
