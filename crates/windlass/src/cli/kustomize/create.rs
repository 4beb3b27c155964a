//! `kustomize create`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use windlass_kustomize::edit::{self, Document};
use windlass_kustomize::kustomization::FILE_NAMES;

use super::edit::file;
use crate::cli::failure::go_words;

/// How deep directories are searched.
const MAX_DEPTH: usize = 100;
/// The file that is made.
const NAME: &str = "kustomization.yaml";

/// Create a new kustomization in the current directory
///
/// Examples:
///   kustomize create --autodetect --recursive
///   kustomize create --resources deployment.yaml,service.yaml --namespace staging --nameprefix acme-
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Of no effect.
    #[arg(hide = true)]
    rest: Vec<String>,
    /// Name of a file containing a file to add to the kustomization file.
    #[arg(long, default_value = "", hide_default_value = true)]
    resources: String,
    /// Set the value of the namespace field in the kustomization file.
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
    /// Add one or more common annotations.
    #[arg(long, default_value = "", hide_default_value = true)]
    annotations: String,
    /// Add one or more common labels.
    #[arg(long, default_value = "", hide_default_value = true)]
    labels: String,
    /// Sets the value of the namePrefix field in the kustomization file.
    #[arg(long, default_value = "", hide_default_value = true)]
    nameprefix: String,
    /// Sets the value of the nameSuffix field in the kustomization file.
    #[arg(long, default_value = "", hide_default_value = true)]
    namesuffix: String,
    /// Search for kubernetes resources in the current directory to be added to the kustomization
    /// file.
    #[arg(long)]
    autodetect: bool,
    /// Enable recursive directory searching for resource auto-detection.
    #[arg(long)]
    recursive: bool,
}

/// Runs the command.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let mut resources = Vec::new();
    if !args.resources.is_empty() {
        let patterns: Vec<String> = args.resources.split(',').map(str::to_owned).collect();
        resources = file::paths_or_addresses(&patterns)?;
    }
    if file::name().is_ok() {
        bail!("kustomization file already exists");
    }
    if args.autodetect {
        let mut found = Vec::new();
        detect(Path::new(""), args.recursive, 0, &mut found)?;
        found.retain(|path| !resources.contains(path));
        resources.append(&mut found);
    }
    // It is there from here on, as kustomize leaves it where a pair is none.
    std::fs::write(NAME, "").with_context(|| format!("open {NAME}"))?;
    file::name()?;
    let mut document = Document::read("").map_err(|e| anyhow!("{e}"))?;
    let k = &mut document.kustomization;
    k.resources = resources;
    k.namespace = args.namespace;
    k.name_prefix = args.nameprefix;
    k.name_suffix = args.namesuffix;
    k.common_annotations = pairs(&args.annotations, "annotation")?;
    k.common_labels = pairs(&args.labels, "label")?;
    std::fs::write(NAME, document.write()).with_context(|| format!("write {NAME}"))
}

fn pairs(text: &str, what: &str) -> anyhow::Result<BTreeMap<String, String>> {
    if text.is_empty() {
        return Ok(BTreeMap::new());
    }
    let pairs: Vec<String> = text.split(',').map(str::to_owned).collect();
    edit::pairs(&pairs, what).map_err(|e| anyhow!("{e}"))
}

/// The files of a directory that hold resources, and beneath it the directories of kustomizations.
fn detect(
    directory: &Path,
    recursive: bool,
    depth: usize,
    found: &mut Vec<String>,
) -> anyhow::Result<()> {
    if depth > MAX_DEPTH {
        bail!("{} lies more than {MAX_DEPTH} directories deep", directory.display());
    }
    let at = if depth == 0 { Path::new(".") } else { directory };
    let failed = |doing: &str, path: &Path, e: &std::io::Error| {
        anyhow!("{doing} {}: {}", path.display(), go_words(e))
    };
    let mut entries: Vec<_> = std::fs::read_dir(at)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .map_err(|e| failed("open", at, &e))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = directory.join(entry.file_name());
        let name = path.to_string_lossy().into_owned();
        if entry.file_type().map_err(|e| failed("lstat", &path, &e))?.is_dir() {
            if !recursive {
                continue;
            }
            if FILE_NAMES.iter().any(|file| path.join(file).exists()) {
                found.push(name);
            } else {
                detect(&path, recursive, depth + 1, found)?;
            }
            continue;
        }
        let doing = if path.is_dir() { "read" } else { "open" };
        let text = std::fs::read(&path).map_err(|e| failed(doing, &path, &e))?;
        if windlass_kustomize::resources(&text).is_ok() {
            found.push(name);
        }
    }
    Ok(())
}
