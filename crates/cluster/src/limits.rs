//! How much is asked of a cluster at once.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

/// Requests in flight at once, watches aside.
pub(crate) const REQUESTS: usize = 32;
/// Kinds whose first list is read at once.
pub(crate) const STARTING_WATCHES: usize = 16;
/// Longest wait for an answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(60);
/// Largest answer that is read, in bytes.
pub(crate) const ANSWER_BYTES: usize = 256 << 20;
/// Largest single object on a watch, in bytes.
pub(crate) const LINE_BYTES: usize = 16 << 20;
/// Objects on a page of a list.
pub(crate) const PAGE: u32 = 500;
/// Tries of a request that fails in passing.
pub(crate) const TRIES: u32 = 5;

/// Bounds the requests of one connection.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) requests: Semaphore,
    rate: Option<Rate>,
}

/// A token bucket.
#[derive(Debug)]
struct Rate {
    per_second: f64,
    burst: f64,
    state: Mutex<(f64, Instant)>,
}

impl Limits {
    /// With a rate in requests a second, or none.
    pub(crate) fn new(queries_per_second: Option<f64>) -> Self {
        let rate = queries_per_second.filter(|rate| *rate > 0.0).map(|per_second| Rate {
            per_second,
            burst: per_second * 2.0,
            state: Mutex::new((per_second * 2.0, Instant::now())),
        });
        Self { requests: Semaphore::new(REQUESTS), rate }
    }

    /// Waits until one more request is due.
    pub(crate) async fn pace(&self) {
        let Some(rate) = &self.rate else { return };
        let wait = {
            let mut state = rate.state.lock();
            let now = Instant::now();
            let gained = now.duration_since(state.1).as_secs_f64() * rate.per_second;
            state.0 = (state.0 + gained).min(rate.burst) - 1.0;
            state.1 = now;
            if state.0 >= 0.0 { 0.0 } else { -state.0 / rate.per_second }
        };
        if wait > 0.0 {
            tokio::time::sleep(Duration::from_secs_f64(wait)).await;
        }
    }
}
