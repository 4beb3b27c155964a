//! Hooks of an application's deletion.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use jiff::Timestamp;
use support::objects;
use windlass_engine::health::BuiltInOnly;
use windlass_engine::hook::DeletionHook::{self, PostDelete, PreDelete};
use windlass_engine::policy::{CleanupStep, HookStep, named, next_cleanup, next_hooks};
use windlass_object::Object;

/// Hooks as `name:phase` words, the phase of a workflow; `!` after it marks one that is being
/// deleted, and what follows `/` is its delete policy.
fn hooks(moment: DeletionHook, words: &str) -> Vec<Arc<Object>> {
    let hook = |word: &str| {
        let (word, policy) = word.split_once('/').unwrap_or((word, "HookSucceeded"));
        let (name, phase) = word.split_once(':').unwrap_or((word, ""));
        let going = phase.ends_with('!');
        let mut object = objects(&format!(
            "{{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {{name: {name}, \
             annotations: {{argocd.argoproj.io/hook: {}, \
             argocd.argoproj.io/hook-delete-policy: \"{policy}\"}}}}, \
             status: {{phase: {}}}}}",
            moment.as_str(),
            phase.trim_end_matches('!'),
        ))
        .remove(0);
        if going {
            object.set(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z");
        }
        Arc::new(object)
    };
    words.split_whitespace().map(hook).collect()
}

fn names(objects: &[Arc<Object>]) -> String {
    objects.iter().map(|o| o.name()).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(moment: DeletionHook, wanted: &str, live: &str, expected: &str) {
    let (wanted, live) = (hooks(moment, wanted), hooks(moment, live));
    let found = match next_hooks(moment, &wanted, &live, &BuiltInOnly).unwrap() {
        HookStep::Create(hooks) => format!("create {}", names(&hooks)),
        HookStep::Await(keys) => {
            format!("await {}", keys.iter().map(|k| k.name.as_str()).collect::<Vec<_>>().join(" "))
        }
        HookStep::Failed(hooks) => format!("failed {}", names(&hooks)),
        HookStep::Done => "done".to_owned(),
    };
    assert_eq!(found, expected);
}

#[test]
fn a_hook_runs_once_and_is_waited_for() {
    for moment in [PreDelete, PostDelete] {
        check(moment, "", "", "done");
        check(moment, "a b", "", "create a b");
        check(moment, "a b", "a:Succeeded", "create b");
        check(moment, "a b", "a:Succeeded b:Running", "await b");
        check(moment, "a b", "a:Succeeded b:Succeeded", "done");
        // One that Git no longer has is waited for too.
        check(moment, "", "old:Running", "await old");
    }
}

#[test]
fn a_failed_hook_holds_the_deletion_up_before_it_and_not_after() {
    check(PreDelete, "a b", "a:Failed b:Running", "failed a");
    check(PreDelete, "a", "a:Failed!", "await a");
    check(PostDelete, "a", "a:Failed", "done");
    check(PostDelete, "a b", "a:Failed b:Running", "await b");
}

#[test]
fn hooks_of_one_moment_are_none_of_the_other() {
    let live = hooks(PreDelete, "a:Running");
    assert_eq!(next_hooks(PostDelete, &[], &live, &BuiltInOnly), Ok(HookStep::Done));
    assert_eq!(next_cleanup(PostDelete, &live, &BuiltInOnly), Ok(CleanupStep::Done));
}

#[track_caller]
fn check_cleanup(live: &str, expected: &str) {
    let found = match next_cleanup(PostDelete, &hooks(PostDelete, live), &BuiltInOnly).unwrap() {
        CleanupStep::Delete(hooks) => format!("delete {}", names(&hooks)),
        CleanupStep::Await(_) => "await".to_owned(),
        CleanupStep::Done => "done".to_owned(),
    };
    assert_eq!(found, expected);
}

#[test]
fn delete_policies_say_what_stays() {
    check_cleanup("", "done");
    check_cleanup("a:Succeeded", "delete a");
    check_cleanup("a:Succeeded!", "await");
    check_cleanup("a:Succeeded/HookFailed", "done");
    check_cleanup("a:Succeeded/BeforeHookCreation", "done");
    check_cleanup("a:Failed", "done");
    check_cleanup("a:Failed/HookFailed b:Succeeded", "delete a");
    check_cleanup("a:Failed/HookFailed b:Succeeded/HookSucceeded,HookFailed", "delete a b");
}

#[test]
fn a_generated_name_is_the_same_for_a_whole_deletion() {
    let hook = objects("{apiVersion: v1, kind: Pod, metadata: {generateName: x-}}").remove(0);
    let at = Timestamp::from_second(7).unwrap();
    assert_eq!(named(&hook, PostDelete, at).name(), "x-postdelete-7");
    assert_eq!(named(&hook, PostDelete, at), named(&hook, PostDelete, at));
}
