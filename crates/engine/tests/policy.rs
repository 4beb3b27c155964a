//! When to sync by itself, and what to delete when an application goes.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use jiff::Timestamp;
use support::objects;
use windlass_engine::policy::{
    Attempt, Automated, Decision, Deletion, DeletionSettings, SelfHealBackoff, Situation, decide,
    is_confirmed, keep_latest, next_deletion,
};
use windlass_engine::state::{OperationPhase, ResourceStatus, SyncStatusCode};
use windlass_object::{Object, ResourceKey};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

/// `a` is in sync, `b!` is not, `c-` is superfluous.
fn resources(text: &str) -> Vec<ResourceStatus> {
    text.split_whitespace()
        .map(|word| {
            let synced = word.chars().all(char::is_alphanumeric);
            ResourceStatus {
                kind: "ConfigMap".into(),
                name: word.trim_end_matches(['!', '-']).into(),
                status: Some(if synced {
                    SyncStatusCode::Synced
                } else {
                    SyncStatusCode::OutOfSync
                }),
                requires_pruning: word.ends_with('-'),
                ..ResourceStatus::default()
            }
        })
        .collect()
}

struct Case {
    policy: Option<Automated>,
    resources: &'static str,
    last: Option<Attempt>,
    sync: SyncStatusCode,
    backoff: SelfHealBackoff,
    now: i64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            policy: Some(Automated::default()),
            resources: "a b!",
            last: None,
            sync: SyncStatusCode::OutOfSync,
            backoff: SelfHealBackoff::default(),
            now: 0,
        }
    }
}

fn attempt(revision: &str, phase: OperationPhase) -> Attempt {
    Attempt {
        phase,
        message: "why".into(),
        revisions: Some(vec![revision.into()]),
        same_sources: true,
        finished_at: Some(at(0)),
        self_heal_attempts: 0,
    }
}

#[track_caller]
fn check(case: &Case, expected: &str) {
    let resources = resources(case.resources);
    let revisions = ["r1".to_owned()];
    let decision = decide(&Situation {
        policy: case.policy,
        operating: false,
        deleting: false,
        sync: case.sync,
        resources: &resources,
        revisions: &revisions,
        compare_revisions: true,
        last: case.last.as_ref(),
        backoff: case.backoff,
        now: at(case.now),
    });
    let told = match decision {
        Decision::Sync { prune, resources, self_heal_attempts, message } => {
            let names: Vec<String> = resources.into_iter().map(|r| r.name).collect();
            format!("sync prune={prune} {names:?} attempt={self_heal_attempts}: {message}")
        }
        Decision::Skip { reason, condition, until } => {
            let mark = if condition.is_some() { "error" } else { "skip" };
            let until = until.map(|t| format!(" until {}", t.duration_since(at(0)).as_secs()));
            format!("{mark}{}: {reason}", until.unwrap_or_default())
        }
    };
    assert_eq!(told, expected);
}

#[test]
fn a_revision_is_synced_once() {
    let policy = |prune, self_heal| Some(Automated { prune, self_heal, ..Automated::default() });
    let done = |revision| Some(attempt(revision, OperationPhase::Succeeded));
    check(&Case::default(), "sync prune=false [] attempt=0: Initiated automated sync to 'r1'");
    check(&Case { policy: None, ..Case::default() }, "skip: automated sync is off");
    let off = Some(Automated { enabled: Some(false), ..Automated::default() });
    check(&Case { policy: off, ..Case::default() }, "skip: automated sync is off");
    check(
        &Case { sync: SyncStatusCode::Unknown, ..Case::default() },
        "skip: application status is Unknown",
    );
    check(&Case { last: done("r1"), ..Case::default() }, "skip: most recent sync already to [r1]");
    check(
        &Case { last: done("r0"), ..Case::default() },
        "sync prune=false [] attempt=0: Initiated automated sync to 'r1'",
    );
    check(
        &Case {
            last: Some(attempt("r1", OperationPhase::Failed)),
            policy: policy(true, true),
            ..Case::default()
        },
        "error: Failed last sync attempt to [r1]: why",
    );
    let early = Attempt { revisions: None, ..attempt("", OperationPhase::Error) };
    check(
        &Case { last: Some(early), ..Case::default() },
        "error: Failed last sync attempt to []: why",
    );
    let other = Attempt { same_sources: false, ..attempt("r1", OperationPhase::Failed) };
    check(
        &Case { last: Some(other), ..Case::default() },
        "sync prune=false [] attempt=0: Initiated automated sync to 'r1'",
    );
}

#[test]
fn pruning_has_bounds() {
    let prune = Some(Automated { prune: true, ..Automated::default() });
    check(
        &Case { resources: "a b-", ..Case::default() },
        "skip: need to prune extra resources only but automated prune is disabled",
    );
    check(
        &Case { resources: "a b-", policy: prune, ..Case::default() },
        "sync prune=true [] attempt=0: Initiated automated sync to 'r1'",
    );
    check(
        &Case { resources: "a- b-", policy: prune, ..Case::default() },
        "error: Skipping sync attempt to [r1]: auto-sync will wipe out all resources",
    );
    let empty = Some(Automated { prune: true, allow_empty: true, ..Automated::default() });
    check(
        &Case { resources: "a- b-", policy: empty, ..Case::default() },
        "sync prune=true [] attempt=0: Initiated automated sync to 'r1'",
    );
}

#[test]
fn self_heal_slows_down() {
    let heal = Some(Automated { self_heal: true, ..Automated::default() });
    let after = |attempts, now| Case {
        policy: heal,
        last: Some(Attempt {
            self_heal_attempts: attempts,
            ..attempt("r1", OperationPhase::Succeeded)
        }),
        now,
        ..Case::default()
    };
    check(&after(0, 0), "sync prune=false [\"b\"] attempt=1: Initiated automated sync to 'r1'");
    check(
        &after(2, 5),
        "skip until 6: already attempted sync to [r1], self-heal waits until 2026-01-01T00:00:06Z",
    );
    check(&after(2, 6), "sync prune=false [\"b\"] attempt=3: Initiated automated sync to 'r1'");
    // What held for long is forgotten: drift of another week waits for nothing.
    check(&after(7, 329), "sync prune=false [\"b\"] attempt=8: Initiated automated sync to 'r1'");
    check(&after(7, 330), "sync prune=false [\"b\"] attempt=1: Initiated automated sync to 'r1'");
    // Nobody asks in between: it is looked at again when a rest has been long enough, not only after the pause.
    let cools = SelfHealBackoff {
        cooldown: std::time::Duration::from_secs(10),
        ..SelfHealBackoff::default()
    };
    check(
        &Case { backoff: cools, ..after(7, 5) },
        "skip until 10: already attempted sync to [r1], self-heal waits until 2026-01-01T00:00:10Z",
    );
    check(
        &Case { backoff: cools, ..after(7, 10) },
        "sync prune=false [\"b\"] attempt=1: Initiated automated sync to 'r1'",
    );
    let fixed = SelfHealBackoff {
        first: std::time::Duration::ZERO,
        fixed: std::time::Duration::from_secs(7),
        ..SelfHealBackoff::default()
    };
    assert_eq!([fixed.after(0).as_secs(), fixed.after(9).as_secs()], [7, 7]);
    let pauses: Vec<u64> = (0..8).map(|n| SelfHealBackoff::default().after(n).as_secs()).collect();
    assert_eq!(pauses, [0, 2, 6, 18, 54, 162, 300, 300]);
    assert_eq!(SelfHealBackoff::default().after(i64::MAX).as_secs(), 300);
}

const APPLICATION: &str = "
{apiVersion: v1, kind: ConfigMap, metadata: {name: first, namespace: ns}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: last, namespace: ns, annotations: {argocd.argoproj.io/sync-wave: '2'}}}
---
{apiVersion: v1, kind: Secret, metadata: {name: kept, namespace: ns, annotations: {argocd.argoproj.io/sync-options: Delete=false}}}
---
{apiVersion: v1, kind: Secret, metadata: {name: helm, namespace: ns, annotations: {helm.sh/resource-policy: keep}}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: crd}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: self, namespace: argocd}}
";

fn live(text: &str) -> Vec<Arc<Object>> {
    objects(text).into_iter().map(Arc::new).collect()
}

fn settings() -> DeletionSettings<'static> {
    DeletionSettings {
        key: ResourceKey::new("argoproj.io", "Application", "argocd", "self"),
        delete_default: None,
        prune_default: None,
        confirmed: false,
    }
}

fn names(deletion: Deletion) -> Vec<String> {
    match deletion {
        Deletion::Delete(objects) => objects.iter().map(|o| o.name().to_owned()).collect(),
        Deletion::Await(keys) => keys.iter().map(|k| format!("await {}", k.name)).collect(),
        Deletion::Confirm(key) => vec![format!("confirm {}", key.name)],
        Deletion::Done => vec![],
    }
}

#[test]
fn an_application_goes_wave_by_wave_the_last_first() {
    let mut live = live(APPLICATION);
    assert_eq!(names(next_deletion(&live, &settings())), ["last"]);

    let mut going = (*live[1]).clone();
    going.set(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z");
    live[1] = Arc::new(going);
    assert_eq!(names(next_deletion(&live, &settings())), ["await last"]);

    live.remove(1);
    assert_eq!(names(next_deletion(&live, &settings())), ["first"]);
    live.remove(0);
    assert_eq!(next_deletion(&live, &settings()), Deletion::Done);
}

#[test]
fn deletion_asks_first_where_it_must() {
    let live = live(APPLICATION);
    let asks = DeletionSettings { delete_default: Some("confirm"), ..settings() };
    assert_eq!(names(next_deletion(&live, &asks)), ["confirm first"]);
    let agreed = DeletionSettings { confirmed: true, ..asks };
    assert_eq!(names(next_deletion(&live, &agreed)), ["last"]);
    let never = DeletionSettings { delete_default: Some("false"), ..settings() };
    assert_eq!(next_deletion(&live, &never), Deletion::Done);

    assert!(is_confirmed(Some("2026-01-01T00:00:00Z"), at(0)));
    assert!(!is_confirmed(Some("2026-01-01T00:00:00Z"), at(1)));
    assert!(!is_confirmed(Some("yes"), at(0)));
    assert!(!is_confirmed(None, at(0)));
}

#[test]
fn history_keeps_the_latest() {
    let kept = |limit| {
        let mut history = vec![1, 2, 3];
        keep_latest(&mut history, limit);
        history
    };
    assert_eq!(kept(10), [1, 2, 3]);
    assert_eq!(kept(2), [2, 3]);
    assert_eq!(kept(0), [] as [i32; 0]);
    assert_eq!(kept(-1), [] as [i32; 0]);
}
