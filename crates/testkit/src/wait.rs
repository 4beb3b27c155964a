//! Waiting for a condition, never for a time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const PAUSE: Duration = Duration::from_millis(25);

/// Polls `condition` until it gives a value, at most for `deadline`.
///
/// # Errors
/// When the deadline has passed; the message names `what` and the last error that the condition
/// gave. The condition's own errors are reasons to try again.
pub fn wait_for<T>(
    what: &str,
    deadline: Duration,
    mut condition: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        let last = match condition() {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if Instant::now() >= end {
            return give_up(what, deadline, last);
        }
        std::thread::sleep(PAUSE);
    }
}

/// The same as [`wait_for`] for asynchronous tests.
///
/// # Errors
/// As [`wait_for`].
pub async fn eventually<T, F>(
    what: &str,
    deadline: Duration,
    mut condition: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let end = Instant::now() + deadline;
    loop {
        let last = match condition().await {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if Instant::now() >= end {
            return give_up(what, deadline, last);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn give_up<T>(what: &str, deadline: Duration, last: Option<anyhow::Error>) -> Result<T> {
    let message = format!("{what}: not so after {} s", deadline.as_secs_f32());
    match last {
        Some(error) => Err(error.context(message)),
        None => bail!(message),
    }
}
