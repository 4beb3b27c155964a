//! The kustomization file of the current directory, and the files beside it.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use windlass_kustomize::edit::Document;
use windlass_kustomize::kustomization::{FILE_NAMES, Kustomization};
use windlass_tree::path_match::matches;

/// How many paths a pattern may name.
const MAX_PATHS: usize = 100_000;

/// The name of the kustomization file.
pub(in crate::cli::kustomize) fn name() -> anyhow::Result<&'static str> {
    let there: Vec<_> = FILE_NAMES.into_iter().filter(|name| Path::new(name).exists()).collect();
    match there[..] {
        [] => bail!("Missing kustomization file 'kustomization.yaml'.\n"),
        [name] if Path::new(name).is_dir() => bail!("{name} should be a file"),
        [name] => Ok(name),
        _ => bail!("Found multiple kustomization file: [{}]\n", there.join(" ")),
    }
}

/// Changes the kustomization file; it is written only if `change` says so.
pub(super) fn change(
    change: impl FnOnce(&mut Kustomization) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let name = name()?;
    let text = std::fs::read_to_string(name).with_context(|| format!("open {name}"))?;
    let mut document = Document::read(&text).map_err(|e| anyhow!(e))?;
    if change(&mut document.kustomization)? {
        std::fs::write(name, document.write()).with_context(|| format!("write {name}"))?;
    }
    Ok(())
}

/// Tells something that is no error.
pub(super) fn warn(text: &str) {
    anstream::eprintln!("{text}");
}

/// The files and directories that patterns name; a pattern that names none is told.
pub(super) fn paths(patterns: &[String]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for pattern in patterns {
        let paths = glob(pattern)?;
        if paths.is_empty() {
            warn(&format!("{pattern} has no match"));
        }
        found.extend(paths);
    }
    Ok(found)
}

/// As [`paths`], but what names none must be the address of something elsewhere.
pub(in crate::cli::kustomize) fn paths_or_addresses(
    patterns: &[String],
) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for pattern in patterns {
        let paths = glob(pattern)?;
        if !paths.is_empty() {
            found.extend(paths);
        } else if is_address(pattern) {
            found.push(pattern.clone());
        } else if pattern.is_empty() {
            bail!("{pattern} has no match: new root cannot be empty");
        } else {
            let at = std::env::current_dir()?.join(pattern);
            bail!(
                "{pattern} has no match: must build at directory: not a valid directory: \
                 evalsymlink failure on '{at}' : lstat {at}: no such file or directory",
                at = at.display()
            );
        }
    }
    Ok(found)
}

fn is_address(path: &str) -> bool {
    path.contains("://")
        || path.contains("git@")
        || path.contains("?ref=")
        || path.starts_with("github.com/")
}

/// The paths that a pattern names, sorted, hidden ones only if it says so.
fn glob(pattern: &str) -> anyhow::Result<Vec<String>> {
    if !pattern.contains(['*', '?', '[', '\\']) {
        let is_there = Path::new(pattern).symlink_metadata().is_ok();
        return Ok(if is_there { vec![pattern.to_owned()] } else { Vec::new() });
    }
    let hidden = pattern.rsplit('/').next().is_some_and(|last| last.starts_with('.'));
    let (mut found, parts) = match pattern.strip_prefix('/') {
        Some(rest) => (vec!["/".to_owned()], rest),
        None => (vec![String::new()], pattern),
    };
    for part in parts.split('/') {
        let mut next = Vec::new();
        for base in &found {
            let join = |name: &str| match base.as_str() {
                "" => name.to_owned(),
                base if base.ends_with('/') => format!("{base}{name}"),
                base => format!("{base}/{name}"),
            };
            if !part.contains(['*', '?', '[', '\\']) {
                next.extend(Some(join(part)).filter(|p| Path::new(p).symlink_metadata().is_ok()));
                continue;
            }
            let directory = if base.is_empty() { "." } else { base };
            let Ok(entries) = std::fs::read_dir(directory) else { continue };
            let mut names: Vec<String> =
                entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
            names.sort();
            for name in names {
                if matches(part, &name).map_err(|e| anyhow!(e))? {
                    next.push(join(&name));
                }
            }
        }
        if next.len() > MAX_PATHS {
            bail!("{pattern} names more than {MAX_PATHS} paths");
        }
        found = next;
    }
    let is_hidden = |path: &String| path.rsplit('/').next().is_some_and(|n| n.starts_with('.'));
    found.retain(|path| hidden || !is_hidden(path));
    Ok(found)
}
