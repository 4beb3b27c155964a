//! Files to a [`Chart`].

mod archive;
mod directory;
mod ignore;

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_object::yaml;
use windlass_tree::{Tree, TreePath};

use crate::chart::{Chart, File};
use crate::decode::Decoder;
use crate::error::LoadError;
use crate::metadata::{Lock, Metadata};
use crate::values::{Values, yaml_error};

pub use archive::unpack;

/// How deep charts may lie within charts. Helm has no bound but its stack.
const MAX_DEPTH: usize = 64;

/// How many bytes a chart may hold, unpacked, with all that is in it: Helm's bound.
pub const MAX_CHART_BYTES: u64 = 100 << 20;

impl Chart {
    /// Loads the chart in the directory `at` of a tree. Links are followed within the tree.
    ///
    /// # Errors
    /// When there is none, a file of it cannot be read, or Helm would refuse it.
    pub fn load(tree: &dyn Tree, at: &TreePath) -> Result<Self, LoadError> {
        Self::from_files(directory::read(tree, at)?)
    }

    /// As [`Chart::load`], whatever `apiVersion` the chart has: so Helm loads what it does not render.
    ///
    /// # Errors
    /// As [`Chart::load`].
    pub fn load_of_any_version(tree: &dyn Tree, at: &TreePath) -> Result<Self, LoadError> {
        Self::assembled(directory::read(tree, at)?)
    }

    /// As [`Chart::from_archive`], whatever `apiVersion` the chart has.
    ///
    /// # Errors
    /// As [`Chart::from_archive`].
    pub fn from_archive_of_any_version(bytes: &[u8]) -> Result<Self, LoadError> {
        Self::assembled(unpack(bytes)?)
    }

    /// As [`Chart::load_of_any_version`]; `warnings` are there even where it fails.
    pub(crate) fn load_any(
        tree: &dyn Tree,
        at: &TreePath,
        warnings: &mut Vec<String>,
    ) -> Result<Self, LoadError> {
        assemble(directory::read(tree, at)?, 0, warnings)
    }

    /// Loads a chart from its archive: a `.tgz`, as `helm package` makes it.
    ///
    /// # Errors
    /// When it is no archive, leads out of the chart, is too large, or Helm would refuse it.
    pub fn from_archive(bytes: &[u8]) -> Result<Self, LoadError> {
        Self::from_files(unpack(bytes)?)
    }

    /// Makes a chart of its files, named by their paths in it.
    ///
    /// # Errors
    /// When Helm would refuse it.
    pub fn from_files(files: Vec<File>) -> Result<Self, LoadError> {
        if let Some(file) = files.iter().find(|f| f.name == "Chart.yaml") {
            let document = document("Chart.yaml", file)?;
            let mut version = String::new();
            let mut d = Decoder::new("chartBase");
            d.object("loader.chartBase", &document, |d, key, value| {
                if key == "apiversion" {
                    d.string(&mut version, value);
                }
            });
            d.finish().map_err(|error| LoadError::Decode { file: "Chart.yaml", error })?;
            if !matches!(&*version, "v1" | "v2" | "") {
                return Err(LoadError::ApiVersion { version });
            }
        }
        Self::assembled(files)
    }

    fn assembled(files: Vec<File>) -> Result<Self, LoadError> {
        let mut warnings = Vec::new();
        let mut chart = assemble(files, 0, &mut warnings)?;
        chart.warnings = warnings;
        Ok(chart)
    }
}

fn document(name: &'static str, file: &File) -> Result<Value, LoadError> {
    yaml::first(&file.data, &yaml::Options::texts())
        .map_err(|e| LoadError::Yaml { file: name, reason: yaml_error(&e) })
}

fn read_lock(name: &'static str, file: &File) -> Result<Lock, LoadError> {
    Lock::read(&document(name, file)?).map_err(|error| LoadError::Decode { file: name, error })
}

fn assemble(
    files: Vec<File>,
    depth: usize,
    warnings: &mut Vec<String>,
) -> Result<Chart, LoadError> {
    if depth > MAX_DEPTH {
        let reason = format!("charts lie more than {MAX_DEPTH} deep in each other");
        return Err(LoadError::Limit { path: "charts".to_owned(), reason });
    }
    let mut chart = Chart { raw: files.clone(), ..Chart::default() };
    let mut found = false;
    let read = |metadata: &mut Metadata, name: &'static str, file: &File| {
        let document = document(name, file)?;
        metadata.read(&document).map_err(|error| LoadError::Decode { file: name, error })
    };
    for file in files.iter().filter(|f| f.name == "Chart.yaml") {
        found = true;
        read(&mut chart.metadata, "Chart.yaml", file)?;
        if chart.metadata.api_version.is_empty() {
            "v1".clone_into(&mut chart.metadata.api_version);
        }
    }
    let mut subcharts: BTreeMap<String, Vec<File>> = BTreeMap::new();
    for file in files {
        match &*file.name {
            "Chart.yaml" => {}
            "Chart.lock" => chart.lock = Some(read_lock("Chart.lock", &file)?),
            "values.yaml" => {
                chart.values = Values::read(&file.data)
                    .map_err(|reason| LoadError::Yaml { file: "values.yaml", reason })?;
            }
            "values.schema.json" => chart.schema = Some(file.data.clone()),
            "requirements.yaml" => {
                found = true;
                let old = chart.metadata.api_version == "v1";
                if !old {
                    warnings.push("Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend migrating dependencies to Chart.yaml.".to_owned());
                }
                read(&mut chart.metadata, "requirements.yaml", &file)?;
                if chart.metadata.api_version == "v1" {
                    chart.files.push(file);
                }
            }
            "requirements.lock" => {
                chart.lock = Some(read_lock("requirements.lock", &file)?);
                if chart.metadata.api_version == "v1" {
                    chart.files.push(file);
                } else {
                    warnings.push("Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". We recommend migrating to Chart.lock.".to_owned());
                }
            }
            name if name.starts_with("templates/") => chart.templates.push(file),
            name if name.starts_with("charts/") => {
                if name.ends_with(".prov") {
                    chart.files.push(file);
                    continue;
                }
                let inner = &name["charts/".len()..];
                let place = inner.split('/').next().unwrap_or(inner).to_owned();
                let inner = File { name: inner.to_owned(), data: file.data.clone() };
                subcharts.entry(place).or_default().push(inner);
            }
            _ => chart.files.push(file),
        }
    }
    if !found {
        return Err(LoadError::NoChart);
    }
    chart.metadata.validate().map_err(LoadError::Invalid)?;
    for (place, files) in subcharts {
        if place.starts_with(['_', '.']) {
            continue;
        }
        let within = |error| LoadError::Subchart {
            place: place.clone(),
            chart: chart.metadata.name.clone(),
            error: Box::new(error),
        };
        let files = if place.ends_with(".tgz") {
            let file = &files[0];
            if file.name != place {
                return Err(LoadError::Invalid(format!(
                    "error unpacking subchart tar in {}: expected {place}, got {}",
                    chart.metadata.name, file.name
                )));
            }
            unpack(&file.data).map_err(within)?
        } else {
            let below = files.into_iter().filter_map(|file| {
                let (_, name) = file.name.split_once('/')?;
                Some(File { name: name.to_owned(), data: file.data })
            });
            below.collect()
        };
        let subchart = assemble(files, depth + 1, warnings).map_err(within)?;
        chart.dependencies.push(subchart);
    }
    Ok(chart)
}
