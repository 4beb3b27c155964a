//! PodDisruptionBudget: how many pods may be lost now.

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_object::Object;

use crate::conditions::{self, Condition};
use crate::plan::Plan;
use crate::pods;
use crate::resource::Kind;
use crate::rollout::scaled;
use crate::selector;
use crate::world::{World, controller};

pub(crate) fn reconcile(world: &World, budget: &Object, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    let chosen: Vec<&Object> = world
        .list(Kind::Pod, budget.namespace())
        .map(|pod| &**pod)
        .filter(|pod| !pods::is_ended(pod) && !pod.is_terminating())
        .filter(|pod| selector::matches(budget.get(&["spec", "selector"]), pod))
        .collect();
    let healthy = count(chosen.iter().filter(|pod| pods::is_ready(pod)).count());
    let least = budget.get(&["spec", "minAvailable"]);
    let lost = budget.get(&["spec", "maxUnavailable"]);
    // A plain number of pods needs no workload to be measured against.
    let expected = match (least, lost) {
        (Some(Value::Number(_)), _) => count(chosen.len()),
        _ => expected(world, &chosen),
    };
    let desired = match (least, lost) {
        (Some(least), _) => scaled(Some(least), expected, true),
        (None, lost) => (expected - scaled(lost, expected, true)).max(0),
    };
    let allowed = (healthy - desired).max(0);
    let condition = if allowed > 0 {
        Condition {
            kind: "DisruptionAllowed",
            status: "True",
            reason: "SufficientPods",
            message: "",
        }
    } else {
        Condition {
            kind: "DisruptionAllowed",
            status: "False",
            reason: "InsufficientPods",
            message: "",
        }
    };
    let mut conditions = conditions::of(budget);
    conditions::set(&mut conditions, condition, now, false);
    if let Some(condition) = conditions.last_mut() {
        condition["observedGeneration"] = json!(budget.generation());
    }
    let mut status = json!({
        "conditions": conditions, "currentHealthy": healthy, "desiredHealthy": desired,
        "disruptionsAllowed": if expected > 0 { allowed } else { 0 }, "expectedPods": expected,
        "observedGeneration": budget.generation(),
    });
    if let Some(disrupted) = budget.get(&["status", "disruptedPods"]) {
        status["disruptedPods"] = disrupted.clone();
    }
    plan.status(Kind::PodDisruptionBudget, budget, &status);
    plan
}

/// How many pods the workloads of these pods ask for.
fn expected(world: &World, chosen: &[&Object]) -> i64 {
    let mut owners: Vec<_> = chosen.iter().filter_map(|pod| controller(pod)).collect();
    owners.sort_by(|a, b| a.uid.cmp(&b.uid));
    owners.dedup_by(|a, b| a.uid == b.uid);
    let sizes = owners.iter().filter_map(|owner| {
        let place = world.place(&owner.uid)?;
        let owner = world.get(place.kind, &place.namespace, &place.name)?;
        let above = controller(owner)
            .and_then(|above| world.place(&above.uid))
            .and_then(|place| world.get(place.kind, &place.namespace, &place.name));
        above.unwrap_or(owner).int_at(&["spec", "replicas"])
    });
    sizes.sum()
}

fn count(pods: usize) -> i64 {
    i64::try_from(pods).unwrap_or(i64::MAX)
}
