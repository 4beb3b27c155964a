//! Roles, budgets, priorities, autoscalers, leases, events.

use serde_json::{Value, json};
use windlass_object::Object;

use crate::field::{forbidden, invalid, items, not_supported, required, text};
use crate::status::FieldError;

pub(super) fn role(new: &Object, namespaced: bool, out: &mut Vec<FieldError>) {
    let rules = new.get(&["rules"]).and_then(Value::as_array);
    for (at, rule) in rules.into_iter().flatten().enumerate() {
        let path = format!("rules[{at}]");
        let has = |field: &str| !items(rule, &format!("/{field}")).is_empty();
        if !has("verbs") {
            out.push(required(&format!("{path}.verbs"), "verbs must contain at least one value"));
        }
        if has("nonResourceURLs") {
            let urls = rule["nonResourceURLs"].clone();
            let path = format!("{path}.nonResourceURLs");
            if namespaced {
                let detail = "namespaced rules cannot apply to non-resource URLs";
                out.push(invalid(&path, urls, detail));
            } else if has("apiGroups") || has("resources") || has("resourceNames") {
                let detail = "rules cannot apply to both regular resources and non-resource URLs";
                out.push(invalid(&path, urls, detail));
            }
            continue;
        }
        if !has("apiGroups") {
            let detail = "resource rules must supply at least one api group";
            out.push(required(&format!("{path}.apiGroups"), detail));
        }
        if !has("resources") {
            let detail = "resource rules must supply at least one resource";
            out.push(required(&format!("{path}.resources"), detail));
        }
    }
}

pub(super) fn binding(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    let role = new.get(&["roleRef"]).unwrap_or(&Value::Null);
    let group = text(role, "/apiGroup");
    if group != "rbac.authorization.k8s.io" {
        out.push(not_supported("roleRef.apiGroup", group, &["rbac.authorization.k8s.io"]));
    }
    let cluster = new.kind() == "ClusterRoleBinding";
    let kinds: &[&str] = if cluster { &["ClusterRole"] } else { &["Role", "ClusterRole"] };
    if !kinds.contains(&text(role, "/kind")) {
        out.push(not_supported("roleRef.kind", text(role, "/kind"), kinds));
    }
    if text(role, "/name").is_empty() {
        out.push(required("roleRef.name", ""));
    }
    let subjects = new.get(&["subjects"]).and_then(Value::as_array);
    for (at, subject) in subjects.into_iter().flatten().enumerate() {
        let path = format!("subjects[{at}]");
        if text(subject, "/name").is_empty() {
            out.push(required(&format!("{path}.name"), ""));
        }
        let group = text(subject, "/apiGroup");
        let mut need_group = |wanted: &str| {
            if group != wanted {
                out.push(not_supported(&format!("{path}.apiGroup"), group, &[wanted]));
            }
        };
        match text(subject, "/kind") {
            "ServiceAccount" => {
                need_group("");
                if cluster && text(subject, "/namespace").is_empty() {
                    out.push(required(&format!("{path}.namespace"), ""));
                }
            }
            "User" | "Group" => need_group("rbac.authorization.k8s.io"),
            other => {
                let known = ["ServiceAccount", "User", "Group"];
                out.push(not_supported(&format!("{path}.kind"), other, &known));
            }
        }
    }
    if old.is_some_and(|old| old.get(&["roleRef"]) != new.get(&["roleRef"])) {
        let value = json!({
            "APIGroup": group, "Kind": text(role, "/kind"), "Name": text(role, "/name"),
        });
        out.push(invalid("roleRef", value, "cannot change roleRef"));
    }
}

pub(super) fn autoscaler(new: &Object, out: &mut Vec<FieldError>) {
    let spec = new.get(&["spec"]).unwrap_or(&Value::Null);
    let min = spec["minReplicas"].as_i64();
    let max = spec["maxReplicas"].as_i64().unwrap_or_default();
    if let Some(min) = min.filter(|min| *min < 1) {
        out.push(invalid("spec.minReplicas", min, "must be greater than or equal to 1"));
    }
    if max < 1 {
        out.push(invalid("spec.maxReplicas", max, "must be greater than 0"));
    }
    if min.is_some_and(|min| max < min) {
        let detail = "must be greater than or equal to `minReplicas`";
        out.push(invalid("spec.maxReplicas", max, detail));
    }
    let target = &spec["scaleTargetRef"];
    for field in ["kind", "name"] {
        if text(target, &format!("/{field}")).is_empty() {
            out.push(required(&format!("spec.scaleTargetRef.{field}"), ""));
        }
    }
    let version = text(target, "/apiVersion");
    // Only the core group has no name.
    if !version.contains('/') && version != "v1" {
        let detail = "apiVersion must specify API group";
        out.push(invalid("spec.scaleTargetRef.apiVersion", version, detail));
    }
}

pub(super) fn disruption_budget(new: &Object, out: &mut Vec<FieldError>) {
    let spec = new.get(&["spec"]).unwrap_or(&Value::Null);
    let set = |field: &str| spec.get(field).is_some_and(|value| !value.is_null());
    if set("minAvailable") && set("maxUnavailable") {
        let or = |field: &str| spec.get(field).cloned().unwrap_or_default();
        let value = json!({
            "MinAvailable": or("minAvailable"), "Selector": or("selector"),
            "MaxUnavailable": or("maxUnavailable"),
            "UnhealthyPodEvictionPolicy": or("unhealthyPodEvictionPolicy"),
        });
        out.push(invalid("spec", value, "minAvailable and maxUnavailable cannot be both set"));
    }
}

pub(super) fn priority_class(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    const HIGHEST: i64 = 1_000_000_000;
    let value = new.int_at(&["value"]).unwrap_or_default();
    let system = new.name().starts_with("system-");
    if system && !matches!(new.name(), "system-node-critical" | "system-cluster-critical") {
        let detail = "priority class names with 'system-' prefix are reserved for system use only. error: no system priority class is known by this name";
        out.push(forbidden("metadata.name", detail));
    } else if !system && value > HIGHEST {
        let detail = format!("maximum allowed value of a user defined priority is {HIGHEST}");
        out.push(forbidden("value", &detail));
    }
    match new.str_at(&["preemptionPolicy"]) {
        "" | "PreemptLowerPriority" | "Never" => {}
        other => {
            let known = ["Never", "PreemptLowerPriority"];
            out.push(not_supported("preemptionPolicy", other, &known));
        }
    }
    let Some(old) = old else { return };
    if old.int_at(&["value"]).unwrap_or_default() != value {
        out.push(forbidden("value", "may not be changed in an update."));
    }
    if old.get(&["preemptionPolicy"]) != new.get(&["preemptionPolicy"]) {
        let value = new.str_at(&["preemptionPolicy"]);
        out.push(invalid("preemptionPolicy", value, "field is immutable"));
    }
}

/// An event is in the namespace of what it is about; what has none is told of in `default`.
pub(super) fn event(new: &Object, out: &mut Vec<FieldError>) {
    let about = new.str_at(&["involvedObject", "namespace"]);
    let matches = match about {
        "" => matches!(new.namespace(), "" | "default"),
        about => about == new.namespace(),
    };
    if !matches {
        let detail = "does not match event.namespace";
        out.push(invalid("involvedObject.namespace", about, detail));
    }
}

pub(super) fn lease(new: &Object, out: &mut Vec<FieldError>) {
    let spec = new.get(&["spec"]).unwrap_or(&Value::Null);
    if let Some(seconds) = spec["leaseDurationSeconds"].as_i64().filter(|seconds| *seconds <= 0) {
        out.push(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"));
    }
    if let Some(times) = spec["leaseTransitions"].as_i64().filter(|times| *times < 0) {
        out.push(invalid("spec.leaseTransitions", times, "must be greater than or equal to 0"));
    }
}
