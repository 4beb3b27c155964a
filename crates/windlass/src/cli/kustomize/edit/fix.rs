//! `kustomize edit fix`.

use std::path::Path;

use anyhow::anyhow;
use windlass_kustomize::edit;

use super::file;

/// Fix the missing and deprecated fields in the kustomization file
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs the command.
pub(super) fn run(_: &Args) -> anyhow::Result<()> {
    file::change(|k| {
        edit::fix(k, |path| Path::new(path).is_file()).map_err(|e| anyhow!("{e}"))?;
        anstream::println!(
            "
Fixed fields:
  patchesJson6902 -> patches
  patchesStrategicMerge -> patches
  commonLabels -> labels"
        );
        Ok(true)
    })
}
