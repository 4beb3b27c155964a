//! Argo Rollouts: how far a rollout is decides what can be done to it.

use jiff::Timestamp;
use windlass_object::{Object, Value};

use super::{Action, holds, rfc3339, to_number};

struct Progress {
    /// It has a status.
    begun: bool,
    /// Somebody or a step waits: the status tells, else the wish of the spec.
    paused: bool,
    aborted: bool,
    promoted: bool,
    /// Steps of a canary, if it has a list of them, and the one that it is at.
    steps: Option<usize>,
    step: Option<i64>,
    blue_green: bool,
    /// Controllers since 0.10 tell a generation, not a hash, and promote on request.
    modern: bool,
}

fn progress(object: &Object) -> Progress {
    let steps = object.get(&["spec", "strategy", "canary", "steps"]).and_then(Value::as_array);
    let text = |path: &[&str]| object.get(path).filter(|value| !value.is_null());
    let observed = match object.get(&["status", "observedGeneration"]) {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => to_number(text).and_then(|number| number.as_f64()),
        _ => None,
    };
    let generation = object.get(&["metadata", "generation"]).and_then(Value::as_f64);
    Progress {
        begun: text(&["status"]).is_some(),
        paused: match text(&["status", "pauseConditions"]) {
            Some(conditions) => conditions.as_array().is_some_and(|list| !list.is_empty()),
            None => holds(object, &["spec", "paused"]),
        },
        aborted: holds(object, &["status", "abort"]),
        promoted: text(&["status", "currentPodHash"]) == text(&["status", "stableRS"]),
        steps: steps.map(Vec::len),
        step: object.int_at(&["status", "currentStepIndex"]),
        blue_green: text(&["spec", "strategy", "blueGreen"]).is_some(),
        modern: observed.is_some_and(|observed| observed <= generation.unwrap_or_default()),
    }
}

impl Progress {
    /// Whether the step that it is at is its last.
    fn is_at_its_end(&self) -> bool {
        self.steps.is_none_or(|count| self.step.is_some_and(|at| i64::try_from(count) == Ok(at)))
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
    let can_promote = state.begun && !state.promoted && (state.modern || !state.blue_green);
    vec![
        offer("restart", true).called("Restart Pods"),
        offer("resume", state.paused),
        offer("pause", under_way && !holds(object, &["spec", "paused"])),
        offer("abort", under_way),
        offer("retry", !state.promoted && state.aborted),
        offer("promote-full", can_promote),
        offer("skip-current-step", !state.is_at_its_end()),
    ]
}

pub(super) fn act(object: &Object, name: &str, now: Timestamp) -> Option<Object> {
    let state = progress(object);
    let mut new = object.clone();
    match name {
        "restart" => new.set(&["spec", "restartAt"], rfc3339(now)),
        "resume" => {
            go_on(&mut new);
            if holds(object, &["spec", "paused"]) {
                new.set(&["spec", "paused"], false);
            }
        }
        "pause" => new.set(&["spec", "paused"], true),
        "abort" => new.set(&["status", "abort"], true),
        "retry" => {
            new.remove(&["status", "abort"]);
        }
        // What has no status yet has nothing to go on from.
        "promote-full" | "skip-current-step" if !state.begun => {}
        "promote-full" if state.modern => new.set(&["status", "promoteFull"], true),
        "promote-full" => {
            new.remove(&["status", "abort"]);
            if let Some(count) = state.steps {
                new.set(&["status", "currentStepIndex"], count);
            }
        }
        "skip-current-step" => {
            let count = state.steps.and_then(|count| i64::try_from(count).ok()).unwrap_or(0);
            let at = state.step.unwrap_or(0);
            if at < count {
                go_on(&mut new);
                new.set(&["status", "currentStepIndex"], at + 1);
            }
        }
        _ => return None,
    }
    Some(new)
}

/// Takes away what the status says it waits for.
fn go_on(rollout: &mut Object) {
    if !crate::odd::list_at(rollout, &["status", "pauseConditions"]).is_empty() {
        rollout.remove(&["status", "pauseConditions"]);
    }
}
