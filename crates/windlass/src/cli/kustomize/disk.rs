//! The whole disk as a tree, since a kustomization may name what lies anywhere above it.

use std::path::PathBuf;
use std::sync::Arc;

use windlass_tree::{ContentId, Entry, EntryKind, Tree, TreeError, TreePath};

/// The disk from `/` down. It is only as immutable as the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk;

fn at(path: &TreePath) -> PathBuf {
    PathBuf::from("/").join(path.as_str())
}

fn failed(path: &TreePath, error: &std::io::Error) -> TreeError {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            TreeError::NotFound { path: path.clone() }
        }
        _ => TreeError::Store { path: path.clone(), reason: error.to_string() },
    }
}

fn entry_of(path: &TreePath, meta: &std::fs::Metadata) -> Entry {
    // As far as one can tell without reading.
    let id = format!("{path} {} {:?}", meta.len(), meta.modified().ok());
    Entry { kind: EntryKind::of(meta), id: ContentId::new(id) }
}

impl Tree for Disk {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        match at(path).symlink_metadata() {
            Ok(meta) => Ok(Some(entry_of(path, &meta))),
            Err(e) => match failed(path, &e) {
                TreeError::NotFound { .. } => Ok(None),
                other => Err(other),
            },
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let mut out = Vec::new();
        for item in std::fs::read_dir(at(path)).map_err(|e| failed(path, &e))? {
            let item = item.map_err(|e| failed(path, &e))?;
            let Ok(name) = item.file_name().into_string() else { continue };
            let here = path.join(&name)?;
            let meta = item.metadata().map_err(|e| failed(&here, &e))?;
            out.push((name, entry_of(&here, &meta)));
        }
        out.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(out)
    }

    fn read(&self, path: &TreePath, limit: u64) -> Result<Arc<[u8]>, TreeError> {
        let file = at(path);
        let meta = file.symlink_metadata().map_err(|e| failed(path, &e))?;
        if meta.is_symlink() {
            let target = std::fs::read_link(&file).map_err(|e| failed(path, &e))?;
            let target = target.to_string_lossy();
            // A tree's links stay in the tree, which here is the disk: all lead up first.
            let target = match target.strip_prefix('/') {
                Some(rest) => "../".repeat(path.components().count().saturating_sub(1)) + rest,
                None => target.into_owned(),
            };
            return Ok(target.into_bytes().into());
        }
        if meta.len() > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size: meta.len(), limit });
        }
        Ok(std::fs::read(&file).map_err(|e| failed(path, &e))?.into())
    }
}
