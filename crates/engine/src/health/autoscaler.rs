//! Horizontal pod autoscalers. Version 1 keeps its conditions in an annotation.

use windlass_object::{Object, Value};

use super::{Condition, HealthError, Verdict, degraded, healthy, progressing, versions};

const V1_CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";

/// Condition types and reasons that say that it cannot scale.
const BROKEN: [(&str, &str); 8] = [
    ("AbleToScale", "FailedGetScale"),
    ("AbleToScale", "FailedUpdateScale"),
    ("ScalingActive", "FailedGetResourceMetric"),
    ("ScalingActive", "FailedGetObjectMetric"),
    ("ScalingActive", "FailedGetPodsMetric"),
    ("ScalingActive", "FailedGetExternalMetric"),
    ("ScalingActive", "FailedComputeMetricsReplicas"),
    ("ScalingActive", "InvalidSelector"),
];

pub(super) fn autoscaler(object: &Object) -> Verdict {
    versions(object, "HPA", &["autoscaling/v1", "autoscaling/v2"])?;
    let conditions: Vec<Value> = if object.api_version() == "autoscaling/v1" {
        let Some(text) = object.annotation(V1_CONDITIONS) else { return waiting() };
        serde_json::from_str(text).map_err(|error| {
            HealthError(format!("failed to convert conditions annotation to typed: {error}"))
        })?
    } else {
        let list = object.get(&["status", "conditions"]).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let conditions: Vec<Condition<'_>> =
        conditions.iter().map(|value| Condition { value }).collect();

    if let Some(broken) = conditions.iter().find(|c| BROKEN.contains(&(c.kind(), c.reason()))) {
        return degraded(broken.message());
    }
    let works =
        |c: &&Condition<'_>| matches!(c.kind(), "AbleToScale" | "ScalingLimited") && c.is_true();
    match conditions.iter().find(works) {
        Some(condition) => healthy(condition.message()),
        None => waiting(),
    }
}

fn waiting() -> Verdict {
    progressing("Waiting to Autoscale")
}
