//! Paths that a pattern names, as `kustomize edit` finds them on the disk.

use windlass_tree::path_match::matches;
use windlass_tree::{EntryKind, Tree, TreePath};

/// How many paths a pattern may name.
const MAX_PATHS: usize = 10_000;

/// The paths from `root` that the pattern names, sorted; hidden ones only if it says so.
pub(super) fn find(tree: &dyn Tree, root: &TreePath, pattern: &str) -> Result<Vec<String>, String> {
    let exists = |path: &str| {
        let path = root.join(path).ok();
        path.is_some_and(|path| windlass_tree::resolve(tree, &path).is_ok())
    };
    let is_pattern = |part: &str| part.contains(['*', '?', '[', '\\']);
    if !is_pattern(pattern) {
        let found = exists(pattern).then(|| pattern.to_owned());
        return Ok(found.into_iter().collect());
    }
    let mut found = vec![String::new()];
    for part in pattern.split('/') {
        let mut next = Vec::new();
        for base in &found {
            let join = |name: &str| match base.as_str() {
                "" => name.to_owned(),
                base => format!("{base}/{name}"),
            };
            if !is_pattern(part) {
                next.extend(Some(join(part)).filter(|path| exists(path)));
                continue;
            }
            let directory = root.join(base).ok();
            let directory = directory.and_then(|path| windlass_tree::resolve(tree, &path).ok());
            let Some((directory, entry)) = directory else { continue };
            if entry.kind != EntryKind::Directory {
                continue;
            }
            for (name, _) in tree.list(&directory).map_err(|e| e.to_string())? {
                if matches(part, &name).map_err(|e| e.to_string())? {
                    next.push(join(&name));
                }
            }
        }
        if next.len() > MAX_PATHS {
            return Err(format!("{pattern} names more than {MAX_PATHS} paths"));
        }
        found = next;
    }
    let name = |path: &str| path.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
    let hidden = name(pattern);
    found.retain(|path| hidden || !name(path));
    Ok(found)
}
