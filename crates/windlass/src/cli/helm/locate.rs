//! Where a chart is that a command names.

use std::path::Path;

use anyhow::bail;
use windlass_helm::{Chart, LoadError};
use windlass_tree::{DirectoryTree, TreePath};

use super::provenance;
use super::remote::{self, Flags};
use crate::cli::failure::go_words;

/// Which `apiVersion` a chart may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    /// `v1` and `v2`: what is rendered or packaged.
    Known,
    /// Whatever it says: what is looked at only.
    Any,
}

/// Loads the chart that `name` names: a directory or an archive, or one that lies elsewhere.
pub(crate) fn chart(name: &str, flags: &Flags, versions: Versions) -> anyhow::Result<Chart> {
    let name = name.trim();
    if Path::new(name).exists() && flags.repo.is_empty() {
        if flags.verify {
            let full = std::path::absolute(name)?.display().to_string();
            provenance::verify_file(&full, &flags.keyring)?;
        }
        return local_of(name, versions);
    }
    if name.starts_with(['.', '/']) && flags.repo.is_empty() {
        bail!("path {name:?} not found");
    }
    let found = crate::cli::block_on(remote::download(name, flags, false))?;
    super::tell(&found.told)?;
    found.verified(flags)?;
    unpacked(&found.archive, versions)
}

fn unpacked(archive: &[u8], versions: Versions) -> anyhow::Result<Chart> {
    let chart = match versions {
        Versions::Known => Chart::from_archive(archive),
        Versions::Any => Chart::from_archive_of_any_version(archive),
    };
    Ok(chart.map_err(windlass_helm::Error::from)?)
}

/// Loads a chart of this machine, whatever version it has: a directory or an archive.
pub(crate) fn local(name: &str) -> anyhow::Result<Chart> {
    local_of(name, Versions::Any)
}

/// Loads a chart of this machine: a directory or an archive.
pub(crate) fn local_of(name: &str, versions: Versions) -> anyhow::Result<Chart> {
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
        let tree = DirectoryTree::new("/");
        let loaded = match versions {
            Versions::Known => Chart::load(&tree, &at),
            Versions::Any => Chart::load_of_any_version(&tree, &at),
        };
        let loaded = loaded.map_err(|error| match error {
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
    unpacked(&bytes, versions)
}
