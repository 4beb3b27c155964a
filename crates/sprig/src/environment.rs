//! What functions would otherwise take from the machine.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sha2::{Digest as _, Sha256};

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// What functions would otherwise take from the machine: the clock and randomness. Names are never
/// looked up: `getHostByName` answers an empty text, as Helm's does by default.
#[derive(Clone)]
pub struct Environment {
    /// What `now` is: nanoseconds since 1970, UTC.
    pub now: i128,
    /// What all random draws follow from: the same seed gives the same draws in the same order.
    pub seed: [u8; 32],
    /// When certificates begin.
    pub certificates: Certificates,
}

impl Environment {
    /// Draws from a seed at a time, and certificates that begin then: what Helm does.
    pub fn new(now: i128, seed: [u8; 32]) -> Self {
        Self { now, seed, certificates: Certificates::FromNow }
    }
}

impl fmt::Debug for Environment {
    /// Without the seed, from which passwords follow.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("now", &self.now)
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

/// When certificates begin.
#[derive(Clone, Debug)]
pub enum Certificates {
    /// Now, as Helm's do: each render makes another.
    FromNow,
    /// With a period of half their days. All renders within one make the same certificate, which
    /// has the other half to go at least; the [`Renewal`] is told when the next period begins.
    ByPeriod(Renewal),
}

/// When the first of several certificates is to be made anew.
#[derive(Clone, Debug)]
pub struct Renewal(Arc<AtomicI64>);

impl Default for Renewal {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MAX)))
    }
}

impl Renewal {
    /// The time, in nanoseconds since 1970; none if no certificate was made.
    pub fn at(&self) -> Option<i128> {
        let seconds = self.0.load(Ordering::Relaxed);
        (seconds != i64::MAX).then(|| i128::from(seconds) * SECOND)
    }

    fn note(&self, at: i128) {
        let seconds = i64::try_from(at.div_euclid(SECOND)).unwrap_or(i64::MAX - 1);
        self.0.fetch_min(seconds, Ordering::Relaxed);
    }
}

impl Environment {
    /// When a certificate for some days begins, in nanoseconds since 1970.
    pub(crate) fn begin(&self, days: i64) -> i128 {
        let Certificates::ByPeriod(renewal) = &self.certificates else { return self.now };
        let period = (i128::from(days.max(1)) * DAY / 2 / SECOND) * SECOND;
        // Not all installations renew at the same moment.
        let hash = Sha256::digest(self.seed);
        let shift = hash[..8].iter().fold(0, |n, byte| n << 8 | i128::from(*byte)) * SECOND;
        let begin = self.now - (self.now + shift).rem_euclid(period);
        renewal.note(begin + period);
        begin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_of_one_period_begin_together() {
        let at = |now: i128| {
            let renewal = Renewal::default();
            let certificates = Certificates::ByPeriod(renewal.clone());
            let environment = Environment { now, seed: [7; 32], certificates };
            (environment.begin(10), renewal.at())
        };
        let (begin, Some(renewal)) = at(1_700_000_000 * SECOND) else { panic!("no renewal") };
        assert!(begin <= 1_700_000_000 * SECOND && 1_700_000_000 * SECOND < renewal);
        assert_eq!(renewal - begin, 5 * DAY);
        assert_eq!(at(begin), (begin, Some(renewal)));
        assert_eq!(at(renewal - 1), (begin, Some(renewal)));
        assert_eq!(at(renewal), (renewal, Some(renewal + 5 * DAY)));
        assert_eq!(Renewal::default().at(), None);
        let plain = Environment::new(5, [0; 32]);
        assert_eq!(plain.begin(10), 5);
        assert!(!format!("{plain:?}").contains("seed"));
    }
}
