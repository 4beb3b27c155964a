//! Where a chart is that a command names.

use std::path::Path;

use anyhow::bail;
use windlass_helm::{Chart, LoadError};
use windlass_tree::{DirectoryTree, TreePath};

use super::provenance;
use super::remote::{self, Flags};
use crate::cli::failure::go_words;

/// Loads the chart that `name` names: a directory or an archive, or one that lies elsewhere.
pub(crate) fn chart(name: &str, flags: &Flags) -> anyhow::Result<Chart> {
    let name = name.trim();
    if Path::new(name).exists() && flags.repo.is_empty() {
        if flags.verify {
            let full = std::path::absolute(name)?.display().to_string();
            provenance::verify_file(&full, &flags.keyring)?;
        }
        return local(name);
    }
    if name.starts_with(['.', '/']) && flags.repo.is_empty() {
        bail!("path {name:?} not found");
    }
    let found = crate::cli::block_on(remote::download(name, flags, false))?;
    super::tell(&found.told)?;
    found.verified(flags)?;
    Ok(Chart::from_archive(&found.archive).map_err(windlass_helm::Error::from)?)
}

/// Loads a chart of this machine: a directory or an archive.
pub(crate) fn local(name: &str) -> anyhow::Result<Chart> {
    let path = Path::new(name);
    let Ok(meta) = std::fs::metadata(path) else {
        bail!("path {name:?} not found");
    };
    let full = std::path::absolute(path)?;
    if meta.is_dir() {
        // The whole disk is the tree: a chart's links may lead out of its directory, as for Helm.
        let full = full.canonicalize()?;
        let Some(at) = full.to_str() else { bail!("path {name:?} is not UTF-8") };
        let at = TreePath::new(at.trim_start_matches('/'))?;
        let loaded = Chart::load(&DirectoryTree::new("/"), &at).map_err(|error| match error {
            LoadError::Detect { path } => LoadError::Detect { path: format!("/{path}") },
            error => error,
        });
        return Ok(loaded.map_err(windlass_helm::Error::from)?);
    }
    let full = full.display();
    let bytes =
        std::fs::read(path).map_err(|e| anyhow::anyhow!("open {name}: {}", go_words(&e)))?;
    if !bytes.starts_with(b"\x1f\x8b\x08") {
        if name.ends_with(".yml") || name.ends_with(".yaml") {
            bail!("file '{full}' seems to be a YAML file, but expected a gzipped archive");
        }
        bail!(
            "file '{full}' does not appear to be a gzipped archive; got 'application/octet-stream'"
        );
    }
    Ok(Chart::from_archive(&bytes).map_err(windlass_helm::Error::from)?)
}
