//! What controllers do as time passes: the world and the time are arguments.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_object::Object;

use crate::plan::{Action, Plan};
use crate::resource::Kind;
use crate::world::World;
use crate::{cronjob, deployment, job};

const CREATED: &str = "2026-01-01T00:00:00Z";

fn at(seconds: i64) -> Timestamp {
    let created: Timestamp = CREATED.parse().unwrap();
    created + jiff::SignedDuration::from_secs(seconds)
}

fn object(kind: Kind, spec: &Value, status: &Value) -> Object {
    Object::try_from(json!({
        "apiVersion": kind.resource().api_version(), "kind": kind.resource().kind,
        "metadata": {"name": "x", "namespace": "n", "uid": "u", "resourceVersion": "1",
            "generation": 1, "creationTimestamp": CREATED},
        "spec": spec, "status": status,
    }))
    .unwrap()
}

/// The value at a JSON pointer of the status that the plan writes.
fn status(plan: &Plan, pointer: &str) -> Option<Value> {
    plan.actions.iter().find_map(|action| match action {
        Action::Patch { subresource: "status", patch, .. } => {
            patch.pointer(&format!("/status{pointer}")).cloned()
        }
        _ => None,
    })
}

#[test]
fn a_rollout_that_stands_still_exceeds_its_deadline() {
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {}});
    let condition = json!({"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated",
        "lastUpdateTime": CREATED, "lastTransitionTime": CREATED});
    let subject = object(
        Kind::Deployment,
        &json!({"replicas": 1, "progressDeadlineSeconds": 60, "template": template,
            "selector": {"matchLabels": {"a": "b"}}}),
        &json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
            "unavailableReplicas": 1, "conditions": [condition]}),
    );
    let mut set = object(
        Kind::ReplicaSet,
        &json!({"replicas": 1, "template": template}),
        &json!({"replicas": 1, "observedGeneration": 1}),
    );
    set.set(&["metadata", "uid"], "set");
    for (name, value) in [("desired-replicas", "1"), ("revision", "1"), ("max-replicas", "2")] {
        set.set_annotation(&format!("deployment.kubernetes.io/{name}"), value);
    }
    let owner = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "x", "uid": "u",
        "controller": true}]);
    set.set(&["metadata", "ownerReferences"], owner);
    let mut world = World::default();
    world.put(Kind::Deployment.into(), subject.clone());
    world.put(Kind::ReplicaSet.into(), set);

    let waiting = deployment::reconcile(&world, &subject, at(50));
    assert_eq!(waiting.again, Some(Duration::from_secs(11)));
    let late = deployment::reconcile(&world, &subject, at(61));
    let conditions = status(&late, "/conditions").unwrap();
    let progressing = conditions.as_array().unwrap().iter().find(|c| c["type"] == "Progressing");
    assert_eq!(progressing.unwrap()["reason"], "ProgressDeadlineExceeded");
}

#[test]
fn a_job_that_takes_too_long_fails_and_a_finished_one_expires() {
    let spec = json!({"activeDeadlineSeconds": 30, "completions": 1, "ttlSecondsAfterFinished": 5});
    let running = object(Kind::Job, &spec, &json!({"startTime": CREATED, "ready": 0}));
    let plan = job::reconcile(&World::default(), &running, at(10));
    assert_eq!(plan.again, Some(Duration::from_secs(20)));
    let plan = job::reconcile(&World::default(), &running, at(30));
    assert_eq!(status(&plan, "/conditions/1/reason"), Some(json!("DeadlineExceeded")));

    let ended = json!({"conditions": [
        {"type": "Complete", "status": "True", "lastTransitionTime": CREATED}]});
    let finished = object(Kind::Job, &spec, &ended);
    let plan = job::reconcile(&World::default(), &finished, at(2));
    assert_eq!(plan.again, Some(Duration::from_secs(3)));
    let plan = job::reconcile(&World::default(), &finished, at(5));
    assert!(matches!(plan.actions[..], [Action::Delete { .. }]), "{plan:?}");
}

#[test]
fn a_cron_job_starts_jobs_at_its_times() {
    let check = |spec: Value, seconds: i64, expected: Option<&str>| {
        let mut spec = spec;
        spec["schedule"] = json!("*/5 * * * *");
        let cron = object(Kind::CronJob, &spec, &json!({}));
        let plan = cronjob::reconcile(&World::default(), &cron, at(seconds));
        let scheduled = plan.actions.iter().find_map(|action| match action {
            Action::Create { object, .. } => {
                object.annotation("batch.kubernetes.io/cronjob-scheduled-timestamp")
            }
            _ => None,
        });
        assert_eq!(scheduled, expected, "after {seconds} s");
    };
    check(json!({}), 299, None);
    check(json!({}), 300, Some("2026-01-01T00:05:00Z"));
    // Times that were missed are made up for by the last of them.
    check(json!({}), 1000, Some("2026-01-01T00:15:00Z"));
    check(json!({"startingDeadlineSeconds": 10}), 1000, None);
    check(json!({"suspend": true}), 300, None);
}
