//! A sync as it would run, to be read: phases, waves, what is done in them and why.

use std::fmt;

use super::action::Verb;
use super::options::Request;
use super::task::{Task, TaskId};
use super::{State, World, apply, tasks};
use crate::state::SyncPhase;

/// All waves of a sync, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The waves.
    pub waves: Vec<PlannedWave>,
    /// Tasks that would make the sync fail before it begins.
    pub refused: Vec<PlannedTask>,
}

/// One wave.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedWave {
    /// Its phase.
    pub phase: SyncPhase,
    /// Its number.
    pub wave: i64,
    /// What is done in it, in order.
    pub tasks: Vec<PlannedTask>,
}

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedTask {
    /// What it is about.
    pub id: TaskId,
    /// What is done: `create`, `apply`, `replace`, `prune`, `skip`, `run hook`, `refuse`.
    pub what: &'static str,
    /// Why.
    pub reason: String,
}

/// Works out the whole of a sync that has not begun.
pub fn plan(request: &Request<'_>, world: &World<'_>) -> Plan {
    let tasks::Tasks { all, refused } = tasks::build(request, world, &State::default());
    let mut plan = Plan::default();
    for (task, reason) in refused {
        plan.refused.push(PlannedTask { id: task.id(), what: "refuse", reason });
    }
    for task in all {
        let (what, reason) = explain(&task, request, world);
        let planned = PlannedTask { id: task.id(), what, reason };
        match plan.waves.last_mut() {
            Some(last) if (last.phase, last.wave) == (task.phase, task.wave) => {
                last.tasks.push(planned);
            }
            _ => plan.waves.push(PlannedWave {
                phase: task.phase,
                wave: task.wave,
                tasks: vec![planned],
            }),
        }
    }
    plan
}

fn explain(task: &Task, request: &Request<'_>, world: &World<'_>) -> (&'static str, String) {
    let options = request.options;
    if task.is_prune() {
        let off = "Git no longer has it, but pruning is off";
        return match task.prune_option(options) {
            _ if !options.prune => ("skip", off.into()),
            Some("false") => ("skip", "Git no longer has it, but Prune=false".into()),
            Some("confirm") if !options.prune_confirmed => {
                ("prune", "Git no longer has it; a person must confirm".into())
            }
            _ => ("prune", "Git no longer has it".into()),
        };
    }
    if task.hook {
        let reason = match (&task.live, task.is_replaced()) {
            (Some(_), true) => "an older one is deleted before it",
            (Some(_), false) => "an older one is still there",
            (None, _) => "it is a hook of this phase",
        };
        return ("run hook", reason.into());
    }
    if options.out_of_sync_only && task.modified == Some(false) && task.live.is_some() {
        return ("skip", "it is in sync".into());
    }
    let what = match apply::apply(task, options, world.kinds).map(|action| action.verb) {
        Some(Verb::Replace { .. } | Verb::Update { .. }) => "replace",
        _ if task.live.is_none() => "create",
        _ => "apply",
    };
    let reason = match (task.live.is_some(), task.modified) {
        (false, _) => "it is not in the cluster",
        (true, Some(true)) => "it differs",
        (true, Some(false)) => "it is in sync already",
        (true, None) => "it is in the cluster",
    };
    (what, reason.into())
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for PlannedTask { id, what, reason } in &self.refused {
            writeln!(f, "{what} {}: {reason}", id.key)?;
        }
        for wave in &self.waves {
            writeln!(f, "{} wave {}", wave.phase, wave.wave)?;
            for PlannedTask { id, what, reason } in &wave.tasks {
                writeln!(f, "  {what} {}: {reason}", id.key)?;
            }
        }
        Ok(())
    }
}
