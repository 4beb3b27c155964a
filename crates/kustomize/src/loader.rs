//! Files and directories as a kustomization names them.
//!
//! Each kustomization reads through a loader of its own, which knows the directory and how it was
//! reached: that tells cycles, and what may not be left. What is in no tree is noted as a need, and
//! the build goes on without it to find what else is needed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use windlass_tree::{Entry, EntryKind, Given, Need, Tree, TreeError, TreePath};

use crate::error::{Error, Result};
use crate::remote::{RepoSpec, is_http};

/// The longest file, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// How many kustomizations may refer to each other in a row.
const MAX_DEPTH: usize = 100;
/// How many symbolic links may follow each other.
const MAX_LINKS: usize = 40;

/// What a whole build shares.
#[derive(Debug)]
pub(crate) struct Session<'t> {
    pub(crate) given: &'t Given,
    pub(crate) needs: RefCell<BTreeSet<Need>>,
    pub(crate) warnings: RefCell<Vec<String>>,
    /// When the first certificate of a chart is to be renewed.
    pub(crate) until: Cell<Option<i128>>,
}

impl Session<'_> {
    /// Notes that what a chart rendered to holds only until then.
    pub(crate) fn holds_until(&self, until: Option<i128>) {
        self.until.set([self.until.get(), until].into_iter().flatten().min());
    }
}

/// Reads what a kustomization in one directory names.
#[derive(Clone, Debug)]
pub struct Loader<'t> {
    session: Rc<Session<'t>>,
    tree: &'t dyn Tree,
    /// The name of the tree's root in messages.
    tree_name: Rc<str>,
    root: TreePath,
    restricted: bool,
    referrer: Option<Rc<Loader<'t>>>,
    repository: Option<Rc<RepoSpec>>,
    depth: usize,
}

/// What a path to a directory or repository leads to.
#[derive(Debug)]
pub(crate) enum Opened<'t> {
    Directory(Loader<'t>),
    /// It must be fetched first, which is noted.
    Needed,
}

impl<'t> Loader<'t> {
    /// For the kustomization in the directory `path` of `tree`.
    ///
    /// # Errors
    /// If there is no such directory.
    pub(crate) fn new(
        session: Rc<Session<'t>>,
        tree: &'t dyn Tree,
        path: &TreePath,
        tree_name: &str,
        restricted: bool,
    ) -> Result<Self> {
        let mut loader = Self {
            session,
            tree,
            tree_name: tree_name.into(),
            root: TreePath::root(),
            restricted,
            referrer: None,
            repository: None,
            depth: 0,
        };
        loader.root = loader.directory(path)?;
        Ok(loader)
    }

    pub(crate) fn session(&self) -> &Session<'t> {
        &self.session
    }

    /// The directory's name in messages.
    pub fn root(&self) -> String {
        self.name(&self.root)
    }

    /// The directory.
    pub fn root_path(&self) -> &TreePath {
        &self.root
    }

    /// The repository whose directory it is, if that was named by its address.
    pub(crate) fn repository(&self) -> Option<&RepoSpec> {
        self.repository.as_deref()
    }

    /// Where the file at `path` is, links followed.
    pub(crate) fn real(&self, path: &str) -> Result<TreePath> {
        Ok(self.resolve(&self.join(path)?)?.0)
    }

    /// The way from the directory to `path`.
    pub(crate) fn relative(&self, path: &TreePath) -> String {
        let (from, to): (Vec<_>, Vec<_>) =
            (self.root.components().collect(), path.components().collect());
        let shared = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
        let up = std::iter::repeat_n("..", from.len() - shared);
        let way: Vec<&str> = up.chain(to.into_iter().skip(shared)).collect();
        if way.is_empty() { ".".to_owned() } else { way.join("/") }
    }

    /// The name of a path in messages.
    pub(crate) fn name(&self, path: &TreePath) -> String {
        format!("{}/{path}", self.tree_name)
    }

    /// Where `path` leads without links, and what stands there.
    fn resolve(&self, path: &TreePath) -> Result<(TreePath, Entry)> {
        let missing = |at: &TreePath| {
            let (path, at) = (self.name(path), self.name(at));
            Error::told(format!(
                "evalsymlink failure on '{path}' : lstat {at}: no such file or directory"
            ))
        };
        let told = |e: TreeError| Error::told(e.to_string());
        // What is at or above our own directory holds no links.
        let mut done = self.root.clone();
        while !path.is_within(&done) {
            done = done.parent().unwrap_or_default();
        }
        let known = done.components().count();
        let mut todo: Vec<String> = path.components().skip(known).map(str::to_owned).collect();
        todo.reverse();
        let mut links = 0;
        let mut last = None;
        while let Some(part) = todo.pop() {
            if part == ".." {
                done = done.parent().unwrap_or_default();
                last = None;
                continue;
            }
            let here = done.join(&part).map_err(told)?;
            let entry = self.tree.entry(&here).map_err(told)?.ok_or_else(|| missing(&here))?;
            if entry.kind != EntryKind::Symlink {
                done = here;
                last = Some(entry);
                continue;
            }
            links += 1;
            if links > MAX_LINKS {
                let path = self.name(path);
                return Err(Error::told(format!(
                    "evalsymlink failure on '{path}' : EvalSymlinks: too many links"
                )));
            }
            let target = self.tree.read(&here, 4096).map_err(told)?;
            let target = String::from_utf8_lossy(&target).into_owned();
            if target.starts_with('/') {
                return Err(Error::told(format!(
                    "security; link '{}' leads out of the tree to '{target}'",
                    self.name(&here)
                )));
            }
            let parts = target.split('/').rev().filter(|c| !c.is_empty() && *c != ".");
            todo.extend(parts.map(str::to_owned));
        }
        let entry = match last {
            Some(entry) => entry,
            None => self.tree.entry(&done).map_err(told)?.ok_or_else(|| missing(&done))?,
        };
        Ok((done, entry))
    }

    fn directory(&self, path: &TreePath) -> Result<TreePath> {
        let (real, entry) = self.resolve(path).map_err(|e| e.during("not a valid directory"))?;
        if entry.kind != EntryKind::Directory {
            return Err(Error::told(format!("'{}': file is not directory", self.name(path))));
        }
        Ok(real)
    }

    /// `path` as it lies in the tree.
    fn join(&self, path: &str) -> Result<TreePath> {
        if let Some(absolute) = path.strip_prefix('/') {
            // An absolute path is one on the disk that the tree shows.
            let inside = format!("/{absolute}");
            let rest = inside.strip_prefix(&*self.tree_name).filter(|r| r.starts_with('/'));
            return rest
                .and_then(|rest| TreePath::new(rest.trim_start_matches('/')).ok())
                .ok_or_else(|| Error::told(format!("open {path}: no such file or directory")));
        }
        self.root.join(path).map_err(|_| {
            Error::told(format!(
                "security; file '{path}' is not in or below '{}'",
                self.name(&TreePath::root())
            ))
        })
    }

    /// The file in the tree that `path` names, if it names one.
    pub(crate) fn place(&self, path: &str) -> Option<TreePath> {
        if is_http(path) { None } else { self.join(path).ok() }
    }

    /// The tree, and where in it the directory at `path` is, if there is one.
    pub(crate) fn tree_directory(&self, path: &str) -> Option<(&'t dyn Tree, TreePath)> {
        let at = self.join(path).ok()?;
        let (real, entry) = self.resolve(&at).ok()?;
        (entry.kind == EntryKind::Directory).then_some((self.tree, real))
    }

    /// The file at `path`, which is relative to the kustomization's directory, or a URL.
    ///
    /// # Errors
    /// If it is not there, or lies outside of the directory and may not.
    pub fn load(&self, path: &str) -> Result<Arc<[u8]>> {
        if is_http(path) {
            return self.fetched(path);
        }
        let at = self.join(path)?;
        let (real, entry) = match self.resolve(&at) {
            Ok(found) => found,
            Err(_) if !self.restricted => {
                let name = self.name(&at);
                return Err(Error::told(format!("open {name}: no such file or directory")));
            }
            Err(e) => return Err(e),
        };
        if entry.kind == EntryKind::Directory {
            let name = self.name(&at);
            return Err(Error::told(if self.restricted {
                format!("'{name}' must resolve to a file")
            } else {
                format!("read {name}: is a directory")
            }));
        }
        let inside = real.parent().unwrap_or_default().is_within(&self.root);
        if self.restricted && !inside {
            return Err(Error::told(format!(
                "security; file '{}' is not in or below '{}'",
                self.name(&at),
                self.root()
            )));
        }
        self.tree.read(&real, MAX_FILE_BYTES).map_err(|e| Error::told(e.to_string()))
    }

    fn fetched(&self, url: &str) -> Result<Arc<[u8]>> {
        match self.session.given.file(url) {
            Some(Ok(bytes)) => Ok(Arc::clone(bytes)),
            Some(Err(why)) if RepoSpec::parse(url).is_ok() => {
                // Where nobody answered, nothing is known of what is there.
                let is_answered = why.contains("status code");
                Err(Error::told(if is_answered { "URL is a git repository" } else { why }))
            }
            Some(Err(why)) => Err(Error::Http(why.to_owned())),
            None => {
                self.need(Need::File { address: url.to_owned() });
                Ok(Arc::default())
            }
        }
    }

    pub(crate) fn need(&self, need: Need) {
        self.session.needs.borrow_mut().insert(need);
    }

    /// The directory or repository at `path`.
    ///
    /// # Errors
    /// If it is none, or reading it would go round in a circle or leave its repository.
    pub(crate) fn open(&self, path: &str) -> Result<Opened<'t>> {
        if path.is_empty() {
            return Err(Error::told("new root cannot be empty"));
        }
        if self.depth >= MAX_DEPTH {
            return Err(Error::told(format!(
                "more than {MAX_DEPTH} kustomizations refer to each other in a row"
            )));
        }
        if let Ok(spec) = RepoSpec::parse(path) {
            return self.open_repository(spec);
        }
        if path.starts_with('/') {
            return Err(Error::told(format!("new root '{path}' cannot be absolute")));
        }
        let ambiguous = |part: &str| !matches!(part, "." | "..") && part.contains("..");
        if path.split('/').any(ambiguous) {
            let clean = TreePath::new(path).map_or_else(|_| path.to_owned(), |p| p.to_string());
            return Err(Error::told(format!(
                "path {path:?} is ambiguous: resolves to {clean:?} after normalization, which is \
                 likely not the intended target; check for YAML indentation errors in your \
                 kustomization file"
            )));
        }
        let root =
            self.root.join(path).map_err(|_| self.outside(path)).and_then(|at| {
                self.directory(&at).map_err(|e| e.during("must build at directory"))
            })?;
        self.refuse_cycle(&root)?;
        Ok(Opened::Directory(Self {
            root,
            referrer: Some(Rc::new(self.clone())),
            repository: None,
            depth: self.depth + 1,
            ..self.clone()
        }))
    }

    fn outside(&self, path: &str) -> Error {
        let tree = self.name(&TreePath::root());
        Error::told(if self.is_remote() {
            format!(
                "security; bases in kustomizations found in cloned git repos must be within the \
                 repo, but base '{path}' is outside '{tree}'"
            )
        } else {
            format!("must build at directory: '{path}' leads out of '{tree}'")
        })
    }

    fn is_remote(&self) -> bool {
        self.repository.is_some() || self.referrer.as_ref().is_some_and(|r| r.is_remote())
    }

    fn refuse_cycle(&self, candidate: &TreePath) -> Result<()> {
        let mut at = Some(self);
        while let Some(loader) = at {
            if loader.tree_name == self.tree_name && loader.root.is_within(candidate) {
                return Err(Error::told(format!(
                    "cycle detected: candidate root '{}' contains visited root '{}'",
                    self.name(candidate),
                    loader.root()
                )));
            }
            at = loader.referrer.as_deref();
        }
        Ok(())
    }

    fn open_repository(&self, spec: RepoSpec) -> Result<Opened<'t>> {
        let mut at = Some(self);
        while let Some(loader) = at {
            if let Some(visited) =
                loader.repository.as_ref().filter(|v| v.raw.starts_with(&spec.raw))
            {
                return Err(Error::told(format!(
                    "cycle detected: URI '{}' referenced by previous URI '{}'",
                    spec.raw, visited.raw
                )));
            }
            at = loader.referrer.as_deref();
        }
        let tree = match self.session.given.tree(&spec.repository, &spec.reference) {
            Some(Ok(given)) => given.tree.as_ref(),
            Some(Err(why)) => return Err(Error::told(why)),
            None => {
                self.need(Need::Tree { repository: spec.repository, revision: spec.reference });
                return Ok(Opened::Needed);
            }
        };
        let tree_name = match spec.reference.as_str() {
            "" => spec.repository.clone(),
            reference => format!("{}@{reference}", spec.repository),
        };
        let mut loader = Self {
            session: Rc::clone(&self.session),
            tree,
            tree_name: tree_name.into(),
            root: TreePath::root(),
            // What was fetched never reads beside itself.
            restricted: true,
            referrer: Some(Rc::new(self.clone())),
            repository: None,
            depth: self.depth + 1,
        };
        let path = TreePath::new(&spec.path).map_err(|e| Error::told(e.to_string()))?;
        let (real, entry) = loader.resolve(&path)?;
        if entry.kind != EntryKind::Directory {
            return Err(Error::told(format!(
                "'{}' refers to file '{}'; expecting directory",
                loader.name(&path),
                real.name()
            )));
        }
        loader.root = real;
        loader.repository = Some(Rc::new(spec));
        Ok(Opened::Directory(loader))
    }
}
