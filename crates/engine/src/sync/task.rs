//! A task: one object in one phase of a sync.

use std::sync::Arc;

use windlass_object::{Object, ResourceKey};

use crate::annotation;
use crate::hook::{self, DeletePolicy};
use crate::state::{OperationPhase, ResultCode, SyncPhase};
use crate::tracking::is_crd;

/// Names a task: an object in a phase. Results are stored under it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// The object; of a cluster-scoped one the namespace is as its target says.
    pub key: ResourceKey,
    /// The phase.
    pub phase: SyncPhase,
}

/// One object in one phase. Without a target it is to be pruned; without a live object it is yet
/// to be created.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Phase in which it runs.
    pub phase: SyncPhase,
    /// Wave in which it runs.
    pub wave: i64,
    /// The object as Git has it.
    pub target: Option<Arc<Object>>,
    /// The object as the cluster has it.
    pub live: Option<Arc<Object>>,
    /// Whether Git and cluster differ; none if that was not compared.
    pub modified: Option<bool>,
    /// Its kind is not yet served, and will be.
    pub awaits_kind: bool,
    /// What became of it so far.
    pub status: Option<ResultCode>,
    /// How far it is.
    pub progress: Option<OperationPhase>,
    /// Latest message.
    pub message: String,
}
