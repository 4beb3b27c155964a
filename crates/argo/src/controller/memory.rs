//! What an actor is asked, and what it keeps between looks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use windlass_cluster::Interest;

use super::apps::Level;
use super::compare::Prepared;
use super::gather::Gathered;
use super::operation::OperationMemory;
use super::retry::{Asking, Backoff};
use crate::types::OperationState;

/// What an actor is to look at.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) level: Level,
    /// Whether nobody asked, but the time has come to see whether Git says something else.
    pub(crate) by_time: bool,
    /// When it is to be looked at anyway, as the look before this said.
    pub(crate) wake: Option<Instant>,
}

/// What an actor keeps between looks. All of it can be had again.
#[derive(Default)]
pub(crate) struct Memory {
    pub(super) gathered: Option<Arc<Gathered>>,
    /// What was last compared with the cluster, and for which version of the application: somebody
    /// may have changed its status since.
    pub(super) compared: Option<(Arc<Gathered>, String)>,
    pub(super) prepared: Option<Prepared>,
    pub(super) operation: OperationMemory,
    /// What was told of the sync before the one that runs, if somebody asked for that.
    pub(super) former: Option<OperationState>,
    pub(super) poll: Option<Instant>,
    /// When everything is to be looked at without caches.
    pub(super) hard: Option<Instant>,
    pub(super) asking: Asking,
    pub(super) deletion: Backoff,
    /// In what comes and goes in its namespace, if the project wants to know of orphans.
    pub(super) orphans: Option<Interest>,
}

impl Memory {
    /// When the repository is to be asked again.
    pub(crate) fn next_poll(&self) -> Option<Instant> {
        [self.poll, self.hard].into_iter().flatten().min()
    }

    /// How much is to be looked at by now, if the time has come for it.
    pub(crate) fn due(&self, now: Instant) -> Option<Level> {
        let is_over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_over(self.hard) {
            return Some(Level::Hard);
        }
        is_over(self.poll).then_some(Level::Revision)
    }

    /// Counts from now, and anew, until everything is to be looked at without caches.
    pub(super) fn set_hard(&mut self, every: Duration, level: Level) {
        let next = Instant::now().checked_add(every).filter(|_| !every.is_zero());
        self.hard = match (self.hard, next) {
            (Some(known), Some(next)) if level < Level::Hard => Some(known.min(next)),
            (_, next) => next,
        };
    }

    /// Whether it keeps what is quickly made again.
    pub(crate) fn is_awake(&self) -> bool {
        self.prepared.is_some()
    }

    /// Lets go of that.
    pub(crate) fn sleep(&mut self) {
        self.prepared = None;
    }

    /// Nothing is compared for now: the repository is not asked until something changes.
    pub(super) fn rest(&mut self) {
        self.poll = None;
        self.hard = None;
        self.gathered = None;
        self.compared = None;
        self.prepared = None;
        self.orphans = None;
        self.asking = Asking::default();
    }
}
