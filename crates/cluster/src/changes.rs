//! What changed, told once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;
use windlass_object::{GroupKind, ResourceKey};

/// How an object changed since it was last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not there.
    Added,
    /// It was there.
    Modified,
    /// It is no longer there.
    Deleted,
}

/// Who last wrote an object's fields, by its managedFields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldChange {
    /// Field manager.
    pub manager: Box<str>,
    /// `Apply` or `Update`.
    pub operation: Box<str>,
    /// Subresource, such as `status`, or empty.
    pub subresource: Box<str>,
    /// When, in Kubernetes' form.
    pub time: Box<str>,
}

/// One object's change; several of the same object before they are taken become one.
#[derive(Clone, Debug)]
pub struct Change {
    /// The object; without a name, that all objects of its kind are known now.
    pub key: ResourceKey,
    /// How it changed.
    pub kind: ChangeKind,
    /// Whether an application manages the object itself; else it is only a child.
    pub managed: bool,
    /// Applications that it belongs to, or did before, itself or by an owner. Sorted. None if
    /// only such fields changed as concern nobody.
    pub apps: Vec<Arc<str>>,
    /// Applications that hold an [`Interest`](crate::Interest) in it. Sorted.
    pub interested: Vec<Arc<str>>,
    /// Resource version before, empty if it was not there.
    pub old_resource_version: Box<str>,
    /// Resource version now; of a deleted object the last one known.
    pub resource_version: Box<str>,
    /// Who wrote last, of managed objects.
    pub by: Option<FieldChange>,
}

/// The changes of one cluster that nobody has taken yet: at most one for every object.
#[derive(Debug, Default)]
pub struct Changes {
    pending: Mutex<HashMap<ResourceKey, Change>>,
    wanted: AtomicBool,
    notify: Notify,
}

impl Changes {
    /// Waits until something has changed and takes it all. One reader only.
    pub async fn next(&self) -> Vec<Change> {
        self.wanted.store(true, Ordering::Release);
        loop {
            let taken = std::mem::take(&mut *self.pending.lock());
            if !taken.is_empty() {
                return taken.into_values().collect();
            }
            self.notify.notified().await;
        }
    }

    /// Starts collecting: nothing is kept before somebody wants it.
    pub(crate) fn want(&self) {
        self.wanted.store(true, Ordering::Release);
    }

    pub(crate) fn push(&self, change: Change) {
        if !self.wanted.load(Ordering::Acquire) {
            return;
        }
        let mut pending = self.pending.lock();
        match pending.get_mut(&change.key) {
            Some(known) => known.absorb(change),
            None => {
                pending.insert(change.key.clone(), change);
            }
        }
        drop(pending);
        self.notify.notify_one();
    }
}

impl Change {
    /// That all objects of a kind are known now.
    pub(crate) fn mirrored(kind: &GroupKind, interested: Vec<Arc<str>>) -> Self {
        Self {
            key: ResourceKey::new(&kind.group, &kind.kind, "", ""),
            kind: ChangeKind::Modified,
            managed: false,
            apps: Vec::new(),
            interested,
            old_resource_version: Box::default(),
            resource_version: Box::default(),
            by: None,
        }
    }

    fn absorb(&mut self, later: Change) {
        self.kind = match (self.kind, later.kind) {
            (ChangeKind::Added, ChangeKind::Modified) => ChangeKind::Added,
            (ChangeKind::Deleted, ChangeKind::Added) => ChangeKind::Modified,
            (_, kind) => kind,
        };
        self.managed |= later.managed;
        for (own, more) in [(&mut self.apps, later.apps), (&mut self.interested, later.interested)]
        {
            own.extend(more);
            own.sort();
            own.dedup();
        }
        self.resource_version = later.resource_version;
        self.by = later.by.or(self.by.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_an_object_become_one() {
        let change = |kind, app: &str, old: &str, new: &str| Change {
            key: ResourceKey::new("", "ConfigMap", "a", "b"),
            kind,
            managed: true,
            apps: vec![app.into()],
            interested: Vec::new(),
            old_resource_version: old.into(),
            resource_version: new.into(),
            by: None,
        };
        let changes = Changes::default();
        changes.want();
        changes.push(change(ChangeKind::Modified, "x", "1", "2"));
        changes.push(change(ChangeKind::Modified, "a", "2", "3"));
        let pending: Vec<_> = changes.pending.lock().values().cloned().collect();
        assert_eq!(pending.len(), 1);
        assert_eq!(&*pending[0].old_resource_version, "1");
        assert_eq!(&*pending[0].resource_version, "3");
        assert_eq!(pending[0].apps, ["a".into(), "x".into()] as [Arc<str>; 2]);
    }
}
