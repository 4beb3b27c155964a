//! Argo Rollouts: how far a rollout is decides what can be done to it.

use jiff::Timestamp;
use windlass_object::{Object, Value};

use super::{Action, rfc3339};

struct Progress {
    paused: bool,
    waiting: bool,
    aborted: bool,
    promoted: bool,
    /// Steps of a canary, and the one that it is at.
    steps: Option<(usize, Option<usize>)>,
    /// Controllers since 1.0 tell generations and promote on request.
    modern: bool,
}

fn progress(object: &Object) -> Progress {
    let is = |path: &[&str]| object.get(path) == Some(&Value::Bool(true));
    let stable = match object.str_at(&["status", "stableRS"]) {
        "" => object.str_at(&["status", "canary", "stableRS"]),
        stable => stable,
    };
    let step = object.int_at(&["status", "currentStepIndex"]).and_then(|n| usize::try_from(n).ok());
    let steps = object.get(&["spec", "strategy", "canary", "steps"]).and_then(Value::as_array);
    Progress {
        paused: is(&["spec", "paused"]),
        waiting: object.get(&["status", "pauseConditions"]).is_some_and(|v| !v.is_null()),
        aborted: is(&["status", "abort"]),
        promoted: !stable.is_empty() && stable == object.str_at(&["status", "currentPodHash"]),
        steps: steps.map(|steps| (steps.len(), step)),
        modern: object.str_at(&["status", "observedGeneration"]).parse::<u64>().is_ok(),
    }
}

pub(super) fn actions(object: &Object) -> Vec<Action> {
    let state = progress(object);
    let offer = |name: &str, enabled: bool| Action {
        name: name.to_owned(),
        disabled: !enabled,
        ..Action::default()
    };
    let under_way = !state.promoted && !state.aborted;
    let can_skip = state.steps.is_some_and(|(count, at)| at.is_some_and(|at| at != count));
    let can_promote = !state.promoted && (state.modern || state.steps.is_some());
    vec![
        offer("restart", true).called("Restart Pods"),
        offer("resume", state.paused || state.waiting),
        offer("pause", under_way && !state.paused),
        offer("abort", under_way),
        offer("retry", state.aborted),
        offer("promote-full", can_promote),
        offer("skip-current-step", !state.promoted && can_skip),
    ]
}

pub(super) fn act(object: &Object, name: &str, now: Timestamp) -> Option<Object> {
    let state = progress(object);
    let mut new = object.clone();
    match name {
        "restart" => new.set(&["spec", "restartAt"], rfc3339(now)),
        "resume" => {
            new.remove(&["status", "pauseConditions"]);
            if state.paused {
                new.set(&["spec", "paused"], false);
            }
        }
        "pause" => new.set(&["spec", "paused"], true),
        "abort" => new.set(&["status", "abort"], true),
        "retry" => {
            new.remove(&["status", "abort"]);
        }
        "promote-full" => {
            if state.modern {
                new.set(&["status", "promoteFull"], true);
            } else {
                new.remove(&["status", "abort"]);
                if let Some((count, _)) = state.steps {
                    new.set(&["status", "currentStepIndex"], count);
                }
            }
        }
        "skip-current-step" => {
            if let Some((count, at)) = state.steps {
                let next = at.unwrap_or(0) + 1;
                if next <= count {
                    new.set(&["status", "currentStepIndex"], next);
                }
                new.remove(&["status", "pauseConditions"]);
            }
        }
        _ => return None,
    }
    Some(new)
}
