//! One attempt at a sync: what it delivers, by which options, step after step.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use windlass_cluster::Cluster;
use windlass_engine::compare;
use windlass_engine::policy::is_confirmed;
use windlass_engine::state::Condition;
use windlass_engine::sync::{self, Action, Options, Request, State, Wait, World};
use windlass_object::Object;

use super::super::apps::{AppKey, Level};
use super::super::autosync::is_partial;
use super::super::compare::{Compared, Prepared, Subject};
use super::super::context::Context;
use super::super::gather::{Gathered, gather};
use super::super::project::{Place, permits_destination, permits_kind};
use super::super::settings::duration;
use super::super::status::{self, Also};
use super::super::{impersonation, metrics, perform};
use super::{Driven, OperationMemory, result};
use crate::types::{
    ApplicationStatus, OperationPhase, OperationState, Source, SyncOperation, SyncOperationResult,
};

const APPROVED: &str = "argocd.argoproj.io/deletion-approved";
const MIGRATION_MANAGER: &str = "argocd.argoproj.io/client-side-apply-migration-manager";
/// How soon a step is tried again whose announcement could not be stored.
const STORED: Duration = Duration::from_secs(1);
/// Steps of one look: more than any sync has waves that need no waiting.
const STEPS: usize = 1000;

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

/// Takes steps until the sync has ended or must wait.
#[allow(clippy::too_many_arguments)] // All that a look at a sync involves, in one place.
pub(super) async fn steps(
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
    let mut delivered = state.sync_result.take().unwrap_or_else(|| result(subject.app, &operation));
    let gathered = match &memory.gathered {
        Some(gathered) => gathered.clone(),
        None => {
            let manual = !state.operation.initiated_by.automated && delivered.resources.is_empty();
            let gathered = if operation.manifests.is_empty() {
                sources(context, subject, &delivered, manual, main.0).await
            } else {
                sent(subject, &operation, &mut delivered)
            };
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
    if !gathered.distrust.is_empty() {
        let problems: Vec<&Condition> = gathered.distrust.iter().collect();
        return end(state, OperationPhase::Error, shown(&problems));
    }
    let same = gathered.is_same(main.0);
    let mut prepared = if same {
        main.1.clone()
    } else {
        let prepared = subject.prepare(&gathered, memory.prepared.as_ref());
        memory.prepared.insert(prepared).clone()
    };
    let options = options(subject, &operation, state, partial, context.settings().wave_delay);
    let mut progress = memory.state.take().unwrap_or_else(|| resume(state));
    if state.phase == OperationPhase::Terminating {
        progress.phase = OperationPhase::Terminating;
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
            let Driven { acted, .. } = driven;
            return Driven { acted, ..end(state, phase, message) };
        }
        let actor = match impersonation::actor(subject) {
            Ok(actor) => actor,
            Err(message) => {
                let Driven { acted, .. } = driven;
                return Driven { acted, ..end(state, OperationPhase::Error, message) };
            }
        };
        let namespace = match namespace(subject, &options, compared).await {
            Ok(namespace) => namespace,
            Err(error) => {
                let message = format!("Failed to load live state: {error}");
                let Driven { acted, .. } = driven;
                return Driven { acted, ..end(state, OperationPhase::Error, message) };
            }
        };
        let seen = (compared, namespace);
        let (next, wait) = one_step(subject, &operation, &options, state, seen, &progress);
        let before = std::mem::replace(&mut progress, next.state.clone());
        store(state, &progress);
        if !next.batches.is_empty() {
            if next.store_first {
                status.operation_state = Some(state.clone());
                let stored = write_now(context, key, status).await;
                status.operation_state = None;
                if !stored {
                    // What nobody would know of after a crash is not done.
                    progress = before;
                    driven.wake = Some(STORED);
                    break;
                }
            }
            progress = act(subject, &actor, next).await;
            store(state, &progress);
            driven.acted = true;
            if progress.phase.is_completed() {
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

/// What came with the operation: of no revision but one that was asked for.
fn sent(
    subject: &Subject<'_>,
    operation: &SyncOperation,
    delivered: &mut SyncOperationResult,
) -> Arc<Gathered> {
    delivered.revision.clone_from(&operation.revision);
    delivered.revisions.clone_from(&operation.revisions);
    let (sources, wanted) = delivered_from(delivered);
    Arc::new(Gathered::sent(subject.project, &sources, &wanted, &operation.manifests))
}

/// The sources of a sync, and what is wanted of each.
fn delivered_from(delivered: &SyncOperationResult) -> (Vec<Source>, Vec<String>) {
    if delivered.sources.is_empty() {
        (vec![delivered.source.clone()], vec![delivered.revision.clone()])
    } else {
        (delivered.sources.clone(), delivered.revisions.clone())
    }
}

/// The manifests to deliver: those that are compared anyway, if they are the ones.
async fn sources(
    context: &Arc<Context>,
    subject: &Subject<'_>,
    delivered: &SyncOperationResult,
    manual: bool,
    main: &Arc<Gathered>,
) -> Arc<Gathered> {
    let (sources, revisions) = delivered_from(delivered);
    let of_git = main.sent.is_empty();
    if of_git && sources == main.sources && revisions == main.revisions && main.is_complete() {
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
    wave_delay: Option<Duration>,
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
    options.namespace_metadata = subject.namespace_metadata().filter(|_| options.create_namespace);
    let approved = subject.app.annotation(APPROVED);
    options.prune_confirmed = state.started_at.is_some_and(|began| is_confirmed(approved, began));
    if let (Some(manager), true) =
        (subject.app.annotation(MIGRATION_MANAGER), options.migrate_from.is_some())
    {
        options.migrate_from = Some(manager.to_owned());
    }
    let of_process = || std::env::var("ARGOCD_SYNC_WAVE_DELAY").ok().and_then(|v| duration(&v));
    if let Some(delay) = wave_delay.or_else(of_process) {
        options.wave_delay = delay;
    }
    options
}

/// What a sync that was interrupted had come to.
fn resume(state: &OperationState) -> State {
    let results = state.sync_result.as_ref().map(|result| result.resources.clone());
    State {
        message: state.message.clone(),
        results: results.unwrap_or_default(),
        ..State::default()
    }
}

/// The destination namespace, if the sync is to create it, whatever the application itself says.
async fn namespace(
    subject: &Subject<'_>,
    options: &Options,
    compared: &Compared,
) -> Result<Option<Arc<Object>>, windlass_cluster::Error> {
    if compared.namespace.is_some() || !options.create_namespace {
        return Ok(compared.namespace.clone());
    }
    subject.destination_namespace(options.namespace_metadata.as_ref()).await
}

fn one_step(
    subject: &Subject<'_>,
    operation: &SyncOperation,
    options: &Options,
    state: &OperationState,
    (compared, namespace): (&Compared, Option<Arc<Object>>),
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
    let owner = subject.context.clusters.owner(&server);
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
        let place = Place { server: &server, cluster: &cluster, owner: &owner, namespace };
        if namespaced && !namespace.is_empty() && !permits_destination(subject.project, &place) {
            return Err(format!("namespace {namespace} is not permitted in project '{name}'"));
        }
        Ok(())
    };
    let world = World {
        pairs,
        hooks: &compared.comparison.hooks,
        namespace,
        kinds: &compared.kinds,
        permit: &permit,
        health: &subject.settings.customizations,
    };
    let step = sync::step(&request, &world, progress);
    let wait = step.wait.clone();
    (step, wait)
}

/// Carries a step out, and the clean-up that may follow it.
async fn act(subject: &Subject<'_>, cluster: &Cluster, mut step: sync::Step) -> State {
    while !step.batches.is_empty() {
        let told = |action: &Action, code: u16| {
            let request = metrics::Request::of(subject.cluster.server(), action, code);
            subject.context.metrics.requested(subject.app, request);
        };
        let outcomes = perform::batches(cluster, &step.batches, &told).await;
        step = step.finish(&outcomes);
    }
    step.state
}

fn store(state: &mut OperationState, progress: &State) {
    state.phase = progress.phase;
    state.message.clone_from(&progress.message);
    if let Some(result) = state.sync_result.as_mut() {
        result.resources = progress.results.clone();
    }
}

/// Stores the state before something is done that must not be done twice. Answers whether it is.
async fn write_now(context: &Context, key: &AppKey, status: &ApplicationStatus) -> bool {
    let Some(before) = context.apps.get(key) else { return false };
    let (status, now) = (status.clone(), Timestamp::now());
    status::write(context, key, &before, status, Also::default(), now).await
}
