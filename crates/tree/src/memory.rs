//! A tree held in memory: for tests, unpacked archives, and directories read whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{ContentId, Entry, EntryKind, Tree, TreeError, TreePath};

#[derive(Clone, Debug)]
struct Leaf {
    kind: EntryKind,
    bytes: Arc<[u8]>,
    id: ContentId,
}

/// A tree whose files lie in memory, keyed by path.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    leaves: BTreeMap<String, Leaf>,
}

impl MemoryTree {
    /// Puts a file at `path`; a file that was there is replaced.
    ///
    /// # Panics
    /// If `path` leaves the tree: callers name their own paths. Use [`Self::insert_at`] for others'.
    pub fn insert(&mut self, path: &str, bytes: impl AsRef<[u8]>) -> &mut Self {
        let path = TreePath::new(path).expect("a path inside the tree");
        self.insert_at(&path, EntryKind::File, bytes)
    }

    /// Puts a symbolic link at `path`. Panics as [`Self::insert`] does.
    pub fn link(&mut self, path: &str, target: &str) -> &mut Self {
        let path = TreePath::new(path).expect("a path inside the tree");
        self.insert_at(&path, EntryKind::Symlink, target)
    }

    /// Puts a leaf of any kind at `path`.
    pub fn insert_at(
        &mut self,
        path: &TreePath,
        kind: EntryKind,
        bytes: impl AsRef<[u8]>,
    ) -> &mut Self {
        let bytes: Arc<[u8]> = bytes.as_ref().into();
        let id = ContentId::of_bytes(&bytes);
        self.leaves.insert(path.as_str().to_owned(), Leaf { kind, bytes, id });
        self
    }

    /// Takes the file at `path` away.
    pub fn remove(&mut self, path: &TreePath) {
        self.leaves.remove(path.as_str());
    }

    fn below<'a>(&'a self, path: &'a TreePath) -> impl Iterator<Item = (&'a str, &'a Leaf)> {
        let prefix = if path.is_root() { String::new() } else { format!("{path}/") };
        self.leaves.range(prefix.clone()..).take_while(move |(k, _)| k.starts_with(&prefix)).map(
            move |(k, leaf)| (&k[if path.is_root() { 0 } else { path.as_str().len() + 1 }..], leaf),
        )
    }

    fn directory(&self, path: &TreePath) -> Option<Entry> {
        let mut text = String::new();
        for (name, leaf) in self.below(path) {
            text.push_str(&format!("{:?} {name}\0{}\n", leaf.kind, leaf.id.as_str()));
        }
        (path.is_root() || !text.is_empty())
            .then(|| Entry { kind: EntryKind::Directory, id: ContentId::of_bytes(text.as_bytes()) })
    }
}

impl Tree for MemoryTree {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        Ok(match self.leaves.get(path.as_str()) {
            Some(leaf) => Some(Entry { kind: leaf.kind, id: leaf.id.clone() }),
            None => self.directory(path),
        })
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        match self.entry(path)? {
            None => return Err(TreeError::NotFound { path: path.clone() }),
            Some(e) if e.kind != EntryKind::Directory => {
                return Err(TreeError::WrongKind { path: path.clone(), wanted: "directory" });
            }
            Some(_) => {}
        }
        let mut names: Vec<String> = self
            .below(path)
            .map(|(rest, _)| rest.split('/').next().unwrap_or(rest).to_owned())
            .collect();
        names.sort();
        names.dedup();
        names
            .into_iter()
            .map(|name| {
                let at = path.join(&name)?;
                let entry = self.entry(&at)?.ok_or(TreeError::NotFound { path: at })?;
                Ok((name, entry))
            })
            .collect()
    }

    fn read(&self, path: &TreePath, limit: u64) -> Result<Arc<[u8]>, TreeError> {
        let Some(leaf) = self.leaves.get(path.as_str()) else {
            return Err(match self.directory(path) {
                Some(_) => TreeError::WrongKind { path: path.clone(), wanted: "file" },
                None => TreeError::NotFound { path: path.clone() },
            });
        };
        let size = leaf.bytes.len() as u64;
        if size > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size, limit });
        }
        Ok(leaf.bytes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_reads_and_identifies() {
        let mut tree = MemoryTree::default();
        tree.insert("a/b.yaml", "b").insert("a/c/d.yaml", "d").insert("e.yaml", "e");
        let root = TreePath::root();
        let names: Vec<_> = tree.list(&root).unwrap().into_iter().map(|(n, _)| n).collect();
        assert_eq!(names, ["a", "e.yaml"]);
        let a = TreePath::new("a").unwrap();
        let before = tree.entry(&a).unwrap().unwrap().id;
        tree.insert("e.yaml", "other");
        assert_eq!(tree.entry(&a).unwrap().unwrap().id, before);
        tree.insert("a/c/d.yaml", "other");
        assert_ne!(tree.entry(&a).unwrap().unwrap().id, before);
        let b = TreePath::new("a/b.yaml").unwrap();
        assert!(matches!(tree.read(&b, 0), Err(TreeError::TooLarge { size: 1, .. })));
        assert!(matches!(tree.read(&a, 9), Err(TreeError::WrongKind { .. })));
    }
}
