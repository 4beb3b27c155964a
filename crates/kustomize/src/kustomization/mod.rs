//! The kustomization file: its fields, how it is read, and what of it is deprecated.

pub(crate) mod decode;
pub(crate) mod encode;
mod types;

use serde_json::Value;
use windlass_object::yaml;

pub use decode::{Decode, Decoder, decode};
pub use types::*;

use crate::error::{Error, Result};
use crate::yaml_words;

/// The names that a kustomization file may have.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

/// A kustomization file as it was read.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Its fields, the deprecated ones moved where they belong.
    pub kustomization: Kustomization,
    /// What to tell of deprecated fields.
    pub warnings: Vec<String>,
}

/// Reads a kustomization file's text. `directory` names it in messages.
///
/// # Errors
/// For what is not YAML, has unknown fields or fields of a wrong type, is empty, or says it is
/// something else.
pub fn read(text: &[u8], directory: &str) -> Result<Loaded> {
    let options = yaml::Options::default();
    let value = first_document(text, &options)?;
    let invalid = |e: String| Error::told(e).during("invalid Kustomization");
    let mut k: Kustomization = decode(&value, true).map_err(invalid)?;
    let warnings = warnings(&value);
    let empty = is_empty(&value);
    fix(&mut k);
    if empty {
        return Err(Error::told("kustomization.yaml is empty"));
    }
    let mut wrong = Vec::new();
    if k.kind != "Kustomization" && k.kind != "Component" {
        wrong.push("kind should be Kustomization or Component".to_owned());
    }
    let wanted = if k.kind == "Component" { COMPONENT_VERSION } else { VERSION };
    if k.api_version != wanted {
        wrong.push(format!("apiVersion for {} should be {wanted}", k.kind));
    }
    if !wrong.is_empty() {
        let wrong = wrong.join("\n");
        let text = format!("Failed to read kustomization file under {directory}:\n{wrong}");
        return Err(Error::told(text));
    }
    Ok(Loaded { kustomization: k, warnings })
}

/// Reads a kustomization file's text to change it: it may still be empty.
///
/// # Errors
/// For what is not YAML, and unknown fields or fields of a wrong type.
pub(crate) fn read_to_edit(text: &[u8]) -> Result<Kustomization> {
    let mut k = read_as_is(text)?;
    fix(&mut k);
    Ok(k)
}

/// Reads a kustomization file's text, deprecated fields where they are.
///
/// # Errors
/// For what is not YAML, and unknown fields or fields of a wrong type.
pub(crate) fn read_as_is(text: &[u8]) -> Result<Kustomization> {
    let value = first_document(text, &yaml::Options::default())?;
    decode(&value, true).map_err(|e| Error::told(e).during("invalid Kustomization"))
}

/// The first document of `text`: go-yaml reads no further where it converts to JSON.
fn first_document(text: &[u8], options: &yaml::Options) -> Result<Value> {
    yaml::first(text, options).map_err(|e| {
        let problem = yaml_words::said(text, &e);
        Error::Unreadable { at: e.at, problem }.during("invalid Kustomization")
    })
}

fn present<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = value.as_object()?;
    fields.iter().find(|(k, v)| k.eq_ignore_ascii_case(name) && !v.is_null()).map(|(_, v)| v)
}

/// Whether nothing but `apiVersion` and `kind` is said.
fn is_empty(value: &Value) -> bool {
    let Some(fields) = value.as_object() else { return true };
    fields.iter().all(|(key, value)| {
        key.eq_ignore_ascii_case("apiVersion")
            || key.eq_ignore_ascii_case("kind")
            || value.is_null()
            || value.as_str() == Some("")
    })
}

fn warnings(value: &Value) -> Vec<String> {
    const OLD: [(&str, &str, &str); 6] = [
        ("bases", "resources", ""),
        ("commonLabels", "labels", ""),
        ("imageTags", "images", ""),
        ("patchesJson6902", "patches", ""),
        ("patchesStrategicMerge", "patches", ""),
        ("vars", "replacements", "[EXPERIMENTAL] "),
    ];
    OLD.iter()
        .filter(|(old, ..)| present(value, old).is_some())
        .map(|(old, new, mark)| {
            format!(
                "# Warning: '{old}' is deprecated. Please use '{new}' instead. {mark}Run \
                 'kustomize edit fix' to update your Kustomization automatically."
            )
        })
        .collect()
}

/// Moves what deprecated fields say to where it belongs now.
fn fix(k: &mut Kustomization) {
    if k.kind.is_empty() {
        k.kind = "Kustomization".to_owned();
    }
    if k.api_version.is_empty() {
        let version = if k.kind == "Component" { COMPONENT_VERSION } else { VERSION };
        k.api_version = version.to_owned();
    }
    k.resources.append(&mut k.bases);
    k.images.append(&mut k.image_tags);
    for g in &mut k.config_map_generator {
        if !g.env.is_empty() {
            g.envs.push(std::mem::take(&mut g.env));
        }
    }
    for g in &mut k.secret_generator {
        if !g.env.is_empty() {
            g.envs.push(std::mem::take(&mut g.env));
        }
    }
    for old in std::mem::take(&mut k.helm_chart_inflation_generator) {
        if !old.chart_home.is_empty() || !old.helm_home.is_empty() {
            let globals = k.helm_globals.get_or_insert_default();
            globals.chart_home.clone_from(&old.chart_home);
            globals.config_home.clone_from(&old.helm_home);
        }
        k.helm_charts.push(HelmChart {
            name: old.chart_name,
            version: old.chart_version,
            repo: old.chart_repo_url,
            values_file: old.values,
            values_inline: old.values_local,
            values_merge: old.values_merge,
            release_name: old.release_name,
            ..HelmChart::default()
        });
    }
}
