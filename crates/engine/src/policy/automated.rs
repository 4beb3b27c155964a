//! Automated sync and self-heal.
//!
//! A revision is synced once: an application may stay out of sync after it (pruning is off, a
//! field drifts), and would be synced for ever. What failed is not tried again by itself, beyond
//! its retries. What succeeded is synced again only by self-heal, only the objects that differ,
//! and ever less often.

use std::time::Duration;

use jiff::Timestamp;

use crate::state::{Condition, ConditionType, OperationPhase, ResourceStatus, SyncStatusCode};

/// `syncPolicy.automated`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Automated {
    /// Whether it is on; none is on.
    pub enabled: Option<bool>,
    /// Delete what Git no longer has.
    pub prune: bool,
    /// Undo changes in the cluster.
    pub self_heal: bool,
    /// Allow all objects to be pruned.
    pub allow_empty: bool,
}

/// The last operation, from `status.operationState`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// How it ended.
    pub phase: OperationPhase,
    /// Why.
    pub message: String,
    /// Revisions that it synced; none if it has no result.
    pub revisions: Option<Vec<String>>,
    /// Whether its sources are those of the application's spec.
    pub same_sources: bool,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Self-heal attempts in a row, it among them.
    pub self_heal_attempts: i64,
}

/// Pause before self-heal: `first · factor^(attempts − 1)`, at most `cap`; none before the first
/// attempt. Without `first` it is always `fixed`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SelfHealBackoff {
    /// Pause after the first attempt.
    pub first: Duration,
    /// Growth.
    pub factor: f64,
    /// Longest pause.
    pub cap: Duration,
    /// Pause where there is no `first`.
    pub fixed: Duration,
    /// After a success that lasted so long attempts are counted anew.
    pub cooldown: Duration,
}

impl Default for SelfHealBackoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(2),
            factor: 3.0,
            cap: Duration::from_secs(300),
            fixed: Duration::ZERO,
            cooldown: Duration::from_secs(330),
        }
    }
}

impl SelfHealBackoff {
    /// Pause after so many attempts in a row.
    pub fn after(&self, attempts: i64) -> Duration {
        if self.first.is_zero() {
            return self.fixed;
        }
        if attempts < 1 {
            return Duration::ZERO;
        }
        let pause = self.first.as_secs_f64() * self.factor.powf((attempts - 1) as f64);
        Duration::try_from_secs_f64(pause.min(self.cap.as_secs_f64())).unwrap_or(self.cap)
    }
}

/// What the decision rests on.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The policy; none if there is none.
    pub policy: Option<Automated>,
    /// Whether an operation is asked for or under way.
    pub operating: bool,
    /// Whether the application is being deleted.
    pub deleting: bool,
    /// Sync status.
    pub sync: SyncStatusCode,
    /// Objects.
    pub resources: &'a [ResourceStatus],
    /// Revisions of the sources, resolved.
    pub revisions: &'a [String],
    /// Whether a new revision counts although nothing that was read has changed. Without it only
    /// changed sources do.
    pub compare_revisions: bool,
    /// The last operation.
    pub last: Option<&'a Attempt>,
    /// Pauses of self-heal.
    pub backoff: SelfHealBackoff,
    /// The time now.
    pub now: Timestamp,
}

/// An object that an operation is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
}

/// Whether to sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start an operation.
    Sync {
        /// Delete what Git no longer has.
        prune: bool,
        /// The objects that self-heal is limited to; empty for all.
        resources: Vec<Selected>,
        /// Self-heal attempts in a row, this among them.
        self_heal_attempts: i64,
        /// Message of the event.
        message: String,
    },
    /// Do not.
    Skip {
        /// Why.
        reason: String,
        /// What a person should know.
        condition: Option<Condition>,
        /// When to decide again.
        until: Option<Timestamp>,
    },
}

fn skip(reason: impl Into<String>) -> Decision {
    Decision::Skip { reason: reason.into(), condition: None, until: None }
}

fn refuse(message: String) -> Decision {
    let condition = Condition::new(ConditionType::SyncError, message.clone());
    Decision::Skip { reason: message, condition: Some(condition), until: None }
}

/// Decides whether to sync now.
pub fn decide(situation: &Situation<'_>) -> Decision {
    let Some(policy) = situation.policy.filter(|policy| policy.enabled != Some(false)) else {
        return skip("automated sync is off");
    };
    if situation.operating {
        return skip("another operation is in progress");
    }
    if situation.deleting {
        return skip("deletion in progress");
    }
    if situation.sync != SyncStatusCode::OutOfSync {
        return skip(format!("application status is {}", situation.sync));
    }
    let pending = |r: &&ResourceStatus| r.status != Some(SyncStatusCode::Synced);
    if !policy.prune && situation.resources.iter().filter(pending).all(|r| r.requires_pruning) {
        return skip("need to prune extra resources only but automated prune is disabled");
    }

    let mut attempts = 0;
    let mut resources = Vec::new();
    let wanted = list(situation.revisions);
    if let Some(last) = situation.last.filter(|last| is_repeat(last, situation)) {
        let tried = list(last.revisions.as_deref().unwrap_or_default());
        if last.phase != OperationPhase::Succeeded {
            return refuse(format!("Failed last sync attempt to {tried}: {}", last.message));
        }
        if !policy.self_heal {
            return skip(format!("most recent sync already to {wanted}"));
        }
        let since = last.finished_at.unwrap_or(situation.now);
        let rested = situation.now.duration_since(since).unsigned_abs();
        let cooled = last.finished_at.is_none() || rested >= situation.backoff.cooldown;
        let before = if cooled { 0 } else { last.self_heal_attempts };
        // When it has rested long enough the first pause is what counts again.
        let anew = situation.backoff.cooldown.max(situation.backoff.after(0));
        let pause = situation.backoff.after(before);
        let pause = if cooled { pause } else { pause.min(anew) };
        let until = since.saturating_add(pause).unwrap_or(Timestamp::MAX);
        if until > situation.now {
            return Decision::Skip {
                reason: format!("already attempted sync to {tried}, self-heal waits until {until}"),
                condition: None,
                until: Some(until),
            };
        }
        attempts = before + 1;
        resources.extend(situation.resources.iter().filter(pending).map(|r| Selected {
            group: r.group.clone(),
            kind: r.kind.clone(),
            name: r.name.clone(),
        }));
    }
    let wiped = situation.resources.iter().all(|r| r.requires_pruning);
    if policy.prune && !policy.allow_empty && wiped {
        return refuse(format!(
            "Skipping sync attempt to {wanted}: auto-sync will wipe out all resources"
        ));
    }
    Decision::Sync {
        prune: policy.prune,
        resources,
        self_heal_attempts: attempts,
        message: format!("Initiated automated sync to '{}'", situation.revisions.join(", ")),
    }
}

/// Whether the last operation was this very sync.
fn is_repeat(last: &Attempt, situation: &Situation<'_>) -> bool {
    let Some(revisions) = &last.revisions else {
        // Without a result it failed early, and has been retried.
        return last.phase.is_completed();
    };
    if situation.compare_revisions && revisions != situation.revisions {
        return false;
    }
    last.same_sources
}

/// A list as Go prints it.
fn list(items: &[String]) -> String {
    format!("[{}]", items.join(" "))
}
