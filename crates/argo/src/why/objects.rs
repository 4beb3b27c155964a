//! The objects' part in it.

use windlass_engine::state::{HealthCode, OperationPhase};
use windlass_object::ResourceKey;

use super::{About, Facts, Reason};
use crate::types::{Application, ConditionType, OperationState, SyncStatusCode};

/// Objects that are told one by one; of more than these only how many.
const TOLD: usize = 20;

fn about(about: About, key: &ResourceKey, what: String, next: String) -> Reason {
    Reason { about, object: Some(key.to_string()), what, next }
}

/// The first of them, and how many more there are.
fn bounded(mut reasons: Vec<Reason>, kind: About) -> Vec<Reason> {
    if reasons.len() > TOLD {
        let more = reasons.len() - TOLD;
        reasons.truncate(TOLD);
        let next = "see them: windlass app resources";
        reasons.push(Reason::new(kind, format!("and {more} more objects"), next));
    }
    reasons
}

/// What somebody has changed in the cluster, and objects that differ.
pub(super) fn differences(app: &Application) -> Vec<Reason> {
    let drift = app.status.conditions.iter().filter(|c| c.kind == ConditionType::DriftWarning);
    let drift = drift.map(|condition| {
        let name = app.name();
        let next = format!(
            "undo it: windlass app sync {name}; or take it into Git, or into spec.ignoreDifferences"
        );
        Reason::new(About::Difference, condition.message.clone(), next)
    });
    drift.chain(objects(app)).collect()
}

fn objects(app: &Application) -> Vec<Reason> {
    let lines = app.status.resources.iter().filter(|r| r.status == SyncStatusCode::OutOfSync);
    let reasons = lines.map(|line| {
        let key = line.key();
        let (name, shown) = (app.name(), format!("{}/{}", line.kind, line.name));
        let confirm = line.requires_deletion_confirmation && line.requires_pruning;
        let (what, next) = if confirm {
            (
                format!("{shown} is no longer in Git, and a person must agree before it goes"),
                format!("windlass app confirm-deletion {name}"),
            )
        } else if line.requires_pruning {
            (
                format!("{shown} is no longer in Git"),
                format!("a sync with pruning deletes it: windlass app sync {name} --prune"),
            )
        } else {
            (format!("{shown} is not as Git says"), format!("see how: windlass app diff {name}"))
        };
        about(About::Difference, &key, what, next)
    });
    bounded(reasons.collect(), About::Difference)
}

/// Objects that do not work.
pub(super) fn health(facts: &Facts<'_>) -> Vec<Reason> {
    let app = facts.app;
    let mut found: Vec<(HealthCode, Reason)> = Vec::new();
    for line in &app.status.resources {
        let key = line.key();
        let stored = line.health.as_ref().and_then(|h| Some((h.status?, h.message.clone())));
        let live = facts.health.get(&key).map(|h| (h.status, h.message.clone()));
        let Some((code, message)) = live.or(stored) else { continue };
        // An object that is to be made has been told as a difference.
        if code == HealthCode::Healthy || (code == HealthCode::Missing && !line.hook) {
            continue;
        }
        let shown = format!("{}/{}", line.kind, line.name);
        let colon = if message.is_empty() { "" } else { ": " };
        let place = if line.namespace.is_empty() {
            String::new()
        } else {
            format!(" -n {}", line.namespace)
        };
        let look = format!("kubectl{place} describe {} {}", line.kind.to_lowercase(), line.name);
        let next = match code {
            HealthCode::Progressing => format!("wait for it; if it stays so: {look}"),
            HealthCode::Suspended => {
                format!("resume it (windlass app actions list {})", app.name())
            }
            _ => format!("{look}; windlass app logs {}", app.name()),
        };
        let what = format!("{shown} is {code}{colon}{message}");
        found.push((code, about(About::Health, &key, what, next)));
    }
    found.sort_by_key(|(code, _)| std::cmp::Reverse(*code));
    bounded(found.into_iter().map(|(_, reason)| reason).collect(), About::Health)
}

/// Objects of a sync that are under way, or that failed.
pub(super) fn results(state: &OperationState, phase: OperationPhase) -> Vec<Reason> {
    let Some(result) = &state.sync_result else { return Vec::new() };
    let is = |found: OperationPhase| match phase {
        OperationPhase::Running => found == phase,
        _ => matches!(found, OperationPhase::Failed | OperationPhase::Error),
    };
    let reasons =
        result.resources.iter().filter(|r| r.hook_phase.is_some_and(is)).filter_map(|r| {
            let shown = format!("{}/{}", r.kind, r.name);
            let is_hook = r.hook_type.is_some();
            // An applied object is Running until its wave is over; that alone holds nothing up.
            if phase == OperationPhase::Running && !is_hook {
                return None;
            }
            let (what, next) = match (r.hook_type, phase) {
                (Some(kind), OperationPhase::Running) => (
                    format!("{kind} hook {shown} runs: {}", r.message),
                    "wait for it, or see its logs",
                ),
                (Some(kind), _) => (
                    format!("{kind} hook {shown} failed: {}", r.message),
                    "see its logs, correct it in Git",
                ),
                (None, _) => (format!("{shown} was refused: {}", r.message), "correct it in Git"),
            };
            Some(about(About::Sync, &r.key(), what, next.to_owned()))
        });
    bounded(reasons.collect(), About::Sync)
}
