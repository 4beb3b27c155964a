//! `Application`: what a person asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass_engine::ignore::{Jq, Rule};
use windlass_object::{Map, Object, Value, json};

use super::{
    ApplicationStatus, FINALIZER_BACKGROUND, FINALIZER_FOREGROUND, FINALIZER_RESOURCES, Operation,
    Source, is_default, null_default,
};

/// An Application. The metadata stays data: nothing here needs more of it than [`Object`] gives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Application {
    /// `metadata`.
    pub metadata: Map<String, Value>,
    /// What is wanted.
    pub spec: ApplicationSpec,
    /// What is.
    #[serde(deserialize_with = "null_default")]
    pub status: ApplicationStatus,
    /// A sync that is asked for; the controller takes it away when it has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
}

/// `ApplicationSpec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationSpec {
    /// The single source; ignored when `sources` is not empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Several sources.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub sources: Vec<Source>,
    /// Where the objects go.
    pub destination: Destination,
    /// Project; empty is `default`.
    #[serde(deserialize_with = "null_default")]
    pub project: String,
    /// How and when to sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_policy: Option<SyncPolicy>,
    /// Differences that do not count.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub ignore_differences: Vec<IgnoreDifference>,
    /// Notes for people.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub info: Vec<Info>,
    /// How many past deliveries to keep; none is 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision_history_limit: Option<i64>,
    /// Valid fields that nothing here reads (`sourceHydrator`).
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `ApplicationDestination`: `server` or `name`, not both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Destination {
    /// API address of the cluster.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub server: String,
    /// Namespace for objects that name none.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub namespace: String,
    /// Name of the cluster.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name: String,
}

/// `SyncPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncPolicy {
    /// Sync without being asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automated: Option<SyncPolicyAutomated>,
    /// Options such as `CreateNamespace=true`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub sync_options: Vec<String>,
    /// What to do after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryStrategy>,
    /// Labels and annotations of the namespace that `CreateNamespace=true` makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_namespace_metadata: Option<ManagedNamespaceMetadata>,
    /// Valid fields that nothing here reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `SyncPolicyAutomated`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncPolicyAutomated {
    /// Delete what is no longer in Git.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prune: Option<bool>,
    /// Undo changes made in the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_heal: Option<bool>,
    /// Allow deleting the last object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_empty: Option<bool>,
    /// Off only when false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// `RetryStrategy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetryStrategy {
    /// Attempts after the first; below zero is without end.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub limit: i64,
    /// Waiting between attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// Whether a retry takes the newest revision.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub refresh: bool,
}

/// `Backoff`. Durations in Go's form, such as `5s`, or a plain number of seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Backoff {
    /// The first wait; empty is 5s.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub duration: String,
    /// What each next wait is multiplied by; none is 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<i64>,
    /// The longest wait; empty is 3m.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub max_duration: String,
}

/// `ManagedNamespaceMetadata`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ManagedNamespaceMetadata {
    /// Labels.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub annotations: BTreeMap<String, String>,
}

/// `ResourceIgnoreDifferences`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IgnoreDifference {
    /// Group, a glob.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub group: String,
    /// Kind, a glob.
    pub kind: String,
    /// Name; empty is any.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name: String,
    /// Namespace; empty is any.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub namespace: String,
    /// Fields by JSON pointer.
    #[serde(
        rename = "jsonPointers",
        skip_serializing_if = "is_default",
        deserialize_with = "null_default"
    )]
    pub json_pointers: Vec<String>,
    /// Fields by jq path.
    #[serde(
        rename = "jqPathExpressions",
        skip_serializing_if = "is_default",
        deserialize_with = "null_default"
    )]
    pub jq_path_expressions: Vec<String>,
    /// Fields by who owns them.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub managed_fields_managers: Vec<String>,
}

impl IgnoreDifference {
    /// As the engine takes it. What is no JSON pointer is left out; `jq` reads the paths, and
    /// leaves out what cannot be read.
    pub fn rule(&self, jq: &dyn Fn(&str) -> Option<Arc<Jq>>) -> Rule {
        Rule {
            group: self.group.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            pointers: self.json_pointers.iter().filter_map(|text| text.parse().ok()).collect(),
            paths: self.jq_path_expressions.iter().filter_map(|path| jq(path)).collect(),
            managers: self.managed_fields_managers.clone(),
        }
    }
}

/// `Info`: a note for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

impl Application {
    /// Reads an Application.
    ///
    /// # Errors
    /// When a field has the wrong type: the API server lets none such in under our CRD.
    pub fn from_object(object: &Object) -> Result<Self, serde_json::Error> {
        Self::deserialize(object.to_value())
    }

    /// The application as an object, ready to be created.
    pub fn to_object(&self) -> Object {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        value["apiVersion"] = json!("argoproj.io/v1alpha1");
        value["kind"] = json!("Application");
        Object::try_from(value).unwrap_or_default()
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.metadata_str("name")
    }

    /// `metadata.namespace`.
    pub fn namespace(&self) -> &str {
        self.metadata_str("namespace")
    }

    /// `metadata.resourceVersion`.
    pub fn resource_version(&self) -> &str {
        self.metadata_str("resourceVersion")
    }

    /// `metadata.uid`.
    pub fn uid(&self) -> &str {
        self.metadata_str("uid")
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata.get("annotations")?.get(key)?.as_str()
    }

    /// `metadata.finalizers`.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        self.metadata
            .get("finalizers")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }

    /// Whether deletion has been asked for.
    pub fn is_terminating(&self) -> bool {
        self.metadata.get("deletionTimestamp").is_some_and(|v| !v.is_null())
    }

    /// Whether deleting the application deletes its objects.
    pub fn is_cascaded(&self) -> bool {
        self.finalizers()
            .any(|f| [FINALIZER_RESOURCES, FINALIZER_FOREGROUND, FINALIZER_BACKGROUND].contains(&f))
    }

    /// The project, with the default filled in.
    pub fn project(&self) -> &str {
        if self.spec.project.is_empty() { "default" } else { &self.spec.project }
    }

    fn metadata_str(&self, key: &str) -> &str {
        self.metadata.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

impl ApplicationSpec {
    /// The sources that count: `sources` when there are any, else `source`.
    pub fn effective_sources(&self) -> &[Source] {
        if self.sources.is_empty() { self.source.as_slice() } else { &self.sources }
    }

    /// Whether `sources` counts and not `source`.
    pub fn has_multiple_sources(&self) -> bool {
        !self.sources.is_empty()
    }

    /// Whether Windlass syncs without being asked.
    pub fn is_automated(&self) -> bool {
        self.sync_policy
            .as_ref()
            .and_then(|p| p.automated.as_ref())
            .is_some_and(|a| a.enabled.unwrap_or(true))
    }
}
