//! When what failed is tried again: soon at first, then ever later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use windlass_source::credentials::Settings;

/// How soon it is tried again, at first.
pub(crate) const FIRST: Duration = Duration::from_secs(5);
/// How soon at the most.
pub(crate) const LONGEST: Duration = Duration::from_secs(120);

/// Failures in a row, and when the next attempt is due.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    due: Option<Instant>,
}

impl Backoff {
    /// Takes in an attempt that failed. One that was made before it was due, because something else
    /// was looked at, is no further failure.
    pub(crate) fn failed(&mut self, now: Instant) {
        if self.due.is_none_or(|due| due <= now) {
            let wait = FIRST.saturating_mul(1 << self.failures.min(8)).min(LONGEST);
            self.failures += 1;
            self.due = Some(now + wait);
        }
    }

    /// Whether anything has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// How long until the next attempt, if one is needed.
    pub(crate) fn left(&self, now: Instant) -> Option<Duration> {
        self.due.map(|due| due.saturating_duration_since(now))
    }
}

/// Of the repositories of an application.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    backoff: Backoff,
    /// Since when they do not answer.
    since: Option<Instant>,
    /// What was asked with: other credentials are another question.
    settings: Option<Arc<Settings>>,
}

impl Asking {
    /// Takes in that they were asked and whether that failed. What failed before does not count where
    /// the question is `another` one, or asked with other settings.
    pub(crate) fn note(
        &mut self,
        failed: bool,
        another: bool,
        settings: Arc<Settings>,
        now: Instant,
    ) {
        let same = self.settings.as_ref().is_some_and(|known| Arc::ptr_eq(known, &settings));
        if !failed || another || !same {
            *self = Self { settings: Some(settings), ..Self::default() };
        }
        if failed {
            self.backoff.failed(now);
            self.since.get_or_insert(now);
        }
    }

    /// Whether they have not answered for less than this.
    pub(crate) fn fails_since(&self, now: Instant, less: Duration) -> bool {
        self.since.is_some_and(|since| now.saturating_duration_since(since) < less)
    }

    /// How long until they are to be asked again, if they are.
    pub(crate) fn left(&self, now: Instant) -> Option<Duration> {
        self.backoff.left(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds until the next attempt after what was asked: at which second, whether it failed, whether
    /// it was another question, with which settings.
    fn check(asked: &[(u64, bool, bool, &Arc<Settings>)], left: &[Option<u64>]) {
        let (mut asking, start) = (Asking::default(), Instant::now());
        let mut seen = Vec::new();
        for (second, failed, another, settings) in asked {
            let now = start + Duration::from_secs(*second);
            asking.note(*failed, *another, (*settings).clone(), now);
            seen.push(asking.left(now).map(|left| left.as_secs()));
        }
        assert_eq!(seen, left);
    }

    #[test]
    fn how_long_they_fail() {
        let (settings, start) = (Arc::<Settings>::default(), Instant::now());
        let mut asking = Asking::default();
        let mut after = |second: u64, failed: bool| {
            let now = start + Duration::from_secs(second);
            asking.note(failed, false, settings.clone(), now);
            asking.fails_since(now, Duration::from_secs(180))
        };
        assert_eq!([after(0, false), after(1, true), after(180, true)], [false, true, true]);
        assert_eq!([after(181, true), after(190, false), after(191, true)], [false, false, true]);
    }

    #[test]
    fn attempts_that_fail_come_ever_later() {
        let (one, other) = (Arc::<Settings>::default(), Arc::<Settings>::default());
        let failing = [0, 5, 15, 35, 75, 155, 275].map(|second| (second, true, false, &one));
        check(&failing, &[5, 10, 20, 40, 80, 120, 120].map(Some));
        // Looks for other reasons count for nothing.
        let looks = [0, 1, 2, 3, 5, 6].map(|second| (second, true, false, &one));
        check(&looks, &[5, 4, 3, 2, 10, 9].map(Some));
        // Nor does what failed before, once it is another question, or asked with other credentials.
        let late = [(0, true, false, &one), (5, true, false, &one)];
        check(&[late[0], late[1], (6, true, true, &one)], &[5, 10, 5].map(Some));
        check(&[late[0], late[1], (6, true, false, &other)], &[5, 10, 5].map(Some));
        check(
            &[late[0], late[1], (15, false, false, &one), (99, true, false, &one)],
            &[Some(5), Some(10), None, Some(5)],
        );
    }
}
