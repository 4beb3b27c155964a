//! Plays scheduler and kubelet: puts pods on the node and reports what their containers do.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use windlass_object::Object;

use crate::conditions::{self, Condition, written};
use crate::plan::{Action, Plan, Propagation, Target};
use crate::pods::{self, NODE, SIMULATED};
use crate::resource::Kind;
use crate::script::{self, State};
use crate::world::{World, controller};

const NODE_ADDRESS: &str = "10.0.0.1";

pub(crate) fn reconcile(world: &World, pod: &Object, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    let node = pod.str_at(&["spec", "nodeName"]);
    if !node.is_empty() && node != NODE {
        return plan;
    }
    if pod.is_terminating() {
        if pod.int_at(&["metadata", "deletionGracePeriodSeconds"]) != Some(0) {
            plan.actions.push(Action::Delete {
                target: Target::of(Kind::Pod, pod),
                propagation: Propagation::Background,
                grace_seconds: Some(0),
            });
        }
        return plan;
    }
    if pods::is_ended(pod) {
        return plan;
    }
    if node.is_empty() {
        schedule(world, pod, now, &mut plan);
        return plan;
    }
    if pod.label(SIMULATED) != Some("true") {
        plan.actions.push(Action::Patch {
            target: Target::of(Kind::Pod, pod),
            subresource: "",
            patch: json!({"metadata": {"labels": {SIMULATED: "true"}}}),
        });
    }
    let (state, next) = state(world, pod, now);
    if let Some(next) = next {
        // Creation times are whole seconds, so a step may seem due a second late; never hot.
        plan.look_again(next.max(Duration::from_millis(50)));
    }
    let status = status(pod, &state, now);
    plan.status(Kind::Pod, pod, &status);
    plan
}

fn schedule(world: &World, pod: &Object, now: Timestamp, plan: &mut Plan) {
    let scheduler = pod.str_at(&["spec", "schedulerName"]);
    if !scheduler.is_empty() && scheduler != "default-scheduler" {
        return;
    }
    let gated = pod
        .get(&["spec", "schedulingGates"])
        .and_then(Value::as_array)
        .is_some_and(|gates| !gates.is_empty());
    let unbound = pods::claims(pod).any(|name| {
        world
            .get(Kind::PersistentVolumeClaim, pod.namespace(), name)
            .is_none_or(|claim| claim.str_at(&["status", "phase"]) != "Bound")
    });
    if !gated && !unbound {
        let target = Target::of(Kind::Pod, pod);
        plan.actions.push(Action::Bind { target, node: NODE.to_owned() });
        return;
    }
    let mut conditions = conditions::of(pod);
    let (reason, message) = if gated {
        ("SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")
    } else {
        ("Unschedulable", "pod has unbound immediate PersistentVolumeClaims")
    };
    let condition = Condition { kind: "PodScheduled", status: "False", reason, message };
    conditions::set(&mut conditions, condition, now, false);
    let mut status = pod.get(&["status"]).cloned().unwrap_or_else(|| json!({}));
    status["conditions"] = Value::Array(conditions);
    status["phase"] = json!("Pending");
    plan.status(Kind::Pod, pod, &status);
}

/// What the pod's containers do now, and when that changes.
fn state(world: &World, pod: &Object, now: Timestamp) -> (State, Option<Duration>) {
    let owner = controller(pod);
    if let Some(text) = pod.annotation(script::ANNOTATION) {
        let created = pod.str_at(&["metadata", "creationTimestamp"]);
        let age = conditions::age(Some(created), now).unwrap_or_default();
        let failed = owner.map_or(0, |owner| {
            world.dependents(&owner.uid).filter(|(_, pod)| pods::phase(pod) == "Failed").count()
        });
        return script::state(text, age, failed + 1).unwrap_or_else(|error| {
            let message = format!("annotation {}: {error}", script::ANNOTATION);
            (State::Waiting { reason: "CreateContainerConfigError".into(), message }, None)
        });
    }
    // Neither ends the containers of a Job or a hook, so they do what they are there for.
    let restart = pod.str_at(&["spec", "restartPolicy"]);
    if matches!(restart, "Never" | "OnFailure") {
        (State::succeeded(), None)
    } else {
        (State::Running { ready: true }, None)
    }
}

fn status(pod: &Object, state: &State, now: Timestamp) -> Value {
    let old = pod.get(&["status"]);
    let ready = *state == State::Running { ready: true };
    let mut status = old.and_then(Value::as_object).cloned().unwrap_or_default();
    let started = pod.str_at(&["status", "startTime"]);
    let started = if started.is_empty() { written(now) } else { started.to_owned() };
    let phase = match state {
        State::Waiting { .. } => "Pending",
        State::Running { .. } | State::Crashing { .. } => "Running",
        State::Ended { exit: 0, .. } => "Succeeded",
        State::Ended { .. } => "Failed",
    };
    let address = address(pod.uid());
    for (name, value) in [
        ("phase", json!(phase)),
        ("startTime", json!(started)),
        ("hostIP", json!(NODE_ADDRESS)),
        ("hostIPs", json!([{"ip": NODE_ADDRESS}])),
        ("podIP", json!(address)),
        ("podIPs", json!([{"ip": address}])),
        ("conditions", Value::Array(pod_conditions(pod, state, ready, now))),
        ("containerStatuses", containers(pod, "containers", old, now, |_| state.clone())),
    ] {
        status.insert(name.to_owned(), value);
    }
    let initial = containers(pod, "initContainers", old, now, |container| {
        // One that restarts always is a sidecar.
        if container["restartPolicy"] == "Always" { state.clone() } else { State::succeeded() }
    });
    if initial.as_array().is_some_and(|list| !list.is_empty()) {
        status.insert("initContainerStatuses".to_owned(), initial);
    }
    Value::Object(status)
}

fn pod_conditions(pod: &Object, state: &State, ready: bool, now: Timestamp) -> Vec<Value> {
    let mut all = conditions::of(pod);
    let ended = matches!(state, State::Ended { .. });
    let (reason, message) = match (ready, ended) {
        (true, _) => ("", ""),
        (false, true) => ("PodCompleted", ""),
        (false, false) => ("ContainersNotReady", "containers with unready status"),
    };
    let yes = |value: bool| if value { "True" } else { "False" };
    let mut wanted = vec![
        ("PodReadyToStartContainers", "True", "", ""),
        ("Initialized", "True", if ended { "PodCompleted" } else { "" }, ""),
        ("Ready", yes(ready), reason, message),
        ("ContainersReady", yes(ready), reason, message),
        ("PodScheduled", "True", "", ""),
    ];
    let gates = pod.get(&["spec", "readinessGates"]).and_then(Value::as_array);
    for gate in gates.into_iter().flatten() {
        if let Some(kind) = gate["conditionType"].as_str()
            && conditions::find(&all, kind).is_none()
        {
            wanted.push((kind, "True", "", ""));
        }
    }
    for (kind, status, reason, message) in wanted {
        let old = conditions::find(&all, kind);
        let same = old.is_some_and(|old| {
            old["status"] == status && old["reason"].as_str().unwrap_or_default() == reason
        });
        if same {
            continue;
        }
        let since = old
            .filter(|old| old["status"] == status)
            .and_then(|old| old["lastTransitionTime"].as_str())
            .map_or_else(|| written(now), str::to_owned);
        let mut new = json!({"type": kind, "status": status, "lastTransitionTime": since});
        for (name, value) in [("reason", reason), ("message", message)] {
            if !value.is_empty() {
                new[name] = json!(value);
            }
        }
        conditions::remove(&mut all, kind);
        all.push(new);
    }
    all
}

fn containers(
    pod: &Object,
    list: &str,
    old: Option<&Value>,
    now: Timestamp,
    state: impl Fn(&Value) -> State,
) -> Value {
    let field = if list == "containers" { "containerStatuses" } else { "initContainerStatuses" };
    let before = old.and_then(|status| status[field].as_array());
    let containers = pod.get(&["spec", list]).and_then(Value::as_array);
    containers
        .into_iter()
        .flatten()
        .map(|container| {
            let old = before
                .into_iter()
                .flatten()
                .find(|status| status["name"] == container["name"])
                .unwrap_or(&Value::Null);
            let state = state(container);
            let mut status = container_status(container, old, &state, &written(now));
            // An initial container is ready when it has done its work.
            if list == "initContainers" && matches!(state, State::Ended { exit: 0, .. }) {
                status["ready"] = json!(true);
            }
            status
        })
        .collect()
}

fn container_status(container: &Value, old: &Value, state: &State, now: &str) -> Value {
    let since = |path: &[&str]| {
        path.iter().fold(old, |value, key| &value[*key]).as_str().unwrap_or(now).to_owned()
    };
    let started = since(&["state", "running", "startedAt"]);
    let mut status = json!({
        "name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0,
        "ready": *state == State::Running { ready: true },
        "started": matches!(state, State::Running { .. }),
    });
    status["state"] = match state {
        State::Waiting { reason, message } => {
            let mut waiting = Map::new();
            waiting.insert("reason".into(), json!(reason));
            if !message.is_empty() {
                waiting.insert("message".into(), json!(message));
            }
            json!({ "waiting": waiting })
        }
        State::Running { .. } => json!({"running": {"startedAt": started}}),
        State::Ended { exit, reason } => json!({"terminated": {
            "exitCode": exit, "reason": reason, "startedAt": started,
            "finishedAt": since(&["state", "terminated", "finishedAt"]),
        }}),
        State::Crashing { exit, restarts, reason } => {
            status["restartCount"] = json!(restarts);
            status["lastState"] = json!({"terminated": {
                "exitCode": exit, "reason": reason, "startedAt": started,
                "finishedAt": since(&["lastState", "terminated", "finishedAt"]),
            }});
            json!({"waiting": {
                "reason": "CrashLoopBackOff",
                "message": format!("back-off restarting failed container={}", container["name"]),
            }})
        }
    };
    status
}

/// An address in 10.64.0.0/10, stable for the pod.
fn address(uid: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let hash = Sha256::digest(uid.as_bytes());
    format!("10.{}.{}.{}", 64 + hash[0] % 64, hash[1], 1 + hash[2] % 254)
}
