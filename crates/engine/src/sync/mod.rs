//! Carrying a comparison out: phases, waves, hooks, prune, as a state machine without side effects.
//!
//! A sync is a sequence of *steps*. Each looks at the whole of the world and at the results so far
//! and answers with actions, or with what it waits for:
//!
//! ```text
//! loop {
//!     step = sync::step(&request, &world, &state)     the world is read anew each time
//!     if step.store_first { store step.state }
//!     while step.batches is not empty {
//!         outcomes = carry out step.batches           stop at a failed batch if it says so
//!         step = step.finish(&outcomes)
//!     }
//!     store step.state; stop if its phase is completed
//!     wait as step.wait says, or for any change of the world
//! }
//! ```
//!
//! [`State`] is what `status.operationState` holds and nothing more, so that a sync goes on after
//! a crash where it was. Objects of the interrupted wave are applied again, which changes nothing.
//! Hooks are not run again: a step stores that it is about to create a hook before it does, and
//! that a hook has ended before it deletes it.
//!
//! The live objects of [`World`] must be at least as new as the answers to the actions of earlier
//! steps (a cache that is written through); on that the end of a wave rests.

mod action;
mod apply;
mod message;
mod options;
mod order;
mod plan;
mod step;
mod task;
mod tasks;

use std::sync::Arc;

use jiff::Timestamp;
use windlass_object::{Object, ResourceKey};

pub use action::{Action, Batch, Change, Outcome, Propagation, Verb};
pub use options::{NamespaceMetadata, Options, Request};
pub use plan::{Plan, PlannedTask, PlannedWave, plan};
pub use step::{Step, step};
pub use task::{Task, TaskId};
pub use tasks::namespace;

use crate::health::CustomHealth;
use crate::state::{ApiKinds, OperationPhase, ResourceResult};

/// One object of the application: in Git, in the cluster, or both.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// As Git has it, marked as the application's.
    pub target: Option<Arc<Object>>,
    /// As the cluster has it.
    pub live: Option<Arc<Object>>,
    /// Whether they differ; none if that was not compared.
    pub modified: Option<bool>,
}

/// What a step looks at.
pub struct World<'a> {
    /// Objects of the application, live hooks among them, without those that are another's or
    /// were not selected. From [`crate::compare::Comparison::pairs`].
    pub pairs: Vec<Pair>,
    /// Hooks as Git has them, marked as the application's.
    pub hooks: &'a [Arc<Object>],
    /// The destination namespace as the cluster has it.
    pub namespace: Option<Arc<Object>>,
    /// What discovery knows.
    pub kinds: &'a dyn ApiKinds,
    /// Whether the project lets an object (namespaced or not) be synced; the reason if not.
    pub permit: &'a dyn Fn(&Object, bool) -> Result<(), String>,
    /// Health checks beside the built-in ones.
    pub health: &'a dyn CustomHealth,
}

/// State of a sync, as `status.operationState` holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// How far the operation is.
    pub phase: OperationPhase,
    /// What it waits for, or how it ended.
    pub message: String,
    /// Results so far, in the order of their first appearance.
    pub results: Vec<ResourceResult>,
    /// When the last wave was applied; kept in memory only, for [`Options::wave_delay`].
    pub wave_ended_at: Option<Timestamp>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            phase: OperationPhase::Running,
            message: String::new(),
            results: Vec::new(),
            wave_ended_at: None,
        }
    }
}

/// What a sync waits for when a step has no actions and has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Nothing: take the next step now.
    Ready,
    /// A change of one of these objects.
    Objects(Vec<ResourceKey>),
    /// A time: the pause between waves.
    Until(Timestamp),
}
