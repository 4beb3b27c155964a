//! The `kustomize` block of an application's source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_object::{Map, Value};

use crate::spec::{is_default, null_default};

/// `ApplicationSourceKustomize`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KustomizeOptions {
    /// Put before every name.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name_prefix: String,
    /// Put behind every name.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name_suffix: String,
    /// Images, as `kustomize edit set image` takes them: `[name=]newName[:tag|@digest]`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub images: Vec<String>,
    /// Labels for all objects.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub common_labels: BTreeMap<String, String>,
    /// The version of Kustomize that is wanted, one of those that the settings name; there is one here.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub version: String,
    /// Annotations for all objects.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub common_annotations: BTreeMap<String, String>,
    /// Whether labels that the overlay has are replaced.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub force_common_labels: bool,
    /// Whether annotations that the overlay has are replaced.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub force_common_annotations: bool,
    /// The namespace of all objects.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub namespace: String,
    /// Whether the build environment is substituted in annotations.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub common_annotations_envsubst: bool,
    /// Numbers of replicas by name.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub replicas: Vec<KustomizeReplica>,
    /// Patches.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub patches: Vec<KustomizePatch>,
    /// Components to add.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub components: Vec<String>,
    /// Whether components that are not there are passed over.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub ignore_missing_components: bool,
    /// Whether labels stay out of selectors.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub label_without_selector: bool,
    /// The cluster's version, for charts; empty is the destination's.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub kube_version: String,
    /// APIs, for charts; empty is the destination's.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub api_versions: Vec<String>,
    /// Whether labels go into templates, where they stay out of selectors.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub label_include_templates: bool,
    /// Fields that nothing here reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `KustomizeReplica`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KustomizeReplica {
    /// Name of a Deployment or StatefulSet.
    #[serde(deserialize_with = "null_default")]
    pub name: String,
    /// How many: a number, or text that is one.
    pub count: Value,
}

/// `KustomizePatch`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KustomizePatch {
    /// The file that holds it.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub path: String,
    /// The patch itself.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub patch: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<KustomizeSelector>,
    /// Such as `allowNameChange`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub options: BTreeMap<String, bool>,
}

/// `KustomizeSelector`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KustomizeSelector {
    /// API group.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub group: String,
    /// API version.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub version: String,
    /// Kind.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub kind: String,
    /// Name.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name: String,
    /// Namespace.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub namespace: String,
    /// Annotations.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub annotation_selector: String,
    /// Labels.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub label_selector: String,
}
