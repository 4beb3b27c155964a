//! The sync that runs: begun, carried on step by step, tried again, ended.
//!
//! All that must survive a crash is in `status.operationState`; what is kept in memory beside it
//! only saves work.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use windlass_engine::compare;
use windlass_engine::policy::{
    self, AfterFailure, DEFAULT_HISTORY_LIMIT, is_confirmed, keep_latest,
};
use windlass_engine::state::{self, Condition};
use windlass_engine::sync::{self, Options, Request, State, Wait, World};
use windlass_object::Object;

use super::apps::{AppKey, Level};
use super::autosync::is_partial;
use super::compare::{Compared, Prepared, Subject};
use super::context::Context;
use super::gather::{Gathered, gather};
use super::perform;
use super::project::{Place, permits_destination, permits_kind, permits_sync};
use super::settings::duration;
use super::status::{self, Also};
use crate::types::{
    ApplicationStatus, Operation, OperationPhase, OperationState, RetryStrategy, RevisionHistory,
    Source, SyncOperation, SyncOperationResult,
};

const APPROVED: &str = "argocd.argoproj.io/deletion-approved";
const MIGRATION_MANAGER: &str = "argocd.argoproj.io/client-side-apply-migration-manager";
/// How soon a sync that a window blocks is looked at again.
pub(crate) const WINDOW: Duration = Duration::from_secs(30);
/// Steps of one look: more than any sync has waves that need no waiting.
const STEPS: usize = 1000;

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

/// Whether a window of the project keeps the sync from going on; says so.
fn blocked(subject: &Subject<'_>, state: &mut OperationState, now: Timestamp) -> bool {
    let manual = !state.operation.initiated_by.automated;
    let message = match permits_sync(subject.project, subject.app, manual, now) {
        Ok(true) => return false,
        Ok(false) => "Sync operation blocked by sync window".to_owned(),
        Err(error) => format!("Sync operation blocked by sync window: {error}"),
    };
    state.message = message;
    if state.sync_result.is_none()
        && let Some(sync) = &state.operation.sync
    {
        let unresolved = SyncOperationResult {
            revision: sync.revision.clone(),
            revisions: sync.revisions.clone(),
            ..result(subject, sync)
        };
        state.sync_result = Some(unresolved);
    }
    true
}

/// How long a failed attempt still waits for its retry; when it has waited, the retry begins.
fn retry_wait(
    state: &mut OperationState,
    memory: &mut OperationMemory,
    now: Timestamp,
) -> Option<Duration> {
    let failed_at = state.finished_at.filter(|_| state.phase == OperationPhase::Running)?;
    let retry = retry(&state.operation.retry);
    // What cannot be read was told when the attempt failed, and ended the operation.
    let at = retry.next_at(failed_at, state.retry_count - 1).unwrap_or(now);
    if at > now {
        return Some(at.duration_since(now).unsigned_abs());
    }
    if retry.refresh
        && let Some(sync) = state.operation.sync.as_mut()
    {
        sync.revision.clear();
        sync.revisions.clear();
    }
    state.message = policy::retrying_message(&retry, state.retry_count);
    state.finished_at = None;
    state.sync_result = None;
    *memory = OperationMemory { started_at: state.started_at, ..OperationMemory::default() };
    None
}

fn retry(strategy: &RetryStrategy) -> policy::Retry {
    let backoff = strategy.backoff.clone().unwrap_or_default();
    policy::Retry {
        limit: strategy.limit,
        backoff: policy::Backoff {
            duration: backoff.duration,
            factor: backoff.factor,
            max_duration: backoff.max_duration,
        },
        refresh: strategy.refresh,
    }
}

/// A failed attempt: another one follows, or that was all.
fn fail(
    state: &mut OperationState,
    terminating: bool,
    cause: &str,
    memory: &mut OperationMemory,
) -> Option<Duration> {
    if !cause.is_empty() {
        state.message = format!("{}, triggered by {cause}", state.message);
    }
    let now = Timestamp::now();
    let retry = retry(&state.operation.retry);
    match policy::after_failure(&retry, state.retry_count, &state.message, terminating, now) {
        AfterFailure::Ended { message } => state.message = message,
        AfterFailure::Broken { message } => {
            state.phase = OperationPhase::Error;
            state.message = message;
        }
        AfterFailure::Again { at, attempt, message } => {
            state.phase = OperationPhase::Running;
            state.finished_at = Some(now);
            state.retry_count = attempt;
            state.message = message;
            *memory =
                OperationMemory { started_at: state.started_at, ..OperationMemory::default() };
            return Some(at.duration_since(now).unsigned_abs());
        }
    }
    None
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

fn result(subject: &Subject<'_>, sync: &SyncOperation) -> SyncOperationResult {
    let mut result = SyncOperationResult::default();
    let wanted = |revision: &str, source: &Source| {
        if revision.is_empty() { source.target_revision.clone() } else { revision.to_owned() }
    };
    if !sync.sources.is_empty() || subject.app.spec.has_multiple_sources() {
        let own = subject.app.spec.effective_sources();
        result.sources = if sync.sources.is_empty() { own.to_vec() } else { sync.sources.clone() };
        // Argo CD names the first beside all.
        result.source = result.sources.first().cloned().unwrap_or_default();
        let revision = |i: usize| sync.revisions.get(i).map_or("", String::as_str);
        result.revisions =
            result.sources.iter().enumerate().map(|(i, s)| wanted(revision(i), s)).collect();
    } else {
        let own = subject.app.spec.source.clone().unwrap_or_default();
        result.source = sync.source.clone().unwrap_or(own);
        result.revision = wanted(&sync.revision, &result.source);
    }
    result
}

fn end(state: &mut OperationState, phase: OperationPhase, message: String) -> Driven {
    state.phase = phase;
    state.message = message;
    Driven::default()
}

fn shown(conditions: &[&Condition]) -> String {
    let all: Vec<String> =
        conditions.iter().map(|c| format!("{}: {}", c.kind, c.message)).collect();
    all.join(";")
}

#[allow(clippy::too_many_arguments)] // All that a look at a sync involves, in one place.
async fn steps(
    context: &Arc<Context>,
    key: &AppKey,
    subject: &Subject<'_>,
    memory: &mut OperationMemory,
    status: &mut ApplicationStatus,
    state: &mut OperationState,
    main: (&Arc<Gathered>, &Prepared, &Compared),
) -> Driven {
    let Some(operation) = state.operation.sync.clone() else {
        let message = "Invalid operation request: no operation specified".into();
        return end(state, OperationPhase::Error, message);
    };
    let mut delivered = state.sync_result.take().unwrap_or_else(|| result(subject, &operation));
    let gathered = match &memory.gathered {
        Some(gathered) => gathered.clone(),
        None => {
            let manual = !state.operation.initiated_by.automated && delivered.resources.is_empty();
            let gathered = sources(context, subject, &delivered, manual, main.0).await;
            memory.gathered.insert(gathered).clone()
        }
    };
    if delivered.sources.is_empty() {
        gathered.revision().clone_into(&mut delivered.revision);
    } else {
        delivered.revisions.clone_from(&gathered.revisions);
    }
    state.sync_result = Some(delivered);
    let partial = is_partial(subject.app, !gathered.is_complete());
    if !gathered.is_complete() && !partial {
        let problems: Vec<&Condition> = gathered.problems.iter().collect();
        return end(state, OperationPhase::Error, shown(&problems));
    }
    let same = gathered.is_same(main.0);
    let mut prepared = if same {
        main.1.clone()
    } else {
        let prepared = subject.prepare(&gathered, memory.prepared.as_ref());
        memory.prepared.insert(prepared).clone()
    };
    let options = options(subject, &operation, state, partial);
    let mut progress = memory.state.take().unwrap_or_else(|| resume(state));
    if state.phase == OperationPhase::Terminating {
        progress.phase = state::OperationPhase::Terminating;
    }
    let mut driven = Driven::default();
    let mut fresh: Option<Compared> = None;
    for step in 0..STEPS {
        // A step may have defined kinds.
        prepared = subject.prepare(&gathered, Some(&prepared));
        let compared = match (&fresh, step == 0 && same) {
            (_, true) => main.2,
            _ => match subject.compare(&prepared, !gathered.is_complete()).await {
                Ok(compared) => &*fresh.insert(compared),
                Err(error) => {
                    let message = format!("Failed to load live state: {error}");
                    driven.acted = true;
                    let Driven { acted, .. } = driven;
                    return Driven { acted, ..end(state, OperationPhase::Error, message) };
                }
            },
        };
        let conditions = &compared.comparison.conditions;
        if let Some((phase, message)) = compare::blocked(conditions, options.fail_on_shared) {
            let phase = phase_of(phase);
            let Driven { acted, .. } = driven;
            return Driven { acted, ..end(state, phase, message) };
        }
        let (next, wait) = one_step(subject, &operation, &options, state, compared, &progress);
        progress = next.state.clone();
        store(state, &progress);
        if !next.batches.is_empty() {
            if next.store_first {
                status.operation_state = Some(state.clone());
                write_now(context, key, status).await;
                status.operation_state = None;
            }
            progress = act(subject, next).await;
            store(state, &progress);
            driven.acted = true;
            if progress.phase.completed() {
                break;
            }
            continue;
        }
        if next.is_final() {
            break;
        }
        match wait {
            Wait::Ready => {}
            Wait::Objects(_) => break,
            Wait::Until(time) => {
                let left = time.duration_since(Timestamp::now());
                driven.wake = Some(Duration::try_from(left).unwrap_or(Duration::ZERO));
                break;
            }
        }
    }
    store(state, &progress);
    memory.state = Some(progress);
    if let Some(result) = state.sync_result.as_mut() {
        let policy = subject.app.spec.sync_policy.as_ref();
        result.managed_namespace_metadata =
            policy.and_then(|policy| policy.managed_namespace_metadata.clone());
    }
    driven
}

/// The manifests to deliver: those that are compared anyway, if they are the ones.
async fn sources(
    context: &Arc<Context>,
    subject: &Subject<'_>,
    delivered: &SyncOperationResult,
    manual: bool,
    main: &Arc<Gathered>,
) -> Arc<Gathered> {
    let (sources, revisions) = if delivered.sources.is_empty() {
        (vec![delivered.source.clone()], vec![delivered.revision.clone()])
    } else {
        (delivered.sources.clone(), delivered.revisions.clone())
    };
    if sources == main.sources && revisions == main.revisions && main.is_complete() {
        return main.clone();
    }
    let level = if manual { Level::Refresh } else { Level::Revision };
    Arc::new(gather(context, subject.app, subject.cluster, &sources, &revisions, level).await)
}

fn options(
    subject: &Subject<'_>,
    operation: &SyncOperation,
    state: &OperationState,
    partial: bool,
) -> Options {
    let entries = operation.sync_options.iter().map(String::as_str);
    let (mut options, _) = Options::from_sync_options(entries);
    let strategy = operation.sync_strategy.as_ref();
    let apply = strategy.and_then(|s| s.apply.as_ref());
    let hook = strategy.and_then(|s| s.hook.as_ref());
    options.dry_run = operation.dry_run;
    options.prune = operation.prune && !partial;
    options.force = apply.or(hook).is_some_and(|a| a.force);
    options.skip_hooks = apply.is_some() || !operation.resources.is_empty();
    options.namespace_metadata = subject.namespace_metadata();
    let approved = subject.app.annotation(APPROVED);
    options.prune_confirmed = state.started_at.is_some_and(|began| is_confirmed(approved, began));
    if let (Some(manager), true) =
        (subject.app.annotation(MIGRATION_MANAGER), options.migrate_from.is_some())
    {
        options.migrate_from = Some(manager.to_owned());
    }
    if let Some(delay) = std::env::var("ARGOCD_SYNC_WAVE_DELAY").ok().and_then(|v| duration(&v)) {
        options.wave_delay = delay;
    }
    options
}

/// What a sync that was interrupted had come to.
fn resume(state: &OperationState) -> State {
    let results = state.sync_result.as_ref().map(|result| &result.resources);
    let results = serde_json::to_value(results)
        .and_then(serde_json::from_value::<Option<Vec<state::ResourceResult>>>);
    State {
        message: state.message.clone(),
        results: results.ok().flatten().unwrap_or_default(),
        ..State::default()
    }
}

fn one_step(
    subject: &Subject<'_>,
    operation: &SyncOperation,
    options: &Options,
    state: &OperationState,
    compared: &Compared,
    progress: &State,
) -> (sync::Step, Wait) {
    let result = state.sync_result.as_ref();
    let revision = result
        .map(|r| if r.revision.is_empty() { r.revisions.first() } else { Some(&r.revision) })
        .and_then(|r| r.map(String::as_str))
        .unwrap_or_default();
    let now = Timestamp::now();
    let request = Request {
        revision,
        namespace: &subject.app.spec.destination.namespace,
        started_at: state.started_at.unwrap_or(now),
        now,
        options,
    };
    let selected = |group: &str, kind: &str, namespace: &str, name: &str| {
        operation.resources.is_empty()
            || operation.resources.iter().any(|r| {
                r.group == group
                    && r.kind == kind
                    && r.name == name
                    && (r.namespace.is_empty() || r.namespace == namespace)
            })
    };
    let mut pairs = compared.comparison.pairs(|resource| {
        let line = &resource.status;
        selected(&line.group, &line.kind, &line.namespace, &line.name)
    });
    if options.respect_ignored {
        subject.respecting(&mut pairs);
    }
    let (server, cluster) =
        subject.context.clusters.find(&subject.app.spec.destination).unwrap_or_default();
    let permit = |object: &Object, namespaced: bool| {
        let kind = object.group_kind();
        let (group, name) = (&kind.group, subject.app.project());
        if !permits_kind(subject.project, &kind, object.name(), namespaced) {
            return Err(format!(
                "resource {group}:{} is not permitted in project {name}",
                kind.kind
            ));
        }
        let namespace = object.namespace();
        let place = Place { server: &server, cluster: &cluster, namespace };
        if namespaced && !namespace.is_empty() && !permits_destination(subject.project, &place) {
            return Err(format!("namespace {namespace} is not permitted in project '{name}'"));
        }
        Ok(())
    };
    let world = World {
        pairs,
        hooks: &compared.comparison.hooks,
        namespace: compared.namespace.clone(),
        kinds: &compared.kinds,
        permit: &permit,
        health: &subject.settings.customizations,
    };
    let step = sync::step(&request, &world, progress);
    let wait = step.wait.clone();
    (step, wait)
}

/// Carries a step out, and the clean-up that may follow it.
async fn act(subject: &Subject<'_>, mut step: sync::Step) -> State {
    while !step.batches.is_empty() {
        let outcomes = perform::batches(subject.cluster, &step.batches).await;
        step = step.finish(&outcomes);
    }
    step.state
}

fn store(state: &mut OperationState, progress: &State) {
    state.phase = phase_of(progress.phase);
    state.message.clone_from(&progress.message);
    if let Some(result) = state.sync_result.as_mut() {
        result.resources = status::results(&progress.results);
    }
}

fn phase_of(phase: state::OperationPhase) -> OperationPhase {
    match phase {
        state::OperationPhase::Running => OperationPhase::Running,
        state::OperationPhase::Terminating => OperationPhase::Terminating,
        state::OperationPhase::Failed => OperationPhase::Failed,
        state::OperationPhase::Error => OperationPhase::Error,
        state::OperationPhase::Succeeded => OperationPhase::Succeeded,
    }
}

/// Stores the state before something is done that must not be done twice.
async fn write_now(context: &Context, key: &AppKey, status: &ApplicationStatus) {
    if let Some(before) = context.apps.get(key) {
        status::write(context, key, &before, status.clone(), Also::default(), Timestamp::now())
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_attempt_waits_and_the_last_is_final() {
        let mut operation = Operation::default();
        operation.retry.limit = 1;
        let mut state = begin(operation, Timestamp::now());
        let mut memory = OperationMemory::default();
        end(&mut state, OperationPhase::Failed, "no".into());
        assert!(fail(&mut state, false, "", &mut memory).is_some());
        assert_eq!(state.phase, OperationPhase::Running);
        assert!(state.message.starts_with("no. Retrying attempt #1 at "), "{}", state.message);
        assert!(retry_wait(&mut state, &mut memory, Timestamp::now()).is_some());
        end(&mut state, OperationPhase::Failed, "no".into());
        assert_eq!(fail(&mut state, false, "", &mut memory), None);
        assert_eq!(state.message, "no (retried 1 times).");
    }
}
