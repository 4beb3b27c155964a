//! `AppProject`: what the applications of a project may do.

use serde::{Deserialize, Serialize};
use windlass_object::{Map, Object, Value};

use super::{is_default, null_default};

/// An AppProject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AppProject {
    /// `metadata`.
    pub metadata: Map<String, Value>,
    /// What is allowed.
    pub spec: AppProjectSpec,
}

/// `AppProjectSpec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AppProjectSpec {
    /// Repositories, globs; `!` denies.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub source_repos: Vec<String>,
    /// Places objects may go.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub destinations: Vec<ProjectDestination>,
    /// For people.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub description: String,
    /// Cluster-scoped kinds that are allowed; none by default.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub cluster_resource_whitelist: Vec<GroupKindPattern>,
    /// Namespaced kinds that are refused.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub namespace_resource_blacklist: Vec<GroupKindPattern>,
    /// What to do about objects of nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orphaned_resources: Option<OrphanedResources>,
    /// Namespaced kinds that are allowed; absent is all, empty is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_resource_whitelist: Option<Vec<GroupKindPattern>>,
    /// Cluster-scoped kinds that are refused.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub cluster_resource_blacklist: Vec<GroupKindPattern>,
    /// Namespaces, other than the controller's, whose applications may use the project.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub source_namespaces: Vec<String>,
    /// When its applications may be synced.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub sync_windows: Vec<SyncWindow>,
    /// Valid fields that nothing here reads (roles, signature keys …).
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A place objects may go; each field is a glob, and a leading `!` denies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectDestination {
    /// API address.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub server: String,
    /// Namespace.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub namespace: String,
    /// Cluster name.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name: String,
}

/// A kind, and for cluster-scoped ones a name; each a glob.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupKindPattern {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name; empty is any.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name: String,
}

/// `OrphanedResourcesMonitorSettings`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrphanedResources {
    /// Whether orphans are worth a condition; absent is yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn: Option<bool>,
    /// Orphans that do not count.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub ignore: Vec<OrphanPattern>,
}

/// Orphans that do not count; each field is a glob, and empty is any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrphanPattern {
    /// API group.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub group: String,
    /// Kind.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub kind: String,
    /// Name.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name: String,
}

/// `SyncWindow`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncWindow {
    /// `allow` or `deny`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub kind: String,
    /// When it opens, five fields of cron.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub schedule: String,
    /// How long it is open.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub duration: String,
    /// Names of applications, globs.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub applications: Vec<String>,
    /// Destination namespaces, globs.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub namespaces: Vec<String>,
    /// Destination clusters by name or address, globs.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub clusters: Vec<String>,
    /// Whether a person may sync in spite of it.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub manual_sync: bool,
    /// Time zone of the schedule; empty is UTC.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub time_zone: String,
    /// Whether all that is listed must match.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub and_operator: bool,
    /// Valid fields that nothing here reads (`description`, `syncOverrun`).
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl AppProject {
    /// Reads an AppProject.
    ///
    /// # Errors
    /// When a field has the wrong type.
    pub fn from_object(object: &Object) -> Result<Self, serde_json::Error> {
        Self::deserialize(object.to_value())
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.metadata.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// The project that Argo CD makes on its first start: everything is allowed.
    pub fn default_project() -> Self {
        let any = || "*".to_owned();
        Self {
            metadata: Map::from_iter([("name".to_owned(), Value::from("default"))]),
            spec: AppProjectSpec {
                source_repos: vec![any()],
                destinations: vec![ProjectDestination {
                    server: any(),
                    namespace: any(),
                    name: String::new(),
                }],
                cluster_resource_whitelist: vec![GroupKindPattern {
                    group: any(),
                    kind: any(),
                    name: String::new(),
                }],
                ..AppProjectSpec::default()
            },
        }
    }
}
