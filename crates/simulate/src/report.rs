//! When a status is worth a write: what is on its way is not reported step by step.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use windlass_object::Object;

use crate::conditions;
use crate::plan::Plan;
use crate::pods;

/// How long something may be on its way before its absence is reported.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the object was made a moment ago.
pub(crate) fn is_young(object: &Object, now: Timestamp) -> bool {
    let created = object.str_at(&["metadata", "creationTimestamp"]);
    conditions::age(Some(created), now).is_some_and(|age| age < PATIENCE)
}

fn observed(object: &Object) -> Option<i64> {
    object.int_at(&["status", "observedGeneration"])
}

/// Whether a workload's status is due. While there is something to do it is due for a new
/// generation only, and when the workload is new only if what it needs does not come.
pub(crate) fn is_due(object: &Object, plan: &mut Plan, now: Timestamp) -> bool {
    if plan.actions.is_empty() {
        return true;
    }
    let news = observed(object) != object.generation();
    if news && observed(object).is_none() && is_young(object, now) {
        plan.look_again(PATIENCE);
        return false;
    }
    news
}

/// Whether a pod was put on the node a moment ago and its containers have not been started yet.
pub(crate) fn is_starting(pod: &Object, now: Timestamp) -> bool {
    pod.str_at(&["spec", "nodeName"]) == pods::NODE
        && pod.get(&["status", "startTime"]).is_none_or(Value::is_null)
        && is_young(pod, now)
}

/// Whether a workload was made a moment ago and its own controller has not reported yet.
pub(crate) fn is_unreported(object: &Object, now: Timestamp) -> bool {
    observed(object).is_none() && is_young(object, now)
}

/// Defers a report until what is on its way should be there.
pub(crate) fn later(plan: &mut Plan) {
    plan.look_again(PATIENCE);
}
