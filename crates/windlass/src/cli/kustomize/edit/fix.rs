//! `kustomize edit fix`.

use std::path::Path;

use anyhow::{Context, anyhow};
use windlass_kustomize::edit::{self, Files};

use super::file;
use crate::cli::kustomize::build;

/// What may come of `--vars`.
const VARS: &str = "
To convert vars -> replacements, run the command `kustomize edit fix --vars`

WARNING: Converting vars to replacements will potentially overwrite many resource files 
and the resulting files may not produce the same output when `kustomize build` is run. 
We recommend doing this in a clean git repository where the change is easy to undo.";

/// Fix the missing and deprecated fields in the kustomization file
///
/// Examples:
///   kustomize edit fix
///   kustomize edit fix --vars
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// Of no effect.
    #[arg(hide = true)]
    rest: Vec<String>,
    /// If specified, kustomize will attempt to convert vars to replacements.
    /// We recommend doing this in a clean git repository where the change is easy to undo.
    #[arg(long)]
    vars: bool,
}

/// The files of the current directory.
struct Here;

impl Files for Here {
    fn list(&self, directory: &str) -> Option<Vec<String>> {
        let entries = std::fs::read_dir(directory).ok()?;
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        Some(names)
    }

    fn read(&self, file: &str) -> Option<Vec<u8>> {
        std::fs::read(file).ok()
    }
}

/// Runs the command. The kustomization is built before and after: what changed is told.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let before = build::here();
    file::change(|k| {
        edit::fix(k, |path| Path::new(path).is_file()).map_err(|e| anyhow!("{e}"))?;
        let mut fixed = "
Fixed fields:
  patchesJson6902 -> patches
  patchesStrategicMerge -> patches
  commonLabels -> labels\n"
            .to_owned();
        if args.vars {
            fixed.push_str("  vars -> replacements\n");
            let changed = edit::vars_to_replacements(k, &Here).map_err(|e| anyhow!("{e}"))?;
            for file in changed {
                std::fs::write(&file.path, file.text)
                    .with_context(|| format!("write {}", file.path))?;
            }
        } else {
            fixed.push_str(VARS);
            fixed.push('\n');
        }
        crate::cli::persona::print(&fixed)?;
        Ok(true)
    })?;
    let warning = match build::here() {
        Err(e) => format!(
            "Warning: 'Fixed' kustomization now produces the error when running `kustomize \
             build`: {e:#}\n"
        ),
        Ok(after) if after != before.unwrap_or_default() => format!(
            "Warning: 'Fixed' kustomization now produces different output when running `kustomize \
             build`:\n...{after}...\n"
        ),
        Ok(_) => return Ok(()),
    };
    crate::cli::persona::print(&warning)
}
