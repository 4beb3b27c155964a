//! A commit's files.

use std::collections::BTreeMap;
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::tree::EntryKind as Mode;
use windlass_tree::{ContentId, Entry, EntryKind, Tree, TreeError, TreePath};

use crate::lfs::LargeFiles;
use crate::objects::{Item, ObjectError, Objects};

/// The tree of a commit, read from the object database. Submodules stand in it as directories;
/// those that are not read are empty ones.
#[derive(Clone, Debug)]
pub struct GitTree {
    pub(crate) objects: Arc<Objects>,
    pub(crate) commit: ObjectId,
    pub(crate) root: ObjectId,
    /// By the path at which they stand.
    pub(crate) submodules: BTreeMap<String, GitTree>,
    /// Replaces pointers by what they point at.
    pub(crate) large: Option<Arc<LargeFiles>>,
}

/// What stands at a path: in which repository, and what it is there.
struct Place<'a> {
    tree: &'a GitTree,
    mode: Mode,
    id: ObjectId,
}

impl GitTree {
    /// The commit, 40 hex digits.
    pub fn commit(&self) -> String {
        self.commit.to_string()
    }

    /// The whole tree's id: trees with the same id hold the same files.
    pub fn id(&self) -> ContentId {
        self.content(Mode::Tree, &self.root, "")
    }

    fn locate(&self, path: &TreePath) -> Result<Option<Place<'_>>, TreeError> {
        let mut place = Place { tree: self, mode: Mode::Tree, id: self.root };
        // Where in the current repository we are, to find its submodules.
        let mut within = String::new();
        for name in path.components() {
            if place.mode != Mode::Tree {
                return Ok(None);
            }
            let listing =
                place.tree.objects.listing(&place.id).map_err(|e| store(place.tree, path, &e))?;
            let Ok(at) = listing.binary_search_by(|item| (*item.name).cmp(name)) else {
                return Ok(None);
            };
            if !within.is_empty() {
                within.push('/');
            }
            within.push_str(name);
            let Item { mode, id, .. } = listing[at];
            place = match (mode, place.tree.submodules.get(&within)) {
                (Mode::Commit, Some(sub)) => {
                    within.clear();
                    Place { tree: sub, mode: Mode::Tree, id: sub.root }
                }
                _ => Place { tree: place.tree, mode, id },
            };
        }
        Ok(Some(place))
    }

    /// The id of an entry of this repository. The same pointer shows other bytes where large files
    /// are replaced, and the same link to a submodule other files where submodules are read.
    fn content(&self, mode: Mode, id: &ObjectId, within: &str) -> ContentId {
        let mut text = match self.submodules.get(within) {
            Some(sub) if mode == Mode::Commit => return sub.id(),
            _ => id.to_string(),
        };
        if self.large.is_some() && mode != Mode::Link {
            text.push_str("+lfs");
        }
        if mode == Mode::Tree {
            let below = |sub: &String| within.is_empty() || sub.starts_with(&format!("{within}/"));
            for sub in self.submodules.keys().filter(|s| below(s)) {
                text.push_str("+sub:");
                text.push_str(self.submodules[sub].id().as_str());
            }
        }
        ContentId::new(text)
    }
}

fn kind(mode: Mode) -> EntryKind {
    match mode {
        Mode::Tree | Mode::Commit => EntryKind::Directory,
        Mode::Blob => EntryKind::File,
        Mode::BlobExecutable => EntryKind::Executable,
        Mode::Link => EntryKind::Symlink,
    }
}

/// An object of a commit that is there is missing or cannot be read: the next one to ask for the
/// commit gets a new mirror.
fn store(tree: &GitTree, path: &TreePath, error: &ObjectError) -> TreeError {
    tree.objects.note_damage();
    TreeError::Store { path: path.clone(), reason: error.to_string() }
}

impl Tree for GitTree {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        if path.is_root() {
            return Ok(Some(Entry { kind: EntryKind::Directory, id: self.id() }));
        }
        Ok(self.locate(path)?.map(|place| {
            // The part of the path within the place's own repository.
            let depth = self.depth_of(path, place.tree);
            let within: Vec<&str> = path.components().skip(depth).collect();
            let id = place.tree.content(place.mode, &place.id, &within.join("/"));
            Entry { kind: kind(place.mode), id }
        }))
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let place = self.locate(path)?.ok_or_else(|| TreeError::NotFound { path: path.clone() })?;
        match place.mode {
            Mode::Tree => {}
            // A submodule that is not read.
            Mode::Commit => return Ok(Vec::new()),
            _ => return Err(TreeError::WrongKind { path: path.clone(), wanted: "directory" }),
        }
        let depth = self.depth_of(path, place.tree);
        let within = path.components().skip(depth).collect::<Vec<_>>().join("/");
        let listing =
            place.tree.objects.listing(&place.id).map_err(|e| store(place.tree, path, &e))?;
        Ok(listing
            .iter()
            .map(|item| {
                let at = if within.is_empty() {
                    item.name.to_string()
                } else {
                    format!("{within}/{}", item.name)
                };
                let id = place.tree.content(item.mode, &item.id, &at);
                (item.name.to_string(), Entry { kind: kind(item.mode), id })
            })
            .collect())
    }

    fn read(&self, path: &TreePath, limit: u64) -> Result<Arc<[u8]>, TreeError> {
        let place = self.locate(path)?.ok_or_else(|| TreeError::NotFound { path: path.clone() })?;
        if matches!(place.mode, Mode::Tree | Mode::Commit) {
            return Err(TreeError::WrongKind { path: path.clone(), wanted: "file" });
        }
        let read = place.tree.objects.read(&place.id, limit, |_, data| Arc::<[u8]>::from(data));
        let bytes = read.map_err(|e| match e {
            ObjectError::TooLarge(size) => TreeError::TooLarge { path: path.clone(), size, limit },
            other => store(place.tree, path, &other),
        })?;
        match &place.tree.large {
            Some(large) if place.mode != Mode::Link => large.resolve(path, bytes, limit),
            _ => Ok(bytes),
        }
    }
}

impl GitTree {
    /// The commit that stands at `path` as a link to a submodule.
    pub(crate) fn link(&self, path: &TreePath) -> Option<ObjectId> {
        let place = self.locate(path).ok()??;
        (place.mode == Mode::Commit).then_some(place.id)
    }

    /// How many components of `path` lead to `tree`, which is this one or a submodule on the way.
    fn depth_of(&self, path: &TreePath, tree: &GitTree) -> usize {
        if std::ptr::eq(self, tree) {
            return 0;
        }
        for (at, sub) in &self.submodules {
            if let Some(rest) = path.as_str().strip_prefix(at.as_str())
                && (rest.is_empty() || rest.starts_with('/'))
                && let Ok(rest) = TreePath::new(rest.trim_start_matches('/'))
            {
                return at.split('/').count() + sub.depth_of(&rest, tree);
            }
        }
        0
    }
}
