//! What the outcomes of a step's actions mean.

use std::collections::HashMap;

use windlass_object::Object;

use super::{Prepared, Step, Then};
use crate::state::{OperationPhase, ResultCode, SyncPhase};
use crate::sync::Wait;
use crate::sync::action::{self, Action, Change, Outcome, Verb};
use crate::sync::message;
use crate::sync::task::{Task, TaskId};

impl Step {
    /// Takes the outcomes of the actions of all batches in their order, fewer if a batch stopped
    /// the rest ([`Batch::is_stopped_by`](super::Batch::is_stopped_by)); what was left out is tried
    /// again by the next step. What comes back may have batches again: the clean-up of an operation
    /// that has ended.
    pub fn finish(mut self, outcomes: &[Outcome]) -> Step {
        let asked: usize = self.batches.iter().map(|batch| batch.actions.len()).sum();
        let cut = outcomes.len() < asked;
        let failed = self.record(outcomes);
        self.store_first = false;
        if self.then != Then::Nothing {
            self.wait = Wait::Ready;
        }
        match std::mem::replace(&mut self.then, Then::Nothing) {
            Then::Nothing => {}
            Then::NamespaceIsThere | Then::WaveIsApplied { .. } | Then::Terminated
                if cut && !failed => {}
            Then::End(phase, message) => self.set_phase(phase, message),
            Then::NamespaceIsThere if failed => {
                let reason = message::failure("the namespace failed to apply", self.refused());
                self.set_phase(OperationPhase::Failed, reason);
            }
            Then::NamespaceIsThere => {
                self.set_phase(OperationPhase::Running, "one or more tasks are running".into());
            }
            Then::WaveIsApplied { phase, wave, prepared } => {
                self.finish_wave(phase, wave, prepared, failed);
            }
            Then::Terminated if failed => {
                let message = "Operation termination had errors".into();
                self.set_phase(OperationPhase::Error, message);
            }
            Then::Terminated => {
                self.set_phase(OperationPhase::Failed, "Operation terminated".into());
            }
        }
        self
    }

    fn finish_wave(&mut self, phase: SyncPhase, wave: i64, prepared: Prepared, failed: bool) {
        let here = |task: &Task| (task.phase, task.wave) == (phase, wave);
        self.state.wave_ended_at = Some(self.now);
        if phase == SyncPhase::SyncFail {
            let hooks: Vec<usize> =
                (0..self.tasks.len()).filter(|&i| self.tasks[i].phase == phase).collect();
            self.wait_for(&hooks, prepared == Prepared::Partly);
            self.wait = Wait::Ready;
            return;
        }
        if failed {
            let waits = |t: &Task| t.phase == SyncPhase::SyncFail || here(t) && t.is_running();
            let running: Vec<usize> = (0..self.tasks.len())
                .filter(|&i| self.tasks[i].hook && waits(&self.tasks[i]))
                .collect();
            if running.is_empty() {
                let what = "one or more objects failed to apply";
                let message = message::failure(what, self.refused().filter(|task| here(task)));
                let cleanup = std::mem::take(&mut self.after_failure);
                self.end_with(OperationPhase::Failed, message, cleanup);
            } else {
                self.wait_for(&running, false);
                self.wait = Wait::Ready;
            }
            return;
        }
        if prepared == Prepared::Partly {
            let going: Vec<usize> = (0..self.tasks.len())
                .filter(|&i| here(&self.tasks[i]))
                .filter(|&i| {
                    let task = &self.tasks[i];
                    task.is_replaced() || task.is_prune() && task.is_pending()
                })
                .collect();
            self.wait_for(&going, true);
            return;
        }
        let remaining = self.tasks.iter().any(|t| !here(t) && self.is_due(t));
        let hooks = self.tasks.iter().any(|t| here(t) && t.hook);
        if remaining || hooks {
            let these: Vec<usize> =
                (0..self.tasks.len()).filter(|&i| here(&self.tasks[i])).collect();
            self.wait_for(&these, false);
            self.wait = Wait::Ready;
            return;
        }
        let what = if self.options.dry_run { "no more tasks" } else { "all tasks run" };
        let message = format!("successfully synced ({what})");
        let cleanup = std::mem::take(&mut self.after_success);
        self.end_with(OperationPhase::Succeeded, message, cleanup);
    }

    /// Stores outcomes. Says whether any failed.
    fn record(&mut self, outcomes: &[Outcome]) -> bool {
        let batches = std::mem::take(&mut self.batches);
        let mut outcomes = outcomes.iter();
        let mut any_failed = false;
        let places: HashMap<TaskId, usize> =
            self.tasks.iter().enumerate().map(|(i, task)| (task.id(), i)).collect();
        for action in batches.iter().flat_map(|batch| &batch.actions) {
            let Some(&i) = places.get(&action.task) else { continue };
            match outcomes.next() {
                Some(outcome) => any_failed |= self.record_one(i, action, outcome),
                None => self.retract(i),
            }
        }
        any_failed
    }

    /// Takes back the announcement of a hook that was not reached.
    fn retract(&mut self, i: usize) {
        if !self.tasks[i].is_announced() {
            return;
        }
        self.tasks[i].progress = None;
        let Some(gone) = self.tasks[i].line.take() else { return };
        self.state.results.remove(gone);
        for line in self.tasks.iter_mut().filter_map(|task| task.line.as_mut()) {
            if *line > gone {
                *line -= 1;
            }
        }
    }

    fn record_one(&mut self, i: usize, action: &Action, outcome: &Outcome) -> bool {
        let status = self.tasks[i].status;
        let dry_run = action.dry_run;
        match (&action.verb, outcome) {
            (Verb::ReleaseHook, Outcome::Done { .. } | Outcome::NotFound { .. }) => false,
            (Verb::ReleaseHook, Outcome::Failed { message }) => {
                let message = format!("failed to remove hook finalizer: {message}");
                self.set(i, status, Some(OperationPhase::Error), &message);
                true
            }
            (Verb::Delete { .. }, outcome) if self.tasks[i].is_prune() => match outcome {
                Outcome::Done { .. } | Outcome::NotFound { .. } => {
                    let succeeded = Some(OperationPhase::Succeeded);
                    self.set(i, Some(ResultCode::Pruned), succeeded, "pruned");
                    false
                }
                Outcome::Failed { message } => {
                    let failed = Some(OperationPhase::Failed);
                    self.set(i, Some(ResultCode::SyncFailed), failed, message);
                    true
                }
            },
            (Verb::Delete { .. }, Outcome::Done { .. } | Outcome::NotFound { .. }) => false,
            (Verb::Delete { .. }, Outcome::Failed { message }) => {
                let (phase, what) = match self.then {
                    Then::Terminated => (OperationPhase::Failed, "Failed to delete"),
                    _ => (OperationPhase::Error, "failed to delete resource"),
                };
                self.set(i, status, Some(phase), &format!("{what}: {message}"));
                true
            }
            (_, Outcome::Done { change, warnings, reconciled }) => {
                let object = self.tasks[i].object();
                let mut message = change.message(object, dry_run);
                let anew = matches!(action.verb, Verb::Replace { force: true, .. });
                if anew && *change == Change::Replaced && !dry_run {
                    message = format!("{}\n{message}", deleted(object, &action.key.namespace));
                }
                if let Some(told) = reconciled {
                    let first = action::named(object, "reconciled", dry_run);
                    let dot = if told.is_empty() { "" } else { ". " };
                    message = format!("{first}{dot}{told}. {message}");
                }
                for warning in warnings {
                    message = format!("{message}. {warning}");
                }
                let phase =
                    if dry_run { OperationPhase::Succeeded } else { OperationPhase::Running };
                self.set(i, Some(ResultCode::Synced), Some(phase), &message);
                false
            }
            (_, Outcome::NotFound { message } | Outcome::Failed { message }) => {
                let failed = Some(OperationPhase::Failed);
                let message = message::advise(message);
                self.set(i, Some(ResultCode::SyncFailed), failed, &message);
                true
            }
        }
    }
}

/// What kubectl says of an object that it deletes to make it anew.
fn deleted(object: &Object, namespace: &str) -> String {
    let kind = object.kind().to_lowercase();
    let dot = if object.group().is_empty() { "" } else { "." };
    let place =
        if namespace.is_empty() { String::new() } else { format!(" from {namespace} namespace") };
    format!("{kind}{dot}{} \"{}\" deleted{place}", object.group(), object.name())
}
