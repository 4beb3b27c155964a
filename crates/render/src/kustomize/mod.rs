//! Kustomize overlays, by Argo CD's rules: what `kustomize edit` would change in the checkout is
//! changed in the text that the build sees, and nowhere else.

mod edits;
mod flags;
mod glob;

use std::sync::Arc;

use windlass_helm::KubeVersion;
use windlass_kustomize::kustomization::FILE_NAMES;
use windlass_kustomize::{Error, Outcome};
use windlass_object::yaml::Position;
use windlass_tree::{ContentId, Entry, EntryKind, Given, Tree, TreeError, TreePath};

use crate::diagnostic::CHECKOUT;
use crate::objects::object;
use crate::{Diagnostic, Environment, Findings, KustomizeOptions, Reason, Spec};

/// The longest kustomization file, in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;

pub(crate) fn render(
    tree: &dyn Tree,
    root: &TreePath,
    options: &KustomizeOptions,
    spec: &Spec,
    given: &Given,
    environment: &Environment<'_>,
    findings: &mut Findings,
) {
    let known =
        |version: &String| spec.kustomize_versions.as_ref().is_none_or(|v| v.contains(version));
    if !options.version.is_empty() && !known(&options.version) {
        let reason = Reason::KustomizeVersion(options.version.clone());
        return findings.diagnostics.push(Diagnostic::of_file(root, reason));
    }
    let flags = flags::parse(&spec.kustomize_build_options);
    for warning in flags.warnings {
        findings.warnings.push(Diagnostic::of_file(root, Reason::Suspicious(warning)));
    }
    let mut how = flags.options;
    CHECKOUT.clone_into(&mut how.root_name);
    how.helm_of_cluster = true;
    how.helm_kube_version = match bare(&options.kube_version) {
        Ok(version) => version,
        Err(problem) => {
            return findings.diagnostics.push(failed(root, &Error::told(problem)));
        }
    };
    how.helm_api_versions.clone_from(&options.api_versions);
    how.draws.clone_from(&spec.installation.draws);
    let edited = match edited(tree, root, options, environment) {
        Ok(edited) => edited,
        Err(diagnostic) => return findings.diagnostics.push(*diagnostic),
    };
    let seen: &dyn Tree = match &edited {
        Some(edited) => edited,
        None => tree,
    };
    let built = match windlass_kustomize::build(seen, root, &how, given) {
        Ok(Outcome::Needs(needs)) => return findings.needs.extend(needs),
        Ok(Outcome::Built(built)) => built,
        Err(error) => return findings.diagnostics.push(failed(root, &error)),
    };
    findings.given.until = built.until;
    for warning in built.warnings {
        findings.warnings.push(Diagnostic::of_file(root, Reason::Suspicious(warning)));
    }
    let file = kustomization_file(tree, root).unwrap_or_else(|| root.clone());
    let start = Position { line: 1, column: 1 };
    for resource in built.resources {
        match object(resource.value) {
            Ok(object) => findings.expand(&file, start, object),
            Err(problem) => findings.unmarshal(&file, start, problem),
        }
    }
}

/// A cluster's version as Argo CD passes it: the numbers alone.
fn bare(version: &str) -> Result<String, String> {
    if version.is_empty() {
        return Ok(String::new());
    }
    let parsed = KubeVersion::parse(version)
        .map_err(|e| format!("could not parse kubernetes version {version}: {e}"))?;
    Ok(parsed.text().trim_start_matches('v').to_owned())
}

/// A directory as Argo CD's messages name it.
fn directory(root: &TreePath) -> String {
    let separator = if root.is_root() { "" } else { "/" };
    format!("{CHECKOUT}{separator}{root}")
}

/// Tells a build's error as Argo CD does, at the place that caused it.
fn failed(root: &TreePath, error: &Error) -> Diagnostic {
    let reason = Reason::Kustomize {
        directory: directory(root),
        warnings: error.warnings().to_vec(),
        problem: error.to_string(),
    };
    match error.place() {
        Some(place) => Diagnostic { path: place.file.clone(), at: place.at, reason },
        None => Diagnostic::of_file(root, reason),
    }
}

/// The kustomization file of a directory, links followed.
fn kustomization_file(tree: &dyn Tree, root: &TreePath) -> Option<TreePath> {
    let candidates = FILE_NAMES.iter().filter_map(|name| root.join(name).ok());
    candidates
        .filter_map(|path| windlass_tree::resolve(tree, &path).ok())
        .find(|(_, entry)| entry.kind.is_file())
        .map(|(path, _)| path)
}

/// The tree with the options written into the kustomization; none if there are no options.
fn edited<'t>(
    tree: &'t dyn Tree,
    root: &TreePath,
    options: &KustomizeOptions,
    environment: &Environment<'_>,
) -> Result<Option<Edited<'t>>, Box<Diagnostic>> {
    if !edits::any(options) {
        return Ok(None);
    }
    let wrong = |path: &TreePath, problem: String| {
        let directory = directory(root);
        let reason = Reason::Kustomize { directory, warnings: Vec::new(), problem };
        Box::new(Diagnostic::of_file(path, reason))
    };
    let Some(path) = kustomization_file(tree, root) else {
        return Err(wrong(root, "Missing kustomization file 'kustomization.yaml'.".to_owned()));
    };
    let text = tree
        .read(&path, MAX_FILE_BYTES)
        .map_err(|e| Box::new(Diagnostic::of_file(&path, Reason::Tree(e))))?;
    let text = String::from_utf8_lossy(&text);
    let find = |pattern: &str| glob::find(tree, root, pattern);
    let text =
        edits::apply(&text, options, environment, find).map_err(|problem| wrong(&path, problem))?;
    Ok(Some(Edited { tree, path, text: text.into_bytes().into() }))
}

/// A tree one file of which reads differently.
#[derive(Debug)]
struct Edited<'t> {
    tree: &'t dyn Tree,
    path: TreePath,
    text: Arc<[u8]>,
}

impl Tree for Edited<'_> {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        let entry = self.tree.entry(path)?;
        if *path == self.path {
            let id = ContentId::of_bytes(&self.text);
            return Ok(Some(Entry { kind: EntryKind::File, id }));
        }
        Ok(entry)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        self.tree.list(path)
    }

    fn read(&self, path: &TreePath, limit: u64) -> Result<Arc<[u8]>, TreeError> {
        if *path == self.path {
            return Ok(Arc::clone(&self.text));
        }
        self.tree.read(path, limit)
    }
}
