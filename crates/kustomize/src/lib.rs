//! Kustomize overlays to manifests.
//!
//! [`build`] is a function of trees and options: it reads no disk, no network and no environment.
//! What lies elsewhere (remote bases, files by URL, charts) it asks for with [`Outcome::Needs`];
//! the caller fetches that, puts it into [`Given`] and calls again.
//!
//! A build goes as kustomize's does: [`target`] walks from the root down, on each level gathering
//! resources, running generators and transformers; at the end, and only at the root, hashes are put
//! behind names, references to names are mended, vars are resolved, and the whole is put in order.
//! Resources are JSON values with the history of their names beside them ([`Resource`]), since
//! kustomize writes its output through JSON too.

#![forbid(unsafe_code)]

mod accumulate;
mod builtin;
mod charts;
mod config;
pub mod edit;
mod error;
mod fieldspec;
mod generate;
mod hash;
mod id;
pub mod kind_order;
pub mod kustomization;
mod loader;
pub mod localize;
mod manifest;
mod nameref;
mod notes;
mod openapi;
mod origin;
mod patches;
mod path;
mod plugin;
mod remote;
mod resmap;
mod resource;
mod target;
pub mod transform;
mod yaml_words;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_helm::Draws;
use windlass_tree::{Given, Need, Tree, TreePath};

use accumulate::Accumulator;
use loader::Session;
use target::Target;

pub use error::{During, Error, Place, Result};
pub use fieldspec::FieldSpec;
pub use id::{Gvk, ResId};
pub use loader::Loader;
pub use manifest::resources;
pub use openapi::OpenApi;
pub use remote::RepoSpec;
pub use resmap::ResMap;
pub use resource::{Behavior, Origin, PreviousId, Resource};

/// The version of kustomize that this is equal to.
pub const VERSION: &str = "v5.8.2";

/// How to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether files must lie in or below the directory of the kustomization that names them.
    pub restrict_loads: bool,
    /// The order of the output, unless the kustomization says.
    pub reorder: Reorder,
    /// Whether `helmCharts` are rendered; an error if not.
    pub enable_helm: bool,
    /// The cluster's version that charts find; empty is Helm's own.
    pub helm_kube_version: String,
    /// APIs that charts find beside those that every cluster has.
    pub helm_api_versions: Vec<String>,
    /// Whether charts find the cluster's own version and APIs where none are said: those are asked
    /// for then.
    pub helm_of_cluster: bool,
    /// Where the random draws of charts come from; needed where `enable_helm` is.
    pub draws: Option<Draws>,
    /// Whether all resources get the label that names kustomize.
    pub managed_by_label: bool,
    /// The name of the tree's root in messages, without a slash at the end: an absolute path for
    /// a tree on disk.
    pub root_name: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            restrict_loads: true,
            reorder: Reorder::Unspecified,
            enable_helm: false,
            helm_kube_version: String::new(),
            helm_api_versions: Vec::new(),
            helm_of_cluster: false,
            draws: None,
            managed_by_label: false,
            root_name: String::new(),
        }
    }
}

/// The order of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reorder {
    /// Nothing was said, which is as good as `Legacy`.
    #[default]
    Unspecified,
    /// By kind and name.
    Legacy,
    /// As the resources came.
    None,
}

/// What a build came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is done.
    Built(Built),
    /// It lacks something that is in none of the trees.
    Needs(Vec<Need>),
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The resources, in order.
    pub resources: Vec<Resource>,
    /// What kustomize writes to stderr on the way.
    pub warnings: Vec<String>,
    /// When the outcome ends to hold, in nanoseconds since 1970: a certificate of a chart is to be
    /// renewed.
    pub until: Option<i128>,
}

/// Builds the kustomization in the directory `path` of `tree`.
///
/// # Errors
/// In kustomize's words; [`Error::place`] says where.
pub fn build(
    tree: &dyn Tree,
    path: &TreePath,
    options: &Options,
    given: &Given,
) -> Result<Outcome> {
    let session = Rc::new(Session {
        given,
        needs: RefCell::default(),
        warnings: RefCell::default(),
        until: Cell::default(),
    });
    let result = build_in(&session, tree, path, options);
    let needs = session.needs.take();
    if !needs.is_empty() {
        // What was built without them, or failed to be, says nothing.
        return Ok(Outcome::Needs(needs.into_iter().collect()));
    }
    let resources = result.map_err(|error| error.after(session.warnings.take()))?;
    Ok(Outcome::Built(Built {
        resources,
        warnings: session.warnings.take(),
        until: session.until.get(),
    }))
}

fn build_in<'t>(
    session: &Rc<Session<'t>>,
    tree: &'t dyn Tree,
    path: &TreePath,
    options: &Options,
) -> Result<Vec<Resource>> {
    let openapi = OpenApi::builtin();
    let restricted = options.restrict_loads;
    let loader = Loader::new(Rc::clone(session), tree, path, &options.root_name, restricted)?;
    let mut target = Target::load(loader, options, &openapi)?;
    target.take_openapi()?;
    let metadata = target.kustomization.build_metadata.clone();
    if !metadata.is_empty() {
        target.origin = Some(Origin::default());
    }
    let mut acc = target.accumulate(Accumulator::new(&openapi))?;
    target.placed(builtin::add_hashes(&mut acc.map), "", None)?;
    let named = nameref::transform(&mut acc.map, &acc.config.name_reference);
    target.placed(named, "", None)?;
    target.placed(resolve_vars(session, &mut acc), "vars", None)?;
    target.placed(drop_local(&mut acc.map), "", None)?;
    let sorted = sort(session, &target, options, &mut acc.map);
    target.placed(sorted, "sortOptions", None)?;
    let wants = |option: &str| metadata.iter().any(|m| m == option);
    if options.managed_by_label || wants("managedByLabel") {
        let label = ("app.kubernetes.io/managed-by".to_owned(), format!("kustomize-{VERSION}"));
        let spec = FieldSpec::everywhere("metadata/labels", true);
        transform::labels::transform(&mut acc.map, &BTreeMap::from([label]), &[spec])?;
    }
    let (origins, transformations) = (wants("originAnnotations"), wants("transformerAnnotations"));
    let mut resources = acc.map.into_list();
    for resource in &mut resources {
        origin::finish(resource, origins, transformations);
    }
    Ok(resources)
}

fn resolve_vars(session: &Session<'_>, acc: &mut Accumulator) -> Result<()> {
    let values = acc.var_values()?;
    if values.is_empty() {
        return Ok(());
    }
    let unused = transform::vars::resolve(&mut acc.map, &values, &acc.config.var_reference)?;
    if !unused.is_empty() {
        let text = format!("well-defined vars that were never replaced: {}", unused.join(","));
        session.warnings.borrow_mut().push(text);
    }
    Ok(())
}

/// Drops what is meant for tools only.
fn drop_local(map: &mut ResMap) -> Result<()> {
    let local = |r: &Resource| {
        let annotations = r.value.pointer("/metadata/annotations");
        annotations
            .and_then(|a| a.get("config.kubernetes.io/local-config"))
            .is_some_and(|v| resource::scalar_text(v) != "false")
    };
    map.iter().filter(|r| !r.is_empty()).try_for_each(|r| manifest::check(&r.value))?;
    if map.iter().any(|r| r.is_empty() || local(r)) {
        map.list_mut().retain(|r| !r.is_empty() && !local(r));
    }
    // What renamed one into another, as a replacement may, is told; kustomize panics.
    for resource in map.iter() {
        let id = resource.id(map.openapi());
        if map.by_current_id(&id).len() > 1 {
            let text = format!("may not add resource with an already registered id: {id}");
            return Err(Error::told(text));
        }
    }
    Ok(())
}

fn sort(
    session: &Session<'_>,
    target: &Target<'_>,
    options: &Options,
    map: &mut ResMap,
) -> Result<()> {
    if let Some(order) = &target.kustomization.sort_options {
        if options.reorder != Reorder::Unspecified {
            let text = "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') \
                        and in a CLI flag ('--reorder'). Using the kustomization file over the CLI \
                        flag.";
            session.warnings.borrow_mut().push(text.to_owned());
        }
        return transform::sort::transform(map, order);
    }
    if options.reorder == Reorder::None {
        return Ok(());
    }
    let legacy = kustomization::SortOptions { order: "legacy".to_owned(), ..Default::default() };
    transform::sort::transform(map, &legacy)
}

impl Built {
    /// As `kustomize build` writes it.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        for (number, resource) in self.resources.iter().enumerate() {
            if number > 0 {
                out.push_str("---\n");
            }
            out.push_str(&windlass_object::yaml::to_string(&resource.value));
        }
        out
    }
}
