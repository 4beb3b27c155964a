//! A chart as it was loaded. Nothing changes it: rendering works on a scope of its own.

use std::fmt;
use std::sync::Arc;

use crate::metadata::{Lock, Metadata};
use crate::values::Values;

/// One file of a chart.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// Path in the chart, `/` between its parts.
    pub name: String,
    /// Content, without a byte order mark.
    pub data: Arc<[u8]>,
}

impl File {
    /// A file.
    pub fn new(name: impl Into<String>, data: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.into(), data: data.into() }
    }

    /// The content as text; what is no UTF-8 becomes the replacement character.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.data)
    }
}

impl fmt::Debug for File {
    /// The name only: a chart may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({:?}, {} bytes)", self.name, self.data.len())
    }
}

/// A chart with its subcharts.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// `Chart.yaml`, with `requirements.yaml` of older charts.
    pub metadata: Metadata,
    /// `Chart.lock` or `requirements.lock`.
    pub lock: Option<Lock>,
    /// Default values, `values.yaml`.
    pub values: Values,
    /// `values.schema.json`.
    pub schema: Option<Arc<[u8]>>,
    /// The files below `templates/`.
    pub templates: Vec<File>,
    /// All files that are none of the above: what `.Files` has, and `crds/`.
    pub files: Vec<File>,
    /// Every file as it was read, subcharts' too.
    pub raw: Vec<File>,
    /// Charts below `charts/`, by the name of their place there.
    pub dependencies: Vec<Chart>,
    /// What is legal and probably not meant, in Helm's words.
    pub warnings: Vec<String>,
}

impl Chart {
    /// The chart's name.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether it only defines templates for others.
    pub fn is_library(&self) -> bool {
        self.metadata.kind.eq_ignore_ascii_case("library")
    }

    /// The files of `crds/` that are manifests.
    pub fn crds(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|f| f.name.starts_with("crds/") && is_manifest(&f.name))
    }

    /// Names of the dependencies that are listed and not there, as `helm template` checks before it
    /// renders.
    pub fn missing_dependencies(&self) -> Vec<&str> {
        let present = |name: &str| self.dependencies.iter().any(|c| c.name() == name);
        let listed = self.metadata.dependencies.iter().map(|d| &*d.name);
        listed.filter(|name| !present(name)).collect()
    }
}

fn is_manifest(name: &str) -> bool {
    let extension = name.rsplit('/').next().and_then(|base| base.rsplit_once('.'));
    extension.is_some_and(|(_, e)| {
        ["yaml", "yml", "json"].iter().any(|known| e.eq_ignore_ascii_case(known))
    })
}
