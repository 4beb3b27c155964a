use super::*;
use crate::dependencies::Name;
use windlass_engine::state::HealthCode;
use windlass_object::{Value, json, patch::apply_merge_patch};

/// What is said of an application whose `changes` are merged over one that is Synced and Healthy:
/// `about: what | next` by line, of what follows only the beginning.
#[track_caller]
fn check(changes: &Value, expected: &[&str]) {
    check_with(changes, &[], &[], &json!({}), expected);
}

#[track_caller]
fn check_with(
    changes: &Value,
    holds: &[Hold],
    health: &[(&str, HealthCode, &str)],
    project: &Value,
    expected: &[&str],
) {
    let mut value = json!({
        "metadata": {"name": "a", "namespace": "argocd"},
        "spec": {"source": {"repoURL": "r", "path": "p"}, "syncPolicy": {"automated": {}}},
        "status": {
            "reconciledAt": "2026-01-01T00:00:00Z",
            "sync": {"status": "Synced", "revision": "1"},
            "health": {"status": "Healthy"},
            "resources": [{"kind": "ConfigMap", "namespace": "n", "name": "c", "status": "Synced"}],
        },
    });
    apply_merge_patch(&mut value, changes);
    let app: Application = serde_json::from_value(value).unwrap();
    let project: AppProject = serde_json::from_value(json!({"spec": project})).unwrap();
    let health = health
        .iter()
        .map(|(name, code, message)| {
            let key = ResourceKey::new("", "ConfigMap", "n", *name);
            (key, Health::new(*code, *message))
        })
        .collect();
    let facts = Facts {
        app: &app,
        project: (app.project() != "none").then_some(&project),
        holds,
        health: &health,
        now: "2026-01-01T12:00:00Z".parse().unwrap(),
    };
    let found: Vec<String> = why(&facts)
        .iter()
        .map(|reason| format!("{:?}: {} | {}", reason.about, reason.what, reason.next))
        .collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\ndoes not begin with\n{expected}");
    }
}

fn out_of_sync(line: &Value) -> Value {
    let mut resource =
        json!({"kind": "ConfigMap", "namespace": "n", "name": "c", "status": "OutOfSync"});
    apply_merge_patch(&mut resource, line);
    json!({"status": {"sync": {"status": "OutOfSync", "revision": "2"}, "resources": [resource]}})
}

fn last(phase: &str, revision: &str, message: &str) -> Value {
    json!({
        "phase": phase, "message": message, "startedAt": "2026-01-01T00:00:00Z",
        "finishedAt": "2026-01-01T00:00:09Z", "operation": {"sync": {}},
        "syncResult": {"revision": revision, "source": {"repoURL": "r"}, "resources": [{
            "kind": "ConfigMap", "namespace": "n", "name": "c", "status": "SyncFailed",
            "hookPhase": "Failed", "syncPhase": "Sync", "message": "no such field",
        }]},
    })
}

#[test]
fn nothing_is_said_of_what_is_well() {
    check(&json!({}), &[]);
}

#[test]
fn who_does_not_look() {
    check(
        &json!({"status": {"reconciledAt": null, "sync": {"status": ""}}}),
        &["Controller: no controller has looked at it yet | start one"],
    );
    check(
        &json!({"metadata": {"annotations": {"argocd.argoproj.io/skip-reconcile": "true"}}}),
        &["Controller: annotation argocd.argoproj.io/skip-reconcile"],
    );
    check(
        &json!({"status": {"health": {"status": "Unknown"}}}),
        &["Controller: it is Synced and Unknown, and nothing stored says why | compare it anew"],
    );
}

#[test]
fn what_is_wrong_with_the_spec_or_the_manifests() {
    check(&json!({"spec": {"project": "none"}}), &["Spec: its project none does not exist"]);
    let condition = |kind: &str| json!({"status": {"sync": {"status": "Unknown"}, "conditions": [{"type": kind, "message": "m"}]}});
    check(&condition("InvalidSpecError"), &["Spec: m | correct the Application's spec"]);
    check(&condition("ComparisonError"), &["Manifests: m | correct what it names in Git"]);
}

#[test]
fn why_no_sync_runs() {
    let differs = "Difference: ConfigMap/c is not as Git says | see how: windlass app diff a";
    check(&out_of_sync(&json!({})), &["Sync: an automated sync is due", differs]);
    let mut manual = out_of_sync(&json!({}));
    manual["spec"] = json!({"syncPolicy": {"automated": {"enabled": false}}});
    check(
        &manual,
        &[
            "Sync: its policy does not sync by itself (spec.syncPolicy.automated) | windlass app sync a",
            differs,
        ],
    );

    let mut healed = out_of_sync(&json!({}));
    healed["status"]["operationState"] = last("Succeeded", "2", "");
    check(&healed, &["Sync: it was delivered at this revision and changed", differs]);

    let mut failed = out_of_sync(&json!({}));
    failed["status"]["operationState"] = last("Failed", "2", "one task failed");
    check(
        &failed,
        &[
            "Sync: the last sync ended as Failed: one task failed | deal with the failure in Git",
            "Sync: ConfigMap/c was refused: no such field | correct it in Git",
            differs,
        ],
    );
    check(
        &out_of_sync(&json!({"requiresPruning": true})),
        &[
            "Sync: what Git no longer has is left, as automated syncs do not prune",
            "Difference: ConfigMap/c is no longer in Git | a sync with pruning",
        ],
    );
    check(
        &out_of_sync(&json!({"requiresPruning": true, "requiresDeletionConfirmation": true})),
        &[
            "Sync: what Git no longer has",
            "Difference: ConfigMap/c is no longer in Git, and a person must agree before it goes | windlass app confirm-deletion a",
        ],
    );
}

#[test]
fn windows_and_dependencies_come_before_what_they_hold_up() {
    let deny = json!({"syncWindows": [
        {"kind": "deny", "schedule": "0 0 * * *", "duration": "24h", "applications": ["*"]},
    ]});
    check_with(
        &out_of_sync(&json!({})),
        &[],
        &[],
        &deny,
        &[
            "Window: a sync window of its project keeps automated syncs from beginning now",
            "Difference",
        ],
    );
    let db = Name { namespace: "argocd".into(), name: "db".into() };
    check_with(
        &out_of_sync(&json!({})),
        &[Hold::Absent(db.clone())],
        &[],
        &json!({}),
        &["Dependency: application argocd/db does not exist | create argocd/db", "Difference"],
    );
    // What it waits for does not matter as long as there is nothing to sync; a cycle does.
    check_with(&json!({}), &[Hold::Absent(db.clone())], &[], &json!({}), &[]);
    check_with(
        &json!({}),
        &[Hold::Cycle(vec![db.clone(), db])],
        &[],
        &json!({}),
        &["Dependency: it waits for itself"],
    );
}

#[test]
fn what_a_running_sync_waits_for() {
    let mut state = last("Running", "2", "waiting for completion of hook batch/Job/h");
    state["finishedAt"] = Value::Null;
    state["syncResult"]["resources"] = json!([
        {"kind": "Job", "name": "h", "namespace": "n", "hookType": "PreSync",
         "hookPhase": "Running", "syncPhase": "PreSync", "message": "it runs"},
        {"kind": "ConfigMap", "name": "c", "namespace": "n", "hookPhase": "Running",
         "syncPhase": "Sync"},
    ]);
    let mut running = out_of_sync(&json!({}));
    running["status"]["operationState"] = state.clone();
    check(
        &running,
        &[
            "Sync: a sync runs: waiting for completion of hook batch/Job/h | wait for it",
            "Sync: PreSync hook Job/h runs: it runs | wait for it",
            "Difference",
        ],
    );
    state["finishedAt"] = json!("2026-01-01T00:00:09Z");
    state["message"] = json!("no. Retrying attempt #1 at 10:00AM.");
    running["status"]["operationState"] = state;
    check(&running, &["Sync: a sync failed: no. Retrying attempt #1", "Difference"]);
}

#[test]
fn objects_that_do_not_work_the_worst_first() {
    let resources = json!([
        {"kind": "ConfigMap", "namespace": "n", "name": "slow", "status": "Synced"},
        {"kind": "ConfigMap", "namespace": "n", "name": "bad", "status": "Synced"},
        {"kind": "ConfigMap", "namespace": "n", "name": "good", "status": "Synced",
         "health": {"status": "Healthy"}},
    ]);
    check_with(
        &json!({"status": {"health": {"status": "Degraded"}, "resources": resources}}),
        &[],
        &[("slow", HealthCode::Progressing, "1 of 2"), ("bad", HealthCode::Degraded, "it broke")],
        &json!({}),
        &[
            "Health: ConfigMap/bad is Degraded: it broke | kubectl -n n describe configmap bad",
            "Health: ConfigMap/slow is Progressing: 1 of 2 | wait for it",
        ],
    );
}

#[test]
fn a_deletion_is_told_by_its_stage() {
    let deleted = |finalizers: &[&str]| json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": finalizers}});
    let objects = "resources-finalizer.argocd.argoproj.io";
    check(
        &deleted(&[objects, FINALIZER_PRE_DELETE]),
        &["Deletion: it is being deleted: its PreDelete hooks run"],
    );
    check(
        &deleted(&[objects, FINALIZER_POST_DELETE]),
        &["Deletion: it is being deleted: its objects go first"],
    );
    check(
        &deleted(&[FINALIZER_POST_DELETE]),
        &["Deletion: it is being deleted: its PostDelete hooks run"],
    );
    let mut failed = deleted(&[FINALIZER_PRE_DELETE]);
    failed["status"] = json!({"conditions": [{"type": "DeletionError", "message": "hook failed"}]});
    check(&failed, &["Deletion: hook failed | deal with", "Deletion: it is being deleted"]);
}
