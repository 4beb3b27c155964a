//! Values: of files, inline, and single ones, in Argo CD's order.

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_helm::Values;
use windlass_tree::{EntryKind, Glob, Need, Tree, TreeError, TreePath, resolve};

use super::{Input, Stop, helm};
use crate::diagnostic::{CHECKOUT, INLINE_VALUES};
use crate::{HelmOptions, Reason, Reference};

/// The longest file of values, in bytes.
const MAX_FILE: u64 = 20 << 20;
/// How many files a glob may look at.
const MAX_GLOB: usize = 100_000;

/// Where a file was found.
pub(super) enum Found {
    /// Its name for errors, and what it holds.
    File(String, Arc<[u8]>),
    /// There is none of this name.
    Missing(String),
}

impl Input<'_> {
    /// All values that the source gives.
    pub(crate) fn values(&self) -> Result<Values, Stop> {
        let mut needs = Vec::new();
        let mut files = Vec::new();
        let mut take = |path: &str, globs: bool| match self.files(path, globs) {
            Ok(found) => Ok(found),
            Err(Stop::Because(Reason::ValueFile(problem))) if !globs => {
                Err(Reason::FileParameter(problem).into())
            }
            Err(Stop::Lacks(lacks)) => {
                needs.extend(lacks);
                Ok(Vec::new())
            }
            Err(stop) => Err(stop),
        };
        for path in &self.options.value_files {
            files.extend(take(path, true)?);
        }
        let mut parameters = Vec::new();
        for parameter in &self.options.file_parameters {
            parameters.push((parameter, take(&parameter.path, false)?.pop()));
        }
        if !needs.is_empty() {
            return Err(Stop::Lacks(needs));
        }
        let mut values = Values::new();
        let mut seen = std::collections::BTreeSet::new();
        let has_globs =
            self.options.value_files.iter().any(|path| path.contains(['*', '?', '[', '{']));
        for found in files {
            match found {
                Found::File(name, text) => {
                    // Among globs a file counts once, where it came first, as Argo CD has it since
                    // it knows globs; without them each time that it is named, as in 3.2.6.
                    if seen.insert(name.clone()) || !has_globs {
                        values.merge(Values::from_yaml(&name, &text).map_err(|e| helm(&e))?);
                    }
                }
                Found::Missing(_) if self.options.ignore_missing_value_files => {}
                Found::Missing(name) => return Err(missing(&name)),
            }
        }
        values.merge(inline(self.options)?);
        let one = |list: &mut Vec<(String, String)>, name: &str, value: String| {
            list.retain(|(known, _)| known != name);
            list.push((name.to_owned(), value));
        };
        let (mut typed, mut texts, mut contents) = (Vec::new(), Vec::new(), Vec::new());
        for parameter in &self.options.parameters {
            let value = clean(&self.environment.substitute(&parameter.value));
            let list = if parameter.force_string { &mut texts } else { &mut typed };
            one(list, &parameter.name, value);
        }
        let mut read = BTreeMap::new();
        for (parameter, found) in parameters {
            match found {
                Some(Found::File(_, text)) => {
                    let key = format!("file{}", read.len());
                    read.insert(key.clone(), String::from_utf8_lossy(&text).into_owned());
                    one(&mut contents, &parameter.name, key);
                }
                Some(Found::Missing(name)) => {
                    return Err(helm(&format!(
                        "failed parsing --set-file data: open {name}: no such file or directory"
                    )));
                }
                None => {}
            }
        }
        for (name, value) in typed {
            values.set(&format!("{name}={value}")).map_err(|e| helm(&e))?;
        }
        for (name, value) in texts {
            values.set_string(&format!("{name}={value}")).map_err(|e| helm(&e))?;
        }
        let mut content = |key: &str| read.get(key).cloned().ok_or_else(|| key.to_owned());
        for (name, key) in contents {
            values.set_file(&format!("{name}={key}"), &mut content).map_err(|e| helm(&e))?;
        }
        Ok(values)
    }

    /// The files that a name stands for: one, or as many as match.
    pub(super) fn files(&self, raw: &str, globs: bool) -> Result<Vec<Found>, Stop> {
        let first = raw.split('/').next().unwrap_or_default();
        if raw.starts_with('$')
            && let Some(references) = &self.spec.references
        {
            let reference = referenced(references, first)?;
            let path = self.environment.substitute(raw.get(first.len()..).unwrap_or_default());
            let found = self.given.tree(&reference.repository, &reference.revision);
            let need = Need::Tree {
                repository: reference.repository.clone(),
                revision: reference.revision.clone(),
            };
            return match found {
                None => Err(Stop::Lacks(vec![need])),
                Some(Err(why)) => Err(unavailable(&need, why)),
                Some(Ok(found)) => within(&*found.tree, &TreePath::root(), &path, globs),
            }
            .map_err(|stop| match stop {
                Stop::Because(Reason::ValueFile(problem)) => {
                    Reason::ValueFile(format!("error resolving value file path: {problem}")).into()
                }
                stop => stop,
            });
        }
        let name = self.environment.substitute(raw);
        match scheme(&name) {
            None => within(self.tree, self.root, &name, globs),
            Some(scheme) if !self.allows(scheme) => {
                Err(Reason::ValueFile(format!("the URL scheme '{scheme}' is not allowed")).into())
            }
            Some("http" | "https") => {
                let need = Need::File { address: name.clone() };
                match self.given.file(&name) {
                    None => Err(Stop::Lacks(vec![need])),
                    Some(Err(why)) => Err(unavailable(&need, why)),
                    Some(Ok(bytes)) => Ok(vec![Found::File(name, bytes.clone())]),
                }
            }
            // Helm would need a plugin for it.
            Some(scheme) => Err(helm(&format!("scheme \"{scheme}\" not supported"))),
        }
    }

    fn allows(&self, scheme: &str) -> bool {
        self.spec.value_file_schemes.iter().any(|allowed| allowed.eq_ignore_ascii_case(scheme))
    }
}

/// The source that a name such as `$values` stands for.
fn referenced<'a>(
    references: &'a BTreeMap<String, Reference>,
    name: &str,
) -> Result<&'a Reference, Stop> {
    let fail = |problem| Err(Reason::Reference(problem).into());
    match references.get(name) {
        Some(reference) if reference.is_chart => fail(format!(
            "source has a 'chart' field defined, but Helm charts are not yet not supported for \
             'ref' sources: {name} must be a source in Git"
        )),
        Some(reference) => Ok(reference),
        None if references.is_empty() => {
            fail(format!("source referenced {name:?}, but no source has a 'ref' field defined"))
        }
        None => {
            let known: Vec<&str> = references.keys().map(String::as_str).collect();
            fail(format!(
                "source referenced {name:?}, which is not one of the available sources ({})",
                known.join(", ")
            ))
        }
    }
}

fn inline(options: &HelmOptions) -> Result<Values, Stop> {
    match &options.values_object {
        Some(object) if !object.is_null() => {
            Values::from_document(object.clone()).map_err(|e| helm(&e))
        }
        _ => Values::from_yaml(INLINE_VALUES, options.values.as_bytes()).map_err(|e| helm(&e)),
    }
}

/// A comma would begin another value; a list in braces is meant.
pub(super) fn clean(value: &str) -> String {
    if value.starts_with('{') && value.ends_with('}') {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut before = '\0';
    for c in value.chars() {
        if c == ',' && before != '\\' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

fn missing(name: &str) -> Stop {
    helm(&format!("open {name}: no such file or directory"))
}

fn unavailable(need: &Need, why: &str) -> Stop {
    Reason::Unavailable { what: need.to_string(), why: why.to_owned() }.into()
}

/// The scheme of an address; a path has none.
fn scheme(name: &str) -> Option<&str> {
    let (scheme, _) = name.split_once(':')?;
    let is_one = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_one.then_some(scheme)
}

/// A path in a tree: from `base`, or from the root if it begins with a slash.
fn within(tree: &dyn Tree, base: &TreePath, name: &str, globs: bool) -> Result<Vec<Found>, Stop> {
    let outside = || -> Stop {
        Reason::ValueFile(format!("file '{name}' resolved to outside repository root")).into()
    };
    let base = if name.starts_with('/') { TreePath::root() } else { base.clone() };
    let path = lexical(&base, name).ok_or_else(outside)?;
    let at = TreePath::new(&path).map_err(|_| outside())?;
    match resolve(tree, &at) {
        Ok((real, entry)) if entry.kind.is_file() => {
            return match tree.read(&real, MAX_FILE) {
                Ok(text) => Ok(vec![Found::File(shown(&path), text)]),
                Err(error) => Err(Reason::Tree(error).into()),
            };
        }
        Ok(_) => return Err(helm(&format!("read {}: is a directory", shown(&path)))),
        Err(TreeError::NotFound { .. }) => {}
        Err(TreeError::Escape { .. }) => return Err(outside()),
        Err(error) => return Err(Reason::Tree(error).into()),
    }
    if !globs || !path.contains(['*', '?', '[', '{']) {
        return Ok(vec![Found::Missing(shown(&path))]);
    }
    let glob = Glob::of_paths(&path)
        .map_err(|error| Reason::ValueFile(format!("'{name}' is no valid glob: {error}")))?;
    let literal = path.split('/').take_while(|part| !part.contains(['*', '?', '[', '{']));
    let literal: Vec<&str> = literal.collect();
    let start = TreePath::new(&literal.join("/")).map_err(|_| outside())?;
    let mut found = Vec::new();
    let mut budget = MAX_GLOB;
    walk(tree, &start, &glob, &mut found, &mut budget)?;
    if found.is_empty() {
        return Ok(vec![Found::Missing(shown(&path))]);
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found.into_iter().map(|(path, text)| Found::File(shown(&path), text)).collect())
}

/// A file as messages name it.
fn shown(path: &str) -> String {
    format!("{CHECKOUT}/{path}")
}

fn walk(
    tree: &dyn Tree,
    at: &TreePath,
    glob: &Glob,
    found: &mut Vec<(String, Arc<[u8]>)>,
    budget: &mut usize,
) -> Result<(), Stop> {
    let listing = match tree.list(at) {
        Ok(listing) => listing,
        Err(TreeError::NotFound { .. } | TreeError::WrongKind { .. }) => return Ok(()),
        Err(error) => return Err(Reason::Tree(error).into()),
    };
    for (name, entry) in listing {
        *budget = budget.checked_sub(1).ok_or_else(|| {
            Reason::ValueFile(format!("a glob looks at more than {MAX_GLOB} files"))
        })?;
        let Ok(path) = at.join(&name) else { continue };
        if entry.kind == EntryKind::Directory {
            walk(tree, &path, glob, found, budget)?;
        } else if glob.matches(path.as_str())
            && let Ok((real, entry)) = resolve(tree, &path)
            && entry.kind.is_file()
        {
            let text = tree.read(&real, MAX_FILE).map_err(Reason::Tree)?;
            found.push((path.to_string(), text));
        }
    }
    Ok(())
}

/// `name` behind `base`, dots taken out; none if it leads out of the root.
fn lexical(base: &TreePath, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = base.components().collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_are_escaped_once() {
        for (given, wanted) in
            [("a,b", "a\\,b"), ("a\\,b", "a\\,b"), ("{a,b}", "{a,b}"), ("{a,b", "{a\\,b")]
        {
            assert_eq!(clean(given), wanted);
        }
    }

    #[test]
    fn paths_stay_inside() {
        let base = TreePath::new("a/b").unwrap();
        for (given, wanted) in [
            ("x.yaml", Some("a/b/x.yaml")),
            ("../x", Some("a/x")),
            ("../../../x", None),
            ("./c//d", Some("a/b/c/d")),
        ] {
            assert_eq!(lexical(&base, given).as_deref(), wanted, "{given}");
        }
    }
}
