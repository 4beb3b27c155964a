//! Syncs, told as stories: what was done in which order, and what the results say.

mod support;

use std::time::Duration;

use support::{Story, object};
use windlass_engine::state::OperationPhase;
use windlass_engine::sync::{Change, Options, Outcome, Wait, plan, step};

/// Compares line by line, whatever the indentation.
#[track_caller]
fn check(story: &Story, expected: &str) {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect()
    };
    let (told, expected) = (lines(&story.told()), lines(expected));
    assert_eq!(told, expected, "\n{}", story.told());
}

fn config_map(name: &str, annotations: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: ns, annotations: {{{annotations}}}}}\n"
    )
}

fn deployment(name: &str, annotations: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: ns, annotations: {{{annotations}}}}}\n"
    )
}

fn job(name: &str, hook: &str, more: &str) -> String {
    let annotations = format!("argocd.argoproj.io/hook: {hook}{more}");
    format!(
        "---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, namespace: ns, annotations: {{{annotations}}}}}\n"
    )
}

fn wave(n: i64) -> String {
    format!("argocd.argoproj.io/sync-wave: '{n}'")
}

#[test]
fn one_wave_ends_when_it_is_applied() {
    let mut story =
        Story::new(&(deployment("web", "") + &config_map("b", "") + &config_map("a", "")));
    story.cluster.slow = vec!["web".into()];
    check(
        story.run(),
        "Succeeded: successfully synced (all tasks run)
         apply ConfigMap/a
         apply ConfigMap/b
         apply Deployment/web
         Sync ConfigMap/a Synced Running configmap/a created
         Sync ConfigMap/b Synced Running configmap/b created
         Sync Deployment/web Synced Running deployment.apps/web created",
    );
}

#[test]
fn a_wave_waits_for_the_health_of_the_last() {
    let mut story = Story::new(&(deployment("first", &wave(-1)) + &deployment("second", &wave(3))));
    story.cluster.slow = vec!["first".into()];
    check(
        story.run(),
        "Running: waiting for healthy state of apps/Deployment/first
         apply Deployment/first
         Sync Deployment/first Synced Running deployment.apps/first created",
    );
    story.cluster.settle();
    check(
        story.run(),
        "Succeeded: successfully synced (all tasks run)
         apply Deployment/first
         apply Deployment/second
         Sync Deployment/first Synced Succeeded deployment.apps/first created
         Sync Deployment/second Synced Running deployment.apps/second created",
    );
}

#[test]
fn a_degraded_wave_fails() {
    let mut story = Story::new(&(deployment("first", &wave(0)) + &deployment("second", &wave(1))));
    story.cluster.broken = vec!["first".into()];
    check(
        story.run(),
        "Failed: one or more synchronization tasks completed unsuccessfully
         apply Deployment/first
         Sync Deployment/first Synced Failed Deployment \"first\" exceeded its progress deadline",
    );
}

#[test]
fn a_refused_object_does_not_stop_its_wave() {
    let mut story = Story::new(
        &(config_map("bad", "")
            + &config_map("worse", "")
            + &deployment("web", "")
            + &deployment("next", &wave(1))),
    );
    story.cluster.refuse = vec!["bad".into(), "worse".into()];
    check(
        story.run(),
        "Failed: one or more objects failed to apply, reason: bad refused,worse refused
         apply ConfigMap/bad
         apply ConfigMap/worse
         apply Deployment/web
         Sync ConfigMap/bad SyncFailed Failed bad refused
         Sync ConfigMap/worse SyncFailed Failed worse refused
         Sync Deployment/web Synced Running deployment.apps/web created",
    );
}

#[test]
fn hooks_run_around_the_sync() {
    let mut story = Story::new(
        &(job("before", "PreSync", "")
            + &config_map("a", "")
            + &job("after", "PostSync", ", argocd.argoproj.io/hook-delete-policy: HookSucceeded")),
    );
    story.cluster.slow = vec!["before".into()];
    check(
        story.run(),
        "Running: waiting for completion of hook batch/Job/before
         apply Job/before
         PreSync Job/before - Running job.batch/before created",
    );
    story.cluster.settle();
    check(
        story.run(),
        "Succeeded: successfully synced (no more tasks)
         apply Job/before
         release Job/before
         apply ConfigMap/a
         apply Job/after
         release Job/after
         delete Job/after
         PreSync Job/before - Succeeded job Complete
         Sync ConfigMap/a Synced Succeeded configmap/a created
         PostSync Job/after - Succeeded job Complete",
    );
    let left: Vec<&str> = story.cluster.live.keys().map(|key| key.name.as_str()).collect();
    assert_eq!(left, ["a", "before"]);
}

#[test]
fn an_older_hook_is_deleted_before_it_runs_again() {
    let mut story = Story::new(&(job("before", "PreSync", "") + &config_map("a", "")));
    story.run();
    story.state = Default::default();
    story.cluster.log.clear();
    check(
        story.run(),
        "Succeeded: successfully synced (all tasks run)
         delete Job/before
         apply Job/before
         release Job/before
         apply ConfigMap/a
         PreSync Job/before - Succeeded job Complete
         Sync ConfigMap/a Synced Running configmap/a configured",
    );
}

#[test]
fn hooks_of_failure_run_when_it_fails() {
    let mut story = Story::new(&(config_map("bad", "") + &job("alarm", "SyncFail", "")));
    story.cluster.refuse = vec!["bad".into()];
    story.cluster.slow = vec!["alarm".into()];
    check(
        story.run(),
        "Running: waiting for completion of hook batch/Job/alarm
         apply ConfigMap/bad
         apply Job/alarm
         Sync ConfigMap/bad SyncFailed Failed bad refused
         SyncFail Job/alarm - Running job.batch/alarm created",
    );
    story.cluster.settle();
    check(
        story.run(),
        "Failed: one or more synchronization tasks completed unsuccessfully, reason: bad refused
         apply ConfigMap/bad
         apply Job/alarm
         release Job/alarm
         Sync ConfigMap/bad SyncFailed Failed bad refused
         SyncFail Job/alarm - Succeeded job Complete",
    );
}

#[test]
fn a_failed_hook_fails_the_sync() {
    let mut story = Story::new(
        &(job("before", "PreSync", ", argocd.argoproj.io/hook-delete-policy: HookFailed")
            + &config_map("a", "")),
    );
    story.cluster.broken = vec!["before".into()];
    check(
        story.run(),
        "Failed: one or more synchronization tasks completed unsuccessfully
         apply Job/before
         release Job/before
         delete Job/before
         PreSync Job/before - Failed job Failed",
    );
}

#[test]
fn prunes_go_in_reverse() {
    let mut story = Story::new(&config_map("stays", ""));
    for n in 0..3 {
        story.cluster.insert(object(&config_map(&format!("old{n}"), &wave(n))));
    }
    check(
        story.run(),
        "Succeeded: successfully synced (all tasks run)
         delete ConfigMap/old2
         apply ConfigMap/stays
         delete ConfigMap/old1
         delete ConfigMap/old0
         Sync ConfigMap/old2 Pruned Succeeded pruned
         Sync ConfigMap/stays Synced Succeeded configmap/stays created
         Sync ConfigMap/old1 Pruned Succeeded pruned
         Sync ConfigMap/old0 Pruned Succeeded pruned",
    );
}

#[test]
fn prune_last_comes_last_and_prune_false_never() {
    let mut story = Story::new(&config_map("late", &wave(5)));
    story.options.prune_last = true;
    story.cluster.insert(object(&config_map("old", "")));
    story.cluster.insert(object(&config_map(
        "kept",
        "argocd.argoproj.io/sync-options: 'Prune=false, Validate=false'",
    )));
    check(
        story.run(),
        "Succeeded: successfully synced (all tasks run)
         apply ConfigMap/late
         delete ConfigMap/old
         Sync ConfigMap/late Synced Succeeded configmap/late created
         Sync ConfigMap/kept PruneSkipped Succeeded ignored (no prune)
         Sync ConfigMap/old Pruned Succeeded pruned",
    );
}

#[test]
fn without_prune_the_superfluous_stays() {
    let mut story = Story::new(&config_map("a", ""));
    story.options.prune = false;
    story.cluster.insert(object(&config_map("old", "")));
    check(
        story.run(),
        "Succeeded: successfully synced (all tasks run)
         apply ConfigMap/a
         Sync ConfigMap/old PruneSkipped Succeeded ignored (requires pruning)
         Sync ConfigMap/a Synced Running configmap/a created",
    );
}

#[test]
fn pruning_waits_for_confirmation() {
    let mut story = Story::new(&config_map("a", ""));
    story
        .cluster
        .insert(object(&config_map("old", "argocd.argoproj.io/sync-options: Prune=confirm")));
    check(story.run(), "Running: waiting for pruning confirmation of /ConfigMap/old");
    story.options.prune_confirmed = true;
    assert_eq!(story.run().state.phase, OperationPhase::Succeeded);
    assert_eq!(story.cluster.log, ["delete ConfigMap/old", "apply ConfigMap/a"]);
}

#[test]
fn a_wave_waits_for_what_is_going() {
    let mut story = Story::new(&(config_map("a", &wave(0)) + &config_map("b", &wave(1))));
    let mut old = object(&config_map("old", &wave(0)));
    old.set(&["metadata", "finalizers"], vec!["example.com/x"]);
    story.cluster.insert(old);
    check(
        story.run(),
        "Running: waiting for deletion of /ConfigMap/old
         delete ConfigMap/old
         apply ConfigMap/a
         Sync ConfigMap/old Pruned Succeeded pruned
         Sync ConfigMap/a Synced Succeeded configmap/a created",
    );
}

#[test]
fn the_namespace_comes_first_of_all() {
    let mut story =
        Story::new(&(job("before", "PreSync", &format!(", {}", wave(-5))) + &config_map("a", "")));
    story.options.create_namespace = true;
    assert_eq!(story.run().state.phase, OperationPhase::Succeeded);
    assert_eq!(
        story.cluster.log,
        ["apply Namespace/ns", "apply Job/before", "release Job/before", "apply ConfigMap/a"]
    );

    let mut refused = Story::new(&config_map("a", ""));
    refused.options.create_namespace = true;
    refused.cluster.refuse = vec!["ns".into()];
    check(
        refused.run(),
        "Failed: the namespace failed to apply, reason: ns refused
         apply Namespace/ns
         PreSync Namespace/ns SyncFailed Failed ns refused",
    );
}

const CRD: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com, annotations: {argocd.argoproj.io/sync-wave: '4'}}
spec: {group: example.com, names: {kind: Thing}}
";
const THING: &str = "
---
apiVersion: example.com/v1
kind: Thing
metadata: {name: t, namespace: ns}
";

#[test]
fn a_crd_comes_before_its_objects() {
    let mut story = Story::new(&(THING.to_owned() + "---" + CRD + &config_map("a", "")));
    assert_eq!(story.run().state.phase, OperationPhase::Succeeded);
    assert_eq!(
        story.cluster.log,
        ["apply ConfigMap/a", "apply CustomResourceDefinition/things.example.com", "apply Thing/t"]
    );
}

#[test]
fn unknown_kinds_and_forbidden_objects_stop_the_sync_before_it_begins() {
    let mut story =
        Story::new(&(THING.to_owned() + &config_map("a", "") + &config_map("forbidden", "")));
    check(
        story.run(),
        "Failed: one or more synchronization tasks are not valid: The Kubernetes API could not find example.com/Thing for requested resource ns/t. Make sure the \"Thing\" CRD is installed on the destination cluster.; not permitted
         Sync ConfigMap/forbidden SyncFailed - not permitted
         Sync Thing/t SyncFailed - The Kubernetes API could not find example.com/Thing for requested resource ns/t. Make sure the \"Thing\" CRD is installed on the destination cluster.",
    );
}

#[test]
fn options_choose_the_request() {
    let option = |entry: &str| format!("argocd.argoproj.io/sync-options: '{entry}'");
    let mut story = Story::new(
        &(config_map("ssa", &option("ServerSideApply=true"))
            + &config_map("replaced", &option("Replace=true,Force=true"))
            + &config_map("plain", "")),
    );
    story.cluster.insert(object(&config_map("replaced", "")));
    story.run();
    assert_eq!(
        story.cluster.log,
        ["apply ConfigMap/plain", "replace ConfigMap/replaced", "ssa ConfigMap/ssa"]
    );

    let mut in_place = Story::new(CRD);
    in_place.options.replace = true;
    in_place.run();
    in_place.state = Default::default();
    in_place.run();
    assert_eq!(
        in_place.cluster.log,
        [
            "create CustomResourceDefinition/things.example.com",
            "update CustomResourceDefinition/things.example.com"
        ]
    );
}

#[test]
fn a_generated_name_is_the_same_in_every_step() {
    let hook = "
apiVersion: batch/v1
kind: Job
metadata: {generateName: migrate-, namespace: ns, annotations: {argocd.argoproj.io/hook: PreSync}}
";
    let mut story = Story::new(hook);
    story.cluster.slow = vec!["migrate-0123456-presync-1767225600".into()];
    story.run();
    story.cluster.settle();
    assert_eq!(story.run().state.phase, OperationPhase::Succeeded);
    assert_eq!(
        story.cluster.log,
        [
            "apply Job/migrate-0123456-presync-1767225600",
            "release Job/migrate-0123456-presync-1767225600"
        ]
    );
}

#[test]
fn termination_deletes_running_hooks() {
    let mut story = Story::new(&(job("before", "PreSync", "") + &config_map("a", "")));
    story.cluster.slow = vec!["before".into()];
    story.run();
    story.state.phase = OperationPhase::Terminating;
    check(
        story.run(),
        "Failed: Operation terminated
         apply Job/before
         release Job/before
         delete Job/before
         PreSync Job/before - Failed Terminated",
    );
}

#[test]
fn a_vanished_hook_is_an_error() {
    let mut story = Story::new(&(job("before", "PreSync", "") + &config_map("a", "")));
    story.cluster.slow = vec!["before".into()];
    story.run();
    story.cluster.live.clear();
    check(
        story.run(),
        "Failed: one or more synchronization tasks completed unsuccessfully, reason: Resource batch/Job/before is missing, it might have been deleted
         apply Job/before
         PreSync Job/before SyncFailed Error Resource batch/Job/before is missing, it might have been deleted",
    );
}

#[test]
fn a_dry_run_changes_nothing() {
    let mut story = Story::new(&(job("before", "PreSync", "") + &config_map("a", "")));
    story.options.dry_run = true;
    story.cluster.insert(object(&config_map("old", "")));
    check(
        story.run(),
        "Succeeded: successfully synced (no more tasks)
         apply Job/before
         apply ConfigMap/a
         PreSync Job/before Synced Succeeded job.batch/before created (dry run)
         Sync ConfigMap/old Pruned Succeeded pruned (dry run)
         Sync ConfigMap/a Synced Succeeded configmap/a created (dry run)",
    );
    assert_eq!(story.cluster.live.len(), 1);
}

#[test]
fn a_pause_between_waves_is_honoured() {
    let mut story = Story::new(&(config_map("a", &wave(0)) + &config_map("b", &wave(1))));
    story.options.wave_delay = Duration::from_secs(2);
    story.run();
    assert!(matches!(story.wait, Wait::Until(_)));
    assert_eq!(story.cluster.log, ["apply ConfigMap/a"]);
}

#[test]
fn nothing_to_do_is_a_success() {
    check(Story::new("").run(), "Succeeded: successfully synced (no more tasks)");
}

#[test]
fn a_plan_says_why() {
    let mut story = Story::new(
        &(job("before", "PreSync", "") + &config_map("a", "") + &deployment("web", &wave(2))),
    );
    story.cluster.insert(object(&config_map("old", "")));
    let text = story.with(|request, world| plan(request, world).to_string());
    assert_eq!(
        text,
        "PreSync wave 0\n  run hook batch/Job/ns/before: it is a hook of this phase\n\
         Sync wave 0\n  create /ConfigMap/ns/a: it is not in the cluster\n  prune /ConfigMap/ns/old: Git no longer has it\n\
         Sync wave 2\n  create apps/Deployment/ns/web: it is not in the cluster\n"
    );
}

#[test]
fn options_are_read_and_the_rest_is_told() {
    let (options, unknown) = Options::from_sync_options([
        "CreateNamespace=true",
        "PrunePropagationPolicy=background",
        "Prune=confirm",
        "ServerSideApply=false",
        "Delete=false",
        "Frobnicate=true",
    ]);
    assert!(options.create_namespace && !options.server_side_apply && options.validate);
    assert_eq!(options.prune_default.as_deref(), Some("confirm"));
    assert_eq!(unknown, ["Frobnicate=true"]);
}

#[test]
fn what_is_gone_already_stops_nothing() {
    let mut story = Story::new(&config_map("a", ""));
    story.cluster.insert(object(&config_map("old", "")));
    let step = story.with(|request, world| step(request, world, &story.state));
    let gone = Outcome::NotFound { message: "not found".into() };
    assert!(!step.batches[0].is_stopped_by(std::slice::from_ref(&gone)));

    // Outcomes that are missing leave the rest to the next step.
    let cut = step.clone().finish(std::slice::from_ref(&gone));
    assert_eq!(cut.state.phase, OperationPhase::Running);
    assert_eq!(cut.wait, Wait::Ready);
    let whole = step.clone().finish(&[gone.clone(), Outcome::from(Change::Created)]);
    assert_eq!(whole.state.phase, OperationPhase::Succeeded);

    // Remarks follow what was done.
    let done = Outcome::Done {
        change: Change::Configured,
        warnings: vec!["Warning: odd.".into()],
        reconciled: None,
    };
    let remarked = step.finish(&[gone, done]);
    let messages: Vec<_> = remarked.state.results.iter().map(|r| r.message.as_str()).collect();
    assert!(messages.contains(&"configmap/a configured. Warning: odd."), "{messages:?}");
}
