//! ReplicaSet: as many pods as it says.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use windlass_object::Object;

use crate::conditions;
use crate::plan::{Action, Plan, Target};
use crate::pods;
use crate::report;
use crate::resource::Kind;
use crate::selector;
use crate::world::World;

/// The most pods that one look at a ReplicaSet creates or deletes.
const BURST: usize = 500;

pub(crate) fn reconcile(world: &World, set: &Object, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    let owned: Vec<&Object> = world.controlled(set, Kind::Pod).map(|pod| &**pod).collect();
    if !set.is_terminating() {
        adopt(world, set, &mut plan);
    }
    let mut active: Vec<&Object> =
        owned.iter().copied().filter(|pod| pods::is_active(pod)).collect();
    let wanted = usize::try_from(set.int_at(&["spec", "replicas"]).unwrap_or(1)).unwrap_or(0);
    if !set.is_terminating() {
        let template = set.get(&["spec", "template"]).cloned().unwrap_or_default();
        for _ in active.len()..wanted.min(active.len() + BURST) {
            let object = pods::from_template(Kind::ReplicaSet, set, &template);
            plan.actions.push(Action::Create { kind: Kind::Pod, object });
        }
        if active.len() > wanted {
            pods::cheapest_first(&mut active);
            for pod in active.iter().take((active.len() - wanted).min(BURST)) {
                plan.delete(Kind::Pod, pod);
            }
        }
    }
    // Status is of the pods as they are: what was just asked for shows when it is there.
    let terminating = owned.iter().filter(|pod| pod.is_terminating()).count();
    let status = status(set, &active, terminating, now, &mut plan);
    if plan.actions.is_empty() && active.iter().any(|pod| report::is_starting(pod, now)) {
        report::later(&mut plan);
    } else if report::is_due(set, &mut plan, now) {
        plan.status(Kind::ReplicaSet, set, &status);
    }
    plan
}

fn adopt(world: &World, set: &Object, plan: &mut Plan) {
    for pod in world.uncontrolled(Kind::Pod, set.namespace()) {
        if pods::is_active(pod) && selector::matches(set.get(&["spec", "selector"]), pod) {
            let mut owners = pod
                .get(&["metadata", "ownerReferences"])
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            if let Value::Array(new) = pods::controlled_by(Kind::ReplicaSet, set) {
                owners.extend(new);
            }
            plan.actions.push(Action::Patch {
                target: Target::of(Kind::Pod, pod),
                subresource: "",
                patch: json!({"metadata": {"ownerReferences": owners}}),
            });
        }
    }
}

fn status(
    set: &Object,
    active: &[&Object],
    terminating: usize,
    now: Timestamp,
    plan: &mut Plan,
) -> Value {
    let min_ready = set.int_at(&["spec", "minReadySeconds"]).unwrap_or(0);
    let template_labels = json!({
        "matchLabels": set.get(&["spec", "template", "metadata", "labels"]).cloned()
            .unwrap_or_else(|| json!({})),
    });
    let mut ready = 0;
    let mut available = 0;
    let mut labelled = 0;
    for pod in active {
        labelled += i64::from(selector::matches(Some(&template_labels), pod));
        ready += i64::from(pods::is_ready(pod));
        match pods::availability(pod, min_ready, now) {
            Ok(()) => available += 1,
            Err(Some(missing)) => plan.look_again(Duration::from_secs(missing)),
            Err(None) => {}
        }
    }
    let mut status = Map::new();
    status.insert("replicas".into(), json!(active.len()));
    for (name, value) in [
        ("fullyLabeledReplicas", labelled),
        ("readyReplicas", ready),
        ("availableReplicas", available),
        ("observedGeneration", set.generation().unwrap_or(0)),
    ] {
        if value != 0 {
            status.insert(name.into(), json!(value));
        }
    }
    status.insert("terminatingReplicas".into(), json!(terminating));
    let conditions = conditions::of(set);
    if !conditions.is_empty() {
        status.insert("conditions".into(), Value::Array(conditions));
    }
    Value::Object(status)
}
