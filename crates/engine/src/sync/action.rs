//! What a sync asks the cluster to do, and what the cluster answers.

use std::sync::Arc;

use windlass_object::{GroupVersionKind, Object, ResourceKey};

use super::task::TaskId;

/// One request to the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Task that it belongs to.
    pub task: TaskId,
    /// Object it is about.
    pub key: ResourceKey,
    /// Kind and version to address it by.
    pub kind: GroupVersionKind,
    /// What to do.
    pub verb: Verb,
    /// Whether to validate only, and change nothing.
    pub dry_run: bool,
}

/// Kind of request. Applying a CRD is done when it is established, or after three seconds: objects
/// of its kind may come in the next batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// Patch by three-way merge, writing last-applied, as `kubectl apply`; create what is absent.
    Apply {
        /// The object as Git has it, marked as the application's.
        object: Arc<Object>,
        /// Delete and create again where the patch is refused.
        force: bool,
        /// Refuse unknown and duplicate fields.
        validate: bool,
    },
    /// Server-side apply as manager `argocd-controller`, taking over conflicting fields.
    ServerSideApply {
        /// The object as Git has it, marked as the application's.
        object: Arc<Object>,
        /// Whether deleting and creating again is asked for, which kubectl refuses to do together.
        force: bool,
        /// Refuse unknown and duplicate fields.
        validate: bool,
        /// Field manager of earlier client-side applies, whose fields are first made our own.
        migrate: Option<String>,
    },
    /// Create; what exists is refused.
    Create {
        /// The object as Git has it, marked as the application's.
        object: Arc<Object>,
        /// Refuse unknown and duplicate fields.
        validate: bool,
    },
    /// Replace, as `kubectl replace`.
    Replace {
        /// The object as Git has it, marked as the application's.
        object: Arc<Object>,
        /// Delete and create again.
        force: bool,
    },
    /// Update in place, never deleting: CRDs and namespaces are replaced so. The object has the
    /// live one's resourceVersion.
    Update {
        /// The object to store.
        object: Arc<Object>,
    },
    /// Delete.
    Delete {
        /// What becomes of dependents.
        propagation: Propagation,
    },
    /// Take Argo CD's hook finalizer from the object, trying again on conflict.
    ReleaseHook,
}

/// What becomes of the dependents of a deleted object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// Deleted before it.
    #[default]
    Foreground,
    /// Deleted after it.
    Background,
    /// Left.
    Orphan,
}

impl Propagation {
    /// The word in `propagationPolicy`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Foreground => "Foreground",
            Self::Background => "Background",
            Self::Orphan => "Orphan",
        }
    }
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The API did it.
    Done {
        /// What changed.
        change: Change,
        /// Remarks, in kubectl's words.
        warnings: Vec<String>,
        /// Of objects of RBAC: what `kubectl auth reconcile` says beside their names, which Argo CD
        /// runs before.
        reconciled: Option<String>,
    },
    /// The object, or its kind, is not there.
    NotFound {
        /// The API's words.
        message: String,
    },
    /// The API refused, or could not be reached.
    Failed {
        /// The API's words.
        message: String,
    },
}

impl From<Change> for Outcome {
    fn from(change: Change) -> Self {
        Self::Done { change, warnings: Vec::new(), reconciled: None }
    }
}

/// What an action changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The object is new.
    Created,
    /// The object was patched.
    Configured,
    /// There was nothing to patch.
    Unchanged,
    /// The object was applied on the server, whether that changed it or not.
    ServerSideApplied,
    /// The object was replaced.
    Replaced,
    /// The object was updated in place.
    Updated,
    /// Deletion was accepted, or a finalizer taken.
    Removed,
}

impl Change {
    /// The message of a result, in the words of kubectl.
    pub fn message(self, object: &Object, dry_run: bool) -> String {
        let word = match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::ServerSideApplied => "serverside-applied",
            Self::Replaced => "replaced",
            Self::Updated => return format!("{}/{} updated", object.kind(), object.name()),
            Self::Removed => "deleted",
        };
        named(object, word, dry_run)
    }
}

/// An object and a word about it, as kubectl prints them.
pub(super) fn named(object: &Object, word: &str, dry_run: bool) -> String {
    let suffix = if dry_run { " (dry run)" } else { "" };
    let kind = object.kind().to_lowercase();
    let group = object.group();
    let dot = if group.is_empty() { "" } else { "." };
    format!("{kind}{dot}{group}/{} {word}{suffix}", object.name())
}

/// Actions that may run at once. The next batch starts when the last action of this one is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// What to do, in the order of the plan.
    pub actions: Vec<Action>,
    /// Whether later batches are dropped when an action fails.
    pub stop_on_failure: bool,
}

impl Batch {
    /// Whether these outcomes, one of each action, drop later batches.
    pub fn is_stopped_by(&self, outcomes: &[Outcome]) -> bool {
        let pairs = self.actions.iter().zip(outcomes);
        self.stop_on_failure && pairs.into_iter().any(|(action, outcome)| action.fails_by(outcome))
    }
}

impl Action {
    /// Whether an outcome is a failure. What is not there need not be deleted.
    pub fn fails_by(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Done { .. } => false,
            Outcome::NotFound { .. } => {
                !matches!(self.verb, Verb::Delete { .. } | Verb::ReleaseHook)
            }
            Outcome::Failed { .. } => true,
        }
    }
}
