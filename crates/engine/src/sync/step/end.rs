//! How an operation ends: with hooks that are to go at its end, or because it was told to.

use super::{Step, Then, hook_progress};
use crate::hook::DeletePolicy;
use crate::state::{ApiKinds, OperationPhase, SyncPhase};
use crate::sync::action::Action;
use crate::sync::task::Task;
use crate::sync::{World, apply, message};

impl Step {
    pub(super) fn failure_with_hooks(&self, what: &str) -> String {
        let of_hooks = |task: &&Task| task.phase == SyncPhase::SyncFail;
        let first = message::failure(what, self.refused().filter(|task| !of_hooks(task)));
        let mut hooks = self.refused().filter(of_hooks).peekable();
        if hooks.peek().is_none() {
            return first;
        }
        format!("{first}\n{}", message::failure("one or more SyncFail hooks failed", hooks))
    }

    /// Ends the operation, after hooks that are to go at its end have been deleted.
    pub(super) fn end(
        &mut self,
        phase: OperationPhase,
        message: String,
        policy: DeletePolicy,
        kinds: &dyn ApiKinds,
    ) {
        let cleanup = self.hook_deletions(policy, kinds);
        self.store_first |= !cleanup.is_empty();
        self.end_with(phase, message, cleanup);
    }

    pub(super) fn end_with(
        &mut self,
        phase: OperationPhase,
        message: String,
        cleanup: Vec<Action>,
    ) {
        self.push(cleanup, false);
        if self.batches.is_empty() {
            self.set_phase(phase, message);
        } else {
            self.then = Then::End(phase, message);
        }
    }

    pub(super) fn hook_deletions(&self, policy: DeletePolicy, kinds: &dyn ApiKinds) -> Vec<Action> {
        let done = self.tasks.iter().filter(|t| !t.is_running() && !t.is_announced());
        done.filter(|task| task.is_deleted_on(policy))
            .map(|task| apply::delete_hook(task, &self.options, kinds))
            .collect()
    }

    pub(super) fn terminate(&mut self, world: &World<'_>) {
        self.adopt_announced();
        self.release_completed_hooks(world.kinds);
        let mut releases = Vec::new();
        let mut deletions = Vec::new();
        for i in 0..self.tasks.len() {
            let task = &self.tasks[i];
            let status = task.status;
            if task.is_announced() {
                self.set(i, status, Some(OperationPhase::Failed), "Terminated");
                continue;
            }
            if !task.hook || !task.is_running() {
                continue;
            }
            let Some(live) = task.live.clone() else {
                self.set(i, status, Some(OperationPhase::Succeeded), "Terminated");
                continue;
            };
            let (phase, text) = hook_progress(&live, world.health);
            releases.extend(apply::release(task, &self.options, world.kinds));
            if !phase.is_completed() || task.is_deleted_on(DeletePolicy::HookFailed) {
                deletions.push(apply::delete_hook(task, &self.options, world.kinds));
            }
            if phase.is_completed() {
                self.set(i, status, Some(phase), &text);
            } else {
                self.set(i, status, Some(OperationPhase::Failed), "Terminated");
            }
        }
        self.push(releases, true);
        self.push(deletions, false);
        self.then = Then::Terminated;
        if self.batches.is_empty() {
            self.set_phase(OperationPhase::Failed, "Operation terminated".into());
            self.then = Then::Nothing;
        }
    }
}
