//! `pods/log`: nothing runs here, so a container's log is one line that says so, written when the
//! container is said to have started.

use jiff::Timestamp;
use serde_json::Value;
use windlass_object::Object;

use crate::http::query::Query;
use crate::registry::Call;
use crate::status::{FieldError, FieldErrorKind, Status};

/// What of a log is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LogOptions {
    /// Whether the answer goes on until the pod is gone.
    pub(crate) follow: bool,
    container: String,
    previous: bool,
    timestamps: bool,
    tail_lines: Option<i64>,
    limit_bytes: Option<i64>,
    since: Option<Timestamp>,
}

impl LogOptions {
    /// Reads and checks the options.
    pub(crate) fn parse(call: &Call<'_>, query: &Query) -> Result<Self, Status> {
        let flag = |key: &str| query.bool(key).unwrap_or_default();
        let [tail_lines, limit_bytes, since_seconds] =
            [query.int("tailLines")?, query.int("limitBytes")?, query.int("sinceSeconds")?];
        let mut errors = Vec::new();
        let mut at_least = |field: &str, value: Option<i64>, least: i64, text: &str| {
            if let Some(value) = value.filter(|value| *value < least) {
                let kind = FieldErrorKind::Invalid;
                errors.push(FieldError::with_value(kind, field, value, text));
            }
        };
        at_least("tailLines", tail_lines, 0, "must be greater than or equal to 0");
        at_least("limitBytes", limit_bytes, 1, "must be greater than 0");
        let since_time = query.get("sinceTime").filter(|time| !time.is_empty());
        if since_time.is_some() && since_seconds.is_some() {
            let detail = "at most one of `sinceTime` or `sinceSeconds` may be specified";
            // No field: kube-apiserver prints its empty path so.
            errors.push(FieldError::new(FieldErrorKind::Forbidden, "[]", detail));
        } else {
            at_least("sinceSeconds", since_seconds, 1, "must be greater than 0");
        }
        if !errors.is_empty() {
            return Err(Status::invalid("", "PodLogOptions", call.name, &errors));
        }
        let since = match (since_time, since_seconds) {
            (Some(time), _) => Some(time.parse().map_err(Status::bad_request_from)?),
            (None, Some(seconds)) => {
                let at = call.now.as_second().saturating_sub(seconds);
                Some(Timestamp::from_second(at).unwrap_or(Timestamp::MIN))
            }
            (None, None) => None,
        };
        Ok(Self {
            follow: flag("follow"),
            container: query.str("container").to_owned(),
            previous: flag("previous"),
            timestamps: flag("timestamps"),
            tail_lines,
            limit_bytes,
            since,
        })
    }
}

/// The log of a container of the named pod; none while the pod is on no node.
pub(crate) fn read(call: &Call<'_>, options: &LogOptions) -> Result<Option<String>, Status> {
    let Some(pod) = call.registry.find("", "pods", call.namespace, call.name) else {
        return Err(Status::not_found("", "pods", call.name));
    };
    let container = container(&pod, call.name, &options.container)?;
    if pod.str_at(&["spec", "nodeName"]).is_empty() {
        return Ok(None);
    }
    if pod.str_at(&["status", "phase"]) == "Pending" {
        return Err(Status::bad_request(format!(
            "container \"{container}\" in pod \"{}\" is waiting to start: ContainerCreating",
            call.name
        )));
    }
    if options.previous {
        return Err(Status::bad_request(format!(
            "previous terminated container \"{container}\" in pod \"{}\" not found",
            call.name
        )));
    }
    let started = started(&pod, &container);
    if options.tail_lines == Some(0) || options.since.is_some_and(|since| started < since) {
        return Ok(Some(String::new()));
    }
    let mut text = format!(
        "{}/{}: container {container} is simulated and writes no log\n",
        call.namespace, call.name
    );
    if options.timestamps {
        text.insert_str(0, &started.strftime("%Y-%m-%dT%H:%M:%S.%9fZ ").to_string());
    }
    if let Some(limit) = options.limit_bytes.and_then(|limit| usize::try_from(limit).ok()) {
        text.truncate(text.floor_char_boundary(limit));
    }
    Ok(Some(text))
}

/// The container that is meant.
fn container(pod: &Object, pod_name: &str, asked: &str) -> Result<String, Status> {
    let names = |field: &str| -> Vec<String> {
        let all = pod.get(&["spec", field]).and_then(Value::as_array);
        let names = all.into_iter().flatten().filter_map(|container| container["name"].as_str());
        names.map(str::to_owned).collect()
    };
    let containers = names("containers");
    if asked.is_empty() {
        if let [only] = containers.as_slice() {
            return Ok(only.clone());
        }
        let init = names("initContainers");
        let mut message = format!(
            "a container name must be specified for pod {pod_name}, choose one of: [{}]",
            containers.join(" ")
        );
        if !init.is_empty() {
            message.push_str(&format!(" or one of the init containers: [{}]", init.join(" ")));
        }
        return Err(Status::bad_request(message));
    }
    let known = ["containers", "initContainers", "ephemeralContainers"];
    if known.iter().any(|field| names(field).iter().any(|name| name == asked)) {
        return Ok(asked.to_owned());
    }
    Err(Status::bad_request(format!("container {asked} is not valid for pod {pod_name}")))
}

/// When a container is said to have started, otherwise when its pod came to be.
fn started(pod: &Object, container: &str) -> Timestamp {
    let statuses = ["containerStatuses", "initContainerStatuses"];
    let statuses = statuses.iter().filter_map(|field| pod.get(&["status", field])?.as_array());
    let own = statuses.flatten().find(|status| status["name"] == container);
    let state = own.map(|status| &status["state"]);
    let time = state.and_then(|s| {
        s["running"]["startedAt"].as_str().or_else(|| s["terminated"]["startedAt"].as_str())
    });
    let created = pod.str_at(&["metadata", "creationTimestamp"]);
    time.unwrap_or(created).parse().unwrap_or_default()
}
