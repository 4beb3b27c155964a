//! The ValueAddTransformer.

use serde_json::{Map, Value};

use super::fields::{set_scalar, wrong_kind};
use super::namespace::{self, Namespace};
use super::replacements::untyped;
use super::select::select;
use crate::error::{Error, Result};
use crate::kustomization::decode::record;
use crate::kustomization::{Selector, decode};
use crate::loader::Loader;
use crate::resmap::ResMap;
use crate::resource::scalar_text;

record! {
    /// A value and the fields that get it.
    ValueAdd = "ValueAddTransformerPlugin" {
        /// The value; the name of the kustomization's directory if empty.
        value: String = "value",
        /// The fields.
        targets: Vec<Target> = "targets",
        /// A file of more of them.
        target_file_path: String = "targetFilePath",
    }
}

record! {
    /// A field that gets the value.
    Target = "Target" {
        /// Of which resources; of all if nothing is said.
        selector: Option<Selector> = "selector",
        /// The way to it, divided by slashes.
        field_path: String = "fieldPath",
        /// As which part of a file's path it is put in, from one; in place of the whole if zero.
        file_path_position: i64 = "filePathPosition",
    }
}

record! {
    /// A file of targets.
    Targets = "Targets" {
        /// They.
        targets: Vec<Target> = "targets",
    }
}

/// Puts the value into the fields.
///
/// # Errors
/// If there is no target, a target has no path, or a field is no scalar.
pub fn transform(map: &mut ResMap, loader: &Loader<'_>, config: &ValueAdd) -> Result<()> {
    let root = loader.root();
    let value = match config.value.trim() {
        "" => root.trim_end_matches('/').rsplit('/').next().unwrap_or_default(),
        value => value,
    };
    let mut targets = config.targets.clone();
    if !config.target_file_path.is_empty() {
        let content = loader.load(&config.target_file_path)?;
        let options = windlass_object::yaml::Options::default();
        let file = windlass_object::yaml::parse_one(&content, &options).map_err(|e| {
            Error::MalformedText { at: e.at, problem: format!("line {}: {}", e.at.line, e.problem) }
        })?;
        targets.extend(decode::<Targets>(&file, false).map_err(Error::told)?.targets);
    }
    if targets.is_empty() {
        return Err(Error::told("must specify at least one target"));
    }
    for target in &targets {
        if target.field_path.is_empty() {
            return Err(Error::told("fieldPath cannot be empty"));
        }
        let position = target.file_path_position;
        if position < 0 {
            let text = format!("value of FilePathPosition ({position}) cannot be negative");
            return Err(Error::told(text));
        }
    }
    targets.iter().try_for_each(|target| add(map, value, target))
}

fn add(map: &mut ResMap, value: &str, target: &Target) -> Result<()> {
    let places = match &target.selector {
        None => (0..map.len()).collect(),
        Some(selector) => select(map, selector)?,
    };
    let openapi = map.openapi().clone();
    let namespace = Namespace { namespace: value.to_owned(), ..Namespace::default() };
    let path = path(&target.field_path);
    for at in places {
        let Some(resource) = map.get_mut(at) else { continue };
        if target.field_path == "metadata/namespace" {
            let cluster_scoped = resource.id(&openapi).cluster_scoped;
            namespace::set(&mut resource.value, &namespace, cluster_scoped)?;
            continue;
        }
        let (field, is_new) = field(&mut resource.value, &path)?;
        let old = if is_new { String::new() } else { scalar_text(field) };
        let new = match usize::try_from(target.file_path_position) {
            Ok(position @ 1..) => insert_part(&old, position - 1, value),
            _ => value.to_owned(),
        };
        // It is written as what was there, in quotes or plainly, and read as it is written then.
        let is_quoted = !is_new && field.is_string() && (old.is_empty() || untyped(&old) != *field);
        let new = if is_quoted { Value::String(new) } else { untyped(&new) };
        set_scalar(field, new)?;
    }
    Ok(())
}

/// Takes a path apart at its slashes, but for those behind a backslash.
fn path(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        match parts.last_mut().filter(|last| last.ends_with('\\')) {
            Some(last) => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            None => parts.push(part.to_owned()),
        }
    }
    parts
}

/// The field at the end of a path, and whether it was made for that.
fn field<'v>(value: &'v mut Value, path: &[String]) -> Result<(&'v mut Value, bool)> {
    let Some((name, rest)) = path.split_first() else { return Ok((value, false)) };
    if name.is_empty() {
        return field(value, rest);
    }
    match value {
        Value::Object(fields) => {
            let empty = || match rest {
                [] => Value::String(String::new()),
                _ => Value::Object(Map::new()),
            };
            let is_new = !fields.contains_key(name);
            let (found, is_below) = field(fields.entry(name.clone()).or_insert_with(empty), rest)?;
            Ok((found, is_new || is_below))
        }
        other => Err(wrong_kind("MappingNode", other)),
    }
}

/// Puts `part` into a file's path at `position`, or at the end if the path is shorter.
fn insert_part(path: &str, position: usize, part: &str) -> String {
    let (root, relative) = match path.strip_prefix('/') {
        Some(relative) => ("/", relative),
        None => ("", path),
    };
    let mut parts: Vec<&str> = relative.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserts_parts_of_paths() {
        for (path, position, expected) in [
            ("", 0, "PEACH"),
            ("/", 0, "/PEACH"),
            ("pie", 0, "PEACH/pie"),
            ("/pie", 0, "/PEACH/pie"),
            ("raw", 1, "raw/PEACH"),
            ("/raw", 9, "/raw/PEACH"),
            ("a/nice/warm/pie", 3, "a/nice/warm/PEACH/pie"),
        ] {
            assert_eq!(insert_part(path, position, "PEACH"), expected);
        }
        assert_eq!(path("metadata/annotations/a\\/b"), ["metadata", "annotations", "a/b"]);
    }
}
