//! `cargo xtask generate`: makes `crates/schema/data/definitions.json.gz` of the sources of
//! Kubernetes.
//!
//! Two sources are joined. The published OpenAPI v3 documents give the definitions. The Go structs
//! give what OpenAPI does not tell and what shows in every answer of the API server: whether a
//! field is a pointer and whether it is left out when empty. That is kept in each property as
//! `x-go`: the Go type, then the options of its `json` tag.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use regex::Regex;
use serde_json::{Map, Value, json};

/// One line of a Go struct.
struct GoField {
    go_type: String,
    json_name: String,
    options: String,
}

type GoStructs = BTreeMap<String, Vec<GoField>>;

/// Writes the data file and the licence beside it. `modules` is the `k8s.io` directory of the Go
/// module cache, `version` that of the libraries (`v0.36.3`).
pub(crate) fn generate(repository: &Path, modules: &Path, version: &str) -> Result<()> {
    let release = version.replacen("v0.", "v1.", 1);
    let kubernetes = modules.join(format!("kubernetes@{release}"));
    let mut definitions = openapi(&kubernetes.join("api/openapi-spec/v3"))?;
    mark(&mut definitions, &go_structs(modules, version)?);

    let data = repository.join("crates/schema/data");
    fs::create_dir_all(&data)?;
    let file = fs::File::create(data.join("definitions.json.gz"))?;
    let mut gz = GzBuilder::new().mtime(0).write(file, Compression::best());
    gz.write_all(&serde_json::to_vec(&definitions)?)?;
    gz.finish()?;
    fs::write(data.join("LICENSE.kubernetes"), fs::read(kubernetes.join("LICENSE"))?)?;
    fs::write(
        data.join("NOTICE"),
        format!(
            "definitions.json.gz is made by `cargo xtask generate` of Kubernetes {release}\n\
             (api/openapi-spec/v3 and the types of k8s.io/api, apimachinery,\n\
             apiextensions-apiserver and kube-aggregator).\n\
             Copyright The Kubernetes Authors, Apache License 2.0: see LICENSE.kubernetes.\n"
        ),
    )?;
    Ok(())
}

/// All definitions of all group-version documents. A few (`DeleteOptions`) list the kinds of their
/// own document only: those lists are joined.
fn openapi(folder: &Path) -> Result<BTreeMap<String, Value>> {
    const KINDS: &str = "x-kubernetes-group-version-kind";
    let mut all: BTreeMap<String, Value> = BTreeMap::new();
    let entries = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let document: Value = serde_json::from_slice(&fs::read(&path)?)
            .with_context(|| format!("{}", path.display()))?;
        let Some(schemas) = document["components"]["schemas"].as_object() else { continue };
        for (name, schema) in schemas {
            let known = all.entry(name.clone()).or_insert_with(|| schema.clone());
            for kind in schema[KINDS].as_array().into_iter().flatten() {
                if let Some(kinds) = known[KINDS].as_array_mut()
                    && !kinds.contains(kind)
                {
                    kinds.push(kind.clone());
                }
            }
        }
    }
    for schema in all.values_mut() {
        if let Some(kinds) = schema.get_mut(KINDS).and_then(Value::as_array_mut) {
            kinds.sort_by_key(ToString::to_string);
        }
    }
    Ok(all)
}

/// The structs of all API packages, by definition name.
fn go_structs(modules: &Path, version: &str) -> Result<GoStructs> {
    let mut structs = GoStructs::new();
    let api = modules.join(format!("api@{version}"));
    for group in folders(&api)? {
        for folder in folders(&group)? {
            let prefix = format!("io.k8s.api.{}.{}.", name_of(&group), name_of(&folder));
            read_package(&folder, &prefix, &mut structs)?;
        }
    }
    for (path, prefix) in [
        (
            format!("apimachinery@{version}/pkg/apis/meta/v1"),
            "io.k8s.apimachinery.pkg.apis.meta.v1.",
        ),
        (
            format!("apiextensions-apiserver@{version}/pkg/apis/apiextensions/v1"),
            "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.",
        ),
        (
            format!("kube-aggregator@{version}/pkg/apis/apiregistration/v1"),
            "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.",
        ),
    ] {
        read_package(&modules.join(path), prefix, &mut structs)?;
    }
    Ok(structs)
}

fn folders(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("{}", path.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn read_package(folder: &Path, prefix: &str, structs: &mut GoStructs) -> Result<()> {
    let start = Regex::new(r"^type (\w+) struct \{")?;
    let field = Regex::new(r#"^\t(?:\w+\s+)?(\S+)\s+`.*?json:"([^",]*)((?:,\w+)*)""#)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = name_of(&path);
        if !name.starts_with("types") || !name.ends_with(".go") || name.contains("swagger") {
            continue;
        }
        let mut current: Option<String> = None;
        for line in fs::read_to_string(&path)?.lines() {
            if let Some(found) = start.captures(line) {
                current = Some(format!("{prefix}{}", &found[1]));
            } else if line == "}" {
                current = None;
            } else if let (Some(current), Some(found)) = (&current, field.captures(line)) {
                structs.entry(current.clone()).or_default().push(GoField {
                    go_type: found[1].to_owned(),
                    json_name: found[2].to_owned(),
                    options: found[3].to_owned(),
                });
            }
        }
    }
    Ok(())
}

fn mark(definitions: &mut BTreeMap<String, Value>, structs: &GoStructs) {
    for (name, schema) in definitions {
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
            continue;
        };
        mark_struct(name, properties, structs);
    }
}

/// Marks the properties that the struct and the structs embedded in it declare.
fn mark_struct(definition: &str, properties: &mut Map<String, Value>, structs: &GoStructs) {
    let (package, _) = definition.rsplit_once('.').unwrap_or_default();
    for field in structs.get(definition).into_iter().flatten() {
        if field.options.contains("inline") {
            let embedded = match field.go_type.rsplit_once('.') {
                None => format!("{package}.{}", field.go_type),
                Some(("v1", name)) => format!("io.k8s.api.core.v1.{name}"),
                Some((_, name)) => format!("io.k8s.apimachinery.pkg.apis.meta.v1.{name}"),
            };
            mark_struct(&embedded, properties, structs);
        } else if let Some(Value::Object(property)) = properties.get_mut(&field.json_name) {
            let version = package.rsplit('.').next().unwrap_or_default();
            let go_type = qualify(&field.go_type, version);
            property.insert("x-go".into(), json!(format!("{go_type}{}", field.options)));
        }
    }
}

/// The type as Go prints it in messages: local names get their package, import aliases go.
fn qualify(go_type: &str, package: &str) -> String {
    let mut rest = go_type;
    let mut head = String::new();
    while let Some(at) = rest.find(['*', '[', ']']) {
        head.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
    }
    let name = match rest.split_once('.') {
        Some(("metav1", name)) => format!("v1.{name}"),
        None if rest.starts_with(char::is_uppercase) => format!("{package}.{rest}"),
        _ => rest.to_owned(),
    };
    head + &name
}
