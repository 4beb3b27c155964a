//! Manifests of the guide in scenarios.
//!
//! Wherever a scenario has a value, it may name a manifest instead:
//!
//! ```yaml
//! $guide: 2-2-application-crd.yaml   # of tests/fixtures/guide, unchanged from the guide
//! replace: {"https://example.com": "$REPO.app"}   # the addresses that exist in tests only
//! document: 1                        # which document of the file, if it has several
//! at: data                           # a field of it instead of the whole
//! with: {spec: {project: default}}   # merged in: what the guide leaves out, names of the scenario
//! ```
//!
//! Without `document`, `at` and `with` it is the file's text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use windlass_object::{Value, yaml};

use super::file::merge;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    #[serde(rename = "$guide")]
    file: String,
    #[serde(default)]
    replace: BTreeMap<String, String>,
    document: Option<usize>,
    at: Option<String>,
    with: Option<Value>,
}

/// Where the manifests are kept.
pub(super) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guide")
}

/// Puts the manifests in the place of their names.
pub(super) fn expand(value: &mut Value) -> Result<()> {
    match value {
        Value::Object(map) if map.contains_key("$guide") => {
            let named: Named = serde_json::from_value(value.clone())?;
            *value = named.read().with_context(|| named.file.clone())?;
        }
        Value::Object(map) => map.values_mut().try_for_each(expand)?,
        Value::Array(items) => items.iter_mut().try_for_each(expand)?,
        _ => {}
    }
    Ok(())
}

impl Named {
    fn read(&self) -> Result<Value> {
        let mut text = std::fs::read_to_string(directory().join(&self.file))?;
        for (from, to) in &self.replace {
            if !text.contains(from) {
                bail!("it has no {from}");
            }
            text = text.replace(from, to);
        }
        if self.document.is_none() && self.at.is_none() && self.with.is_none() {
            return Ok(Value::String(text));
        }
        let documents = text.split("\n---\n").collect::<Vec<_>>();
        let document = documents.get(self.document.unwrap_or(0)).context("no such document")?;
        let mut found = yaml::parse_one(document.as_bytes(), &yaml::Options::strict())?;
        if let Some(at) = &self.at {
            found = found.get(at).cloned().with_context(|| format!("it has no {at}"))?;
        }
        if let Some(with) = &self.with {
            merge(&mut found, with);
        }
        Ok(found)
    }
}
