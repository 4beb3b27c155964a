//! A queue of keys: each is worked on by one worker at a time, however often it is asked for.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The wait after the first failure of a key; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(10);
/// The longest wait after a failure.
const LAST_BACKOFF: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Queue<K> {
    state: Mutex<State<K>>,
    wake: Notify,
}

#[derive(Debug)]
struct State<K> {
    ready: VecDeque<K>,
    queued: HashSet<K>,
    running: HashSet<K>,
    /// Asked for while a worker has it.
    again: HashSet<K>,
    delayed: BTreeMap<(Instant, u64), K>,
    due: HashMap<K, (Instant, u64)>,
    failures: HashMap<K, u32>,
    sequence: u64,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                ready: VecDeque::new(),
                queued: HashSet::new(),
                running: HashSet::new(),
                again: HashSet::new(),
                delayed: BTreeMap::new(),
                due: HashMap::new(),
                failures: HashMap::new(),
                sequence: 0,
            }),
            wake: Notify::new(),
        }
    }
}

impl<K: Clone + Eq + Hash> Queue<K> {
    /// Asks for a key as soon as may be.
    pub(crate) fn add(&self, key: K) {
        let mut state = self.state.lock();
        if state.running.contains(&key) {
            state.again.insert(key);
        } else if state.queued.insert(key.clone()) {
            state.ready.push_back(key);
            self.wake.notify_one();
        }
    }

    /// Asks for a key after `wait`; the sooner of two such wishes holds.
    pub(crate) fn add_after(&self, key: K, wait: Duration) {
        let mut state = self.state.lock();
        let at = Instant::now() + wait;
        if let Some(old) = state.due.get(&key).copied() {
            if old.0 <= at {
                return;
            }
            state.delayed.remove(&old);
        }
        state.sequence += 1;
        let slot = (at, state.sequence);
        state.due.insert(key.clone(), slot);
        state.delayed.insert(slot, key);
        self.wake.notify_one();
    }

    /// The next key, which is this worker's alone until [`Queue::done`].
    pub(crate) async fn next(&self) -> K {
        loop {
            let wake = self.wake.notified();
            let next_due = {
                let mut state = self.state.lock();
                let now = Instant::now();
                while let Some((slot, _)) = state.delayed.first_key_value() {
                    if slot.0 > now {
                        break;
                    }
                    let Some((_, key)) = state.delayed.pop_first() else { break };
                    state.due.remove(&key);
                    if state.running.contains(&key) {
                        state.again.insert(key);
                    } else if state.queued.insert(key.clone()) {
                        state.ready.push_back(key);
                    }
                }
                if let Some(key) = state.ready.pop_front() {
                    state.queued.remove(&key);
                    state.running.insert(key.clone());
                    if !state.ready.is_empty() {
                        self.wake.notify_one();
                    }
                    return key;
                }
                state.delayed.first_key_value().map(|(slot, _)| slot.0)
            };
            match next_due {
                Some(at) => {
                    let _ = tokio::time::timeout_at(at, wake).await;
                }
                None => wake.await,
            }
        }
    }

    /// Gives a key back. After a failure it comes again later, each time later.
    pub(crate) fn done(&self, key: &K, succeeded: bool) {
        let wait = {
            let mut state = self.state.lock();
            state.running.remove(key);
            if state.again.remove(key) && state.queued.insert(key.clone()) {
                state.ready.push_back(key.clone());
                self.wake.notify_one();
            }
            if succeeded {
                state.failures.remove(key);
                None
            } else {
                let failures = state.failures.entry(key.clone()).or_default();
                *failures = failures.saturating_add(1);
                let doubled = FIRST_BACKOFF.saturating_mul(1 << (*failures - 1).min(16));
                Some(doubled.min(LAST_BACKOFF))
            }
        };
        if let Some(wait) = wait {
            self.add_after(key.clone(), wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Queue;

    #[tokio::test]
    async fn a_key_is_never_worked_on_twice_at_once() {
        let queue = Queue::default();
        queue.add("a");
        queue.add("a");
        assert_eq!(queue.next().await, "a");
        queue.add("a");
        let second = tokio::time::timeout(Duration::from_millis(30), queue.next());
        assert!(second.await.is_err());
        queue.done(&"a", true);
        assert_eq!(queue.next().await, "a");
    }

    #[tokio::test]
    async fn failures_wait_longer_each_time() {
        let queue = Queue::default();
        queue.add("a");
        let mut waits = Vec::new();
        for _ in 0..4 {
            let start = tokio::time::Instant::now();
            queue.next().await;
            waits.push(start.elapsed().as_millis());
            queue.done(&"a", false);
        }
        assert!(waits[1] >= 10 && waits[2] >= 20 && waits[3] >= 40, "{waits:?}");
    }
}
