//! HorizontalPodAutoscaler: keeps its target within its bounds; load is as wanted, always.

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_object::Object;

use crate::conditions::{self, Condition};
use crate::plan::{Action, Plan, Target};
use crate::resource::Kind;
use crate::world::World;

pub(crate) fn reconcile(world: &World, scaler: &Object, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    let reference = |part| scaler.str_at(&["spec", "scaleTargetRef", part]);
    let target = Kind::of_api_version(reference("apiVersion"), reference("kind"))
        .and_then(|kind| Some((kind, world.get(kind, scaler.namespace(), reference("name"))?)));
    let Some((kind, target)) = target else {
        let condition = Condition {
            kind: "AbleToScale",
            status: "False",
            reason: "FailedGetScale",
            message: "the scale target does not exist, or is of a kind that is not simulated",
        };
        let mut conditions = conditions::of(scaler);
        conditions::set(&mut conditions, condition, now, false);
        let mut status = scaler.get(&["status"]).cloned().unwrap_or_else(|| json!({}));
        status["conditions"] = Value::Array(conditions);
        plan.status(Kind::HorizontalPodAutoscaler, scaler, &status);
        return plan;
    };
    let wanted = target.int_at(&["spec", "replicas"]).unwrap_or(1);
    let least = scaler.int_at(&["spec", "minReplicas"]).unwrap_or(1);
    let most = scaler.int_at(&["spec", "maxReplicas"]).unwrap_or(wanted).max(least);
    // Zero replicas turn a scaler off.
    let desired = if wanted == 0 { 0 } else { wanted.clamp(least, most) };
    if desired != wanted {
        plan.actions.push(Action::Patch {
            target: Target::of(kind, target),
            subresource: "scale",
            patch: json!({"spec": {"replicas": desired}}),
        });
    }
    let mut conditions = conditions::of(scaler);
    for (kind, status, reason, message) in [
        ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
        ("ScalingActive", "True", "ValidMetricFound", "the load is simulated"),
        ("ScalingLimited", "False", "DesiredWithinRange", "the desired count is within range"),
    ] {
        conditions::set(&mut conditions, Condition { kind, status, reason, message }, now, false);
    }
    let mut status = json!({
        "conditions": conditions,
        "currentReplicas": target.int_at(&["status", "replicas"]).unwrap_or(0),
        "desiredReplicas": desired,
    });
    if let Some(metrics) = scaler.get(&["status", "currentMetrics"]) {
        status["currentMetrics"] = metrics.clone();
    }
    plan.status(Kind::HorizontalPodAutoscaler, scaler, &status);
    plan
}
