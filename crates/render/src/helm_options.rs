//! The `helm` block of an application's source.

use serde::{Deserialize, Serialize};
use windlass_object::{Map, Value};

use crate::spec::{is_default, null_default};

/// `ApplicationSourceHelm`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmOptions {
    /// Files of values: relative to the chart, from the root of the repository if they begin with
    /// `/`, of another source if they begin with `$name/`, or of the web.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub value_files: Vec<String>,
    /// Single values; they win over all others.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub parameters: Vec<HelmParameter>,
    /// The release's name; empty is the application's.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub release_name: String,
    /// Values as a YAML document; they win over files.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub values: String,
    /// Single values read from files.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub file_parameters: Vec<HelmFileParameter>,
    /// `v3` or nothing: there is one Helm.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub version: String,
    /// Whether a repository's credentials go to other hosts too.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub pass_credentials: bool,
    /// Whether files of values that are not there are passed over.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub ignore_missing_value_files: bool,
    /// Whether the chart's `crds` are left out.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub skip_crds: bool,
    /// Values as an object; wins over `values`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values_object: Option<Value>,
    /// The release's namespace; empty is the destination's.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub namespace: String,
    /// The cluster's version to render for; empty is the destination's.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub kube_version: String,
    /// APIs to render for, `group/version/Kind`; empty is the destination's.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub api_versions: Vec<String>,
    /// Whether tests are left out.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub skip_tests: bool,
    /// Whether values are not checked against the charts' schemas.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub skip_schema_validation: bool,
    /// Fields that nothing here reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `HelmParameter`: one value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmParameter {
    /// Its path, as `--set` takes it.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name: String,
    /// The value.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub value: String,
    /// Whether it is a string even if it looks like something else.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub force_string: bool,
}

/// `HelmFileParameter`: one value, read from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HelmFileParameter {
    /// Its path in the values, as `--set-file` takes it.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name: String,
    /// The file, as in `valueFiles`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub path: String,
}

impl HelmOptions {
    /// Whether there are inline values.
    pub fn has_values(&self) -> bool {
        self.values_object.as_ref().is_some_and(|v| !v.is_null()) || !self.values.is_empty()
    }
}
