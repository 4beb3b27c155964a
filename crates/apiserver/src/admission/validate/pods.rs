//! Pods and their templates.

use serde_json::Value;
use windlass_object::{Object, quantity::Quantity};

use super::workloads::not_negative;
use crate::field::{
    duplicate, faulty, forbidden, invalid, items, not_found, not_supported, required, text,
};
use crate::names;
use crate::status::FieldError;

pub(super) fn pod(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    let spec = new.get(&["spec"]).unwrap_or(&Value::Null);
    pod_spec(spec, "spec", out);
    if let Some(old) = old {
        stays(old, new, out);
    }
}

/// A template's metadata and spec.
pub(super) fn template(template: &Value, path: &str, out: &mut Vec<FieldError>) {
    for (kind, check) in [("labels", true), ("annotations", false)] {
        let map = template.pointer(&format!("/metadata/{kind}")).and_then(Value::as_object);
        let path = format!("{path}.{kind}");
        for (key, value) in map.into_iter().flatten() {
            let key = if check { key.clone() } else { key.to_lowercase() };
            faulty(&path, &key, names::label_key(&key), out);
            if check {
                let value = value.as_str().unwrap_or_default();
                faulty(&path, value, names::label_value(value), out);
            }
        }
    }
    pod_spec(&template["spec"], &format!("{path}.spec"), out);
}

/// Whether a label selector selects labels; an unreadable one selects nothing.
pub(super) fn selects(selector: &Value, labels: Option<&Value>) -> bool {
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let equal = wanted.into_iter().flatten().all(|(key, value)| label(key) == value.as_str());
    equal
        && items(selector, "/matchExpressions").iter().all(|expression| {
            let found = label(text(expression, "/key"));
            let listed = items(expression, "/values").iter().any(|value| value.as_str() == found);
            match text(expression, "/operator") {
                "In" => found.is_some() && listed,
                "NotIn" => found.is_none() || !listed,
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}

fn pod_spec(spec: &Value, path: &str, out: &mut Vec<FieldError>) {
    let volumes = items(spec, "/volumes");
    let mut seen: Vec<&str> = Vec::new();
    for (at, volume) in volumes.iter().enumerate() {
        let name = text(volume, "/name");
        let path = format!("{path}.volumes[{at}].name");
        if name.is_empty() {
            out.push(required(&path, ""));
        } else {
            faulty(&path, name, names::label(name), out);
        }
        if seen.contains(&name) {
            out.push(duplicate(&path, name));
        }
        seen.push(name);
    }
    let containers = items(spec, "/containers");
    if containers.is_empty() {
        out.push(required(&format!("{path}.containers"), ""));
    }
    let mut taken: Vec<&str> = Vec::new();
    for (kind, containers) in
        [("containers", containers), ("initContainers", items(spec, "/initContainers"))]
    {
        for (at, container) in containers.iter().enumerate() {
            let path = format!("{path}.{kind}[{at}]");
            let name = text(container, "/name");
            if name.is_empty() {
                out.push(required(&format!("{path}.name"), ""));
            } else {
                faulty(&format!("{path}.name"), name, names::label(name), out);
            }
            if taken.contains(&name) {
                out.push(duplicate(&format!("{path}.name"), name));
            } else {
                taken.push(name);
            }
            self::container(container, &path, &seen, out);
        }
    }
    match text(spec, "/restartPolicy") {
        "Always" | "OnFailure" | "Never" => {}
        "" => out.push(required(&format!("{path}.restartPolicy"), "")),
        other => {
            let known = ["Always", "OnFailure", "Never"];
            out.push(not_supported(&format!("{path}.restartPolicy"), other, &known));
        }
    }
    match text(spec, "/dnsPolicy") {
        "ClusterFirstWithHostNet" | "ClusterFirst" | "Default" | "None" => {}
        "" => out.push(required(&format!("{path}.dnsPolicy"), "")),
        other => {
            let known = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
            out.push(not_supported(&format!("{path}.dnsPolicy"), other, &known));
        }
    }
    let account = text(spec, "/serviceAccountName");
    if !account.is_empty() {
        faulty(&format!("{path}.serviceAccountName"), account, names::subdomain(account), out);
    }
    let selector = spec.get("nodeSelector").and_then(Value::as_object);
    for key in selector.into_iter().flatten().map(|(key, _)| key) {
        faulty(&format!("{path}.nodeSelector"), key, names::label_key(key), out);
    }
    for field in ["activeDeadlineSeconds", "terminationGracePeriodSeconds"] {
        not_negative(spec.get(field), &format!("{path}.{field}"), out);
    }
}

fn container(container: &Value, path: &str, volumes: &[&str], out: &mut Vec<FieldError>) {
    let image = text(container, "/image");
    if image.is_empty() {
        out.push(required(&format!("{path}.image"), ""));
    } else if image.trim() != image {
        let detail = "must not have leading or trailing whitespace";
        out.push(invalid(&format!("{path}.image"), image, detail));
    }
    ports(container, path, out);
    for (at, variable) in items(container, "/env").iter().enumerate() {
        let path = format!("{path}.env[{at}]");
        let name = text(variable, "/name");
        if name.is_empty() {
            out.push(required(&format!("{path}.name"), ""));
        } else {
            faulty(&format!("{path}.name"), name, names::environment(name), out);
        }
        if !text(variable, "/value").is_empty() && variable["valueFrom"].is_object() {
            let detail = "may not be specified when `value` is not empty";
            out.push(invalid(&format!("{path}.valueFrom"), "", detail));
        }
    }
    let mut paths: Vec<&str> = Vec::new();
    for (at, mount) in items(container, "/volumeMounts").iter().enumerate() {
        let path = format!("{path}.volumeMounts[{at}]");
        let name = text(mount, "/name");
        if name.is_empty() {
            out.push(required(&format!("{path}.name"), ""));
        } else if !volumes.contains(&name) {
            out.push(not_found(&format!("{path}.name"), name));
        }
        let target = text(mount, "/mountPath");
        if target.is_empty() {
            out.push(required(&format!("{path}.mountPath"), ""));
        } else if paths.contains(&target) {
            out.push(invalid(&format!("{path}.mountPath"), target, "must be unique"));
        }
        paths.push(target);
    }
    match text(container, "/imagePullPolicy") {
        "Always" | "IfNotPresent" | "Never" => {}
        "" => out.push(required(&format!("{path}.imagePullPolicy"), "")),
        other => {
            let known = ["Always", "IfNotPresent", "Never"];
            out.push(not_supported(&format!("{path}.imagePullPolicy"), other, &known));
        }
    }
    resources(&container["resources"], &format!("{path}.resources"), out);
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(value) = container.get(probe).filter(|probe| probe.is_object()) {
            self::probe(value, &format!("{path}.{probe}"), out);
        }
    }
}

fn ports(container: &Value, path: &str, out: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for (at, port) in items(container, "/ports").iter().enumerate() {
        let path = format!("{path}.ports[{at}]");
        let name = text(port, "/name");
        if !name.is_empty() {
            let faults = names::port_name(name).into_iter();
            // The server counts these in characters.
            let faults = faults.map(|fault| fault.replace("15 bytes", "15 characters")).collect();
            faulty(&format!("{path}.name"), name, faults, out);
            if seen.contains(&name) {
                out.push(duplicate(&format!("{path}.name"), name));
            }
            seen.push(name);
        }
        match port["containerPort"].as_i64().unwrap_or_default() {
            0 => out.push(required(&format!("{path}.containerPort"), "")),
            number => {
                for fault in names::port(number) {
                    out.push(invalid(&format!("{path}.containerPort"), number, &fault));
                }
            }
        }
        if let Some(number) = port["hostPort"].as_i64().filter(|number| *number != 0) {
            for fault in names::port(number) {
                out.push(invalid(&format!("{path}.hostPort"), number, &fault));
            }
        }
        match text(port, "/protocol") {
            "SCTP" | "TCP" | "UDP" => {}
            "" => out.push(required(&format!("{path}.protocol"), "")),
            other => {
                let known = ["SCTP", "TCP", "UDP"];
                out.push(not_supported(&format!("{path}.protocol"), other, &known));
            }
        }
    }
}

/// A request may not be more than its limit.
fn resources(resources: &Value, path: &str, out: &mut Vec<FieldError>) {
    let quantity = |value: &Value| -> Option<Quantity> {
        match value {
            Value::String(text) => text.parse().ok(),
            other => other.to_string().parse().ok(),
        }
    };
    let requests = resources.get("requests").and_then(Value::as_object);
    for (name, request) in requests.into_iter().flatten() {
        let limit = resources.pointer(&format!("/limits/{}", name.replace('/', "~1")));
        let (Some(limit), Some(request)) = (limit.and_then(quantity), quantity(request)) else {
            continue;
        };
        if request > limit {
            let detail =
                format!("must be less than or equal to {name} limit of {}", limit.canonical());
            out.push(invalid(&format!("{path}.requests"), request.canonical(), &detail));
        }
    }
}

fn probe(probe: &Value, path: &str, out: &mut Vec<FieldError>) {
    let handlers = ["exec", "grpc", "httpGet", "tcpSocket"];
    let set = handlers.iter().filter(|handler| probe[**handler].is_object()).count();
    if set == 0 {
        out.push(required(path, "must specify a handler type"));
    } else if set > 1 {
        let last = handlers.iter().rfind(|handler| probe[**handler].is_object());
        let path = format!("{path}.{}", last.unwrap_or(&""));
        out.push(forbidden(&path, "may not specify more than 1 handler type"));
    }
    let fields = [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ];
    for field in fields {
        not_negative(probe.get(field), &format!("{path}.{field}"), out);
    }
}

/// Of a pod that is there only a few fields may change.
fn stays(old: &Object, new: &Object, out: &mut Vec<FieldError>) {
    let fixed = |object: &Object| {
        let mut spec = object.get(&["spec"]).cloned().unwrap_or_default();
        if let Some(spec) = spec.as_object_mut() {
            for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
                spec.remove(field);
            }
            // What waits for its gates to open may still be told where to run.
            for field in ["schedulingGates", "nodeName"] {
                spec.remove(field);
            }
        }
        for kind in ["containers", "initContainers"] {
            for container in spec[kind].as_array_mut().into_iter().flatten() {
                container["image"] = Value::Null;
            }
        }
        spec
    };
    if fixed(old) != fixed(new) {
        out.push(forbidden(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        ));
    }
    if items(old.get(&["spec"]).unwrap_or(&Value::Null), "/containers").len()
        != items(new.get(&["spec"]).unwrap_or(&Value::Null), "/containers").len()
    {
        out.push(forbidden("spec.containers", "pod updates may not add or remove containers"));
    }
}
