//! From a tree to manifests.
//!
//! [`render`] is a function of a tree and a [`Spec`]: it reads nothing else, and what it read it
//! records, so that a caller can tell whether a later tree would give the same answer
//! ([`RenderCache`] does). It never stops at the first bad file: the good manifests come back
//! together with a [`Diagnostic`] for each bad one, and the caller decides what a bad one means.
//!
//! A renderer for another format is a crate beside this one; [`render`] calls it where it now says
//! that the format is not supported yet. One that lacks something from outside the tree answers
//! with [`Outcome::Needs`]; the caller fetches that and calls again.

#![forbid(unsafe_code)]

mod answer;
mod cache;
mod detect;
mod diagnostic;
mod directory;
mod environment;
mod helm;
mod helm_options;
mod jsonnet;
mod jsonnet_options;
mod kept;
mod kustomize;
mod kustomize_options;
mod objects;
mod spec;

use std::fmt;

use windlass_object::{Object, yaml};
pub use windlass_tree::{Given, GivenRecord, Need};
use windlass_tree::{ReadRecord, Recorder, Tree, TreePath};

pub use answer::{answer, unknown};
pub use cache::{Cached, RenderCache};
pub use detect::SourceType;
pub use diagnostic::{Diagnostic, HelmFailure, Reason};
pub use environment::Environment;
pub use helm_options::{HelmFileParameter, HelmOptions, HelmParameter};
pub use jsonnet_options::{JsonnetOptions, JsonnetVariable};
pub use kept::Kept;
pub use kustomize_options::{
    KustomizeOptions, KustomizePatch, KustomizeReplica, KustomizeSelector,
};
pub use spec::{Blocks, Directory, Installation, Reference, Spec};

/// What rendering came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is done, for better or worse.
    Done(Rendered),
    /// It lacks something that is not in the tree.
    Needs(Vec<Need>),
}

/// What was rendered.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// How the directory was understood; none if that could not be told.
    pub source_type: Option<SourceType>,
    /// The objects, in the order of files and documents.
    pub manifests: Vec<Manifest>,
    /// What is bad, in the same order. With any, `manifests` is not all that was meant.
    pub diagnostics: Vec<Diagnostic>,
    /// What is legal and probably not meant.
    pub warnings: Vec<Diagnostic>,
    /// What was read, and was not there to be read.
    pub read: ReadRecord,
    /// What was used of what was given beside the tree.
    pub given: GivenRecord,
}

/// One object and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The object.
    pub object: Object,
    /// Its file.
    pub path: TreePath,
    /// Where its document begins in the file.
    pub at: yaml::Position,
}

impl Manifest {
    /// `path:line:column`.
    pub fn origin(&self) -> impl fmt::Display {
        format!("{}:{}", self.path, self.at)
    }
}

/// Renders what lies at `spec.path`, with what was `given` beside the tree.
pub fn render(tree: &dyn Tree, spec: &Spec, given: &Given) -> Outcome {
    let recorder = Recorder::new(tree);
    let mut findings = Findings { given: given.record(), ..Findings::default() };
    let source_type = findings.run(&recorder, spec, given);
    let Findings { manifests, diagnostics, warnings, needs, given } = findings;
    if !needs.is_empty() {
        return Outcome::Needs(needs);
    }
    let read = recorder.finish();
    Outcome::Done(Rendered { source_type, manifests, diagnostics, warnings, read, given })
}

#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) manifests: Vec<Manifest>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) warnings: Vec<Diagnostic>,
    /// What is lacking; with any, the rest does not count.
    pub(crate) needs: Vec<Need>,
    /// What was used of what is given: at first all of it, narrowed by a renderer that knows better.
    pub(crate) given: GivenRecord,
}

impl Findings {
    fn run(&mut self, tree: &dyn Tree, spec: &Spec, given: &Given) -> Option<SourceType> {
        let root = match detect::application_directory(tree, &spec.path) {
            Ok(root) => root,
            Err(diagnostic) => return self.give_up(diagnostic),
        };
        let blocks = match spec.with_overrides(tree, &root) {
            Ok(blocks) => blocks,
            Err(diagnostic) => return self.give_up(diagnostic),
        };
        let source_type = match detect::source_type(tree, &root, &blocks, &spec.disabled) {
            Ok(source_type) => source_type,
            Err(diagnostic) => return self.give_up(diagnostic),
        };
        let environment = Environment::new(&spec.environment, &given.revision);
        match source_type {
            SourceType::Directory => {
                let options = blocks.directory.unwrap_or_default();
                directory::render(tree, &root, &options, spec, &environment, self);
            }
            SourceType::Helm => {
                let options = blocks.helm.unwrap_or_default();
                helm::render(tree, &root, &options, spec, given, &environment, self);
            }
            SourceType::Kustomize => {
                let options = blocks.kustomize.unwrap_or_default();
                kustomize::render(tree, &root, &options, spec, given, &environment, self);
            }
            // The other renderers are called from here.
            SourceType::Plugin => {
                let reason = Reason::NotYetSupported { what: source_type.to_string() };
                self.diagnostics.push(Diagnostic::of_file(&root, reason));
            }
        }
        self.given.revision = environment.used_revision();
        Some(source_type)
    }

    fn give_up(&mut self, diagnostic: Diagnostic) -> Option<SourceType> {
        self.diagnostics.push(diagnostic);
        None
    }
}
