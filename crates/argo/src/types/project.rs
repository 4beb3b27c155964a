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
    /// Valid fields that nothing here reads (roles, sync windows, signature keys …).
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
    pub ignore: Vec<Value>,
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
