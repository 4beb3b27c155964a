//! Pods: priority, tolerations, service class.

use serde_json::{Value, json};
use windlass_object::Object;

use super::Attributes;
use crate::field::{items, text};
use crate::status::Status;

/// Fills in what the server's built-in admission gives every new pod.
pub(super) fn admit(attributes: &Attributes<'_>, new: &mut Object) -> Result<(), Status> {
    priority(attributes, new)?;
    tolerate(new);
    new.set(&["status", "phase"], "Pending");
    let class = quality(new);
    new.set(&["status", "qosClass"], class);
    Ok(())
}

/// The priority that the pod's class has, or the default class's.
fn priority(attributes: &Attributes<'_>, new: &mut Object) -> Result<(), Status> {
    let name = new.str_at(&["spec", "priorityClassName"]).to_owned();
    let classes = || attributes.registry.all("scheduling.k8s.io", "priorityclasses", "");
    let class = if name.is_empty() {
        classes().into_iter().find(|class| class.get(&["globalDefault"]) == Some(&json!(true)))
    } else {
        let found = attributes.registry.find("scheduling.k8s.io", "priorityclasses", "", &name);
        if found.is_none() {
            let why = format!("no PriorityClass with name {name} was found");
            return Err(Status::forbidden("", "pods", new.name(), &why));
        }
        found
    };
    let (value, policy) = match &class {
        Some(class) => {
            let policy = class.str_at(&["preemptionPolicy"]);
            let policy = if policy.is_empty() { "PreemptLowerPriority" } else { policy };
            (class.int_at(&["value"]).unwrap_or_default(), policy.to_owned())
        }
        None => (0, "PreemptLowerPriority".to_owned()),
    };
    if let Some(class) = &class {
        new.set(&["spec", "priorityClassName"], class.name());
    }
    if let Some(asked) = new.int_at(&["spec", "priority"]).filter(|asked| *asked != value) {
        let why = format!(
            "the integer value of priority ({asked}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name"
        );
        return Err(Status::forbidden("", "pods", new.name(), &why));
    }
    new.set(&["spec", "priority"], value);
    if new.get(&["spec", "preemptionPolicy"]).is_none() {
        new.set(&["spec", "preemptionPolicy"], policy);
    }
    Ok(())
}

/// Every pod bears a node that is not ready for five minutes, unless it says otherwise.
fn tolerate(new: &mut Object) {
    let mut tolerations =
        new.get(&["spec", "tolerations"]).and_then(Value::as_array).cloned().unwrap_or_default();
    let before = tolerations.len();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let borne = tolerations.iter().any(|toleration| {
            matches!(
                text(toleration, "/key"),
                "" | "node.kubernetes.io/not-ready" | "node.kubernetes.io/unreachable"
            ) && (text(toleration, "/key") == key || text(toleration, "/key").is_empty())
                && matches!(text(toleration, "/effect"), "" | "NoExecute")
        });
        if !borne {
            tolerations.push(json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
            }));
        }
    }
    if tolerations.len() > before {
        new.set(&["spec", "tolerations"], Value::Array(tolerations));
    }
}

/// The quality of service that the pod's requests and limits stand for.
fn quality(pod: &Object) -> &'static str {
    let spec = pod.get(&["spec"]).unwrap_or(&Value::Null);
    let all = || items(spec, "/containers").iter().chain(items(spec, "/initContainers"));
    let amount = |container: &Value, kind: &str, resource: &str| {
        let value = container.pointer(&format!("/resources/{kind}/{resource}"))?;
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(text).filter(|text| text != "0")
    };
    let (mut any, mut guaranteed) = (false, true);
    for container in all() {
        for resource in ["cpu", "memory"] {
            let limit = amount(container, "limits", resource);
            let request = amount(container, "requests", resource);
            any |= limit.is_some() || request.is_some();
            guaranteed &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
