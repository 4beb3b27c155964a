//! Autoscalers: `autoscaling/v1` has a field for CPU and keeps everything else in annotations.

use windlass_object::{Map, Object, Value, json};

use crate::status::Status;

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

pub(super) fn to_v1(object: &mut Object) -> Result<(), Status> {
    let list = |object: &mut Object, path: &[&str]| match object.remove(path) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    let (mut metrics, mut current) = (Vec::new(), Vec::new());
    for metric in list(object, &["spec", "metrics"]) {
        match cpu(&metric, "target").filter(|_| object.get(&["spec", CPU_TARGET]).is_none()) {
            Some(utilization) => object.set(&["spec", CPU_TARGET], utilization),
            None => metrics.push(metric),
        }
    }
    for metric in list(object, &["status", "currentMetrics"]) {
        match cpu(&metric, "current").filter(|_| object.get(&["status", CPU_CURRENT]).is_none()) {
            Some(utilization) => object.set(&["status", CPU_CURRENT], utilization),
            None => current.push(metric),
        }
    }
    annotate(object, METRICS, (!metrics.is_empty()).then_some(Value::Array(metrics)));
    annotate(object, CURRENT, (!current.is_empty()).then_some(Value::Array(current)));
    let conditions = object.remove(&["status", "conditions"]);
    annotate(object, CONDITIONS, conditions);
    let behavior = object.remove(&["spec", "behavior"]);
    annotate(object, BEHAVIOR, behavior);
    if object.get(&["status"]).is_some() {
        for field in ["currentReplicas", "desiredReplicas"] {
            if object.get(&["status", field]).is_none() {
                object.set(&["status", field], 0);
            }
        }
    }
    Ok(())
}

pub(super) fn to_v2(object: &mut Object) -> Result<(), Status> {
    let mut metrics = Vec::new();
    if let Some(utilization) = object.remove(&["spec", CPU_TARGET]) {
        metrics.push(json!({"type": "Resource", "resource": {
            "name": "cpu", "target": {"type": "Utilization", "averageUtilization": utilization},
        }}));
    }
    if let Some(Value::Array(others)) = annotated(object, METRICS)? {
        metrics.extend(others);
    }
    let mut current = Vec::new();
    if let Some(utilization) = object.remove(&["status", CPU_CURRENT]) {
        current.push(json!({"type": "Resource", "resource": {
            "name": "cpu", "current": {"averageUtilization": utilization},
        }}));
    }
    if let Some(Value::Array(others)) = annotated(object, CURRENT)? {
        current.extend(others);
    }
    if !metrics.is_empty() {
        object.set(&["spec", "metrics"], Value::Array(metrics));
    }
    if !current.is_empty() {
        object.set(&["status", "currentMetrics"], Value::Array(current));
    }
    if let Some(conditions) = annotated(object, CONDITIONS)? {
        object.set(&["status", "conditions"], conditions);
    }
    if let Some(behavior) = annotated(object, BEHAVIOR)? {
        object.set(&["spec", "behavior"], behavior);
    }
    Ok(())
}

const CPU_TARGET: &str = "targetCPUUtilizationPercentage";
const CPU_CURRENT: &str = "currentCPUUtilizationPercentage";

/// The utilization of CPU that a metric is about, if it is about nothing else.
fn cpu(metric: &Value, side: &str) -> Option<Value> {
    let resource = metric.get("resource")?;
    let utilization = resource.pointer(&format!("/{side}/averageUtilization"))?;
    (metric["type"] == "Resource" && resource["name"] == "cpu").then(|| utilization.clone())
}

fn annotate(object: &mut Object, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        object.set_annotation(key, &value.to_string());
    }
}

/// What an annotation holds; it goes.
fn annotated(object: &mut Object, key: &str) -> Result<Option<Value>, Status> {
    let Some(value) = object.remove_annotation(key) else { return Ok(None) };
    if object
        .get(&["metadata", "annotations"])
        .and_then(Value::as_object)
        .is_some_and(Map::is_empty)
    {
        object.remove(&["metadata", "annotations"]);
    }
    let text = value.as_str().unwrap_or_default();
    let parsed = serde_json::from_str(text)
        .map_err(|error| Status::bad_request(format!("annotation {key} holds no JSON: {error}")))?;
    Ok(Some(parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let check = |metrics: Value, cpu: Option<i64>, annotations: usize| {
            let mut object = Object::try_from(json!({
                "metadata": {"name": "x"},
                "spec": {"maxReplicas": 3, "metrics": metrics},
                "status": {"currentReplicas": 1, "desiredReplicas": 1, "conditions": [{"type": "a"}]},
            }))
            .unwrap();
            let before = object.to_value();
            to_v1(&mut object).unwrap();
            assert_eq!(object.int_at(&["spec", CPU_TARGET]), cpu);
            let kept = object.get(&["metadata", "annotations"]).and_then(Value::as_object);
            assert_eq!(kept.map_or(0, Map::len), annotations);
            to_v2(&mut object).unwrap();
            assert_eq!(object.to_value(), before);
        };
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}});
        let pods = json!({"type": "Pods", "pods": {"metric": {"name": "x"}, "target": {"type": "AverageValue", "averageValue": "5"}}});
        check(json!([cpu]), Some(50), 1);
        check(json!([cpu, pods]), Some(50), 2);
        check(json!([pods]), None, 2);
    }
}
