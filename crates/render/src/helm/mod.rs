//! Charts, by Argo CD's rules: what `helm template` would be called with, done here.

mod capabilities;
mod command;
mod dependencies;
mod lookup;
mod schemas;
mod values;

use std::sync::Arc;

use windlass_helm::{Chart, Error, Options, Release};
use windlass_object::yaml;
use windlass_tree::{ClusterRead, Given, Need, Tree, TreePath};

use self::lookup::{Lookups, Noted};
use crate::objects::object;
use crate::{Diagnostic, Environment, Findings, HelmFailure, HelmOptions, Reason, Spec};

/// Why a chart is not rendered.
pub(crate) enum Stop {
    /// For this reason.
    Because(Reason),
    /// These are lacking.
    Lacks(Vec<Need>),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Because(reason)
    }
}

/// What a chart is rendered from.
pub(crate) struct Input<'a> {
    pub(crate) tree: &'a dyn Tree,
    pub(crate) root: &'a TreePath,
    pub(crate) options: &'a HelmOptions,
    pub(crate) spec: &'a Spec,
    pub(crate) given: &'a Given,
    pub(crate) environment: &'a Environment<'a>,
}

pub(crate) fn render(
    tree: &dyn Tree,
    root: &TreePath,
    options: &HelmOptions,
    spec: &Spec,
    given: &Given,
    environment: &Environment<'_>,
    findings: &mut Findings,
) {
    let input = Input { tree, root, options, spec, given, environment };
    match input.render(findings) {
        Ok(()) => {}
        Err(Stop::Lacks(needs)) => findings.needs.extend(needs),
        Err(Stop::Because(mut reason)) => {
            if let Reason::Helm(failure) = &mut reason {
                failure.command = input.command();
            }
            findings.diagnostics.push(Diagnostic::of_file(root, reason));
        }
    }
}

fn helm(error: &impl ToString) -> Stop {
    Stop::Because(Reason::Helm(Box::new(HelmFailure::new(error.to_string()))))
}

/// What was found, unless something is lacking for it, which is taken down. What Helm would say is told
/// only where nothing is lacking: it comes with the command.
fn met<T>(found: Result<T, Stop>, needs: &mut Vec<Need>) -> Result<Option<T>, Stop> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Stop::Lacks(lacks)) => {
            needs.extend(lacks);
            Ok(None)
        }
        Err(Stop::Because(Reason::Helm(_))) if !needs.is_empty() => {
            Err(Stop::Lacks(std::mem::take(needs)))
        }
        Err(wrong) => Err(wrong),
    }
}

impl Input<'_> {
    fn render(&self, findings: &mut Findings) -> Result<(), Stop> {
        let version = self.options.version.as_str();
        if !["", "v3"].contains(&version) {
            return Err(Reason::HelmVersion(version.to_owned()).into());
        }
        // All that can be known to be lacking is asked for at once, before anything is told to be
        // wrong: what is told names the cluster's version.
        let mut needs = Vec::new();
        let capabilities = met(self.capabilities(), &mut needs)?;
        let values = met(self.values(), &mut needs)?;
        let chart = Chart::load(self.tree, self.root).map_err(|e| helm(&e));
        let chart = met(chart.and_then(|chart| self.with_dependencies(chart)), &mut needs)?;
        let (Some(values), Some(chart), Some(capabilities)) = (values, chart, capabilities) else {
            return Err(Stop::Lacks(needs));
        };
        if let Some(Ok(versions)) = self.given.cluster() {
            let used = self.used(&chart, &values, versions);
            findings.given.cluster = (used != ClusterRead::default()).then(|| Box::new(used));
        }
        let release = self.release();
        let draws = self.spec.installation.draws.as_ref();
        let draws = draws.ok_or_else(|| helm(&"no source of random draws is given"))?;
        let (environment, renewal) = draws.environment(self.given.now, &chart, &values, &release);
        let mut how = Options::new(environment);
        let lookups = Arc::new(Lookups::new(self.given));
        how.lookup = Some(lookups.clone());
        how.skip_schema_validation = self.options.skip_schema_validation;
        let rendered = loop {
            let rendered = windlass_helm::render(&chart, &values, &release, &capabilities, &how);
            if !self.more_schemas(&mut how.schemas)? {
                break rendered;
            }
            // What was told is told again.
            drop(how.log.take_texts());
        };
        let Noted { needs, hidden } = lookups.noted();
        if !needs.is_empty() {
            return Err(Stop::Lacks(needs.into_iter().collect()));
        }
        let rendered = rendered.map_err(|error| {
            let at_templates = matches!(
                error,
                Error::KubeVersion { .. } | Error::Template { .. } | Error::Manifest { .. }
            );
            let advice = error.advice();
            let failure =
                HelmFailure { at_templates, advice, ..HelmFailure::new(error.to_string()) };
            Stop::Because(Reason::Helm(Box::new(failure)))
        })?;
        findings.given.until = renewal.and_then(|renewal| renewal.at());
        for warning in how.log.take_texts().into_iter().chain(hidden) {
            let reason = Reason::Suspicious(warning);
            findings.warnings.push(Diagnostic::of_file(self.root, reason));
        }
        if !self.options.skip_crds {
            for crd in &rendered.crds {
                self.take(&crd.path, &crd.text, findings);
            }
        }
        for manifest in &rendered.manifests {
            self.take(&manifest.path, &manifest.text, findings);
        }
        for hook in &rendered.hooks {
            if !(self.options.skip_tests && hook.is_test()) {
                self.take(&hook.manifest.path, &hook.manifest.text, findings);
            }
        }
        Ok(())
    }

    /// Takes the objects of a text that a template wrote.
    fn take(&self, path: &str, text: &str, findings: &mut Findings) {
        let inside = path.split_once('/').map_or(path, |(_, inside)| inside);
        let path = self.root.join(inside).unwrap_or_else(|_| self.root.clone());
        let parsed = yaml::parse(text.as_bytes(), &yaml::Options::default());
        for error in &parsed.errors {
            findings.unmarshal(&path, error.at, error.problem.to_string());
        }
        for document in parsed.documents.into_iter().filter(|d| !d.value.is_null()) {
            match object(document.value) {
                Ok(object) => findings.expand(&path, document.at, object),
                Err(problem) => findings.unmarshal(&path, document.at, problem),
            }
        }
    }

    fn release(&self) -> Release {
        let installation = &self.spec.installation;
        let first = |choices: [&str; 3]| {
            choices.into_iter().find(|c| !c.is_empty()).unwrap_or_default().to_owned()
        };
        let name = first([&self.options.release_name, &installation.name, "release-name"]);
        let namespace = first([&self.options.namespace, &installation.namespace, "default"]);
        Release::new(name, namespace)
    }
}
