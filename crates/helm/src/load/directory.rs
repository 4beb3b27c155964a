//! A chart's files out of a tree.

use windlass_tree::{EntryKind, Tree, TreePath, resolve};

use super::MAX_CHART_BYTES;
use super::ignore::Rules;
use crate::chart::File;
use crate::error::LoadError;

/// How many entries a chart's directory may have. Helm has no such bound.
const MAX_ENTRIES: usize = 100_000;

/// How deep directories may lie: links can make them endless.
const MAX_DEPTH: usize = 64;

/// Reads the files below `at` that `.helmignore` leaves, by name.
pub(super) fn read(tree: &dyn Tree, at: &TreePath) -> Result<Vec<File>, LoadError> {
    let manifest = at.join("Chart.yaml")?;
    if resolve(tree, &manifest).is_err() {
        return Err(LoadError::Detect { path: manifest.to_string() });
    }
    let (root, _) = resolve(tree, at)?;
    let rules = match resolve(tree, &root.join(".helmignore")?) {
        Ok((path, _)) => String::from_utf8_lossy(&tree.read(&path, 1 << 20)?).into_owned(),
        Err(_) => String::new(),
    };
    let rules = Rules::parse(&rules).map_err(LoadError::Ignore)?;
    let mut walk = Walk { tree, rules, files: Vec::new(), entries: 0, budget: MAX_CHART_BYTES };
    walk.directory(&root, "", 0)?;
    Ok(walk.files)
}

struct Walk<'t> {
    tree: &'t dyn Tree,
    rules: Rules,
    files: Vec<File>,
    entries: usize,
    budget: u64,
}

impl Walk<'_> {
    fn directory(&mut self, at: &TreePath, name: &str, depth: usize) -> Result<(), LoadError> {
        let limit =
            |path: &str, reason: String| Err(LoadError::Limit { path: path.to_owned(), reason });
        if depth > MAX_DEPTH {
            return limit(name, format!("directories lie more than {MAX_DEPTH} deep"));
        }
        for (entry_name, entry) in self.tree.list(at)? {
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return limit(name, format!("the chart has more than {MAX_ENTRIES} entries"));
            }
            let path =
                if name.is_empty() { entry_name.clone() } else { format!("{name}/{entry_name}") };
            let mut place = at.join(&entry_name)?;
            let mut kind = entry.kind;
            if kind == EntryKind::Symlink {
                let (target, entry) = resolve(self.tree, &place).map_err(|e| LoadError::Limit {
                    path: path.clone(),
                    reason: format!("error evaluating symlink {place}: {e}"),
                })?;
                (place, kind) = (target, entry.kind);
            }
            let directory = kind == EntryKind::Directory;
            if self.rules.ignores(&path, directory) {
                continue;
            }
            if directory {
                self.directory(&place, &path, depth + 1)?;
                continue;
            }
            let data = match self.tree.read(&place, self.budget) {
                Ok(data) => data,
                Err(windlass_tree::TreeError::TooLarge { .. }) => {
                    let reason = format!(
                        "chart exceeds maximum decompressed size of {MAX_CHART_BYTES} bytes"
                    );
                    return limit(&path, reason);
                }
                Err(error) => return Err(error.into()),
            };
            self.budget -= data.len() as u64;
            let data = match data.strip_prefix(b"\xef\xbb\xbf") {
                Some(rest) => rest.into(),
                None => data,
            };
            self.files.push(File { name: path, data });
        }
        Ok(())
    }
}
