//! One step of a sync.

mod end;
mod finish;
mod run;

use windlass_object::ResourceKey;

use super::action::{Action, Batch};
use super::options::{Options, Request};
use super::task::Task;
use super::tasks::{self, Tasks};
use super::{State, Wait, World, apply, message};
use crate::health::{self, CustomHealth};
use crate::hook::DeletePolicy;
use crate::state::{ApiKinds, HealthCode, OperationPhase, ResultCode, SyncPhase};

/// What to do next.
#[derive(Clone, Debug)]
pub struct Step {
    /// State to store.
    pub state: State,
    /// Whether the state must be stored before the batches are carried out, so that no hook runs
    /// twice. Never of what [`Step::finish`] gives back.
    pub store_first: bool,
    /// What to carry out, in order; afterwards [`Step::finish`].
    pub batches: Vec<Batch>,
    /// What to wait for, if there is nothing to carry out and the phase is not completed.
    pub wait: Wait,
    then: Then,
    tasks: Vec<Task>,
    options: Options,
    after_success: Vec<Action>,
    after_failure: Vec<Action>,
    now: jiff::Timestamp,
}

/// What the outcomes of a step's batches mean.
#[derive(Clone, Debug, PartialEq)]
enum Then {
    /// Go on.
    Nothing,
    /// The operation has ended so.
    End(OperationPhase, String),
    /// The destination namespace is there, or the operation has failed.
    NamespaceIsThere,
    /// A wave has been applied.
    WaveIsApplied { phase: SyncPhase, wave: i64, prepared: Prepared },
    /// Running hooks have been told to go.
    Terminated,
}

/// How far a wave's batches go.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Prepared {
    /// To the end.
    Whole,
    /// Only to the deletion of older hooks, or to nothing where pruning is not confirmed.
    Partly,
}

/// Looks at the world and says what to do next. An operation in phase `Terminating` is ended.
pub fn step(request: &Request<'_>, world: &World<'_>, state: &State) -> Step {
    let Tasks { all, refused } = tasks::build(request, world, state);
    let mut step = Step {
        state: state.clone(),
        store_first: false,
        batches: Vec::new(),
        wait: Wait::Ready,
        then: Then::Nothing,
        tasks: all,
        options: request.options.clone(),
        after_success: Vec::new(),
        after_failure: Vec::new(),
        now: request.now,
    };
    if state.phase == OperationPhase::Terminating {
        step.terminate(world);
    } else if refused.is_empty() {
        step.advance(request, world);
    } else {
        step.refuse(refused);
    }
    if step.batches.is_empty() && step.then != Then::Nothing {
        step = step.finish(&[]);
    }
    step
}

impl Step {
    /// Whether the operation has ended and nothing is left to carry out.
    pub fn is_final(&self) -> bool {
        self.state.phase.is_completed() && self.batches.is_empty()
    }

    fn refuse(&mut self, refused: Vec<(Task, String)>) {
        for (mut task, reason) in refused {
            task.set(Some(ResultCode::SyncFailed), None, &reason);
            task.store(&mut self.state.results);
        }
        let failed = |r: &&crate::state::ResourceResult| r.status == Some(ResultCode::SyncFailed);
        let mut reasons: Vec<String> =
            self.state.results.iter().filter(failed).map(|r| r.message.clone()).collect();
        reasons.retain(|reason| !reason.is_empty());
        reasons.sort();
        reasons.dedup();
        let mut message = "one or more synchronization tasks are not valid".to_owned();
        if !reasons.is_empty() {
            message = format!("{message}: {}", reasons.join("; "));
        }
        self.set_phase(OperationPhase::Failed, message);
    }

    fn advance(&mut self, request: &Request<'_>, world: &World<'_>) {
        let namespace_first = self.state.results.is_empty();
        if namespace_first && let Some(action) = self.namespace_creation(request, world.kinds) {
            self.batches.push(Batch { actions: vec![action], stop_on_failure: true });
            self.then = Then::NamespaceIsThere;
            return;
        }
        self.adopt_announced();
        self.observe(world.health);
        self.release_completed_hooks(world.kinds);

        let has_sync_fail = self.tasks.iter().any(|t| t.phase == SyncPhase::SyncFail);
        let refused = self.refused().next().is_some();
        if refused && has_sync_fail && self.start_sync_fail(world.kinds) {
            return;
        }
        if self.await_running() || self.await_pruned() {
            return;
        }
        if self.tasks.iter().any(|t| t.phase != SyncPhase::SyncFail && t.has_failed()) {
            if !self.start_sync_fail(world.kinds) {
                let what = "one or more synchronization tasks completed unsuccessfully";
                let message = self.failure_with_hooks(what);
                self.end(OperationPhase::Failed, message, DeletePolicy::HookFailed, world.kinds);
            }
            return;
        }
        self.next_wave(request, world.kinds);
    }

    /// The first thing of all, since nothing can be checked in a namespace that is not there.
    fn namespace_creation(&self, request: &Request<'_>, kinds: &dyn ApiKinds) -> Option<Action> {
        let task = self.tasks.iter().find(|task| {
            task.live.is_none()
                && task.object().kind() == "Namespace"
                && task.object().group().is_empty()
                && task.object().name() == request.namespace
        })?;
        apply::apply(task, &self.options, kinds)
    }

    /// A hook that was announced and is there was created, although that was not stored.
    fn adopt_announced(&mut self) {
        for i in 0..self.tasks.len() {
            if self.tasks[i].is_announced() && self.tasks[i].live.is_some() {
                let message = super::Change::Created.message(self.tasks[i].object(), false);
                self.set(i, Some(ResultCode::Synced), Some(OperationPhase::Running), &message);
            }
        }
    }

    /// Brings running tasks up to the state of their live objects.
    fn observe(&mut self, custom: &dyn CustomHealth) {
        // A destination namespace that was made first is of the same look at the cluster as the
        // rest of a sync of one wave.
        let only_namespace = !self.has_several_waves()
            && self.tasks.iter().filter(|task| !task.is_pending()).count() == 1;
        for i in 0..self.tasks.len() {
            let task = &self.tasks[i];
            let Some(live) = task.live.clone() else { continue };
            if !task.is_running() || only_namespace && task.object().kind() == "Namespace" {
                continue;
            }
            if task.hook {
                // Argo CD's results say of a hook how far it is, and no longer that it is applied.
                let (phase, text) = hook_progress(&live, custom);
                self.set(i, None, Some(phase), &text);
                continue;
            }
            let status = task.status;
            let health = match health::awaited(&live, custom) {
                Err(_) => continue,
                Ok(None) => Some((OperationPhase::Succeeded, String::new())),
                Ok(Some(health)) => match health.status {
                    HealthCode::Healthy => Some((OperationPhase::Succeeded, health.message)),
                    HealthCode::Degraded => Some((OperationPhase::Failed, health.message)),
                    _ => None,
                },
            };
            if let Some((phase, text)) = health {
                self.set(i, status, Some(phase), &text);
            }
        }
    }

    fn release_completed_hooks(&mut self, kinds: &dyn ApiKinds) {
        let completed = self.tasks.iter().filter(|task| task.is_completed());
        let actions: Vec<Action> =
            completed.filter_map(|task| apply::release(task, &self.options, kinds)).collect();
        if !actions.is_empty() {
            self.store_first = true;
            self.batches.push(Batch { actions, stop_on_failure: false });
        }
    }

    fn has_several_waves(&self) -> bool {
        match (self.tasks.first(), self.tasks.last()) {
            (Some(a), Some(b)) => (a.phase, a.wave) != (b.phase, b.wave),
            _ => false,
        }
    }

    /// Waits for running tasks; of a sync of one wave, for hooks only.
    fn await_running(&mut self) -> bool {
        let several = self.has_several_waves();
        let running: Vec<usize> = (0..self.tasks.len())
            .filter(|&i| (several || self.tasks[i].hook) && self.tasks[i].is_running())
            .collect();
        for &i in &running {
            let task = &self.tasks[i];
            if task.live.is_none() {
                let (kind, name) = (task.kind(), task.object().name());
                let message = format!(
                    "Resource {}/{}/{name} is missing, it might have been deleted",
                    kind.group, kind.kind
                );
                let status = Some(ResultCode::SyncFailed);
                self.set(i, status, Some(OperationPhase::Error), &message);
            }
        }
        if running.is_empty() {
            return false;
        }
        let gone = running.iter().all(|&i| self.tasks[i].is_completed());
        self.wait_for(&running, false);
        if gone {
            self.wait = Wait::Ready;
        }
        true
    }

    fn await_pruned(&mut self) -> bool {
        let going: Vec<usize> =
            (0..self.tasks.len()).filter(|&i| self.tasks[i].is_going()).collect();
        if going.is_empty() {
            return false;
        }
        self.wait_for(&going, true);
        true
    }

    fn next_wave(&mut self, request: &Request<'_>, kinds: &dyn ApiKinds) {
        let pending: Vec<usize> =
            (0..self.tasks.len()).filter(|&i| self.is_due(&self.tasks[i])).collect();
        let Some(&first) = pending.first() else {
            let message = "successfully synced (no more tasks)".into();
            self.end(OperationPhase::Succeeded, message, DeletePolicy::HookSucceeded, kinds);
            return;
        };
        if let Some(until) = self.pause(request) {
            self.wait = Wait::Until(until);
            return;
        }
        let (phase, wave) = (self.tasks[first].phase, self.tasks[first].wave);
        self.set_phase(OperationPhase::Running, "one or more tasks are running".into());
        let wave_tasks: Vec<usize> = pending
            .into_iter()
            .filter(|&i| (self.tasks[i].phase, self.tasks[i].wave) == (phase, wave))
            .collect();
        let prepared = self.run(&wave_tasks, kinds);
        self.then = Then::WaveIsApplied { phase, wave, prepared };
        self.after_success = self.hook_deletions(DeletePolicy::HookSucceeded, kinds);
        self.after_failure = self.hook_deletions(DeletePolicy::HookFailed, kinds);
        self.store_first |= !self.after_success.is_empty() || !self.after_failure.is_empty();
    }

    /// Whether a task is yet to run in the course of the sync.
    fn is_due(&self, task: &Task) -> bool {
        let unchanged = self.options.out_of_sync_only
            && !task.hook
            && task.modified == Some(false)
            && task.target.is_some()
            && task.live.is_some();
        task.phase != SyncPhase::SyncFail && task.is_pending() && !unchanged
    }

    fn pause(&self, request: &Request<'_>) -> Option<jiff::Timestamp> {
        let delay = jiff::SignedDuration::try_from(self.options.wave_delay).ok()?;
        let until = self.state.wave_ended_at?.checked_add(delay).ok()?;
        (!delay.is_zero() && until > request.now).then_some(until)
    }

    /// Starts the hooks of failure that have not begun. Says whether there are any that have not
    /// ended.
    fn start_sync_fail(&mut self, kinds: &dyn ApiKinds) -> bool {
        let hooks: Vec<usize> =
            (0..self.tasks.len()).filter(|&i| self.tasks[i].phase == SyncPhase::SyncFail).collect();
        if hooks.iter().all(|&i| self.tasks[i].is_completed()) {
            return false;
        }
        let pending: Vec<usize> =
            hooks.iter().copied().filter(|&i| self.tasks[i].is_pending()).collect();
        if !pending.is_empty() {
            let prepared = self.run(&pending, kinds);
            let wave = self.tasks[pending[0]].wave;
            self.then = Then::WaveIsApplied { phase: SyncPhase::SyncFail, wave, prepared };
        }
        self.wait_for(&hooks, false);
        true
    }

    fn set(
        &mut self,
        i: usize,
        status: Option<ResultCode>,
        progress: Option<OperationPhase>,
        message: &str,
    ) {
        self.tasks[i].set(status, progress, message);
        self.tasks[i].store(&mut self.state.results);
    }

    fn set_phase(&mut self, phase: OperationPhase, message: String) {
        self.state.phase = phase;
        self.state.message = message;
    }

    fn wait_for(&mut self, tasks: &[usize], for_deletion: bool) {
        let tasks: Vec<&Task> = tasks.iter().map(|&i| &self.tasks[i]).collect();
        let message = message::waiting(&tasks, for_deletion, &self.options);
        let keys: Vec<ResourceKey> = tasks
            .iter()
            .map(|task| task.live.as_ref().map_or_else(|| task.id().key, |live| live.key()))
            .collect();
        self.set_phase(OperationPhase::Running, message);
        self.wait = Wait::Objects(keys);
    }

    fn refused(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| task.status == Some(ResultCode::SyncFailed))
    }
}

/// How far a hook is, by the health of its object.
fn hook_progress(
    live: &windlass_object::Object,
    custom: &dyn CustomHealth,
) -> (OperationPhase, String) {
    match health::awaited(live, custom) {
        Err(error) => (OperationPhase::Error, format!("failed to get resource health: {error}")),
        Ok(None) => (OperationPhase::Succeeded, format!("{} created", live.name())),
        Ok(Some(health)) => {
            let phase = match health.status {
                HealthCode::Unknown | HealthCode::Degraded => OperationPhase::Failed,
                HealthCode::Progressing | HealthCode::Suspended => OperationPhase::Running,
                HealthCode::Healthy | HealthCode::Missing => OperationPhase::Succeeded,
            };
            (phase, health.message)
        }
    }
}
