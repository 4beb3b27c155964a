//! From what was found to `status`, written when its meaning changed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use windlass_cluster::Cluster;
use windlass_engine::compare::Comparison;
use windlass_engine::state as engine;
use windlass_object::{Map, Value, json, patch};

use super::apps::{self, AppKey, Level};
use super::context::Context;
use super::events::Reason;
use super::gather::Gathered;
use super::operation::merged;
use super::settings::ResourceHealth;
use crate::types::{
    ANNOTATION_REFRESH, Application, ApplicationStatus, ComparedTo, Condition, ConditionType,
    HealthStatus, OperationPhase, OperationState, ResourceStatus, Source, Summary, SyncStatus,
    SyncStatusCode,
};

/// What annotations with links begin with.
const LINK: &str = "link.argocd.argoproj.io/";

/// The types of conditions that a comparison decides on.
pub(crate) const COMPARED: [ConditionType; 10] = [
    ConditionType::ComparisonError,
    ConditionType::InvalidSpecError,
    ConditionType::UnknownError,
    ConditionType::SharedResourceWarning,
    ConditionType::RepeatedResourceWarning,
    ConditionType::ExcludedResourceWarning,
    ConditionType::OrphanedResourceWarning,
    ConditionType::DriftWarning,
    ConditionType::IdleRuleWarning,
    ConditionType::NotSupportedWarning,
];

/// Conditions of the decided types become these; one that stays keeps its time.
pub(crate) fn set_conditions(
    status: &mut ApplicationStatus,
    decided: &[ConditionType],
    found: Vec<Condition>,
    now: Timestamp,
) {
    let old = std::mem::take(&mut status.conditions);
    let (gone, mut kept): (Vec<_>, Vec<_>) =
        old.into_iter().partition(|condition| decided.contains(&condition.kind));
    for mut condition in found {
        let same =
            gone.iter().find(|old| old.kind == condition.kind && old.message == condition.message);
        condition.last_transition_time = same.and_then(|c| c.last_transition_time).or(Some(now));
        kept.push(condition);
    }
    kept.sort_by_cached_key(|condition| (condition.kind.to_string(), condition.message.clone()));
    status.conditions = kept;
}

/// As status shows it.
pub(crate) fn condition(condition: &engine::Condition) -> Condition {
    Condition {
        kind: condition.kind.clone(),
        message: condition.message.clone(),
        last_transition_time: None,
    }
}

fn line(resource: &engine::ResourceStatus, inline: bool) -> ResourceStatus {
    ResourceStatus {
        group: resource.group.clone(),
        version: resource.version.clone(),
        kind: resource.kind.clone(),
        namespace: resource.namespace.clone(),
        name: resource.name.clone(),
        status: resource.status.map(SyncStatusCode::from).unwrap_or_default(),
        health: resource.health.as_ref().filter(|_| inline).map(|health| HealthStatus {
            status: Some(health.status),
            message: health.message.clone(),
            last_transition_time: None,
        }),
        hook: resource.hook,
        requires_pruning: resource.requires_pruning,
        sync_wave: resource.sync_wave,
        requires_deletion_confirmation: resource.requires_deletion_confirmation,
    }
}

/// Nothing could be compared: what was to be, and that nothing is known.
pub(crate) fn set_unknown(
    status: &mut ApplicationStatus,
    app: &Application,
    settings: ResourceHealth,
) {
    let several = app.spec.has_multiple_sources();
    let sources = app.spec.effective_sources();
    let wanted = |source: &Source| source.target_revision.clone();
    status.sync = SyncStatus {
        status: SyncStatusCode::Unknown,
        compared_to: ComparedTo {
            source: if several { Source::default() } else { first(sources) },
            destination: app.spec.destination.clone(),
            sources: if several { sources.to_vec() } else { Vec::new() },
            ignore_differences: app.spec.ignore_differences.clone(),
        },
        revision: sources.first().filter(|_| !several).map(wanted).unwrap_or_default(),
        revisions: if several { sources.iter().map(wanted).collect() } else { Vec::new() },
    };
    let inline = settings == ResourceHealth::Inline;
    status.resource_health_source = if inline { String::new() } else { "appTree".into() };
}

/// Takes a comparison into the status.
pub(crate) fn set_compared(
    status: &mut ApplicationStatus,
    app: &Application,
    gathered: &Gathered,
    comparison: &Comparison,
    settings: ResourceHealth,
) {
    let several = app.spec.has_multiple_sources();
    let inline = settings == ResourceHealth::Inline;
    status.sync = SyncStatus {
        status: comparison.sync.into(),
        compared_to: ComparedTo {
            source: if several { Default::default() } else { first(&gathered.sources) },
            destination: app.spec.destination.clone(),
            sources: if several { gathered.sources.clone() } else { Vec::new() },
            ignore_differences: app.spec.ignore_differences.clone(),
        },
        revision: if several { String::new() } else { gathered.revision().to_owned() },
        revisions: if several { gathered.revisions.clone() } else { Vec::new() },
    };
    status.health.status = Some(comparison.health.status);
    status.health.message.clone_from(&comparison.health.message);
    status.resources = comparison.resources.iter().map(|r| line(&r.status, inline)).collect();
    status.resource_health_source = if inline { String::new() } else { "appTree".into() };
    let types = &gathered.types;
    status.source_types = if several { types.clone() } else { Vec::new() };
    status.source_type = if several { String::new() } else { first(types) };
}

fn first<T: Clone + Default>(list: &[T]) -> T {
    list.first().cloned().unwrap_or_default()
}

/// Images and addresses of everything that came of the application's objects, and its own links.
pub(crate) fn summary(cluster: &Cluster, app: &Application, instance: &str) -> Summary {
    let (mut images, mut urls) = (BTreeSet::new(), BTreeSet::new());
    let annotations = app.metadata.get("annotations").and_then(Value::as_object);
    let links = annotations.into_iter().flatten().filter(|(key, _)| key.starts_with(LINK));
    urls.extend(links.filter_map(|(_, link)| link.as_str()).map(ToOwned::to_owned));
    let mut of_apps = false;
    for entry in cluster.tree(cluster.of_application(instance)) {
        images.extend(entry.node.images().iter().cloned());
        urls.extend(entry.node.network().iter().flat_map(|n| n.external_urls.iter().cloned()));
        let kind = entry.node.api();
        of_apps |= kind.kind == "Application" && kind.group == crate::types::GROUP;
    }
    Summary {
        external_urls: urls.into_iter().collect(),
        images: images.into_iter().collect(),
        is_app_of_apps: of_apps,
    }
}

/// What to write beside the status.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Also<'a> {
    /// The refresh that was asked for is done: its annotation goes.
    pub(crate) refreshed: bool,
    /// The operation is over, or taken over: its field goes.
    pub(crate) clear_operation: bool,
    /// Nothing was compared: the application could not be looked at.
    pub(crate) uncompared: bool,
    /// What was told of the sync before, over which that of this one is written.
    pub(crate) former: Option<&'a OperationState>,
}

/// Writes what changed. The time of reconciliation alone is no change. Answers whether all is stored
/// now; if not it will be tried again.
pub(crate) async fn write(
    context: &Context,
    key: &AppKey,
    before: &Application,
    mut status: ApplicationStatus,
    also: Also<'_>,
    now: Timestamp,
) -> bool {
    let old = &before.status;
    let fresh = context.apps.get(key);
    respect_termination(fresh.as_deref(), &mut status);
    if !also.uncompared {
        status.controller_namespace.clone_from(&context.namespace);
    }
    let turned = old.health.status != status.health.status;
    if turned {
        status.health.last_transition_time = Some(now);
    } else {
        status.health.last_transition_time = old.health.last_transition_time;
        if !status.resource_health_source.is_empty() {
            status.health.message.clone_from(&old.health.message);
        }
    }
    status.reconciled_at = old.reconciled_at;
    let mut change = difference(old, &status, also);
    let asked = also.refreshed && before.annotation(ANNOTATION_REFRESH).is_some();
    let news = !change.is_empty() || asked || old.reconciled_at.is_none();
    if news && !also.uncompared {
        status.reconciled_at = Some(now);
        change = difference(old, &status, also);
    }
    if begins_by_itself(old, &status) {
        complete(&mut change, &status);
    }
    let mut patch = Map::new();
    if !change.is_empty() {
        patch.insert("status".into(), Value::Object(change));
    }
    if news && !also.uncompared {
        let spec = fresh.as_deref().unwrap_or(before).spec.to_normal_form();
        if !spec.is_empty() {
            patch.insert("spec".into(), Value::Object(spec));
        }
    }
    if asked {
        patch.insert("metadata".into(), json!({"annotations": {ANNOTATION_REFRESH: null}}));
    }
    if also.clear_operation && is_its_request(before, &status) {
        patch.insert("operation".into(), Value::Null);
    }
    if patch.is_empty() {
        return true;
    }
    match context.patch(key, &Value::Object(patch)).await {
        Ok(()) => {
            // Only now: what is not stored will be found, and told, again.
            tell(context, before, &status, turned);
            true
        }
        Err(kube::Error::Api(answer)) if answer.code == 404 => false,
        Err(error) => {
            tracing::warn!(app = %key, %error, "status cannot be written; it will be tried again");
            // What was asked for still stands in the object.
            context.apps.raise(key, apps::asked(before).filter(|_| asked).unwrap_or(Level::Live));
            false
        }
    }
}

/// Whether the operation field asked for the sync that has ended. What a person asks for while an
/// automated sync runs comes after it.
fn is_its_request(app: &Application, status: &ApplicationStatus) -> bool {
    let Some(asked) = &app.operation else { return false };
    let ended = status.operation_state.as_ref().map(|state| &state.operation);
    ended.is_none_or(|ended| !ended.initiated_by.automated || asked.initiated_by.automated)
}

/// A sync that somebody asked to stop meanwhile is not made running again.
fn respect_termination(fresh: Option<&Application>, status: &mut ApplicationStatus) {
    let asked = fresh
        .and_then(|app| app.status.operation_state.as_ref())
        .is_some_and(|state| state.phase == OperationPhase::Terminating);
    if let Some(state) = status.operation_state.as_mut()
        && asked
        && state.phase == OperationPhase::Running
    {
        state.phase = OperationPhase::Terminating;
        "operation is terminating".clone_into(&mut state.message);
    }
}

/// Records what a person would want to know.
fn tell(context: &Context, before: &Application, status: &ApplicationStatus, turned: bool) {
    let old = &before.status;
    if old.sync.status != status.sync.status {
        let message = format!("Updated sync status: {} -> {}", old.sync.status, status.sync.status);
        context.record(before, Reason::ResourceUpdated, false, &message);
    }
    if turned {
        let word = |health: &HealthStatus| health.status.map(|s| s.to_string()).unwrap_or_default();
        let mut message =
            format!("Updated health status: {} -> {}", word(&old.health), word(&status.health));
        if !status.health.message.is_empty() {
            message = format!("{message} ({})", status.health.message);
        }
        context.record(before, Reason::ResourceUpdated, false, &message);
    }
    let ended = |state: &OperationState| state.phase.is_completed();
    if let Some(state) = status.operation_state.as_ref().filter(|s| ended(s)) {
        let known = old.operation_state.as_ref();
        if known.is_none_or(|k| !ended(k) || k.started_at != state.started_at) {
            completed(context, before, state);
        }
    }
}

fn completed(context: &Context, app: &Application, state: &OperationState) {
    let sync = state.operation.sync.as_ref();
    let partial = sync.is_some_and(|sync| !sync.resources.is_empty());
    let mut message = if partial { "Partial sync operation" } else { "Sync operation" }.to_owned();
    if let Some(result) = &state.sync_result {
        message = format!("{message} to {}", result.revision);
    }
    let good = state.phase == OperationPhase::Succeeded;
    message = if good {
        format!("{message} succeeded")
    } else {
        format!("{message} failed: {}", state.message)
    };
    context.record(app, Reason::OperationCompleted, !good, &message);
    let took = match (state.started_at, state.finished_at) {
        (Some(start), Some(end)) => end.duration_since(start).unsigned_abs(),
        _ => std::time::Duration::ZERO,
    };
    let dry_run = sync.is_some_and(|sync| sync.dry_run);
    let server = context.clusters.server(&app.spec.destination);
    context.metrics.synced(app, &server, state.phase.as_str(), dry_run, took);
}

/// Whether the policy begins a sync.
fn begins_by_itself(old: &ApplicationStatus, new: &ApplicationStatus) -> bool {
    let began = |status: &ApplicationStatus| status.operation_state.as_ref()?.started_at;
    let state = new.operation_state.as_ref();
    state.is_some_and(|state| state.operation.initiated_by.automated) && began(old) != began(new)
}

/// As Argo CD: who begins a sync by the policy writes the whole object, with what says nothing.
fn complete(change: &mut Map<String, Value>, status: &ApplicationStatus) {
    let mut source = &mut *change;
    for key in ["summary", "sourceHydrator"] {
        source.entry(key).or_insert_with(|| json!({}));
    }
    for key in ["sync", "comparedTo", "source"] {
        let Value::Object(inner) = source.entry(key).or_insert_with(|| json!({})) else { return };
        source = inner;
    }
    let address = status.sync.compared_to.source.repo_url.clone();
    source.entry("repoURL").or_insert(Value::String(address));
}

fn difference(
    old: &ApplicationStatus,
    new: &ApplicationStatus,
    also: Also<'_>,
) -> Map<String, Value> {
    let value = |status| serde_json::to_value(status).unwrap_or_default();
    let mut written = value(new);
    if let (Some(former), Some(state)) = (also.former, &new.operation_state)
        && let Ok(merged) = serde_json::to_value(merged(former, state))
    {
        written["operationState"] = merged;
    }
    let before = value(old);
    // As Argo CD, which patches the fields of a typed object: a summary that has nothing left stays.
    if before.get("summary").is_some() && written.get("summary").is_none() {
        written["summary"] = json!({});
    }
    match patch::create_merge_patch(&before, &written) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_stays_keeps_its_time() {
        let (then, now) = (Timestamp::UNIX_EPOCH, Timestamp::now());
        let new = |message: &str| Condition {
            kind: ConditionType::ComparisonError,
            message: message.into(),
            last_transition_time: None,
        };
        let mut status = ApplicationStatus::default();
        set_conditions(&mut status, &COMPARED, vec![new("a"), new("b")], then);
        set_conditions(&mut status, &COMPARED, vec![new("b"), new("c")], now);
        let times: Vec<_> = status
            .conditions
            .iter()
            .map(|c| (c.message.as_str(), c.last_transition_time))
            .collect();
        assert_eq!(times, [("b", Some(then)), ("c", Some(now))]);
        set_conditions(&mut status, &[ConditionType::SyncError], Vec::new(), now);
        assert_eq!(status.conditions.len(), 2);
    }
}
