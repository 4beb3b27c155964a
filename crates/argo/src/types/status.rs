//! What is: the status of an Application.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use windlass_engine::state::{self, ConditionType, HealthCode as HealthStatusCode};
use windlass_object::{Map, ResourceKey, Value};

use super::{
    Destination, IgnoreDifference, OperationInitiator, OperationState, Source, is_default,
    null_default, time,
};

/// `ApplicationStatus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationStatus {
    /// The application's objects.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub resources: Vec<ResourceStatus>,
    /// Whether the cluster is what Git says.
    #[serde(deserialize_with = "null_default")]
    pub sync: SyncStatus,
    /// Whether it works.
    #[serde(deserialize_with = "null_default")]
    pub health: HealthStatus,
    /// Past deliveries, oldest first.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub history: Vec<RevisionHistory>,
    /// What a person should know.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub conditions: Vec<Condition>,
    /// When the comparison was last made anew.
    #[serde(skip_serializing_if = "Option::is_none", with = "time")]
    pub reconciled_at: Option<Timestamp>,
    /// The last or running sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_state: Option<OperationState>,
    /// How the source is rendered: `Directory`, `Helm`, `Kustomize`, `Plugin`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub source_type: String,
    /// Images and addresses.
    #[serde(deserialize_with = "null_default")]
    pub summary: Summary,
    /// `appTree`: objects' health is not kept in `resources`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub resource_health_source: String,
    /// How each of several sources is rendered.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub source_types: Vec<String>,
    /// Namespace of the controller.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub controller_namespace: String,
    /// The hydrator's state, which Windlass leaves as it is.
    #[serde(deserialize_with = "null_default")]
    pub source_hydrator: Map<String, Value>,
}

/// `SyncStatus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncStatus {
    /// The verdict.
    #[serde(deserialize_with = "null_default")]
    pub status: SyncStatusCode,
    /// What was compared.
    #[serde(deserialize_with = "null_default")]
    pub compared_to: ComparedTo,
    /// Commit.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub revision: String,
    /// Commits, one a source.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub revisions: Vec<String>,
}

/// Whether the cluster is what Git says, or that this was not asked yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SyncStatusCode {
    /// Not compared yet.
    #[default]
    #[serde(rename = "")]
    None,
    /// The comparison failed.
    Unknown,
    /// It is.
    Synced,
    /// It is not.
    OutOfSync,
}

impl SyncStatusCode {
    /// The verdict, once there is one.
    pub fn known(self) -> Option<state::SyncStatusCode> {
        match self {
            Self::None => None,
            Self::Unknown => Some(state::SyncStatusCode::Unknown),
            Self::Synced => Some(state::SyncStatusCode::Synced),
            Self::OutOfSync => Some(state::SyncStatusCode::OutOfSync),
        }
    }
}

impl From<state::SyncStatusCode> for SyncStatusCode {
    fn from(code: state::SyncStatusCode) -> Self {
        match code {
            state::SyncStatusCode::Unknown => Self::Unknown,
            state::SyncStatusCode::Synced => Self::Synced,
            state::SyncStatusCode::OutOfSync => Self::OutOfSync,
        }
    }
}

impl fmt::Display for SyncStatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "",
            Self::Unknown => "Unknown",
            Self::Synced => "Synced",
            Self::OutOfSync => "OutOfSync",
        })
    }
}

/// `ComparedTo`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ComparedTo {
    /// Source.
    #[serde(deserialize_with = "null_default")]
    pub source: Source,
    /// Destination.
    #[serde(deserialize_with = "null_default")]
    pub destination: Destination,
    /// Sources, when there are several.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub sources: Vec<Source>,
    /// Ignore rules.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub ignore_differences: Vec<IgnoreDifference>,
}

/// Health of an application or object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HealthStatus {
    /// The verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<HealthStatusCode>,
    /// In words.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub message: String,
    /// When the verdict last changed.
    #[serde(skip_serializing_if = "Option::is_none", with = "time")]
    pub last_transition_time: Option<Timestamp>,
}

/// `ResourceStatus`: one of the application's objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceStatus {
    /// API group.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub group: String,
    /// Version.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub version: String,
    /// Kind.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub kind: String,
    /// Namespace.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub namespace: String,
    /// Name.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub name: String,
    /// Whether it is what Git says.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub status: SyncStatusCode,
    /// Its health, unless kept in the tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthStatus>,
    /// Whether it is a hook.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub hook: bool,
    /// Whether it is no longer in Git.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub requires_pruning: bool,
    /// Its wave.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub sync_wave: i64,
    /// Whether a person must agree to its deletion.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub requires_deletion_confirmation: bool,
}

impl ResourceStatus {
    /// Names the object.
    pub fn key(&self) -> ResourceKey {
        ResourceKey::new(&self.group, &self.kind, &self.namespace, &self.name)
    }
}

/// `RevisionHistory`: one past delivery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RevisionHistory {
    /// Commit.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub revision: String,
    /// When it was done.
    #[serde(with = "time")]
    pub deployed_at: Option<Timestamp>,
    /// Counts up.
    pub id: i64,
    /// Source.
    #[serde(deserialize_with = "null_default")]
    pub source: Source,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none", with = "time")]
    pub deploy_started_at: Option<Timestamp>,
    /// Sources, when there are several.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub sources: Vec<Source>,
    /// Commits, one a source.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub revisions: Vec<String>,
    /// Who asked.
    #[serde(deserialize_with = "null_default")]
    pub initiated_by: OperationInitiator,
}

/// `ApplicationCondition`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ConditionType,
    /// In words.
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
    /// When it appeared.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time")]
    pub last_transition_time: Option<Timestamp>,
}

/// `ApplicationSummary`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Addresses of Ingresses and Services.
    #[serde(
        rename = "externalURLs",
        skip_serializing_if = "is_default",
        deserialize_with = "null_default"
    )]
    pub external_urls: Vec<String>,
    /// Images that run.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub images: Vec<String>,
    /// Whether one of the objects is an Application.
    #[serde(
        rename = "isAppOfApps",
        skip_serializing_if = "is_default",
        deserialize_with = "null_default"
    )]
    pub is_app_of_apps: bool,
}
