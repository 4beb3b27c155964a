//! Walks from a kustomization down to what it names, and gathers.
//!
//! On each level, in this order: resources, field paths, generators, components, transformers,
//! validators, vars. A component works on what its user has gathered; everything else starts with
//! nothing and is added when it is done.

use std::sync::Arc;

use windlass_object::Pointer;
use windlass_object::yaml::{self, Position};

use crate::Options;
use crate::accumulate::{self, Accumulator};
use crate::builtin;
use crate::config::{self, Config};
use crate::error::{During, Error, Result};
use crate::kustomization::{self, FILE_NAMES, Kustomization};
use crate::loader::{Loader, Opened};
use crate::manifest;
use crate::openapi::OpenApi;
use crate::plugin::Plugin;
use crate::remote::RepoSpec;
use crate::resmap::ResMap;
use crate::resource::{Origin, Resource};
use crate::yaml_words;

/// One kustomization of a build.
#[derive(Debug)]
pub(crate) struct Target<'t> {
    pub(crate) kustomization: Kustomization,
    pub(crate) file: &'static str,
    /// The file's text.
    text: Arc<[u8]>,
    pub(crate) loader: Loader<'t>,
    pub(crate) origin: Option<Origin>,
    /// The namespace that a user of this one sets, for charts.
    pub(crate) outer_namespace: String,
    pub(crate) options: Options,
    pub(crate) openapi: OpenApi,
}

impl<'t> Target<'t> {
    /// Reads the kustomization of the loader's directory.
    pub(crate) fn load(loader: Loader<'t>, options: &Options, openapi: &OpenApi) -> Result<Self> {
        let mut found = None;
        for name in FILE_NAMES {
            if let Ok(text) = loader.load(name)
                && found.replace((name, text)).is_some()
            {
                let root = loader.root();
                return Err(Error::told(format!(
                    "Found multiple kustomization files under: {root}\n"
                )));
            }
        }
        let (file, text) = found.ok_or_else(|| Error::NoKustomization(loader.root()))?;
        let loaded =
            kustomization::read(&text, &loader.root()).map_err(|e| match loader.place(file) {
                Some(place) => {
                    let at = match e.root() {
                        Error::Malformed { at, .. }
                        | Error::MalformedText { at, .. }
                        | Error::Unreadable { at, .. } => Some(*at),
                        _ => None,
                    };
                    e.at(&place, at)
                }
                None => e,
            })?;
        loader.session().warnings.borrow_mut().extend(loaded.warnings);
        let target = Self {
            kustomization: loaded.kustomization,
            file,
            text,
            loader,
            origin: None,
            outer_namespace: String::new(),
            options: options.clone(),
            openapi: openapi.clone(),
        };
        Ok(target)
    }

    /// Adds to an error, unless its place is known, where in the kustomization the field stands, or
    /// its item `at`.
    pub(crate) fn placed<T>(&self, result: Result<T>, field: &str, at: Option<usize>) -> Result<T> {
        result.map_err(|error| {
            if error.place().is_some() {
                return error;
            }
            match self.loader.place(self.file) {
                Some(place) => error.at(&place, self.position(field, at)),
                None => error,
            }
        })
    }

    fn position(&self, field: &str, at: Option<usize>) -> Option<Position> {
        let options = yaml::Options::default();
        let parsed = yaml::parse(&self.text, &options);
        // Comments in front of the first `---` are no document.
        let document = parsed.documents.iter().find(|document| document.value.is_object())?;
        let fields = document.value.as_object()?;
        let name = fields.keys().find(|name| name.eq_ignore_ascii_case(field))?;
        let item = at.map(|at| at.to_string());
        let pointer = Pointer::from_tokens(std::iter::once(name.clone()).chain(item));
        Some(yaml::position(&self.text, document, &pointer, &options))
    }

    /// Takes the schemas that the kustomization names, if no other came first.
    pub(crate) fn take_openapi(&self) -> Result<()> {
        self.placed(self.openapi_of_fields(), "openapi", None)
    }

    fn openapi_of_fields(&self) -> Result<()> {
        let openapi = &self.kustomization.openapi;
        if let Some(path) = openapi.get("path") {
            let schemas = self.loader.load(path)?;
            if openapi.contains_key("version") {
                return Err(Error::told(
                    "builtin version and custom schema provided, cannot use both",
                ));
            }
            return self.openapi.replace(&schemas);
        }
        match openapi.get("version").map(String::as_str) {
            None | Some("") => Ok(()),
            Some("v1.21.2") => {
                self.openapi.keep_builtin();
                Ok(())
            }
            Some(_) => Err(Error::told("the specified OpenAPI version is not built in")),
        }
    }

    /// Gathers into `into`, which is what the user of a component has gathered, and nothing for
    /// everything else.
    pub(crate) fn accumulate(&self, into: Accumulator) -> Result<Accumulator> {
        self.placed(self.gather(into), "", None)
    }

    fn gather(&self, into: Accumulator) -> Result<Accumulator> {
        let k = &self.kustomization;
        let mut acc =
            self.resources(into, &k.resources).during(|| "accumulating resources".to_owned())?;
        if k.configurations.is_empty() {
            acc.merge_config(&config::BUILTIN)?;
        } else {
            let config = Config::with_files(&self.loader, &k.configurations);
            let config = self.placed(config, "configurations", None)?;
            acc.merge_config(&Arc::new(config)).during(|| "merging config".to_owned())?;
        }
        if !k.crds.is_empty() {
            let config = Config::of_crds(&self.loader, &k.crds)
                .during(|| format!("loading CRDs [{}]", k.crds.join(" ")));
            let config = self.placed(config, "crds", None)?;
            acc.merge_config(&Arc::new(config)).during(|| "merging CRDs".to_owned())?;
        }
        self.generate(&mut acc)?;
        let mut acc =
            self.components(acc, &k.components).during(|| "accumulating components".to_owned())?;
        self.transform(&mut acc)?;
        self.validate(&mut acc)?;
        let merged = acc
            .merge_vars(&k.vars)
            .during(|| format!("merging vars {}", accumulate::print_vars(&k.vars)));
        self.placed(merged, "vars", None)?;
        Ok(acc)
    }

    fn resources(&self, mut acc: Accumulator, paths: &[String]) -> Result<Accumulator> {
        for (at, path) in paths.iter().enumerate() {
            acc = self.placed(self.resource(acc, path), "resources", Some(at))?;
        }
        Ok(acc)
    }

    /// A file first; if it is none, a directory or repository.
    fn resource(&self, mut acc: Accumulator, path: &str) -> Result<Accumulator> {
        let as_file = match RepoSpec::parse(path) {
            Ok(spec) if spec.is_certain() => Err(Error::told("URL is a git repository")),
            _ => self.file(path),
        };
        let as_file = as_file.during(|| format!("accumulating resources from '{path}'")).and_then(
            |resources| {
                acc.map.append_all(resources).map_err(|e| match self.alone(path) {
                    // What stands twice in one file is told as an error of the file.
                    Err(e) => e.during(format!("accumulating resources from '{path}'")),
                    Ok(()) => e.during(format!("merging resources from '{path}'")),
                })
            },
        );
        let why_no_file = match as_file {
            Ok(()) => return Ok(acc),
            Err(e) => e,
        };
        let here = |e: Error| {
            let place = why_no_file.place().map(|p| (p.file.clone(), p.at));
            place.map_or(e.clone(), |(file, at)| e.at(&file, at))
        };
        if matches!(why_no_file.root(), Error::Http(_)) {
            return Err(why_no_file);
        }
        let opened = match self.loader.open(path) {
            Ok(Opened::Directory(loader)) => loader,
            Ok(Opened::Needed) => return Ok(acc),
            Err(_) if matches!(why_no_file.root(), Error::Malformed { .. }) => {
                return Err(why_no_file);
            }
            Err(e) => return Err(here(e.during(format!("accumulation err='{why_no_file}'")))),
        };
        let sub = self
            .directory(opened, path, false)
            .and_then(|target| {
                let root = target.loader.root();
                target
                    .accumulate(Accumulator::new(&self.openapi))
                    .during(|| format!("recursed accumulation of path '{root}'"))
                    .map(|acc| (acc, root))
            })
            .and_then(|(sub, root)| {
                acc.merge(sub).during(|| format!("recursed merging from path '{root}'"))
            });
        sub.map_err(|e| e.during(format!("accumulation err='{why_no_file}'")))?;
        Ok(acc)
    }

    /// Whether a file's resources go together.
    fn alone(&self, path: &str) -> Result<()> {
        ResMap::new(&self.openapi).append_all(self.file(path)?)
    }

    /// The resources in a file, each with its origin.
    fn file(&self, path: &str) -> Result<Vec<Resource>> {
        let text = self.loader.load(path)?;
        let mut resources = manifest::resources(&text).map_err(|e| match e {
            Error::MalformedText { at, problem } => {
                let later = yaml_words::later(&problem).map(Error::told);
                let e = Error::Malformed { file: path.to_owned(), at, problem };
                let e = later.unwrap_or(e);
                match self.loader.place(path) {
                    Some(place) => e.at(&place, Some(at)),
                    None => e,
                }
            }
            e => match self.loader.place(path) {
                Some(place) => e.at(&place, None),
                None => e,
            },
        })?;
        if let Some(origin) = &self.origin {
            let origin = origin.append(path);
            for resource in &mut resources {
                resource.origin = Some(origin.clone());
            }
        }
        Ok(resources)
    }

    fn components(&self, mut acc: Accumulator, paths: &[String]) -> Result<Accumulator> {
        for (at, path) in paths.iter().enumerate() {
            acc = self.placed(self.component(acc, path), "components", Some(at))?;
        }
        Ok(acc)
    }

    fn component(&self, acc: Accumulator, path: &str) -> Result<Accumulator> {
        let loader = match self.loader.open(path) {
            Ok(Opened::Directory(loader)) => loader,
            Ok(Opened::Needed) => return Ok(acc),
            Err(e) => return Err(quoted("loader.New", &e)),
        };
        let target =
            self.directory(loader, path, true).map_err(|e| quoted("accumulateDirectory:", &e))?;
        let root = target.loader.root();
        let done =
            target.accumulate(acc).during(|| format!("recursed accumulation of path '{root}'"));
        // kustomize adds what the component gathered to nothing.
        let mut acc = Accumulator::new(&self.openapi);
        done.and_then(|done| acc.merge(done)).map_err(|e| quoted("accumulateDirectory:", &e))?;
        Ok(acc)
    }

    fn directory(&self, loader: Loader<'t>, path: &str, component: bool) -> Result<Self> {
        let root = loader.root();
        let mut target = Self::load(loader, &self.options, &self.openapi)
            .during(|| format!("couldn't make target for path '{root}'"))?;
        target.kustomization.build_metadata.clone_from(&self.kustomization.build_metadata);
        target.origin = self.origin.as_ref().map(|origin| origin.append(path));
        target.outer_namespace = if self.kustomization.namespace.is_empty() {
            self.outer_namespace.clone()
        } else {
            self.kustomization.namespace.clone()
        };
        target.take_openapi()?;
        let is_component = target.kustomization.kind == "Component";
        if component && !is_component {
            return Err(Error::told(format!(
                "expected kind 'Component' for path '{root}' but got '{}'",
                target.kustomization.kind
            )));
        }
        if !component && is_component {
            return Err(Error::told(format!("expected kind != 'Component' for path '{root}'")));
        }
        Ok(target)
    }

    fn generate(&self, acc: &mut Accumulator) -> Result<()> {
        for (field, at, generated) in builtin::generators(self)? {
            let absorbed = acc.absorb(generated).during(|| "merging from generator".to_owned());
            self.placed(absorbed, field, Some(at))?;
        }
        let plugins = self
            .plugins(&self.kustomization.generators, true)
            .during(|| "loading generator plugins".to_owned());
        let plugins = self.placed(plugins, "generators", None)?;
        for plugin in &plugins {
            let generated = plugin.generate(self);
            let mut resources = self.placed(generated, "generators", None)?;
            if let Some(origin) = &plugin.origin {
                for resource in &mut resources {
                    resource.origin.get_or_insert_with(|| origin.clone());
                }
            }
            acc.absorb(resources).during(|| "merging from generator".to_owned())?;
        }
        Ok(())
    }

    fn transform(&self, acc: &mut Accumulator) -> Result<()> {
        builtin::transform(self, acc)?;
        let plugins = self.plugins(&self.kustomization.transformers, false);
        for plugin in self.placed(plugins, "transformers", None)? {
            let transformed = plugin.transform(self, &mut acc.map);
            self.placed(transformed, "transformers", None)?;
            acc.map.iter_mut().for_each(crate::transform::shared::settle);
            if let Some(origin) = &plugin.origin {
                builtin::note(&mut acc.map, origin);
            }
            acc.map.drop_empties();
        }
        Ok(())
    }

    fn validate(&self, acc: &mut Accumulator) -> Result<()> {
        let plugins = self.plugins(&self.kustomization.validators, false);
        for plugin in self.placed(plugins, "validators", None)? {
            let before = acc.map.clone();
            let transformed = plugin.transform(self, &mut acc.map);
            self.placed(transformed, "validators", None)?;
            // The one change that a validator may make stays.
            let same = before.len() == acc.map.len()
                && acc.map.iter().zip(before.iter()).all(|(new, old)| {
                    let mut new = new.clone();
                    let mut labels = new.labels();
                    if labels.remove("validated-by").is_some() {
                        new.set_labels(labels);
                    }
                    new.value == old.value
                });
            if !same {
                return Err(Error::told("validator shouldn't modify the resource map"));
            }
        }
        Ok(())
    }

    /// Configurations of plugins: the text itself, a file, or a directory.
    fn plugins(&self, entries: &[String], are_generators: bool) -> Result<Vec<Plugin>> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut acc = Accumulator::new(&self.openapi);
        let mut paths = Vec::new();
        for entry in entries {
            match manifest::resources(entry.as_bytes()) {
                Ok(mut resources) => {
                    if let Some(origin) = &self.origin {
                        for resource in &mut resources {
                            resource.origin = Some(origin.append(self.file));
                        }
                    }
                    acc.map.append_all(resources)?;
                }
                Err(_) => paths.push(entry.clone()),
            }
        }
        let acc = self.resources(acc, &paths)?;
        let failing = |e: Error| match are_generators {
            true => e.during("failed to load generator"),
            false => e,
        };
        let configs = acc.map.into_list().into_iter();
        configs.map(|config| Plugin::new(config).map_err(failing)).collect()
    }
}

fn quoted(doing: &str, e: &Error) -> Error {
    let told = Error::told(format!("{doing} {:?}", e.to_string()));
    match e.place() {
        Some(place) => told.at(&place.file, place.at),
        None => told,
    }
}
