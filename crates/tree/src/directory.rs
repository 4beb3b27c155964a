//! A directory on disk as a tree.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::{ContentId, Entry, EntryKind, Tree, TreeError, TreePath};

/// A directory on disk. It is only as immutable as the disk: for the command line, where a person
/// renders what lies before them, not for delivery.
#[derive(Clone, Debug)]
pub struct DirectoryTree {
    root: PathBuf,
    /// Directories that were seen to be no links: asked once, and not for each file below.
    real: Arc<Mutex<HashSet<TreePath>>>,
}

impl DirectoryTree {
    /// The tree rooted at `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), real: Arc::default() }
    }

    fn at(&self, path: &TreePath) -> PathBuf {
        if path.is_root() { self.root.clone() } else { self.root.join(path.as_str()) }
    }

    /// Refuses a path one of whose directories is a link: [`crate::resolve`] follows those and
    /// keeps inside the tree, the file system would not.
    fn check_parents(&self, path: &TreePath) -> Result<(), TreeError> {
        let mut real = self.real.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut asked = Vec::new();
        let mut at = path.parent();
        while let Some(dir) = at.filter(|dir| !dir.is_root() && !real.contains(dir)) {
            if self.at(&dir).symlink_metadata().is_ok_and(|m| m.file_type().is_symlink()) {
                return Err(TreeError::NotFound { path: path.clone() });
            }
            at = dir.parent();
            asked.push(dir);
        }
        // Not before all above them are known to be none either.
        real.extend(asked);
        Ok(())
    }
}

fn store(path: &TreePath, error: &std::io::Error) -> TreeError {
    match error.kind() {
        std::io::ErrorKind::NotFound => TreeError::NotFound { path: path.clone() },
        std::io::ErrorKind::NotADirectory => {
            TreeError::WrongKind { path: path.clone(), wanted: "directory" }
        }
        _ => TreeError::Store { path: path.clone(), reason: error.to_string() },
    }
}

impl EntryKind {
    /// What lies on a disk; a link is not followed.
    pub fn of(meta: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::PermissionsExt;
        if meta.is_symlink() {
            Self::Symlink
        } else if meta.is_dir() {
            Self::Directory
        } else if meta.permissions().mode() & 0o111 != 0 {
            Self::Executable
        } else {
            Self::File
        }
    }
}

/// Of a file on disk: which it is, size and time of change, which is as far as one can tell without
/// reading. Not as a digest: to compute that takes longer than to ask.
fn id_of(meta: &std::fs::Metadata) -> ContentId {
    use std::os::unix::fs::MetadataExt;
    let (file, time) = ((meta.dev(), meta.ino()), (meta.mtime(), meta.mtime_nsec()));
    let text = format!("{:x}-{:x}-{:x}-{:x}-{:x}", file.0, file.1, meta.len(), time.0, time.1);
    ContentId::new(text)
}

impl Tree for DirectoryTree {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        if self.check_parents(path).is_err() {
            return Ok(None);
        }
        let at = self.at(path);
        let meta = if path.is_root() { at.metadata() } else { at.symlink_metadata() };
        match meta {
            Ok(meta) => Ok(Some(Entry { kind: EntryKind::of(&meta), id: id_of(&meta) })),
            Err(e) => match store(path, &e) {
                TreeError::NotFound { .. } | TreeError::WrongKind { .. } => Ok(None),
                other => Err(other),
            },
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        self.check_parents(path)?;
        let mut out = Vec::new();
        for item in std::fs::read_dir(self.at(path)).map_err(|e| store(path, &e))? {
            let item = item.map_err(|e| store(path, &e))?;
            let Ok(name) = item.file_name().into_string() else { continue };
            let meta = item.metadata().map_err(|e| store(path, &e))?;
            out.push((name, Entry { kind: EntryKind::of(&meta), id: id_of(&meta) }));
        }
        out.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(out)
    }

    fn read(&self, path: &TreePath, limit: u64) -> Result<Arc<[u8]>, TreeError> {
        self.check_parents(path)?;
        let at = self.at(path);
        let meta = at.symlink_metadata().map_err(|e| store(path, &e))?;
        if meta.is_symlink() {
            let target = std::fs::read_link(&at).map_err(|e| store(path, &e))?;
            return Ok(target.to_string_lossy().as_bytes().into());
        }
        if meta.is_dir() {
            return Err(TreeError::WrongKind { path: path.clone(), wanted: "file" });
        }
        if meta.len() > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size: meta.len(), limit });
        }
        Ok(std::fs::read(&at).map_err(|e| store(path, &e))?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    #[test]
    fn reads_a_directory_and_not_beyond_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("in")).unwrap();
        std::fs::write(dir.path().join("in/a.yaml"), "a").unwrap();
        std::fs::write(dir.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink("..", dir.path().join("in/up")).unwrap();
        let tree = DirectoryTree::new(dir.path().join("in"));
        let path = |p: &str| TreePath::new(p).unwrap();
        assert_eq!(&*tree.read(&path("a.yaml"), 9).unwrap(), b"a");
        assert!(tree.read(&path("up/secret"), 9).is_err());
        assert!(matches!(resolve(&tree, &path("up/secret")), Err(TreeError::Escape { .. })));
        assert!(tree.entry(&path("none")).unwrap().is_none());
    }
}
