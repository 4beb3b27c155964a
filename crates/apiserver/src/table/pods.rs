//! Pods: one word for the state of all their containers.

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_object::Object;

use super::cells::cells;
use super::text::{field, list, or};
use super::{Row, age};

pub(super) fn row(pod: &Object, now: Timestamp) -> Row {
    let phase = pod.str_at(&["status", "phase"]);
    let state = State::of(pod);
    let restarts = match state.last_restart {
        Some(at) if state.restarts > 0 => {
            format!("{} ({} ago)", state.restarts, age::since(at, now))
        }
        _ => state.restarts.to_string(),
    };
    let done = |reason: &str, message: &str| json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]);
    let conditions = match phase {
        "Succeeded" => Some(done("Succeeded", "The pod has completed successfully.")),
        "Failed" => Some(done("Failed", "The pod failed.")),
        _ => None,
    };
    let ip = list(pod, &["status", "podIPs"]).first().map_or("", |ip| field(ip, "/ip"));
    let cells = cells![
        pod.name(),
        format!("{}/{}", state.ready, state.total),
        state.reason,
        restarts,
        age::since(pod.str_at(&["metadata", "creationTimestamp"]), now),
        or(ip, "<none>"),
        or(pod.str_at(&["spec", "nodeName"]), "<none>"),
        or(pod.str_at(&["status", "nominatedNodeName"]), "<none>"),
        readiness_gates(pod),
    ];
    Row { cells, conditions }
}

struct State<'a> {
    reason: String,
    ready: usize,
    total: usize,
    restarts: i64,
    last_restart: Option<&'a str>,
}

impl<'a> State<'a> {
    fn of(pod: &'a Object) -> Self {
        let phase = pod.str_at(&["status", "phase"]);
        let mut state = Self {
            reason: or(pod.str_at(&["status", "reason"]), phase).to_owned(),
            ready: 0,
            total: list(pod, &["spec", "containers"]).len(),
            restarts: 0,
            last_restart: None,
        };
        for condition in list(pod, &["status", "conditions"]) {
            if field(condition, "/type") == "PodScheduled"
                && field(condition, "/reason") == "SchedulingGated"
            {
                "SchedulingGated".clone_into(&mut state.reason);
            }
        }
        let init = list(pod, &["spec", "initContainers"]);
        state.total += init.iter().filter(|c| is_sidecar(c)).count();
        let (initializing, sidecars) = state.initialize(pod, init);
        if !initializing || has_condition(pod, "Initialized") {
            (state.restarts, state.last_restart) = sidecars;
            state.run(pod);
        }
        if pod.is_terminating() {
            if pod.str_at(&["status", "reason"]) == "NodeLost" {
                "Unknown".clone_into(&mut state.reason);
            } else if !matches!(phase, "Failed" | "Succeeded") {
                "Terminating".clone_into(&mut state.reason);
            }
        }
        state
    }

    /// Goes through the init containers. Returns whether one of them is at work, and the restarts of those that keep
    /// running beside the others.
    fn initialize(&mut self, pod: &'a Object, init: &[Value]) -> (bool, (i64, Option<&'a str>)) {
        let mut sidecars = (0, None);
        for (at, status) in list(pod, &["status", "initContainerStatuses"]).iter().enumerate() {
            let name = field(status, "/name");
            let sidecar = init.iter().any(|c| field(c, "/name") == name && is_sidecar(c));
            let restarts = status["restartCount"].as_i64().unwrap_or_default();
            let finished = last_finished(status);
            self.restarts += restarts;
            self.last_restart = self.last_restart.max(finished);
            if sidecar {
                sidecars.0 += restarts;
                sidecars.1 = sidecars.1.max(finished);
            }
            let terminated = status.pointer("/state/terminated");
            let exit = terminated.map(|t| t["exitCode"].as_i64().unwrap_or_default());
            let waiting = field(status, "/state/waiting/reason");
            if exit == Some(0) {
                continue;
            }
            if sidecar && status["started"] == true {
                self.ready += usize::from(status["ready"] == true);
                continue;
            }
            self.reason = match terminated {
                Some(terminated) => format!("Init:{}", ended(terminated)),
                None if !waiting.is_empty() && waiting != "PodInitializing" => {
                    format!("Init:{waiting}")
                }
                None => format!("Init:{at}/{}", init.len()),
            };
            return (true, sidecars);
        }
        (false, sidecars)
    }

    /// Goes through the containers, the last first: the first one's state is what is shown.
    fn run(&mut self, pod: &'a Object) {
        let mut running = false;
        let mut error = String::new();
        for status in list(pod, &["status", "containerStatuses"]).iter().rev() {
            self.restarts += status["restartCount"].as_i64().unwrap_or_default();
            self.last_restart = self.last_restart.max(last_finished(status));
            let waiting = field(status, "/state/waiting/reason");
            if !waiting.is_empty() {
                waiting.clone_into(&mut self.reason);
            } else if let Some(terminated) = status.pointer("/state/terminated") {
                self.reason = ended(terminated);
                if terminated["exitCode"].as_i64().unwrap_or_default() != 0 {
                    error.clone_from(&self.reason);
                }
            } else if status["ready"] == true && status.pointer("/state/running").is_some() {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" {
            if running && has_condition(pod, "Ready") {
                "Running".clone_into(&mut self.reason);
            } else if !error.is_empty() {
                self.reason = error;
            } else if running {
                "NotReady".clone_into(&mut self.reason);
            }
        }
    }
}

fn is_sidecar(container: &Value) -> bool {
    field(container, "/restartPolicy") == "Always"
}

fn has_condition(pod: &Object, kind: &str) -> bool {
    list(pod, &["status", "conditions"])
        .iter()
        .any(|condition| field(condition, "/type") == kind && field(condition, "/status") == "True")
}

fn last_finished(status: &Value) -> Option<&str> {
    status.pointer("/lastState/terminated/finishedAt").and_then(Value::as_str)
}

/// Why a container ended.
fn ended(terminated: &Value) -> String {
    let signal = terminated["signal"].as_i64().unwrap_or_default();
    match field(terminated, "/reason") {
        "" if signal != 0 => format!("Signal:{signal}"),
        "" => format!("ExitCode:{}", terminated["exitCode"].as_i64().unwrap_or_default()),
        reason => reason.to_owned(),
    }
}

fn readiness_gates(pod: &Object) -> String {
    let gates = list(pod, &["spec", "readinessGates"]);
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let open = gates.iter().filter(|gate| has_condition(pod, field(gate, "/conditionType")));
    format!("{}/{}", open.count(), gates.len())
}
