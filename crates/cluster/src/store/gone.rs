//! Which objects were deleted lately.

use std::collections::{HashSet, VecDeque};

use crate::decode::Uid;

/// How many deleted objects are remembered. News of an object's life come after those of its end
/// by no more than the time of a request, in which not nearly so many are deleted.
const GONE: usize = 16_384;

/// The objects that were deleted last: the watch may still tell of the life of one of which an
/// answer told the end, and an answer of one of which the watch did. No UID comes back.
#[derive(Default)]
pub(super) struct Gone {
    uids: HashSet<Uid>,
    order: VecDeque<Uid>,
}

impl Gone {
    /// Whether the object was deleted lately.
    pub(super) fn contains(&self, uid: Uid) -> bool {
        self.uids.contains(&uid)
    }

    /// Remembers an object; the oldest is forgotten.
    pub(super) fn insert(&mut self, uid: Uid) {
        if self.uids.insert(uid) {
            self.order.push_back(uid);
        }
        if self.order.len() > GONE
            && let Some(oldest) = self.order.pop_front()
        {
            self.uids.remove(&oldest);
        }
    }
}
