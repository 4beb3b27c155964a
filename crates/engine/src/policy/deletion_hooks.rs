//! Hooks of an application's deletion: run before its objects go or after, and cleaned up last.
//!
//! A hook that is there is not created again, so that one runs once however often this is asked.
//! As Argo CD 3.5 does it for `PreDelete`: what failed goes and is tried again, and nothing is
//! deleted meanwhile. As Argo CD 3.2 does it for `PostDelete`: the application goes although a
//! hook failed; its delete policy says whether the failed hook stays to be looked at.

use std::sync::Arc;

use jiff::Timestamp;
use windlass_object::{Object, ResourceKey};

use crate::health::{self, CustomHealth};
use crate::hook::{self, DeletePolicy, DeletionHook};
use crate::state::HealthCode;

/// What to do next about the hooks of one moment.
#[derive(Clone, Debug, PartialEq)]
pub enum HookStep {
    /// Create these, then ask again.
    Create(Vec<Arc<Object>>),
    /// These have not ended yet.
    Await(Vec<ResourceKey>),
    /// These failed: delete them, so that they run again, and say so.
    Failed(Vec<Arc<Object>>),
    /// All have ended.
    Done,
}

/// What to do next about what the hooks of one moment left.
#[derive(Clone, Debug, PartialEq)]
pub enum CleanupStep {
    /// Delete these.
    Delete(Vec<Arc<Object>>),
    /// These are being deleted.
    Await(Vec<ResourceKey>),
    /// Nothing is left that should go.
    Done,
}

/// A hook as it is created: a generated name is the same for the whole of one deletion.
pub fn named(hook: &Object, moment: DeletionHook, deleted_at: Timestamp) -> Object {
    let mut named = hook.clone();
    if hook.name().is_empty() {
        let prefix = hook.str_at(&["metadata", "generateName"]);
        let suffix = format!("{}-{}", moment.as_str().to_lowercase(), deleted_at.as_second());
        named.set(&["metadata", "name"], format!("{prefix}{suffix}"));
    }
    named
}

/// The next step of running the hooks of a moment. `wanted` are the hooks as Git has them, named;
/// `live` are the application's objects. A hook of a kind without health has ended at once.
///
/// # Errors
/// Names the hook whose health cannot be told, and why.
pub fn next_hooks<'a>(
    moment: DeletionHook,
    wanted: &[Arc<Object>],
    live: impl IntoIterator<Item = &'a Arc<Object>>,
    custom: &dyn CustomHealth,
) -> Result<HookStep, String> {
    let there = of_moment(moment, live);
    let is_there = |hook: &Object| there.iter().any(|live| live.key() == hook.key());
    let absent: Vec<_> = wanted.iter().filter(|hook| !is_there(hook)).cloned().collect();
    if !absent.is_empty() {
        return Ok(HookStep::Create(absent));
    }
    let (mut failed, mut running) = (Vec::new(), Vec::new());
    for hook in there {
        match judge(hook, custom)? {
            HealthCode::Degraded if moment == DeletionHook::PreDelete => failed.push(hook.clone()),
            HealthCode::Progressing => running.push(hook.key()),
            _ => {}
        }
    }
    Ok(match (failed.is_empty(), running.is_empty()) {
        (false, _) => HookStep::Failed(failed),
        (true, false) => HookStep::Await(running),
        (true, true) => HookStep::Done,
    })
}

/// The next step of deleting what hooks of a moment left, as their delete policies say. The worst
/// health of all of them decides whether they succeeded.
///
/// # Errors
/// Names the hook whose health cannot be told, and why.
pub fn next_cleanup<'a>(
    moment: DeletionHook,
    live: impl IntoIterator<Item = &'a Arc<Object>>,
    custom: &dyn CustomHealth,
) -> Result<CleanupStep, String> {
    let there = of_moment(moment, live);
    let mut worst = HealthCode::Healthy;
    for hook in there.iter().filter(|hook| !hook.is_terminating()) {
        worst = worst.max(judge(hook, custom)?);
    }
    let goes = |hook: &&&Arc<Object>| {
        hook.is_terminating()
            || hook::delete_policies(hook).iter().any(|policy| match policy {
                DeletePolicy::HookFailed => worst == HealthCode::Degraded,
                DeletePolicy::HookSucceeded => worst == HealthCode::Healthy,
                DeletePolicy::BeforeHookCreation => false,
            })
    };
    let (going, doomed): (Vec<&Arc<Object>>, Vec<&Arc<Object>>) =
        there.iter().filter(goes).partition(|hook| hook.is_terminating());
    if !doomed.is_empty() {
        return Ok(CleanupStep::Delete(doomed.into_iter().cloned().collect()));
    }
    if going.is_empty() {
        return Ok(CleanupStep::Done);
    }
    Ok(CleanupStep::Await(going.into_iter().map(|hook| hook.key()).collect()))
}

fn of_moment<'a>(
    moment: DeletionHook,
    live: impl IntoIterator<Item = &'a Arc<Object>>,
) -> Vec<&'a Arc<Object>> {
    live.into_iter().filter(|object| hook::runs_at(object, moment)).collect()
}

fn judge(hook: &Object, custom: &dyn CustomHealth) -> Result<HealthCode, String> {
    match health::of(hook, custom) {
        Ok(health) => Ok(health.map_or(HealthCode::Healthy, |health| health.status)),
        Err(error) => Err(format!("health of hook {} cannot be told: {error}", hook.key())),
    }
}
