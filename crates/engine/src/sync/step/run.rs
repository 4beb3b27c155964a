//! Carrying tasks of one wave out: what is asked of the cluster, in which order.

use super::{Prepared, Step};
use crate::state::{ApiKinds, OperationPhase, ResultCode};
use crate::sync::action::{Action, Batch};
use crate::sync::apply;

impl Step {
    /// Batches of some tasks of one wave: what holds older hooks, prunes, older hooks, then what is
    /// applied, kind by kind.
    pub(super) fn run(&mut self, wave: &[usize], kinds: &dyn ApiKinds) -> Prepared {
        let releases: Vec<Action> = wave
            .iter()
            .map(|&i| &self.tasks[i])
            .filter(|task| task.progress.is_none())
            .filter_map(|task| apply::release(task, &self.options, kinds))
            .collect();
        self.push(releases, true);
        let unconfirmed = |&i: &usize| self.tasks[i].awaits_confirmation(&self.options);
        if wave.iter().any(unconfirmed) {
            return Prepared::Partly;
        }

        let (going, coming): (Vec<usize>, Vec<usize>) =
            wave.iter().partition(|&&i| self.tasks[i].is_prune());
        let mut prunes = Vec::new();
        for i in going {
            prunes.extend(self.prune(i, kinds));
        }
        self.push(prunes, true);

        let older: Vec<Action> = wave
            .iter()
            .map(|&i| &self.tasks[i])
            .filter(|task| task.is_replaced() && !self.options.dry_run)
            .map(|task| apply::delete_hook(task, &self.options, kinds))
            .collect();
        if !older.is_empty() {
            self.push(older, true);
            return Prepared::Partly;
        }

        let mut group: Vec<Action> = Vec::new();
        for i in coming {
            self.announce(i);
            let Some(action) = apply::apply(&self.tasks[i], &self.options, kinds) else { continue };
            if group.first().is_some_and(|first| first.kind.kind != action.kind.kind) {
                self.push(std::mem::take(&mut group), false);
            }
            group.push(action);
        }
        self.push(group, false);
        Prepared::Whole
    }

    pub(super) fn push(&mut self, actions: Vec<Action>, stop_on_failure: bool) {
        if !actions.is_empty() {
            self.batches.push(Batch { actions, stop_on_failure });
        }
    }

    /// Prunes at once what needs no request.
    pub(super) fn prune(&mut self, i: usize, kinds: &dyn ApiKinds) -> Option<Action> {
        let task = &self.tasks[i];
        let skipped = if !self.options.prune {
            Some("ignored (requires pruning)")
        } else if task.prune_option(&self.options) == Some("false") {
            Some("ignored (no prune)")
        } else {
            None
        };
        let succeeded = Some(OperationPhase::Succeeded);
        if let Some(message) = skipped {
            self.set(i, Some(ResultCode::PruneSkipped), succeeded, message);
            return None;
        }
        let action = apply::prune(task, &self.options, kinds);
        if action.is_none() {
            let message = if self.options.dry_run { "pruned (dry run)" } else { "pruned" };
            self.set(i, Some(ResultCode::Pruned), succeeded, message);
        }
        action
    }

    pub(super) fn announce(&mut self, i: usize) {
        if self.tasks[i].hook && !self.options.dry_run {
            self.set(i, None, Some(OperationPhase::Running), "");
            self.store_first = true;
        }
    }
}
