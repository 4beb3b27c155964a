//! Lists of files, directories and patches.

use windlass_tree::path_match::matches;

use crate::error::{Error, Result};
use crate::kustomization::{Kustomization, Patch};

/// Adds paths to a list of `what`; those that are there already are told. The kustomization's own
/// file, `own`, is left out.
pub fn add_paths(list: &mut Vec<String>, what: &str, paths: &[String], own: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    for path in paths.iter().filter(|path| *path != own) {
        if list.contains(path) {
            warnings.push(format!("{what} {path} already in kustomization file"));
        } else {
            list.push(path.clone());
        }
    }
    warnings
}

/// Adds directories, divided by commas, to the resources.
///
/// # Errors
/// If one is there already, or `exists` says that there is none.
pub fn add_bases(
    kustomization: &mut Kustomization,
    paths: &str,
    exists: impl Fn(&str) -> bool,
) -> Result<()> {
    for path in paths.split(',') {
        if !exists(path) {
            return Err(Error::told(format!("{path} does not exist")));
        }
        if kustomization.resources.iter().any(|r| r == path) {
            return Err(Error::told(format!("base {path} already in kustomization file")));
        }
        kustomization.resources.push(path.to_owned());
    }
    Ok(())
}

/// Removes the paths that match a pattern; whether there were any.
///
/// # Errors
/// For a bad pattern.
pub fn remove_paths(list: &mut Vec<String>, patterns: &[String]) -> Result<bool> {
    let mut keep = Vec::with_capacity(list.len());
    for path in &*list {
        let mut matched = false;
        for pattern in patterns {
            matched |= matches(pattern, path).map_err(|e| Error::told(e.to_string()))?;
        }
        keep.push(!matched);
    }
    let mut keep = keep.into_iter();
    let before = list.len();
    list.retain(|_| keep.next().unwrap_or(true));
    Ok(list.len() < before)
}

/// Adds a patch; whether it is new.
///
/// # Errors
/// If it has not exactly one of a path and a text.
pub fn add_patch(kustomization: &mut Kustomization, patch: Patch) -> Result<bool> {
    if patch.path.is_empty() && patch.patch.is_empty() {
        return Err(Error::told("must provide either patch or path"));
    }
    check(&patch)?;
    let is_new = !kustomization.patches.contains(&patch);
    if is_new {
        kustomization.patches.push(patch);
    }
    Ok(is_new)
}

/// Removes the patches that are exactly this one; whether there were any.
///
/// # Errors
/// If it has both a path and a text.
pub fn remove_patch(kustomization: &mut Kustomization, patch: &Patch) -> Result<bool> {
    check(patch)?;
    let before = kustomization.patches.len();
    kustomization.patches.retain(|p| p != patch);
    Ok(kustomization.patches.len() < before)
}

fn check(patch: &Patch) -> Result<()> {
    if patch.path.is_empty() || patch.patch.is_empty() {
        return Ok(());
    }
    Err(Error::told("patch and path can't be set at the same time"))
}
