//! What holds of any sync, whatever its objects are and wherever the process dies.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use support::{Story, object};
use windlass_engine::hook;
use windlass_engine::state::{OperationPhase, ResultCode};
use windlass_engine::sync::Wait;

#[derive(Clone, Debug)]
struct Item {
    kind: Kind,
    wave: i64,
    slow: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    ConfigMap,
    Deployment,
    /// In the cluster only.
    Superfluous,
    Hook(&'static str, &'static str),
}

fn item() -> impl Strategy<Value = Item> {
    let phase = prop_oneof![Just("PreSync"), Just("Sync"), Just("PostSync")];
    let policy = prop_oneof![Just("BeforeHookCreation"), Just("HookSucceeded")];
    let kind = prop_oneof![
        Just(Kind::ConfigMap),
        Just(Kind::Deployment),
        Just(Kind::Superfluous),
        (phase, policy).prop_map(|(phase, policy)| Kind::Hook(phase, policy)),
    ];
    (kind, -2..3i64, any::<bool>()).prop_map(|(kind, wave, slow)| Item { kind, wave, slow })
}

/// A sync of these objects. Hooks of an earlier sync may still be there.
fn story(items: &[Item], leftovers: bool) -> Story {
    let mut manifests = String::new();
    let mut old = Vec::new();
    let mut slow = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let wave = format!("argocd.argoproj.io/sync-wave: '{}'", item.wave);
        let (kind, extra) = match item.kind {
            Kind::ConfigMap | Kind::Superfluous => ("v1, kind: ConfigMap", String::new()),
            Kind::Deployment => ("apps/v1, kind: Deployment", String::new()),
            Kind::Hook(phase, policy) => (
                "batch/v1, kind: Job",
                format!(
                    ", argocd.argoproj.io/hook: {phase}, argocd.argoproj.io/hook-delete-policy: {policy}"
                ),
            ),
        };
        let text = format!(
            "{{apiVersion: {kind}, metadata: {{name: o{i}, namespace: ns, annotations: {{{wave}{extra}}}}}}}"
        );
        let before = matches!(item.kind, Kind::Hook(_, "BeforeHookCreation")) && leftovers;
        if item.kind == Kind::Superfluous || before {
            old.push(object(&text));
        }
        if item.kind != Kind::Superfluous {
            manifests.push_str(&format!("---\n{text}\n"));
        }
        if item.slow {
            slow.push(format!("o{i}"));
        }
    }
    let mut story = Story::new(&manifests);
    story.cluster.slow = slow;
    for object in old {
        story.cluster.insert(object);
    }
    story
}

/// Runs to the end. What does not get on by itself is brought on when the sync waits for it.
fn complete(story: &mut Story) {
    for _ in 0..200 {
        story.take(&mut usize::MAX.clone());
        if story.state.phase.is_completed() {
            return;
        }
        if story.wait != Wait::Ready {
            story.cluster.settle();
        }
    }
    panic!("no end: {}", story.told());
}

/// Phase, wave and whether it is pruned, of the object `o<i>`.
fn place(items: &[Item], name: &str) -> (usize, Item) {
    let i: usize = name.trim_start_matches('o').parse().unwrap();
    (i, items[i].clone())
}

fn final_results(story: &Story) -> BTreeMap<String, (Option<ResultCode>, bool)> {
    story
        .state
        .results
        .iter()
        .map(|r| {
            let failed =
                matches!(r.hook_phase, Some(OperationPhase::Failed | OperationPhase::Error));
            (format!("{:?} {}", r.sync_phase, r.name), (r.status, failed))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn waves_come_in_order_and_each_object_has_one_result(
        items in prop::collection::vec(item(), 0..10),
        leftovers in any::<bool>(),
    ) {
        let mut story = story(&items, leftovers);
        complete(&mut story);
        prop_assert_eq!(story.state.phase, OperationPhase::Succeeded, "{}", story.told());

        let applied: Vec<(u8, i64)> = story.cluster.log.iter()
            .filter_map(|line| line.strip_prefix("apply "))
            .map(|what| {
                let (_, item) = place(&items, what.split('/').nth(1).unwrap());
                let phase = match item.kind {
                    Kind::Hook("PreSync", _) => 0,
                    Kind::Hook("PostSync", _) => 2,
                    _ => 1,
                };
                (phase, item.wave)
            })
            .collect();
        prop_assert!(applied.is_sorted(), "{}", story.told());

        let pruned: Vec<i64> = story.cluster.log.iter()
            .filter_map(|line| line.strip_prefix("delete ConfigMap/"))
            .map(|name| place(&items, name).1.wave)
            .collect();
        prop_assert!(pruned.iter().rev().is_sorted(), "{}", story.told());

        prop_assert_eq!(story.state.results.len(), items.len(), "{}", story.told());
        for result in &story.state.results {
            let (_, item) = place(&items, &result.name);
            let expected = match item.kind {
                Kind::Superfluous => Some(ResultCode::Pruned),
                // Of a hook it is said how far it is.
                _ if result.hook_type.is_some() => None,
                _ => Some(ResultCode::Synced),
            };
            prop_assert_eq!(result.status, expected);
        }
    }

    #[test]
    fn a_process_that_dies_anywhere_changes_nothing(
        items in prop::collection::vec(item(), 1..8),
        leftovers in any::<bool>(),
        lives in prop::collection::vec(0..6usize, 1..8),
    ) {
        let mut calm = story(&items, leftovers);
        complete(&mut calm);

        let mut troubled = story(&items, leftovers);
        for life in lives {
            let mut budget = life;
            for _ in 0..20 {
                if troubled.state.phase.is_completed() || troubled.take(&mut budget) {
                    break;
                }
                if troubled.wait != Wait::Ready {
                    troubled.cluster.settle();
                }
            }
            troubled.state.wave_ended_at = None;
        }
        if !troubled.state.phase.is_completed() {
            complete(&mut troubled);
        }
        prop_assert_eq!(troubled.state.phase, OperationPhase::Succeeded, "{}", troubled.told());

        let left = |story: &Story| -> Vec<String> {
            story.cluster.live.keys().map(ToString::to_string).collect()
        };
        prop_assert_eq!(left(&calm), left(&troubled), "{}", troubled.told());
        // An object that was pruned as the process died is gone, and has no result.
        let mut expected = final_results(&calm);
        let got = final_results(&troubled);
        expected.retain(|key, (status, _)| {
            *status != Some(ResultCode::Pruned) || got.contains_key(key)
        });
        prop_assert_eq!(expected, got, "{}", troubled.told());

        for hook in troubled.hooks.iter().filter(|o| hook::is_hook(o)) {
            let line = format!("apply Job/{}", hook.name());
            let runs = troubled.cluster.log.iter().filter(|l| **l == line).count();
            prop_assert_eq!(runs, 1, "{} {}", line, troubled.told());
        }
    }
}
