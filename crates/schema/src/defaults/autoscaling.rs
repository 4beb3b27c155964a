//! Horizontal pod autoscalers: group `autoscaling`.

use windlass_object::{Value, json};

use super::{Fields, absent, inner};

pub(super) fn of(map: &mut Fields, definition: &str) {
    match definition {
        "autoscaling.v1.HorizontalPodAutoscalerSpec" => {
            absent(map, "minReplicas", 1);
            absent(map, "targetCPUUtilizationPercentage", 80);
        }
        "autoscaling.v2.HorizontalPodAutoscalerSpec" => {
            absent(map, "minReplicas", 1);
            let target = json!({"type": "Utilization", "averageUtilization": 80});
            absent(
                map,
                "metrics",
                json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]),
            );
        }
        "autoscaling.v2.HorizontalPodAutoscalerBehavior" => behavior(map),
        _ => {}
    }
}

fn behavior(map: &mut Fields) {
    let policy =
        |kind: &str, value: i32| json!({"type": kind, "value": value, "periodSeconds": 15});
    for (name, policies, window) in [
        ("scaleUp", json!([policy("Pods", 4), policy("Percent", 100)]), Some(0)),
        ("scaleDown", json!([policy("Percent", 100)]), None),
    ] {
        absent(map, name, json!({}));
        let Some(rules) = inner(map, name) else { continue };
        absent(rules, "selectPolicy", "Max");
        absent(rules, "policies", policies);
        if let Some(window) = window {
            absent(rules, "stabilizationWindowSeconds", Value::from(window));
        }
    }
}
