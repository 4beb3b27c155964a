//! A task: one object in one phase of a sync.

use std::sync::Arc;

use windlass_object::{GroupVersionKind, Object, ResourceKey};

use super::options::Options;
use crate::annotation;
use crate::hook::{self, DeletePolicy};
use crate::state::{OperationPhase, ResourceResult, ResultCode, SyncPhase, images};

/// Names a task: an object in a phase. Results are stored under it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// The object. As in Argo CD's results, a cluster-scoped object that is applied bears the
    /// destination namespace here.
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
    /// Namespace in its id.
    pub namespace: String,
    /// The object as Git has it.
    pub target: Option<Arc<Object>>,
    /// The object as the cluster has it.
    pub live: Option<Arc<Object>>,
    /// Whether Git and cluster differ; none if that was not compared.
    pub modified: Option<bool>,
    /// What became of it so far.
    pub status: Option<ResultCode>,
    /// How far it is; none if it has not begun.
    pub progress: Option<OperationPhase>,
    /// Latest message.
    pub message: String,
    /// Whether it is a hook.
    pub hook: bool,
    /// The target, else the live object.
    pub(super) object: Arc<Object>,
    /// Its place among the results.
    pub(super) line: Option<usize>,
}

impl Task {
    /// A task for an object in Git, in the cluster, or both; none if it is in neither.
    pub(super) fn new(
        phase: SyncPhase,
        target: Option<Arc<Object>>,
        live: Option<Arc<Object>>,
        default_namespace: &str,
    ) -> Option<Self> {
        let object = target.as_ref().or(live.as_ref())?.clone();
        let namespace = match object.namespace() {
            "" if target.is_some() => default_namespace,
            own => own,
        };
        Some(Self {
            phase,
            wave: hook::wave(&object),
            namespace: namespace.to_owned(),
            hook: hook::is_hook(&object),
            object,
            target,
            live,
            modified: None,
            status: None,
            progress: None,
            message: String::new(),
            line: None,
        })
    }

    /// The target, else the live object.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// Names it.
    pub fn id(&self) -> TaskId {
        let mut key = self.object().key();
        key.namespace.clone_from(&self.namespace);
        TaskId { key, phase: self.phase }
    }

    /// Kind and version.
    pub fn kind(&self) -> GroupVersionKind {
        self.object().gvk()
    }

    /// Whether it deletes what Git no longer has.
    pub fn is_prune(&self) -> bool {
        self.target.is_none()
    }

    /// Whether it has not begun. A hook that was only announced has not.
    pub fn is_pending(&self) -> bool {
        self.progress.is_none() || self.is_announced()
    }

    /// Whether a step stored that it is about to create this hook, and nothing more is known.
    pub(super) fn is_announced(&self) -> bool {
        self.hook
            && self.status.is_none()
            && self.progress == Some(OperationPhase::Running)
            && self.message.is_empty()
    }

    /// Whether it is under way.
    pub fn is_running(&self) -> bool {
        self.progress == Some(OperationPhase::Running) && !self.is_announced()
    }

    /// Whether it has ended.
    pub fn is_completed(&self) -> bool {
        self.progress.is_some_and(OperationPhase::is_completed)
    }

    /// Whether it has ended badly.
    pub fn has_failed(&self) -> bool {
        self.is_completed() && self.progress != Some(OperationPhase::Succeeded)
    }

    /// Whether it is pruned and the object is not yet gone.
    pub(super) fn is_going(&self) -> bool {
        self.status == Some(ResultCode::Pruned)
            && self.live.as_ref().is_some_and(|live| live.is_terminating())
    }

    /// Whether it is a hook with a live object and this delete policy.
    pub(super) fn is_deleted_on(&self, policy: DeletePolicy) -> bool {
        self.hook && self.live.is_some() && hook::delete_policies(self.object()).contains(&policy)
    }

    /// Whether an older object must be deleted before this hook can be created. One that was
    /// announced has no older object: it had to be gone before the announcement.
    pub(super) fn is_replaced(&self) -> bool {
        self.progress.is_none() && self.is_deleted_on(DeletePolicy::BeforeHookCreation)
    }

    /// Whether a person must agree before it is pruned.
    pub(super) fn awaits_confirmation(&self, options: &Options) -> bool {
        self.is_prune() && !options.prune_confirmed && self.prune_option(options) == Some("confirm")
    }

    /// Value of `Prune`: the object's own, else the application's.
    pub(super) fn prune_option<'a>(&'a self, options: &'a Options) -> Option<&'a str> {
        let own = self
            .live
            .as_ref()
            .and_then(|live| annotation::value(live, annotation::SYNC_OPTIONS, "Prune"));
        own.or(options.prune_default.as_deref())
    }

    /// Whether either of its objects has a sync option.
    pub(super) fn has_option(&self, entry: &str) -> bool {
        let has = |object: &Option<Arc<Object>>| {
            object.as_ref().is_some_and(|object| annotation::sync_option(object, entry))
        };
        has(&self.target) || has(&self.live)
    }

    /// Takes over what earlier steps stored, and where.
    pub(super) fn resume(&mut self, result: &ResourceResult, line: usize) {
        self.status = result.status;
        self.progress = result.hook_phase;
        self.message.clone_from(&result.message);
        self.line = Some(line);
    }

    /// Sets what became of it. An empty message leaves the last one.
    pub(super) fn set(
        &mut self,
        status: Option<ResultCode>,
        progress: Option<OperationPhase>,
        message: &str,
    ) {
        self.status = status;
        self.progress = progress;
        if !message.is_empty() {
            message.clone_into(&mut self.message);
        }
    }

    /// Its line among the results, stored over an older one or added.
    pub(super) fn store(&mut self, results: &mut Vec<ResourceResult>) {
        if let Some(earlier) = self.line.and_then(|line| results.get_mut(line)) {
            earlier.status = self.status;
            earlier.hook_phase = self.progress;
            earlier.message.clone_from(&self.message);
            return;
        }
        let TaskId { key, phase } = self.id();
        self.line = Some(results.len());
        results.push(ResourceResult {
            version: self.kind().version,
            images: images(self.object()),
            status: self.status,
            message: self.message.clone(),
            hook_type: self.hook.then_some(phase),
            hook_phase: self.progress,
            sync_phase: Some(phase),
            group: key.group,
            kind: key.kind,
            namespace: key.namespace,
            name: key.name,
        });
    }
}
