//! The controller on a real Kubernetes, in this process.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // As in all tests; helpers are not told apart.

mod charts;
mod draws;
mod lookup;
mod world;

use std::time::{Duration, Instant};

use windlass_object::{Value, json};
use windlass_testkit::available;
use world::{World, config_map, deployment};

#[tokio::test(flavor = "multi_thread")]
async fn delivers_follows_heals_prunes_and_deletes() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let world = World::start("delivery").await;
    let demo = world.unique();
    let first = world.commit(&[
        ("app/a.yaml", &config_map("a", "1")),
        ("app/b.yaml", &config_map("b", "1")),
        ("app/web.yaml", &deployment("web")),
    ]);
    world.create(&demo, "app", json!({"automated": {"prune": true, "selfHeal": true}}), true).await;
    let app = world.until(&demo, "delivered", |app| delivered(app, &first)).await;
    let state = &app["status"]["operationState"];
    assert_eq!(state["phase"], "Succeeded");
    assert_eq!(state["message"], "successfully synced (all tasks run)");
    assert_eq!(state["syncResult"]["revision"], first.as_str());
    let mut said: Vec<&str> = state["syncResult"]["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["message"].as_str().unwrap())
        .collect();
    said.sort_unstable();
    assert_eq!(said, ["configmap/a created", "configmap/b created", "deployment.apps/web created"]);
    assert_eq!(app["status"]["sourceType"], "Directory");
    assert_eq!(app["status"]["history"][0]["revision"], first.as_str());
    assert_eq!(app["status"]["resources"].as_array().unwrap().len(), 3);
    world
        .until(&demo, "the summary names the image", |app| {
            app["status"]["summary"]["images"] == json!(["nginx:1.29"])
        })
        .await;

    // A commit that touches other paths: the revision follows, nothing is delivered.
    let other = world.commit(&[("elsewhere/x.yaml", &config_map("x", "1"))]);
    world.pushed();
    let app = world.until(&demo, "the revision follows", |app| delivered(app, &other)).await;
    assert_eq!(app["status"]["operationState"]["syncResult"]["revision"], first.as_str());

    // A commit that changes one object and removes another.
    std::fs::remove_file(world.repository.work().join("app/b.yaml")).unwrap();
    let second = world.commit(&[("app/a.yaml", &config_map("a", "2"))]);
    world.pushed();
    let app = world
        .until(&demo, "the second revision is delivered", |app| {
            delivered(app, &second)
                && app["status"]["operationState"]["syncResult"]["revision"] == second.as_str()
        })
        .await;
    assert_eq!(world.kubectl(&["get", "cm", "a", "-o", "jsonpath={.data.key}"]), "2");
    assert_eq!(world.kubectl(&["get", "cm", "b", "--ignore-not-found", "-o", "name"]), "");

    // Nothing differs after a sync that pruned, so nothing is healed before there is drift.
    let heals = &app["status"]["operationState"]["operation"]["sync"]["autoHealAttemptsCount"];
    assert!(heals.is_null(), "{app:#}");

    // Drift is healed.
    world.kubectl(&["patch", "cm", "a", "-p", r#"{"data":{"key":"drift"}}"#]);
    world
        .until(&demo, "healed", |app| {
            app["status"]["operationState"]["operation"]["sync"]["autoHealAttemptsCount"] == 1
                && delivered(app, &second)
        })
        .await;
    assert_eq!(world.kubectl(&["get", "cm", "a", "-o", "jsonpath={.data.key}"]), "2");

    let metrics = world.controller.metrics();
    for name in ["argocd_app_sync_total", "argocd_app_k8s_request_total", "argocd_cluster_info"] {
        assert!(metrics.contains(name), "{metrics}");
    }

    // Deleted with its objects.
    world.delete(&demo).await;
    world.until_gone(&demo).await;
    assert_eq!(world.kubectl(&["get", "cm", "a", "--ignore-not-found", "-o", "name"]), "");
}

fn delivered(app: &Value, revision: &str) -> bool {
    let status = &app["status"];
    status["sync"]["status"] == "Synced"
        && status["sync"]["revision"] == revision
        && status["health"]["status"] == "Healthy"
        && app["operation"].is_null()
        && status["operationState"]["phase"] == "Succeeded"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_tells_of_is_found_by_time() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let world = World::start("by-time").await;
    let demo = world.unique();
    let first = world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    world.create(&demo, "app", json!({"automated": {}}), false).await;
    world.until(&demo, "delivered", |app| delivered(app, &first)).await;

    // No webhook comes; the repository is one on this disk, which is asked every second.
    let other = world.commit(&[("elsewhere/x.yaml", &config_map("x", "1"))]);
    world.until(&demo, "the revision follows", |app| delivered(app, &other)).await;

    // What somebody wrote into the status does not stay, although nothing differs in the cluster.
    let lie = json!({"status": {"health": {"status": "Degraded"}, "sync": {"revision": first}}});
    world.patch(&demo, &lie).await;
    world.until(&demo, "the status is true again", |app| delivered(app, &other)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_shows_within_a_second_and_bad_manifests_stop_nothing_else() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let world = World::start("drift").await;
    let demo = world.unique();
    let first = world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    world.create(&demo, "app", json!({}), false).await;
    let app = world
        .until(&demo, "compared", |app| {
            app["status"]["sync"]["status"] == "OutOfSync"
                && app["status"]["health"]["status"] == "Missing"
        })
        .await;
    assert!(app["status"]["operationState"].is_null());

    // Synced on demand.
    let operation = json!({"operation": {
        "initiatedBy": {"username": "me"}, "sync": {"revision": first, "prune": true},
    }});
    world.patch(&demo, &operation).await;
    world.until(&demo, "synced on demand", |app| delivered(app, &first)).await;

    // A busy machine takes longer at times, but not each time.
    let mut took = Vec::new();
    while took.iter().all(|seen| *seen >= Duration::from_secs(1)) {
        assert!(took.len() < 20, "drift took {took:?}");
        if !took.is_empty() {
            world.patch(&demo, &operation).await;
            world.until(&demo, "synced again", |app| delivered(app, &first)).await;
        }
        world.kubectl(&["patch", "cm", "a", "-p", r#"{"data":{"key":"drift"}}"#]);
        let patched = Instant::now();
        let is_other = |app: &Value| app["status"]["sync"]["status"] == "OutOfSync";
        world.until(&demo, "drift shows", is_other).await;
        took.push(patched.elapsed());
    }

    // A bad manifest beside a good one.
    world.commit(&[("app/bad.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: [\n")]);
    world.pushed();
    let app = world
        .until(&demo, "the bad manifest is told", |app| {
            app["status"]["sync"]["status"] == "Unknown"
        })
        .await;
    let conditions = app["status"]["conditions"].as_array().unwrap();
    let message = conditions[0]["message"].as_str().unwrap();
    assert_eq!(conditions[0]["type"], "ComparisonError");
    assert!(message.contains("app/bad.yaml:"), "{message}");
    let lines = app["status"]["resources"].as_array().unwrap();
    assert_eq!(lines[0]["status"], "OutOfSync");

    // A destination that is not there.
    let patch = json!({"spec": {"destination": {"name": "nowhere", "server": null}}});
    world.patch(&demo, &patch).await;
    let told = |app: &Value| {
        let conditions = app["status"]["conditions"].as_array().into_iter().flatten();
        let mut of_spec = conditions.filter(|c| c["type"] == "InvalidSpecError");
        of_spec.next().map(|condition| condition["message"].clone())
    };
    // As in Argo CD, what the comparison before found stays beside it.
    let app = world.until(&demo, "the destination is told", |app| told(app).is_some()).await;
    assert_eq!(told(&app).unwrap(), "there are no clusters with this name: nowhere");
}
