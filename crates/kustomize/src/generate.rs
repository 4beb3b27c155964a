//! Config maps and secrets from literals, files and environment files.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::error::{During, Error, Result};
use crate::kustomization::{GeneratorArgs, GeneratorOptions, SecretArgs};
use crate::loader::Loader;
use crate::resource::{Behavior, Resource};

/// The longest line of base64 in generated data, as in `base64 -w 70`.
const LINE: usize = 70;

/// A config map.
///
/// # Errors
/// If it has no name, a key stands twice, or a file cannot be read.
pub(crate) fn config_map(loader: &Loader<'_>, args: &GeneratorArgs) -> Result<Resource> {
    let mut value = base("ConfigMap", args)?;
    for (key, bytes) in data(loader, args)? {
        let (field, text) = match String::from_utf8(bytes) {
            Ok(text) => ("data", text),
            Err(e) => ("binaryData", base64_lines(e.as_bytes())),
        };
        set(&mut value, field, key, text);
    }
    Ok(finish(value, args))
}

/// A secret.
///
/// # Errors
/// As for [`config_map`].
pub(crate) fn secret(loader: &Loader<'_>, args: &SecretArgs) -> Result<Resource> {
    let kind = if args.type_name.is_empty() { "Opaque" } else { &args.type_name };
    let args = GeneratorArgs {
        namespace: args.namespace.clone(),
        name: args.name.clone(),
        behavior: args.behavior.clone(),
        literals: args.literals.clone(),
        files: args.files.clone(),
        envs: args.envs.clone(),
        env: String::new(),
        options: args.options.clone(),
    };
    let mut value = base("Secret", &args)?;
    value.insert("type".to_owned(), Value::String(kind.to_owned()));
    value.insert("data".to_owned(), Value::Object(Map::new()));
    for (key, bytes) in data(loader, &args)? {
        set(&mut value, "data", key, base64_lines(&bytes));
    }
    Ok(finish(value, &args))
}

/// The options of one generator, with those of all added where it says nothing.
pub(crate) fn with_global(
    own: Option<&GeneratorOptions>,
    global: Option<&GeneratorOptions>,
) -> Option<GeneratorOptions> {
    let Some(global) = global else { return own.cloned() };
    let mut options = own.cloned().unwrap_or_default();
    for (key, value) in &global.labels {
        options.labels.entry(key.clone()).or_insert_with(|| value.clone());
    }
    for (key, value) in &global.annotations {
        options.annotations.entry(key.clone()).or_insert_with(|| value.clone());
    }
    options.disable_name_suffix_hash |= global.disable_name_suffix_hash;
    options.immutable |= global.immutable;
    Some(options)
}

fn base(kind: &str, args: &GeneratorArgs) -> Result<Map<String, Value>> {
    if args.name.is_empty() {
        return Err(Error::told("a configmap must have a name"));
    }
    let mut metadata = Map::from_iter([("name".to_owned(), json!(args.name))]);
    if !args.namespace.is_empty() {
        metadata.insert("namespace".to_owned(), json!(args.namespace));
    }
    let mut value = Map::new();
    value.insert("apiVersion".to_owned(), json!("v1"));
    value.insert("kind".to_owned(), json!(kind));
    value.insert("metadata".to_owned(), Value::Object(metadata));
    Ok(value)
}

fn set(value: &mut Map<String, Value>, field: &str, key: String, text: String) {
    crate::resource::child_mut(value, field).insert(key, Value::String(text));
}

fn finish(mut value: Map<String, Value>, args: &GeneratorArgs) -> Resource {
    let options = args.options.clone().unwrap_or_default();
    if options.immutable {
        value.insert("immutable".to_owned(), Value::Bool(true));
    }
    let mut resource = Resource::new(Value::Object(value));
    if !options.labels.is_empty() {
        resource.set_labels(options.labels);
    }
    if !options.annotations.is_empty() {
        resource.set_annotations(options.annotations);
    }
    resource.needs_hash = !options.disable_name_suffix_hash;
    resource.behavior = Some(Behavior::parse(&args.behavior));
    resource
}

/// Base64 in lines of 70 letters, with a line feed behind each where there is more than one.
fn base64_lines(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    if text.len() <= LINE {
        return text;
    }
    let mut out = String::with_capacity(text.len() + text.len() / LINE + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out
}

fn data(loader: &Loader<'_>, args: &GeneratorArgs) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut out = BTreeMap::new();
    let mut pairs = Vec::new();
    let loading = || "loading KV pairs".to_owned();
    let listed = |list: &[String]| format!("[{}]", list.join(" "));
    for path in &args.envs {
        loader
            .load(path)
            .and_then(|text| env_pairs(&text, &mut pairs))
            .during(|| format!("env source files: {}", listed(&args.envs)))
            .during(loading)?;
    }
    for literal in &args.literals {
        let pair = literal_pair(literal)
            .during(|| format!("literal sources {}", listed(&args.literals)))
            .during(loading)?;
        pairs.push(pair);
    }
    for source in &args.files {
        let pair = file_source(source)
            .and_then(|(key, path)| Ok((key, loader.load(&path)?.to_vec())))
            .during(|| format!("file sources: {}", listed(&args.files)))
            .during(loading)?;
        pairs.push(pair);
    }
    for (key, value) in pairs {
        if out.contains_key(&key) {
            return Err(Error::told(format!(
                "configmap {} illegally repeats the key `{key}`",
                args.name
            )));
        }
        out.insert(key, value);
    }
    Ok(out)
}

fn env_pairs(text: &[u8], pairs: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for (number, line) in text.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = std::str::from_utf8(line)
            .map_err(|_| Error::told(format!("line {} has invalid utf8 bytes", number + 1)))?;
        let line = if number == 0 { line.trim_start_matches('\u{feff}') } else { line };
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if !key.is_empty() {
            pairs.push((key.to_owned(), value.as_bytes().to_vec()));
        }
    }
    Ok(())
}

fn literal_pair(literal: &str) -> Result<(String, Vec<u8>)> {
    let (key, value) =
        literal.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
            Error::told(format!("invalid literal source {literal}, expected key=value"))
        })?;
    let quoted = |quote| value.len() >= 2 && value.starts_with(quote) && value.ends_with(quote);
    let value = if quoted('"') || quoted('\'') { &value[1..value.len() - 1] } else { value };
    Ok((key.to_owned(), value.as_bytes().to_vec()))
}

/// The key and the path of `[key=]path`.
pub(crate) fn file_source(source: &str) -> Result<(String, String)> {
    let told = |text: String| Err(Error::told(text));
    match source.split_once('=') {
        None => {
            let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source);
            let name = if source.is_empty() { "." } else { name };
            Ok((name.to_owned(), source.to_owned()))
        }
        Some((_, path)) if path.contains('=') => {
            told(format!("source {source:?} key name or file path contains '='"))
        }
        Some(("", path)) => {
            told(format!("missing key name for file path {path:?} in source {source:?}"))
        }
        Some((key, "")) => {
            told(format!("missing file path for key name {key:?} in source {source:?}"))
        }
        Some((key, path)) => Ok((key.to_owned(), path.to_owned())),
    }
}
