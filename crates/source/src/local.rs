//! A repository on the local disk, read where it lies: no `git` program, no copy.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::refs::TargetRef;

use crate::answers::Refs;
use crate::objects::Objects;
use crate::{Limits, SourceError};

/// A repository on the local disk.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) objects: Arc<Objects>,
    /// Its `.git`, or itself if it is bare.
    pub(crate) dir: PathBuf,
}

fn open(path: &Path) -> Result<gix::Repository, SourceError> {
    let url = || format!("file://{}", path.display());
    gix::open_opts(path, gix::open::Options::isolated()).map_err(|e| {
        if path.exists() && !e.to_string().contains("not appear to be a git repository") {
            return SourceError::StorageFailed { url: url(), why: e.to_string() };
        }
        SourceError::RepositoryNotFound { url: url() }
    })
}

impl Local {
    /// Opens the repository at `path`. Blocks.
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Self, SourceError> {
        let repository = open(path)?;
        let dir = repository.common_dir().to_owned();
        let objects = Objects::open(&dir.join("objects"), limits.object_bytes).map_err(|why| {
            SourceError::StorageFailed { url: format!("file://{}", path.display()), why }
        })?;
        Ok(Self { objects: Arc::new(objects), dir })
    }
}

/// The refs of the repository at `path`, whose objects these are. Blocks.
pub(crate) fn refs(path: &Path, objects: &Objects) -> Result<Refs, SourceError> {
    let repository = open(path)?;
    let failed =
        |why: String| SourceError::StorageFailed { url: format!("file://{}", path.display()), why };
    let mut refs = Refs::default();
    let platform = repository.references().map_err(|e| failed(e.to_string()))?;
    for reference in platform.all().map_err(|e| failed(e.to_string()))? {
        // A ref that cannot be read must not hide the others.
        let Ok(reference) = reference else { continue };
        let TargetRef::Object(id) = reference.target() else { continue };
        let name = reference.name().as_bstr().to_string();
        if name.starts_with("refs/tags/") {
            // Packed refs know what is behind a tag.
            let known = reference.inner.peeled;
            let commit = known.or_else(|| objects.commit(&id.to_owned()).ok().map(|(c, _)| c));
            if let Some(commit) = commit.filter(|commit| *commit != id) {
                refs.peeled.insert(name.clone(), commit.to_string());
            }
        }
        refs.objects.insert(name, id.to_string());
    }
    if let Ok(head) = repository.head() {
        refs.head = head.referent_name().map(|n| n.as_bstr().to_string());
        if let Some(id) = head.id() {
            refs.objects.insert("HEAD".to_owned(), id.to_string());
        }
    }
    Ok(refs)
}
