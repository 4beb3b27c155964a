//! Why an application is not Synced and Healthy: all that keeps it from being so, in the order in
//! which it has to go, each with what to do next.
//!
//! A function of what is stored and live; nothing is asked here and nothing changed.

mod objects;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use windlass_engine::state::Health;
use windlass_object::ResourceKey;

use crate::controller::project::permits_sync;
use crate::dependencies::Hold;
use crate::types::{
    AppProject, Application, ConditionType, FINALIZER_POST_DELETE, FINALIZER_PRE_DELETE,
    HealthStatusCode, OperationPhase, OperationState, SyncStatusCode,
};

/// What is known of an application.
pub struct Facts<'a> {
    /// The application as it is stored.
    pub app: &'a Application,
    /// Its project, if it exists.
    pub project: Option<&'a AppProject>,
    /// What keeps a sync waiting for other applications.
    pub holds: &'a [Hold],
    /// Health of its objects, of those that have any.
    pub health: &'a BTreeMap<ResourceKey, Health>,
    /// The time now, for sync windows.
    pub now: Timestamp,
}

/// What a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum About {
    /// It is being deleted.
    Deletion,
    /// The controller does not look at it.
    Controller,
    /// Its spec, or its project.
    Spec,
    /// Manifests could not be made, or not be compared.
    Manifests,
    /// Another application.
    Dependency,
    /// A sync window.
    Window,
    /// The sync that runs or ran last.
    Sync,
    /// What is in the cluster is not what Git says.
    Difference,
    /// An object does not work.
    Health,
}

/// One thing that keeps an application from being Synced and Healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// What it is about.
    pub about: About,
    /// The object, as `group/kind/namespace/name`, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What is so.
    pub what: String,
    /// What to do next.
    pub next: String,
}

impl Reason {
    fn new(about: About, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { about, object: None, what: what.into(), next: next.into() }
    }
}

/// All reasons, the first to be dealt with first; none of an application that is Synced and
/// Healthy.
pub fn why(facts: &Facts<'_>) -> Vec<Reason> {
    let app = facts.app;
    if app.is_terminating() {
        return deletion(facts);
    }
    let mut reasons = Vec::new();
    let skips = app.annotation("argocd.argoproj.io/skip-reconcile") == Some("true");
    if skips {
        reasons.push(Reason::new(
            About::Controller,
            "annotation argocd.argoproj.io/skip-reconcile has the controller pass it over",
            "remove the annotation",
        ));
    } else if app.status.reconciled_at.is_none() && app.status.conditions.is_empty() {
        reasons.push(Reason::new(
            About::Controller,
            "no controller has looked at it yet",
            format!(
                "start one (`windlass up`, or its Deployment) for namespace {}",
                app.namespace()
            ),
        ));
        return reasons;
    }
    if facts.project.is_none() {
        let project = app.project();
        reasons.push(Reason::new(
            About::Spec,
            format!("its project {project} does not exist"),
            format!("create AppProject {project}, or name another in spec.project"),
        ));
    }
    reasons.extend(conditions(facts));
    let is_synced = app.status.sync.status == SyncStatusCode::Synced;
    let operation = app.status.operation_state.as_ref();
    let running = operation.filter(|state| !state.phase.is_completed());
    let cycle = facts.holds.iter().any(Hold::is_cycle);
    if !is_synced || running.is_some() || cycle {
        reasons.extend(facts.holds.iter().map(dependency));
    }
    if let Some(state) = running {
        reasons.extend(under_way(facts, state));
    } else if app.operation.is_some() && !skips {
        reasons.push(Reason::new(
            About::Sync,
            "a sync was asked for and has not begun",
            "wait; if it stays so, see the controller's log",
        ));
    } else if app.status.sync.status == SyncStatusCode::OutOfSync {
        reasons.extend(not_synced(facts));
    }
    reasons.extend(objects::differences(app));
    reasons.extend(objects::health(facts));
    if reasons.is_empty() && !(is_synced && is_healthy(app)) {
        let health = app.status.health.status.map_or("unknown".to_owned(), |h| h.to_string());
        reasons.push(Reason::new(
            About::Controller,
            format!("it is {} and {health}, and nothing stored says why", app.status.sync.status),
            format!("compare it anew: windlass app get {} --hard-refresh", app.name()),
        ));
    }
    reasons
}

fn is_healthy(app: &Application) -> bool {
    app.status.health.status == Some(HealthStatusCode::Healthy)
}

fn deletion(facts: &Facts<'_>) -> Vec<Reason> {
    let app = facts.app;
    let failed = app.status.conditions.iter().filter(|c| c.kind == ConditionType::DeletionError);
    let mut reasons: Vec<Reason> = failed
        .map(|condition| {
            let next = "deal with what it names; deletion is tried again by itself";
            Reason::new(About::Deletion, condition.message.clone(), next)
        })
        .collect();
    let has = |finalizer: &str| app.finalizers().any(|f| f == finalizer);
    let asks = app.status.resources.iter().filter(|r| r.requires_deletion_confirmation);
    let asks: Vec<&str> = asks.map(|r| r.name.as_str()).collect();
    let (what, next) = if has(FINALIZER_PRE_DELETE) {
        (
            "it is being deleted: its PreDelete hooks run",
            "wait for the hooks, or see their logs".into(),
        )
    } else if app.is_cascaded() && !asks.is_empty() {
        (
            "it is being deleted, and a person must agree first",
            format!(
                "agree to the deletion of {}: windlass app confirm-deletion {}",
                asks.join(", "),
                app.name()
            ),
        )
    } else if app.is_cascaded() {
        (
            "it is being deleted: its objects go first",
            "wait until they are gone; one that stays has a finalizer".into(),
        )
    } else if has(FINALIZER_POST_DELETE) {
        (
            "it is being deleted: its PostDelete hooks run",
            "wait for the hooks, or see their logs".into(),
        )
    } else {
        let left: Vec<&str> = app.finalizers().collect();
        ("it is being deleted", format!("wait; its finalizers are {}", left.join(", ")))
    };
    reasons.push(Reason::new(About::Deletion, what, next));
    reasons
}

/// Argo CD's frame of a remote call, which status keeps for scripts, says nothing to a person.
fn without_remote_calls(message: &str) -> String {
    let call = message.find("rpc error: code = ");
    let cut = call.and_then(|from| Some((from, from + message.get(from..)?.find(" desc = ")?)));
    match cut {
        Some((from, to)) => format!("{}{}", &message[..from], &message[to + " desc = ".len()..]),
        None => message.to_owned(),
    }
}

fn conditions(facts: &Facts<'_>) -> Vec<Reason> {
    let shown = facts.app.status.conditions.iter().filter_map(|condition| {
        let (about, next) = match condition.kind {
            ConditionType::InvalidSpecError => {
                (About::Spec, "correct the Application's spec, or permit it in its AppProject")
            }
            ConditionType::ComparisonError => {
                (About::Manifests, "correct what it names in Git, or make the repository reachable")
            }
            ConditionType::UnknownError => (About::Controller, "see the controller's log"),
            ConditionType::SharedResourceWarning => (
                About::Difference,
                "take the object out of one of the applications; both would deliver it in turn",
            ),
            ConditionType::ExcludedResourceWarning => (
                About::Manifests,
                "take the object out of Git, or its kind out of resource.exclusions",
            ),
            _ => return None,
        };
        // A project that is missing has been told.
        let told = facts.project.is_none() && condition.message.contains("referencing project");
        (!told).then(|| Reason::new(about, without_remote_calls(&condition.message), next))
    });
    shown.collect()
}

fn dependency(hold: &Hold) -> Reason {
    let next = match hold {
        Hold::Cycle(_) => "take one of the applications out of the annotation".to_owned(),
        Hold::Absent(name) => {
            format!(
                "create {name}, or take it out of annotation {}",
                crate::dependencies::DEPENDS_ON
            )
        }
        Hold::NotReady { name, .. } => format!("windlass app why {name}"),
        Hold::Behind { name, .. } => format!("wait, or: windlass app get {name} --refresh"),
    };
    Reason::new(About::Dependency, hold.to_string(), next)
}

/// A sync that runs: what it waits for.
fn under_way(facts: &Facts<'_>, state: &OperationState) -> Vec<Reason> {
    let name = facts.app.name();
    if state.phase == OperationPhase::Terminating {
        return vec![Reason::new(About::Sync, "its sync is being terminated", "wait")];
    }
    if let Some(window) = window(facts, !state.operation.initiated_by.automated, state.started_at) {
        return vec![window];
    }
    if state.finished_at.is_some() {
        let next = format!("deal with the failure, or end it: windlass app terminate-op {name}");
        return vec![Reason::new(About::Sync, format!("a sync failed: {}", state.message), next)];
    }
    let mut reasons = Vec::new();
    let message = if state.message.is_empty() { "it has just begun" } else { &state.message };
    reasons.push(Reason::new(
        About::Sync,
        format!("a sync runs: {message}"),
        format!(
            "wait for it: windlass app wait {name}; or end it: windlass app terminate-op {name}"
        ),
    ));
    reasons.extend(objects::results(state, OperationPhase::Running));
    reasons
}

/// Git and cluster differ, and no sync runs: why none does.
fn not_synced(facts: &Facts<'_>) -> Vec<Reason> {
    let app = facts.app;
    let (name, policy) = (app.name(), app.spec.sync_policy.as_ref());
    let automated = policy.and_then(|policy| policy.automated.as_ref());
    let automated = automated.filter(|automated| automated.enabled != Some(false));
    let by_hand = format!("windlass app sync {name}");
    let last = app.status.operation_state.as_ref();
    let failed = last.filter(|state| state.phase != OperationPhase::Succeeded);
    let mut reasons = Vec::new();
    if let Some(window) = window(facts, automated.is_none(), None) {
        reasons.push(window);
    }
    if let Some(state) = failed {
        let words = format!("the last sync ended as {}: {}", state.phase, state.message);
        let again = if automated.is_some() {
            format!(
                "deal with the failure in Git, or try again: {by_hand}; this revision is not tried again by itself"
            )
        } else {
            format!("deal with the failure, then: {by_hand}")
        };
        reasons.push(Reason::new(About::Sync, words, again));
        reasons.extend(objects::results(state, OperationPhase::Failed));
        return reasons;
    }
    let Some(automated) = automated else {
        let why = "its policy does not sync by itself (spec.syncPolicy.automated)";
        reasons.push(Reason::new(About::Sync, why, by_hand));
        return reasons;
    };
    let refused = app.status.conditions.iter().filter(|c| c.kind == ConditionType::SyncError);
    reasons.extend(
        refused
            .map(|condition| Reason::new(About::Sync, condition.message.clone(), by_hand.clone())),
    );
    let out_of_sync =
        || app.status.resources.iter().filter(|r| r.status == SyncStatusCode::OutOfSync);
    let prunes_only = out_of_sync().next().is_some() && out_of_sync().all(|r| r.requires_pruning);
    let delivered = last.and_then(|state| state.sync_result.as_ref()).is_some_and(|result| {
        result.revision == app.status.sync.revision && result.revisions == app.status.sync.revisions
    });
    if prunes_only && automated.prune != Some(true) {
        reasons.push(Reason::new(
            About::Sync,
            "what Git no longer has is left, as automated syncs do not prune",
            format!("{by_hand} --prune, or set spec.syncPolicy.automated.prune"),
        ));
    } else if delivered && automated.self_heal != Some(true) {
        reasons.push(Reason::new(
            About::Sync,
            "it was delivered at this revision and changed in the cluster since; self-heal is off",
            format!("{by_hand}, or set spec.syncPolicy.automated.selfHeal"),
        ));
    } else if reasons.is_empty() && facts.holds.is_empty() {
        reasons.push(Reason::new(
            About::Sync,
            "an automated sync is due",
            "wait; if it stays so, see the controller's log",
        ));
    }
    reasons
}

fn window(facts: &Facts<'_>, manual: bool, begun: Option<Timestamp>) -> Option<Reason> {
    let project = facts.project?;
    let next = format!(
        "wait for the window, or change spec.syncWindows of AppProject {}",
        facts.app.project()
    );
    match permits_sync(project, facts.app, manual, facts.now, begun) {
        Ok(true) => None,
        Ok(false) => {
            let by = if manual { "syncs" } else { "automated syncs" };
            let what = format!("a sync window of its project keeps {by} from beginning now");
            Some(Reason::new(About::Window, what, next))
        }
        Err(error) => Some(Reason::new(About::Window, error.to_string(), next)),
    }
}
