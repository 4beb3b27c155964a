//! What a render looked at, and whether a later tree still shows the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

use crate::{ContentId, Entry, EntryKind, Tree, TreeError, TreePath};

/// What was seen at one path.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Seen {
    /// Nothing stood there.
    Absent,
    /// A leaf or a directory with this id (for a directory: everything below it).
    Content(ContentId),
    /// Only the names and kinds in a directory, as the hash of their listing: a change inside a
    /// file that was not read does not count.
    Names(ContentId),
}

/// Paths that were looked at, each with what was there.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReadRecord {
    seen: BTreeMap<String, Vec<Seen>>,
}

impl ReadRecord {
    /// Whether `tree` shows everything that was seen just as it was then. An error on the way
    /// counts as a change: rendering again reports it properly.
    pub fn still_holds(&self, tree: &dyn Tree) -> bool {
        self.seen.iter().all(|(path, seen)| {
            let Ok(path) = TreePath::new(path) else { return false };
            seen.iter().all(|s| match s {
                Seen::Absent => matches!(tree.entry(&path), Ok(None)),
                Seen::Content(id) => matches!(tree.entry(&path), Ok(Some(e)) if e.id == *id),
                Seen::Names(id) => tree.list(&path).is_ok_and(|l| names_id(&l) == *id),
            })
        })
    }

    /// Adds what `other` saw.
    pub fn merge(&mut self, other: &Self) {
        for (path, seen) in &other.seen {
            for s in seen {
                self.note(path, s.clone());
            }
        }
    }

    /// The paths that were looked at.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.seen.keys().map(String::as_str)
    }

    /// How many paths were looked at.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether nothing was looked at.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    fn note(&mut self, path: &str, seen: Seen) {
        let at = self.seen.entry(path.to_owned()).or_default();
        if !at.contains(&seen) {
            at.push(seen);
        }
    }
}

fn names_id(listing: &[(String, Entry)]) -> ContentId {
    let mut text = String::new();
    for (name, entry) in listing {
        text.push_str(&format!("{:?} {name}\n", entry.kind));
    }
    ContentId::of_bytes(text.as_bytes())
}

/// A tree that notes what is asked of it.
#[derive(Debug)]
pub struct Recorder<'a> {
    tree: &'a dyn Tree,
    record: Mutex<ReadRecord>,
}

impl<'a> Recorder<'a> {
    /// Records what is read of `tree` from now on.
    pub fn new(tree: &'a dyn Tree) -> Self {
        Self { tree, record: Mutex::default() }
    }

    /// What has been read.
    pub fn finish(self) -> ReadRecord {
        self.record.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn note(&self, path: &TreePath, seen: Seen) {
        self.record
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .note(path.as_str(), seen);
    }
}

impl Tree for Recorder<'_> {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        let entry = self.tree.entry(path)?;
        match &entry {
            None => self.note(path, Seen::Absent),
            // That a directory is there is told by the names in it; its whole content is not read.
            Some(e) if e.kind == EntryKind::Directory => {
                self.note(path, Seen::Names(names_id(&self.tree.list(path)?)));
            }
            Some(e) => self.note(path, Seen::Content(e.id.clone())),
        }
        Ok(entry)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let listing = self.tree.list(path);
        match &listing {
            Ok(l) => self.note(path, Seen::Names(names_id(l))),
            Err(TreeError::NotFound { .. }) => self.note(path, Seen::Absent),
            Err(_) => {}
        }
        listing
    }

    fn read(&self, path: &TreePath, limit: u64) -> Result<Arc<[u8]>, TreeError> {
        match self.tree.entry(path)? {
            Some(e) => self.note(path, Seen::Content(e.id)),
            None => self.note(path, Seen::Absent),
        }
        self.tree.read(path, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTree;

    #[test]
    fn a_record_holds_until_something_read_changes() {
        let mut tree = MemoryTree::default();
        tree.insert("app/a.yaml", "a").insert("app/notes.txt", "n").insert("other/b.yaml", "b");
        let path = |p: &str| TreePath::new(p).unwrap();
        let recorder = Recorder::new(&tree);
        recorder.list(&path("app")).unwrap();
        recorder.read(&path("app/a.yaml"), 10).unwrap();
        assert!(recorder.entry(&path("app/Chart.yaml")).unwrap().is_none());
        let record = recorder.finish();

        assert!(record.still_holds(&tree));
        let with = |p: &str, text: &str| {
            let mut t = tree.clone();
            t.insert(p, text);
            record.still_holds(&t)
        };
        assert!(with("other/b.yaml", "changed"));
        assert!(with("app/notes.txt", "changed, but it was never read"));
        assert!(!with("app/a.yaml", "changed"));
        assert!(!with("app/new.yaml", "a name more"));
        assert!(!with("app/Chart.yaml", "was absent"));
    }
}
