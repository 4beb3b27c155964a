//! Desired against live state of a whole application.

use std::sync::Arc;

use windlass_object::Object;

use crate::diff::Diff;
use crate::state::{Condition, Health, ResourceStatus, SyncStatusCode};

/// One object of an application and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its line in `status.resources`.
    pub status: ResourceStatus,
    /// As Git has it.
    pub target: Option<Arc<Object>>,
    /// As the cluster has it.
    pub live: Option<Arc<Object>>,
    /// How they differ.
    pub diff: Diff,
    /// Whether the live object is the application's own, not a copy that kept its mark.
    pub own: bool,
}

/// How an application stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Its objects, ordered by namespace, name, version, kind and group.
    pub resources: Vec<Resource>,
    /// Hooks of its syncs, as Git has them.
    pub hooks: Vec<Arc<Object>>,
    /// Whether Git has hooks of its deletion: before, after.
    pub deletion_hooks: (bool, bool),
    /// Whether it is in sync.
    pub sync: SyncStatusCode,
    /// Its health, and what causes it.
    pub health: Health,
    /// What a person should know.
    pub conditions: Vec<Condition>,
}
