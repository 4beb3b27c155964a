//! `--output-dir`: one file a template.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use windlass_helm::{Print, Rendered};

/// Writes what was rendered: CRDs below `crds`, the rest below `below`.
pub(super) fn write(
    rendered: &Rendered,
    print: &Print,
    crds: &Path,
    below: &Path,
) -> anyhow::Result<()> {
    let mut written = BTreeSet::new();
    if print.include_crds {
        for crd in &rendered.crds {
            write_file(crds, &crd.path, &crd.text, &mut written)?;
        }
    }
    for manifest in &rendered.manifests {
        write_file(below, &manifest.path, &manifest.text, &mut written)?;
    }
    if !print.no_hooks {
        for hook in rendered.hooks.iter().filter(|h| !(print.skip_tests && h.is_test())) {
            write_file(below, &hook.manifest.path, &hook.manifest.text, &mut written)?;
        }
    }
    Ok(())
}

fn write_file(
    dir: &Path,
    path: &str,
    text: &str,
    written: &mut BTreeSet<PathBuf>,
) -> anyhow::Result<()> {
    let file = dir.join(path);
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let again = !written.insert(file.clone());
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).append(again).truncate(!again);
    let mut out = options.open(&file).with_context(|| format!("open {}", file.display()))?;
    out.write_all(format!("---\n# Source: {path}\n{text}\n").as_bytes())?;
    super::super::print(&format!("wrote {}\n", file.display()))
}
