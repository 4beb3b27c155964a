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
    /// Whether only clusters that are the project's own may be gone to.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub permit_only_project_scoped_clusters: bool,
    /// Service accounts that syncs run as, where impersonation is on.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub destination_service_accounts: Vec<DestinationServiceAccount>,
    /// Keys of which one must have signed what is delivered.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub signature_keys: Vec<SignatureKey>,
    /// How sources are known to be what their authors made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_integrity: Option<SourceIntegrity>,
    /// Valid fields that nothing here reads (roles).
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `ApplicationDestinationServiceAccount`: who delivers to a place; server and namespace are globs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DestinationServiceAccount {
    /// API address.
    #[serde(deserialize_with = "null_default")]
    pub server: String,
    /// Namespace.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub namespace: String,
    /// `name`, in the destination's namespace, or `namespace:name`.
    #[serde(deserialize_with = "null_default")]
    pub default_service_account: String,
}

/// `SignatureKey`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignatureKey {
    /// The last 16 digits of its fingerprint, or all.
    #[serde(rename = "keyID", deserialize_with = "null_default")]
    pub key_id: String,
}

/// `SourceIntegrity` (Argo CD 3.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceIntegrity {
    /// Of Git repositories.
    pub git: Option<GitIntegrity>,
}

/// `SourceIntegrityGit`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GitIntegrity {
    /// At most one may be for a repository.
    #[serde(deserialize_with = "null_default")]
    pub policies: Vec<GitPolicy>,
}

/// `SourceIntegrityGitPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GitPolicy {
    /// Repositories that it is for.
    #[serde(deserialize_with = "null_default")]
    pub repos: Vec<GitPolicyRepo>,
    /// What signatures must be.
    pub gpg: Option<GpgPolicy>,
}

/// `SourceIntegrityGitPolicyRepo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GitPolicyRepo {
    /// A glob; `!` takes away.
    #[serde(deserialize_with = "null_default")]
    pub url: String,
}

/// `SourceIntegrityGitPolicyGPG`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GpgPolicy {
    /// `none`, `head` (the tag or commit) or `strict` (all history too).
    #[serde(deserialize_with = "null_default")]
    pub mode: String,
    /// Keys that may sign.
    #[serde(deserialize_with = "null_default")]
    pub keys: Vec<String>,
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
    /// Whether orphans are worth a condition; absent is no.
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
    /// Whether an operation that began when it might goes on.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub sync_overrun: bool,
    /// Valid fields that nothing here reads (`description`).
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

    /// Whether it is being deleted.
    pub fn is_terminating(&self) -> bool {
        self.metadata.get("deletionTimestamp").is_some_and(|time| !time.is_null())
    }

    /// Its finalizers without one; none if it does not have that.
    pub fn finalizers_without(&self, finalizer: &str) -> Option<Vec<Value>> {
        let all = self.metadata.get("finalizers").and_then(Value::as_array)?;
        let kept: Vec<Value> = all.iter().filter(|found| **found != finalizer).cloned().collect();
        (kept.len() < all.len()).then_some(kept)
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
