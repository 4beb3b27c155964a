//! What kind of source a directory is.

use std::fmt;

use windlass_tree::{EntryKind, Tree, TreeError, TreePath, resolve};

use crate::{Blocks, Diagnostic, Reason};

/// Which renderer a source asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceType {
    /// A Helm chart.
    Helm,
    /// A Kustomize overlay.
    Kustomize,
    /// Plain manifests.
    Directory,
    /// A config management plugin.
    Plugin,
}

impl fmt::Display for SourceType {
    /// As `status.sourceType` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Helm => "Helm",
            Self::Kustomize => "Kustomize",
            Self::Directory => "Directory",
            Self::Plugin => "Plugin",
        })
    }
}

/// The directory behind the application's path, links followed.
pub(crate) fn application_directory(
    tree: &dyn Tree,
    path: &TreePath,
) -> Result<TreePath, Diagnostic> {
    let fail = |reason| Diagnostic::of_file(path, reason);
    match resolve(tree, path) {
        Ok((real, entry)) if entry.kind == EntryKind::Directory => Ok(real),
        Ok(_) => Err(fail(Reason::NotADirectory)),
        Err(TreeError::NotFound { .. }) => Err(fail(Reason::NoSuchPath)),
        Err(e) => Err(fail(Reason::Tree(e))),
    }
}

/// The block of options that is given decides; without one, what lies in the directory. Where both
/// a chart and an overlay lie there, the name that sorts last wins, as in Argo CD.
pub(crate) fn source_type(
    tree: &dyn Tree,
    root: &TreePath,
    blocks: &Blocks,
    disabled: &[SourceType],
) -> Result<SourceType, Diagnostic> {
    let enabled = |kind: &SourceType| !disabled.contains(kind);
    let fail = |reason| Diagnostic::of_file(root, reason);
    let given: Vec<SourceType> = [
        (blocks.kustomize.is_some(), SourceType::Kustomize),
        (blocks.helm.is_some(), SourceType::Helm),
        (blocks.directory.is_some(), SourceType::Directory),
        (blocks.plugin.is_some(), SourceType::Plugin),
    ]
    .into_iter()
    .filter_map(|(is_given, kind)| is_given.then_some(kind))
    .collect();
    match given.as_slice() {
        [] => {}
        [one] if enabled(one) => return Ok(*one),
        [_] => return Ok(SourceType::Directory),
        several => {
            let names: Vec<_> = several.iter().map(ToString::to_string).collect();
            return Err(fail(Reason::SeveralTypes(names.join(","))));
        }
    }
    let listing = tree.list(root).map_err(|e| fail(Reason::Tree(e)))?;
    let found = listing.iter().rev().filter(|(_, e)| e.kind != EntryKind::Directory).find_map(
        |(name, _)| match name.as_str() {
            "kustomization.yaml" | "kustomization.yml" | "Kustomization" => {
                Some(SourceType::Kustomize).filter(enabled)
            }
            name if name.ends_with("Chart.yaml") => Some(SourceType::Helm).filter(enabled),
            _ => None,
        },
    );
    Ok(found.unwrap_or(SourceType::Directory))
}
