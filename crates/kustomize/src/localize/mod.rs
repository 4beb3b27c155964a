//! `kustomize localize`: a copy of a kustomization and all that it names, with what lies elsewhere
//! in files of its own.
//!
//! [`localize`] is a function of trees like [`build`](crate::build): it says which files the copy
//! has, and asks for what it lacks.

mod address;
mod charts;
mod plugins;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use windlass_object::{go, yaml};
use windlass_tree::{Given, Need, Tree, TreePath};

use crate::error::{During, Error, Result};
use crate::kustomization::encode::Encode;
use crate::kustomization::{FILE_NAMES, Kustomization, Patch, read_as_is};
use crate::loader::{Loader, Opened, Session};
use crate::manifest;
use crate::remote::{RepoSpec, is_http};

/// Where in a copy stands what lay elsewhere.
const LOCALIZED: &str = "localized-files";

/// What is copied.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// The directory of the kustomization.
    pub target: &'a TreePath,
    /// The directory that holds all that it may name; it holds the target.
    pub scope: &'a TreePath,
    /// The name of the tree's root in messages.
    pub root_name: &'a str,
    /// Whether the tree is a repository's, with all in it in scope.
    pub is_remote: bool,
}

/// What a copy came to.
#[derive(Clone, Debug)]
pub enum Localized {
    /// It is done.
    Done(Copied),
    /// It lacks something that is in none of the trees.
    Needs(Vec<Need>),
}

/// A copy, by paths from its root, which mirrors the scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// The files.
    pub files: BTreeMap<TreePath, Vec<u8>>,
    /// The directories that may be without any.
    pub directories: BTreeSet<TreePath>,
}

/// Copies a kustomization.
///
/// # Errors
/// In kustomize's words; [`Error::place`] says where.
pub fn localize(tree: &dyn Tree, scope: &Scope<'_>, given: &Given) -> Result<Localized> {
    let session = Rc::new(Session {
        given,
        needs: RefCell::default(),
        warnings: RefCell::default(),
        until: Cell::default(),
    });
    let out = RefCell::new(Copied::default());
    let done = Loader::new(Rc::clone(&session), tree, scope.target, scope.root_name, true)
        .and_then(|loader| {
            let below = scope.target.as_str().get(scope.scope.as_str().len()..).unwrap_or_default();
            let to = TreePath::new(below.trim_start_matches('/'));
            let to = to.map_err(|e| Error::told(e.to_string()))?;
            Localizer { loader, to, local: !scope.is_remote, scope: scope.scope, out: &out }.run()
        });
    let needs = session.needs.take();
    if !needs.is_empty() {
        return Ok(Localized::Needs(needs.into_iter().collect()));
    }
    done.map(|()| Localized::Done(out.into_inner()))
}

/// The copy of one kustomization.
struct Localizer<'t, 'a> {
    loader: Loader<'t>,
    /// Where the copy of its directory is.
    to: TreePath,
    /// Whether it was reached by local paths only.
    local: bool,
    scope: &'a TreePath,
    out: &'a RefCell<Copied>,
}

impl Localizer<'_, '_> {
    fn run(&self) -> Result<()> {
        self.out.borrow_mut().directories.insert(self.to.clone());
        let mut found = None;
        for name in FILE_NAMES {
            if let Ok(text) = self.loader.load(name)
                && found.replace((name, text)).is_some()
            {
                let root = self.loader.root();
                return Err(Error::told(format!(
                    "Found multiple kustomization files under: {root}\n"
                )));
            }
        }
        let (name, text) = found.ok_or_else(|| Error::NoKustomization(self.loader.root()))?;
        let place = self.loader.place(name);
        let at_file = |e: Error| match &place {
            Some(place) => e.at(place, None),
            None => e,
        };
        let mut k = read_as_is(&text).map_err(at_file)?;
        self.fields(&mut k).map_err(at_file)?;
        self.plugins(&mut k).map_err(at_file)?;
        let text = yaml::to_string(&k.whole());
        self.write(name, text.into_bytes())
    }

    fn fields(&self, k: &mut Kustomization) -> Result<()> {
        if let Some(path) = k.openapi.get_mut("path") {
            *path = self.file(path).during(|| "unable to localize openapi path".to_owned())?;
        }
        let entry = |field: &str| format!("unable to localize {field} entry");
        let each = |paths: &mut [String], field: &str, copy: &dyn Fn(&str) -> Result<String>| {
            paths.iter_mut().try_for_each(|path| {
                *path = copy(path).during(|| entry(field))?;
                Ok(())
            })
        };
        each(&mut k.bases, "bases", &|path| self.root(path))?;
        each(&mut k.components, "components", &|path| self.root(path))?;
        each(&mut k.configurations, "configurations", &|path| self.file(path))?;
        each(&mut k.crds, "crds", &|path| self.file(path))?;
        each(&mut k.resources, "resources", &|path| self.resource(path))?;
        for g in &mut k.config_map_generator {
            self.generator(&mut g.env, &mut g.envs, &mut g.files)
                .during(|| "unable to localize configMapGenerator".to_owned())?;
        }
        for g in &mut k.secret_generator {
            self.generator(&mut g.env, &mut g.envs, &mut g.files)
                .during(|| "unable to localize secretGenerator".to_owned())?;
        }
        self.helm(k)?;
        self.patches(&mut k.patches).during(|| "unable to localize patches".to_owned())?;
        self.patches(&mut k.patches_json6902)
            .during(|| "unable to localize patchesJson6902".to_owned())?;
        each(&mut k.patches_strategic_merge, "patchesStrategicMerge", &|path| {
            self.resource_or_text(path)
        })?;
        for replacement in &mut k.replacements {
            replacement.path = self.file(&replacement.path).during(|| entry("replacements"))?;
        }
        Ok(())
    }

    fn generator(&self, env: &mut String, envs: &mut [String], files: &mut [String]) -> Result<()> {
        *env = self.file(env).during(|| "unable to localize generator env file".to_owned())?;
        for path in envs {
            *path =
                self.file(path).during(|| "unable to localize generator envs file".to_owned())?;
        }
        for source in files {
            *source = self.file_source(source)?;
        }
        Ok(())
    }

    /// `[key=]path`.
    fn file_source(&self, source: &str) -> Result<String> {
        let (_, path) = crate::generate::file_source(source)?;
        let copied =
            self.file(&path).during(|| format!("invalid file source {}", go::quote(source)))?;
        Ok(match source.strip_suffix(path.as_str()) {
            Some(key) if !key.is_empty() => format!("{key}{copied}"),
            _ => copied,
        })
    }

    fn patches(&self, patches: &mut [Patch]) -> Result<()> {
        patches.iter_mut().try_for_each(|patch| {
            patch.path = self.file(&patch.path)?;
            Ok(())
        })
    }

    /// A file, directory or repository.
    fn resource(&self, path: &str) -> Result<String> {
        let as_file = match RepoSpec::parse(path) {
            Ok(spec) if spec.is_certain() => {
                Err(Error::told("URL is a git repository").during("invalid file reference"))
            }
            _ => self.load(path).and_then(|content| {
                manifest::resources(&content)
                    .during(|| format!("invalid resource at file {}", go::quote(path)))?;
                self.copy(path, content.to_vec())
            }),
        };
        let why_no_file = match as_file {
            Ok(copied) => return Ok(copied),
            Err(e) => e,
        };
        self.root(path).map_err(|e| {
            let name = go::quote(path);
            let told = Error::told(format!(
                "could not localize path {name} as file: {why_no_file}; could not localize path \
                 {name} as directory: {e}"
            ));
            match e.place() {
                Some(place) => told.at(&place.file, place.at),
                None => told,
            }
        })
    }

    fn load(&self, path: &str) -> Result<Arc<[u8]>> {
        self.loader.load(path).during(|| "invalid file reference".to_owned())
    }

    /// A file that need not be named.
    fn file(&self, path: &str) -> Result<String> {
        if path.is_empty() {
            return Ok(String::new());
        }
        self.copy(path, self.load(path)?.to_vec())
    }

    /// Puts a file where its copy belongs, which comes back.
    fn copy(&self, path: &str, content: Vec<u8>) -> Result<String> {
        let to = if is_http(path) {
            self.free(&format!("file {}", go::quote(path)))?;
            address::of_file(path)
        } else {
            self.loader.relative(&self.loader.real(path)?)
        };
        self.write(&to, content)?;
        Ok(to)
    }

    fn write(&self, path: &str, content: Vec<u8>) -> Result<()> {
        let at = self.to.join(path).map_err(|e| Error::told(e.to_string()))?;
        self.out.borrow_mut().files.insert(at, content);
        Ok(())
    }

    /// Refuses where the directory for what lies elsewhere is taken.
    fn free(&self, what: &str) -> Result<()> {
        if self.loader.tree_directory(LOCALIZED).is_none() && self.loader.load(LOCALIZED).is_err() {
            return Ok(());
        }
        let root = self.loader.root();
        Err(Error::told(format!("{root} already contains {LOCALIZED} needed to store {what}")))
    }

    /// A directory or repository that need not be named.
    fn root(&self, path: &str) -> Result<String> {
        if path.is_empty() {
            return Ok(String::new());
        }
        let name = go::quote(path);
        let opened = self.loader.open(path).during(|| "invalid root reference".to_owned())?;
        let Opened::Directory(loader) = opened else { return Ok(String::new()) };
        let (to, local) = match loader.repository() {
            Some(spec) if spec.reference.is_empty() => {
                return Err(Error::told(format!(
                    "localize remote root {name} missing ref query string parameter"
                )));
            }
            Some(spec) => {
                self.free(&format!("root {name}"))?;
                (address::of_root(spec, loader.root_path())?, false)
            }
            None => {
                if self.local && !loader.root_path().is_within(self.scope) {
                    return Err(Error::told(format!(
                        "root {} outside localize scope {}",
                        go::quote(&loader.root()),
                        go::quote(&loader.name(self.scope))
                    )));
                }
                (self.loader.relative(loader.root_path()), self.local)
            }
        };
        let at = self.to.join(&to).map_err(|e| Error::told(e.to_string()))?;
        let below = Localizer { loader, to: at, local, scope: self.scope, out: self.out };
        below.run().during(|| format!("unable to localize root {name}"))?;
        Ok(to)
    }

    /// A file of resources, or the resources themselves.
    fn resource_or_text(&self, entry: &str) -> Result<String> {
        match self.load_resources(entry)? {
            (_, true) => self.file(entry),
            (_, false) => Ok(entry.to_owned()),
        }
    }

    /// The resources of an entry, and whether it names a file.
    fn load_resources(&self, entry: &str) -> Result<(Vec<crate::Resource>, bool)> {
        let inline = match manifest::resources(entry.as_bytes()) {
            Ok(found) => return Ok((found, false)),
            Err(e) => e,
        };
        let file = self.load(entry).and_then(|text| manifest::resources(&text));
        file.map(|found| (found, true)).map_err(|e| {
            let text = format!(
                "when parsing as inline received error: {inline}\nwhen parsing as filepath \
                 received error: {e}"
            );
            Error::told(text).during(format!("unable to load resource entry {}", go::quote(entry)))
        })
    }
}
