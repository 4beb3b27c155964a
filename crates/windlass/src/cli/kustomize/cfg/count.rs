//! `kustomize cfg count`.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::ArgAction;
use windlass_object::Value;
use windlass_object::yaml::{self, Options};

use super::ignore::Ignored;
use crate::cli::failure::go_words;

/// What makes a directory a package of its own.
pub(super) const PACKAGE_FILE: &str = "Krmfile";
/// How deep directories may lie.
const MAX_DEPTH: usize = 200;
/// The longest input, in bytes.
pub(super) const MAX_BYTES: u64 = 256 << 20;

/// [Alpha] Count Resources Config from a local directory.
///
/// Examples:
///   kustomize cfg count my-dir
///   kubectl get all -o yaml | kustomize cfg count --kind=false
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Path to local directory; standard input if left out
    #[arg(value_name = "DIR")]
    directories: Vec<PathBuf>,
    /// Count resources by kind
    #[arg(long, default_value_t = true, num_args = 0..=1, require_equals = true,
        default_missing_value = "true", action = ArgAction::Set)]
    kind: bool,
    /// Prints count of resources recursively in all the nested subpackages
    #[arg(short = 'R', long, default_value_t = true, num_args = 0..=1, require_equals = true,
        default_missing_value = "true", action = ArgAction::Set)]
    recurse_subpackages: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let count = args.directories.len();
    anyhow::ensure!(count < 2, "accepts at most 1 arg(s), received {count}");
    let Some(root) = args.directories.first() else {
        let mut text = Vec::new();
        std::io::stdin().lock().take(MAX_BYTES).read_to_end(&mut text)?;
        let found = opened(documents(&text).map_err(anyhow::Error::msg)?);
        return crate::cli::persona::print(&counted(args, &found));
    };
    let named = |e: std::io::Error| anyhow::anyhow!("lstat {}: {}", root.display(), go_words(&e));
    std::fs::symlink_metadata(root).map_err(named)?;
    let mut packages = Vec::new();
    if args.recurse_subpackages {
        walk(root, 0, &mut |path, _| {
            if path.file_name().is_some_and(|name| name == PACKAGE_FILE) {
                let package = path.parent().unwrap_or(path);
                packages.push(package.strip_prefix("./").unwrap_or(package).to_path_buf());
            }
            true
        })?;
    }
    if !packages.contains(root) {
        packages.insert(0, root.clone());
    }
    let mut out = String::new();
    for (number, package) in packages.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        out.push_str(&format!("{}/\n", package.display()));
        match read(package) {
            Ok(found) => out.push_str(&counted(args, &found)),
            Err(error) if args.recurse_subpackages => out.push_str(&format!("{error:#}\n")),
            Err(error) => return Err(error),
        }
    }
    crate::cli::persona::print(&out)
}

/// Calls `visit` with all that is below `path`, itself first, in the order of names; what it says no
/// to is not entered.
pub(super) fn walk(
    path: &Path,
    depth: usize,
    visit: &mut dyn FnMut(&Path, bool) -> bool,
) -> anyhow::Result<()> {
    anyhow::ensure!(depth < MAX_DEPTH, "{}: directories lie too deep", path.display());
    let is_directory = std::fs::symlink_metadata(path)?.is_dir();
    if !visit(path, is_directory) || !is_directory {
        return Ok(());
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path)? {
        names.push(entry?.file_name());
    }
    names.sort();
    names.iter().try_for_each(|name| walk(&path.join(name), depth + 1, visit))
}

/// The resources of a package, not those of packages in it.
fn read(package: &Path) -> anyhow::Result<Vec<Value>> {
    let root = std::fs::canonicalize(package)?;
    let ignored = Ignored::of(&root)?;
    let mut files = Vec::new();
    walk(&root, 0, &mut |path, is_directory| {
        let below = path.strip_prefix(&root).unwrap_or(path);
        if path != root && ignored.matches(below, is_directory) {
            return false;
        }
        if is_directory {
            return path == root || !path.join(PACKAGE_FILE).exists();
        }
        if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push(path.to_path_buf());
        }
        true
    })?;
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read(&file)?;
        let documents = documents(&text);
        found.extend(documents.map_err(|e| anyhow::anyhow!("{}: {e}", file.display()))?);
    }
    Ok(found)
}

fn documents(text: &[u8]) -> Result<Vec<Value>, String> {
    let parsed = yaml::parse(text, &Options::default());
    if let Some(e) = parsed.errors.first() {
        return Err(format!("MalformedYAMLError: yaml: line {}: {}", e.at.line, e.problem));
    }
    let values = parsed.documents.into_iter().map(|document| document.value);
    Ok(values.filter(|value| !value.is_null()).collect())
}

/// The items of what is nothing but a list.
fn opened(mut found: Vec<Value>) -> Vec<Value> {
    if let [one] = &mut *found
        && one["kind"].as_str().is_some_and(|kind| matches!(kind, "List" | "ResourceList"))
        && let Some(items) = one.get_mut("items").and_then(Value::as_array_mut)
    {
        return std::mem::take(items);
    }
    found
}

fn counted(args: &Args, found: &[Value]) -> String {
    if !args.kind {
        return format!("{}\n", found.len());
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for value in found {
        *kinds.entry(value["kind"].as_str().unwrap_or_default()).or_default() += 1;
    }
    kinds.iter().map(|(kind, count)| format!("{kind}: {count}\n")).collect()
}
