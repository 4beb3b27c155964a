//! The sync that runs: begun, carried on step by step, tried again, ended.
//!
//! All that must survive a crash is in `status.operationState`; what is kept in memory beside it
//! only saves work.

mod attempt;
mod merged;
mod retry;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use windlass_engine::policy::{DEFAULT_HISTORY_LIMIT, keep_latest};
use windlass_engine::sync::State;

use super::apps::AppKey;
use super::compare::{Compared, Prepared, Subject};
use super::context::Context;
use super::gather::Gathered;
use super::project::permits_sync;
use crate::types::{
    Application, ApplicationStatus, Operation, OperationPhase, OperationState, RevisionHistory,
    Source, SyncOperation, SyncOperationResult,
};
use attempt::steps;
pub(crate) use merged::merged;
use retry::{fail, retry_wait};

/// How soon a sync that a window blocks is looked at again.
pub(crate) const WINDOW: Duration = Duration::from_secs(30);

/// What is kept of a running sync beside its status.
#[derive(Default)]
pub(crate) struct OperationMemory {
    started_at: Option<Timestamp>,
    gathered: Option<Arc<Gathered>>,
    prepared: Option<Prepared>,
    state: Option<State>,
}

/// What a look at a sync came to.
#[derive(Default)]
pub(crate) struct Driven {
    /// Whether anything in the cluster was touched.
    pub(crate) acted: bool,
    /// Whether it has ended.
    pub(crate) ended: bool,
    /// When to look again, if nothing changes before.
    pub(crate) wake: Option<Duration>,
}

/// A sync that has been asked for.
pub(crate) fn begin(operation: Operation, now: Timestamp) -> OperationState {
    OperationState {
        operation,
        phase: OperationPhase::Running,
        message: String::new(),
        sync_result: None,
        started_at: Some(now),
        finished_at: None,
        retry_count: 0,
    }
}

/// Carries the running sync of `status` on as far as it goes now. `main` is the comparison with
/// what the spec asks for.
pub(crate) async fn drive(
    context: &Arc<Context>,
    key: &AppKey,
    subject: &Subject<'_>,
    memory: &mut OperationMemory,
    status: &mut ApplicationStatus,
    main: (&Arc<Gathered>, &Prepared, &Compared),
) -> Driven {
    let Some(mut state) = status.operation_state.take() else { return Driven::default() };
    if memory.started_at != state.started_at {
        *memory = OperationMemory { started_at: state.started_at, ..OperationMemory::default() };
    }
    let now = Timestamp::now();
    if let Some(wait) = retry_wait(&mut state, memory, now) {
        status.operation_state = Some(state);
        return Driven { wake: Some(wait), ..Driven::default() };
    }
    if state.phase == OperationPhase::Running && blocked(subject, &mut state, now) {
        status.operation_state = Some(state);
        return Driven { wake: Some(WINDOW), ..Driven::default() };
    }
    let revision = &status.sync.revision;
    if state.phase == OperationPhase::Running && waits(context, subject.app, &mut state, revision) {
        status.operation_state = Some(state);
        return Driven::default();
    }
    let limit = subject.settings.sync_timeout;
    let age = state.started_at.map(|t| now.duration_since(t).unsigned_abs()).unwrap_or_default();
    let mut cause = "";
    if !limit.is_zero() && age > limit && state.phase == OperationPhase::Running {
        state.phase = OperationPhase::Terminating;
        "operation is terminating due to timeout".clone_into(&mut state.message);
        cause = "controller sync timeout";
    }
    let terminating = state.phase == OperationPhase::Terminating;
    let mut driven = steps(context, key, subject, memory, status, &mut state, main).await;
    if !limit.is_zero() && !terminating {
        let left = limit.saturating_sub(age) + Duration::from_millis(10);
        driven.wake = Some(driven.wake.map_or(left, |wake| wake.min(left)));
    }
    match state.phase {
        OperationPhase::Failed | OperationPhase::Error => {
            driven.wake = fail(&mut state, terminating, cause, memory).or(driven.wake);
        }
        OperationPhase::Succeeded => remember(subject, status, &mut state),
        OperationPhase::Running | OperationPhase::Terminating => {}
    }
    if state.phase.is_completed() {
        state.finished_at = Some(Timestamp::now());
        driven.ended = true;
        *memory = OperationMemory::default();
    }
    status.operation_state = Some(state);
    driven
}

/// Whether other applications keep the sync from beginning; says so. One that has begun goes on.
fn waits(context: &Context, app: &Application, state: &mut OperationState, revision: &str) -> bool {
    let begun = state.sync_result.as_ref().is_some_and(|result| !result.resources.is_empty());
    if begun || state.operation.sync.as_ref().is_none_or(|sync| sync.dry_run) {
        return false;
    }
    let holds = context.holds(app, revision);
    let words: Vec<String> = holds.iter().map(ToString::to_string).collect();
    if holds.is_empty() {
        return false;
    }
    state.message = format!("waiting for other applications: {}", words.join("; "));
    true
}

/// Whether a window of the project keeps the sync from going on; says so.
fn blocked(subject: &Subject<'_>, state: &mut OperationState, now: Timestamp) -> bool {
    let manual = !state.operation.initiated_by.automated;
    let message = match permits_sync(subject.project, subject.app, manual, now, state.started_at) {
        Ok(true) => return false,
        Ok(false) => "Sync operation blocked by sync window".to_owned(),
        Err(error) => {
            format!("Sync operation blocked by sync window: invalid sync windows: {error}")
        }
    };
    state.message = message;
    if state.sync_result.is_none()
        && let Some(sync) = &state.operation.sync
    {
        let unresolved = SyncOperationResult {
            revision: sync.revision.clone(),
            revisions: sync.revisions.clone(),
            ..result(subject.app, sync)
        };
        state.sync_result = Some(unresolved);
    }
    true
}

/// A full delivery goes into the history.
fn remember(subject: &Subject<'_>, status: &mut ApplicationStatus, state: &mut OperationState) {
    let (Some(result), Some(sync)) = (&state.sync_result, &state.operation.sync) else { return };
    if sync.dry_run || !sync.resources.is_empty() {
        return;
    }
    let id = status.history.last().map_or(0, |last| last.id + 1);
    status.history.push(RevisionHistory {
        revision: result.revision.clone(),
        deployed_at: Some(Timestamp::now()),
        id,
        source: if result.sources.is_empty() { result.source.clone() } else { Source::default() },
        deploy_started_at: state.started_at,
        sources: result.sources.clone(),
        revisions: result.revisions.clone(),
        initiated_by: state.operation.initiated_by.clone(),
    });
    let limit = subject.app.spec.revision_history_limit.unwrap_or(DEFAULT_HISTORY_LIMIT);
    keep_latest(&mut status.history, limit);
}

/// What a sync is about to deliver, as far as it is known before anything is resolved.
pub(crate) fn result(app: &Application, sync: &SyncOperation) -> SyncOperationResult {
    let mut result = SyncOperationResult::default();
    let wanted = |revision: &str, source: &Source| {
        if revision.is_empty() { source.target_revision.clone() } else { revision.to_owned() }
    };
    if !sync.sources.is_empty() || app.spec.has_multiple_sources() {
        let own = app.spec.effective_sources();
        result.sources = if sync.sources.is_empty() { own.to_vec() } else { sync.sources.clone() };
        // As Argo CD: of the application's own sources the first is named beside all.
        let first = result.sources.first().filter(|_| sync.sources.is_empty()).cloned();
        result.source = sync.source.clone().or(first).unwrap_or_default();
        let revision = |i: usize| sync.revisions.get(i).map_or("", String::as_str);
        result.revisions =
            result.sources.iter().enumerate().map(|(i, s)| wanted(revision(i), s)).collect();
    } else {
        let own = app.spec.source.clone().unwrap_or_default();
        result.source = sync.source.clone().unwrap_or(own);
        result.revision = wanted(&sync.revision, &result.source);
    }
    result
}
