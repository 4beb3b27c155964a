//! Vars to replacements, as `kustomize edit fix --vars` does it.
//!
//! Where a var was named, its name and `_PLACEHOLDER` stand afterwards, and a replacement says that
//! a value goes there. Only files that the kustomization itself reaches are looked at, and only with
//! kustomize's eyes: what a base's base names is taken to lie beside the kustomization.

use serde_json::Value;
use windlass_object::yaml;

use crate::error::{Error, Result};
use crate::kustomization::{
    FILE_NAMES, FieldOptions, Kustomization, Patch, ReplacementField, Selector, SourceSelector,
    TargetSelector, decode,
};
use crate::origin::clean;
use crate::resource::scalar_text;

/// How many kustomizations may refer to each other in a row.
const MAX_DEPTH: usize = 100;

/// A directory tree as the command sees it.
pub trait Files {
    /// The names in a directory, sorted, if it is one.
    fn list(&self, directory: &str) -> Option<Vec<String>>;
    /// The text of a file, if it is one.
    fn read(&self, file: &str) -> Option<Vec<u8>>;
}

/// A file in which a var was named, and its text now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: Vec<u8>,
}

#[derive(Debug)]
struct File {
    path: String,
    text: Vec<u8>,
    /// The patch whose file it is.
    patch: Option<Patch>,
}

/// Makes replacements of the vars, in the place of those that are there; what is to be written
/// comes back.
///
/// # Errors
/// If a var stands in a text where nothing divides it from the rest, or a kustomization beneath
/// cannot be read.
pub fn vars_to_replacements(k: &mut Kustomization, files: &dyn Files) -> Result<Vec<Changed>> {
    if k.vars.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    touched(k, "", files, 0, &mut found)?;
    let patches: Vec<(String, Patch)> =
        found.iter().filter_map(|f| Some((f.path.clone(), f.patch.clone()?))).collect();
    for file in &mut found {
        // A file that is a patch anywhere is one everywhere; the last that names it counts.
        let patch = patches.iter().rfind(|(path, _)| *path == file.path);
        file.patch = patch.map(|(_, patch)| patch.clone());
    }
    let before: Vec<Vec<u8>> = found.iter().map(|file| file.text.clone()).collect();
    let mut replacements = Vec::new();
    for var in std::mem::take(&mut k.vars) {
        let name = format!("$({})", var.name);
        let mut targets = Vec::new();
        for file in &found {
            targets.extend(targets_in(file, &name)?);
        }
        let placeholder = format!("{}_PLACEHOLDER", var.name);
        for file in &mut found {
            file.text = replaced(&file.text, name.as_bytes(), placeholder.as_bytes());
        }
        let (group, version) = group_version(&var.objref.api_version);
        let source = SourceSelector {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: var.objref.kind,
            name: var.objref.name,
            namespace: var.objref.namespace,
            field_path: var.fieldref.field_path,
            options: None,
        };
        let source = Some(source);
        replacements.push(ReplacementField { source, targets, ..ReplacementField::default() });
    }
    k.replacements = replacements;
    let changed = found.into_iter().zip(before).filter(|(file, before)| file.text != *before);
    Ok(changed.map(|(file, _)| Changed { path: file.path, text: file.text }).collect())
}

/// The files that the kustomization in `directory` names.
fn touched(
    k: &Kustomization,
    directory: &str,
    files: &dyn Files,
    depth: usize,
    found: &mut Vec<File>,
) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::told(format!(
            "more than {MAX_DEPTH} kustomizations refer to each other in a row"
        )));
    }
    let add = |path: String, patch: Option<Patch>, found: &mut Vec<File>| {
        if let Some(text) = files.read(&path) {
            found.push(File { path, text, patch });
        }
    };
    for resource in &k.resources {
        for name in files.list(resource).unwrap_or_default() {
            if !FILE_NAMES.contains(&name.as_str()) {
                continue;
            }
            let Some(text) = files.read(&join(resource, &name)) else { continue };
            let value = yaml::first(&text, &yaml::Options::default());
            let value = value.map_err(|e| Error::told(format!("{e}")))?;
            let below: Kustomization = decode(&value, false).map_err(Error::told)?;
            touched(&below, resource, files, depth + 1, found)?;
        }
        add(join(directory, resource), None, found);
    }
    for patch in k.patches.iter().filter(|patch| !patch.path.is_empty()) {
        add(join(directory, &patch.path), Some(patch.clone()), found);
    }
    Ok(())
}

/// The fields of a file's objects that name the var.
fn targets_in(file: &File, name: &str) -> Result<Vec<TargetSelector>> {
    let options = yaml::Options::kustomize();
    let parsed = yaml::parse(&file.text, &options);
    if !parsed.errors.is_empty() {
        return Ok(Vec::new());
    }
    let alone = parsed.documents.len() == 1;
    let mut targets = Vec::new();
    for document in &parsed.documents {
        let kind = document.value.get("kind").and_then(Value::as_str);
        let is_list = alone && matches!(kind, Some("List" | "ResourceList"));
        let mut fields: Vec<(Vec<String>, String)> = Vec::new();
        yaml::each_scalar(&file.text, document, &options, &mut |at, text, _| {
            if text.contains(name) {
                fields.push((at.tokens().map(str::to_owned).collect(), text.to_owned()));
            }
        });
        for (tokens, text) in fields {
            let (object, path) = match &*tokens {
                [items, at, rest @ ..] if is_list && items == "items" => {
                    let item =
                        at.parse().ok().and_then(|at: usize| document.value["items"].get(at));
                    (item.unwrap_or(&document.value), rest)
                }
                all => (&document.value, all),
            };
            let options = field_options(&text, name)
                .map_err(|e| Error::told(format!("error with {}: {e}", file.path)))?;
            targets.push(TargetSelector {
                select: Some(selector(object, file.patch.as_ref())),
                field_paths: vec![field_path(path)],
                options: Some(options).filter(|options| !options.delimiter.is_empty()),
                ..TargetSelector::default()
            });
        }
    }
    Ok(targets)
}

fn field_path(tokens: &[String]) -> String {
    let part = |token: &String| {
        let token = token.trim();
        if token.contains('.') { format!("[{token}]") } else { token.to_owned() }
    };
    tokens.iter().map(part).collect::<Vec<_>>().join(".")
}

/// Where in a text the var stands.
fn field_options(text: &str, var: &str) -> Result<FieldOptions> {
    let Some(start) = text.find(var).filter(|_| text != var) else {
        return Ok(FieldOptions::default());
    };
    let bytes = text.as_bytes();
    let end = start + var.len();
    // Go takes the byte for a character.
    let before = start.checked_sub(1).and_then(|at| bytes.get(at)).map(|b| char::from(*b));
    let after = bytes.get(end).map(|b| char::from(*b));
    let (delimiter, index) = match (before, after) {
        (None, Some(after)) => (after, Some(0)),
        (Some(before), None) => (before, text.split(before).count().checked_sub(1)),
        (Some(before), Some(after)) if before == after => {
            (before, text.split(before).position(|part| part == var))
        }
        _ => {
            return Err(Error::told(format!(
                "cannot convert all vars to replacements; {var} is not delimited"
            )));
        }
    };
    let index = index
        .and_then(|index| i64::try_from(index).ok())
        .ok_or_else(|| Error::told(format!("internal error: could not get index of var {var}")))?;
    Ok(FieldOptions { delimiter: delimiter.to_string(), index, ..FieldOptions::default() })
}

/// What selects the object, or, of a patch, what it is applied to.
fn selector(object: &Value, patch: Option<&Patch>) -> Selector {
    let text = |pointer: &str| object.pointer(pointer).map(scalar_text).unwrap_or_default();
    let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
    let allows = |patch: &Patch| {
        patch
            .options
            .as_ref()
            .map_or((false, false), |o| (o.allow_name_change, o.allow_kind_change))
    };
    match patch.map(|patch| (patch, allows(patch))) {
        None | Some((_, (true, true))) => {
            let api_version = text("/apiVersion");
            let (group, version) = group_version(&api_version);
            Selector {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: text("/kind"),
                name,
                namespace,
                ..Selector::default()
            }
        }
        Some((patch, (names, kinds))) => {
            let mut selector = patch.target.clone().unwrap_or_default();
            if names {
                selector.name = name;
            }
            if kinds {
                selector.kind = text("/kind");
            }
            if !namespace.is_empty() {
                selector.namespace = namespace;
            }
            selector
        }
    }
}

/// As Go's `path.Join`.
fn join(directory: &str, path: &str) -> String {
    let rooted = directory.starts_with('/') || directory.is_empty() && path.starts_with('/');
    let clean = clean(&format!("{directory}/{path}"));
    if rooted { format!("/{clean}") } else { clean }
}

fn group_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

fn replaced(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(old.len()).position(|window| window == old) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_var_stands() {
        let at = |text: &str| field_options(text, "$(V)").map(|o| (o.delimiter, o.index));
        assert_eq!(at("$(V)"), Ok((String::new(), 0)));
        assert_eq!(at("$(V)/b"), Ok(("/".into(), 0)));
        assert_eq!(at("a.b.$(V)"), Ok((".".into(), 2)));
        assert_eq!(at("a-$(V)-c"), Ok(("-".into(), 1)));
        assert!(at("a-$(V)/c").is_err());
        assert_eq!(join("", "../a/./b/../c"), "../a/c");
        assert_eq!(join("../x", "../y.yaml"), "../y.yaml");
        assert_eq!(replaced(b"a$(V)$(V)", b"$(V)", b"x"), b"axx");
    }
}
