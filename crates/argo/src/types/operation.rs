//! A sync that is asked for, running or done.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use windlass_engine::state::{OperationPhase, ResourceResult};
use windlass_object::{Map, Value};

use super::{
    Info, ManagedNamespaceMetadata, RetryStrategy, Source, is_default, null_default, time,
};

/// `Operation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Operation {
    /// The sync; there is no other kind of operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<SyncOperation>,
    /// Who asked.
    #[serde(deserialize_with = "null_default")]
    pub initiated_by: OperationInitiator,
    /// Notes for people.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub info: Vec<Info>,
    /// What to do after a failure.
    #[serde(deserialize_with = "null_default")]
    pub retry: RetryStrategy,
}

/// `OperationInitiator`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OperationInitiator {
    /// A person's name.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub username: String,
    /// Whether the sync policy asked.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub automated: bool,
}

/// `SyncOperation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncOperation {
    /// Revision to deliver; empty is the spec's.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub revision: String,
    /// Delete what is no longer in Git.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub prune: bool,
    /// Change nothing.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub dry_run: bool,
    /// With hooks (the default) or without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_strategy: Option<SyncStrategy>,
    /// Only these objects.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub resources: Vec<SyncOperationResource>,
    /// Source in the place of the spec's: for a rollback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Manifests in the place of the repository's.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub manifests: Vec<String>,
    /// Sync options in the place of the spec's.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub sync_options: Vec<String>,
    /// Sources in the place of the spec's.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub sources: Vec<Source>,
    /// Revisions, one a source.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub revisions: Vec<String>,
    /// How many times in a row this was a self-heal.
    #[serde(
        rename = "autoHealAttemptsCount",
        skip_serializing_if = "is_default",
        deserialize_with = "null_default"
    )]
    pub self_heal_attempts_count: i64,
    /// Valid fields that nothing here reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `SyncStrategy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncStrategy {
    /// Apply only, no hooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<SyncStrategyApply>,
    /// Apply and run hooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<SyncStrategyApply>,
}

/// `SyncStrategyApply`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncStrategyApply {
    /// Delete and create what cannot be updated.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub force: bool,
}

/// `SyncOperationResource`: one object of a selective sync.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncOperationResource {
    /// API group.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace; empty is any.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub namespace: String,
}

/// `OperationState`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationState {
    /// What was asked.
    #[serde(default, deserialize_with = "null_default")]
    pub operation: Operation,
    /// How far it is.
    pub phase: OperationPhase,
    /// In words.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub message: String,
    /// What became of each object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_result: Option<SyncOperationResult>,
    /// When it began.
    #[serde(default, with = "time")]
    pub started_at: Option<Timestamp>,
    /// When it, or its last attempt, ended.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time")]
    pub finished_at: Option<Timestamp>,
    /// Retries so far.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub retry_count: i64,
}

/// `SyncOperationResult`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncOperationResult {
    /// The objects.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub resources: Vec<ResourceResult>,
    /// What was delivered.
    #[serde(deserialize_with = "null_default")]
    pub revision: String,
    /// From where.
    #[serde(deserialize_with = "null_default")]
    pub source: Source,
    /// From where, when there are several.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub sources: Vec<Source>,
    /// What was delivered, one a source.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub revisions: Vec<String>,
    /// The namespace's labels and annotations as delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_namespace_metadata: Option<ManagedNamespaceMetadata>,
}
