//! Renders that need not be done again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use windlass_tree::{Given, Holds, Need, Tree};

use crate::{Kept, Spec};

/// How many renders of one spec in one scope are kept: as many branches as one goes back and forth
/// between.
const PER_SPEC: usize = 4;

/// What the cache has.
#[derive(Clone, Debug)]
pub enum Cached {
    /// A render that would come out the same.
    Hit(Arc<Kept>),
    /// A render that may come out the same: that depends on these, which were not given.
    Lacks(Vec<Need>),
}

/// Renders by spec and by what they read. A commit that touches nothing that a render read leaves
/// that render valid, whatever else it changes.
#[derive(Debug)]
pub struct RenderCache {
    max_entries: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    slots: HashMap<String, Vec<Slot>>,
    entries: usize,
    clock: u64,
}

#[derive(Debug)]
struct Slot {
    spec: Spec,
    rendered: Arc<Kept>,
    used: u64,
}

impl RenderCache {
    /// A cache of at most `max_entries` renders; the one not used for longest goes first.
    pub fn new(max_entries: usize) -> Self {
        Self { max_entries: max_entries.max(1), inner: Mutex::default() }
    }

    /// A render of `spec` that would come out the same from `tree` and `given`. `scope` narrows the
    /// search: the repository's address.
    pub fn get(&self, scope: &str, spec: &Spec, tree: &dyn Tree, given: &Given) -> Option<Cached> {
        let candidates: Vec<Arc<Kept>> = {
            let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let slots = inner.slots.get(&key(scope, spec))?;
            slots.iter().rev().filter(|s| s.spec == *spec).map(|s| s.rendered.clone()).collect()
        };
        // The tree is asked outside the lock: it may have to read.
        let mut lacks = None;
        let hit = candidates.into_iter().find(|rendered| match rendered.given.still_holds(given) {
            Holds::No => false,
            Holds::Yes => rendered.read.still_holds(tree),
            Holds::Lacks(needs) => {
                if lacks.is_none() && rendered.read.still_holds(tree) {
                    lacks = Some(Cached::Lacks(needs));
                }
                false
            }
        });
        let Some(hit) = hit else { return lacks };
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let now = inner.clock;
        let slots = inner.slots.get_mut(&key(scope, spec)).into_iter().flatten();
        for slot in slots.filter(|s| Arc::ptr_eq(&s.rendered, &hit)) {
            slot.used = now;
        }
        Some(Cached::Hit(hit))
    }

    /// Keeps a render, unless it lacked something that may be there next time.
    pub fn insert(&self, scope: &str, spec: &Spec, rendered: Arc<Kept>) {
        if rendered.given.failed() {
            return;
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let slot = Slot { spec: spec.clone(), rendered, used: inner.clock };
        let slots = inner.slots.entry(key(scope, spec)).or_default();
        slots.push(slot);
        let of_spec = slots.iter().filter(|s| s.spec == *spec).count();
        if of_spec > PER_SPEC {
            let oldest = slots
                .iter()
                .enumerate()
                .filter(|(_, s)| s.spec == *spec)
                .min_by_key(|(_, s)| s.used)
                .map(|(i, _)| i);
            if let Some(oldest) = oldest {
                slots.remove(oldest);
            }
        } else {
            inner.entries += 1;
        }
        while inner.entries > self.max_entries {
            inner.evict();
        }
    }

    /// How many renders are kept.
    pub fn len(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).entries
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.inner.lock().unwrap_or_else(PoisonError::into_inner) = Inner::default();
    }
}

impl Inner {
    fn evict(&mut self) {
        let oldest = self
            .slots
            .iter()
            .flat_map(|(key, slots)| slots.iter().map(move |s| (s.used, key)))
            .min()
            .map(|(used, key)| (used, key.clone()));
        let Some((used, key)) = oldest else {
            self.entries = 0;
            return;
        };
        if let Some(slots) = self.slots.get_mut(&key) {
            slots.retain(|s| s.used != used);
            if slots.is_empty() {
                self.slots.remove(&key);
            }
        }
        self.entries -= 1;
    }
}

fn key(scope: &str, spec: &Spec) -> String {
    format!("{scope}\0{}", spec.path)
}
