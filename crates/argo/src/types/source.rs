//! Where an application's manifests come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_object::{Map, Value};
use windlass_render::{Blocks, Directory};
pub use windlass_render::{
    HelmOptions as HelmSource, JsonnetOptions, JsonnetVariable, KustomizeOptions as KustomizeSource,
};

use super::{is_default, null_default};

/// `ApplicationSource`: a repository, a place in it, and how to render what is there. At most one
/// of `helm`, `kustomize`, `directory` and `plugin` may be set; the rest is found by looking.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Source {
    /// Address of the Git repository, Helm repository or OCI registry.
    #[serde(rename = "repoURL", deserialize_with = "null_default")]
    pub repo_url: String,
    /// Directory in the Git repository.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub path: String,
    /// Branch, tag, commit or version range; empty is HEAD.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub target_revision: String,
    /// Helm options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helm: Option<HelmSource>,
    /// Kustomize options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<KustomizeSource>,
    /// Options of a plain directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectorySource>,
    /// Config management plugin options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<Value>,
    /// Name of the chart in a Helm repository.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub chart: String,
    /// Name by which other sources refer to this one.
    #[serde(rename = "ref", skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub reference: String,
    /// Name of the source for people.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name: String,
    /// Valid fields that nothing here reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `ApplicationSourceDirectory`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DirectorySource {
    /// Whether directories below are read too.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub recurse: bool,
    /// Jsonnet options; always printed, empty or not, as Argo CD does.
    #[serde(deserialize_with = "null_default")]
    pub jsonnet: JsonnetOptions,
    /// Glob of files to leave out; wins over `include`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub exclude: String,
    /// Glob of files to take.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub include: String,
    /// Valid fields that nothing here reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Source {
    /// Whether the source names only files for others to refer to: it renders nothing.
    pub fn is_reference_only(&self) -> bool {
        !self.reference.is_empty()
            && self.path.is_empty()
            && self.chart.is_empty()
            && !self.is_oci()
    }

    /// Whether the files are an artifact of a registry.
    pub fn is_oci(&self) -> bool {
        self.chart.is_empty() && self.repo_url.starts_with("oci://")
    }

    /// The options of all renderers, as rendering takes them.
    pub fn blocks(&self) -> Blocks {
        Blocks {
            directory: self.directory.as_ref().map(|d| Directory {
                recurse: d.recurse,
                include: d.include.clone(),
                exclude: d.exclude.clone(),
                jsonnet: d.jsonnet.clone(),
                disable_extension_filter: d
                    .rest
                    .get("disableExtensionFilter")
                    .and_then(Value::as_bool)
                    .unwrap_or(false),
            }),
            helm: self.helm.clone(),
            kustomize: self.kustomize.clone(),
            plugin: self.plugin.clone(),
        }
    }

    /// The fields that are set and that Windlass does not act on yet, by name.
    pub fn unsupported(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let blocks: BTreeMap<&str, bool> =
            BTreeMap::from([("plugin", self.plugin.as_ref().is_some_and(|v| !v.is_null()))]);
        out.extend(blocks.iter().filter(|(_, set)| **set).map(|(name, _)| (*name).to_owned()));
        out.extend(self.rest.keys().cloned());
        out
    }
}
