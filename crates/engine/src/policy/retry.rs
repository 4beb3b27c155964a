//! Trying a failed operation again.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use super::duration::{BadDuration, parse_duration};

/// How often, and how far apart, a failed operation is tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// How often; below zero without end.
    pub limit: i64,
    /// How far apart.
    pub backoff: Backoff,
    /// Whether each attempt takes the latest revision.
    pub refresh: bool,
}

/// Pause before an attempt: `duration · factor^attempt`, at most `max_duration`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    /// First pause; 5 s if empty.
    pub duration: String,
    /// Growth; 2 by default.
    pub factor: Option<i64>,
    /// Longest pause; 3 m if empty, unlimited if zero.
    pub max_duration: String,
}

/// What becomes of an operation that has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// It is tried again: it stays `Running`, with `finishedAt` set.
    Again {
        /// When.
        at: Timestamp,
        /// Which retry it will be, from one.
        attempt: i64,
        /// Its message until then.
        message: String,
    },
    /// It has ended.
    Ended {
        /// Its message.
        message: String,
    },
    /// It has ended in `Error`, since its retry settings cannot be read.
    Broken {
        /// Its message.
        message: String,
    },
}

impl Retry {
    /// When an operation that failed at a time, after so many retries, is tried again.
    pub fn next_at(&self, failed_at: Timestamp, retries: i64) -> Result<Timestamp, BadDuration> {
        let or = |text: &str, default: u64| match text {
            "" => Ok(Duration::from_secs(default)),
            text => parse_duration(text),
        };
        let first = or(&self.backoff.duration, 5)?.as_secs_f64();
        let longest = or(&self.backoff.max_duration, 180)?.as_secs_f64();
        let factor = self.backoff.factor.unwrap_or(2) as f64;
        let mut pause = first * factor.powf(retries as f64);
        if longest > 0.0 {
            pause = pause.min(longest);
        }
        // Beyond this no pause can be told from never.
        let pause = Duration::try_from_secs_f64(pause.min(1e9)).unwrap_or(Duration::ZERO);
        Ok(failed_at.saturating_add(pause).unwrap_or(Timestamp::MAX))
    }
}

/// Decides on an operation that failed now, after so many retries. One that was terminated is not
/// tried again.
pub fn after_failure(
    retry: &Retry,
    retries: i64,
    message: &str,
    terminated: bool,
    now: Timestamp,
) -> AfterFailure {
    if terminated || (retry.limit >= 0 && retries >= retry.limit) {
        let message = match retries {
            1.. => format!("{message} (retried {retries} times)."),
            _ => message.to_owned(),
        };
        return AfterFailure::Ended { message };
    }
    match retry.next_at(now, retries) {
        Err(error) => {
            AfterFailure::Broken { message: format!("{message} (failed to retry: {error})") }
        }
        Ok(at) => {
            let attempt = retries + 1;
            let clock = at.to_zoned(TimeZone::UTC).strftime("%-I:%M%p").to_string();
            AfterFailure::Again {
                at,
                attempt,
                message: format!("{message}. Retrying attempt #{attempt} at {clock}."),
            }
        }
    }
}

/// Message of an operation as an attempt begins.
pub fn retrying_message(retry: &Retry, attempt: i64) -> String {
    let extra = if retry.refresh { " with latest revisions" } else { "" };
    format!("Retrying operation{extra}. Attempt #{attempt}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let start = at("2026-01-01T00:00:00Z");
        let pause = |retry: &Retry, n| {
            retry.next_at(start, n).map(|t| t.duration_since(start).as_secs()).ok()
        };
        let default = Retry::default();
        let got: Vec<_> = (0..7).map(|n| pause(&default, n)).collect();
        assert_eq!(got, [5, 10, 20, 40, 80, 160, 180].map(Some));

        let set = |duration: &str, factor, max: &str| Retry {
            backoff: Backoff { duration: duration.into(), factor, max_duration: max.into() },
            ..Retry::default()
        };
        assert_eq!(pause(&set("1", Some(1), ""), 9), Some(1));
        assert_eq!(pause(&set("1m", Some(3), "0"), 4), Some(60 * 81));
        assert_eq!(pause(&set("x", None, ""), 0), None);
        assert!(pause(&set("1h", Some(1000), "0"), 500).is_some(), "never overflows");
    }

    #[test]
    fn a_failure_is_tried_again_until_the_limit() {
        let now = at("2026-01-01T13:04:05Z");
        let retry = Retry { limit: 2, ..Retry::default() };
        let AfterFailure::Again { message, attempt, .. } =
            after_failure(&retry, 0, "it failed", false, now)
        else {
            panic!("not tried again");
        };
        assert_eq!((attempt, message.as_str()), (1, "it failed. Retrying attempt #1 at 1:04PM."));
        let ended = |retries, terminated| match after_failure(&retry, retries, "m", terminated, now)
        {
            AfterFailure::Ended { message } => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(ended(2, false), "m (retried 2 times).");
        assert_eq!(ended(0, true), "m");
        let endless = Retry { limit: -1, ..Retry::default() };
        let again = after_failure(&endless, 1_000_000, "m", false, now);
        assert!(matches!(again, AfterFailure::Again { .. }));
    }
}
