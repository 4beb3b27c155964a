//! DaemonSet: one pod on the node.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use windlass_object::Object;

use crate::conditions;
use crate::plan::{Action, Plan};
use crate::pods;
use crate::report as reporting;
use crate::resource::Kind;
use crate::revision::{self, LABEL};
use crate::rollout::scaled;
use crate::world::World;

pub(crate) fn reconcile(world: &World, set: &Object, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    let newest = revision::newest(world, Kind::DaemonSet, set, &[], &mut plan);
    let wanted = world.get(Kind::Node, "", pods::NODE).is_some_and(|node| fits(set, node));
    let all: Vec<&Object> = world.controlled(set, Kind::Pod).map(|pod| &**pod).collect();
    let is_new = |pod: &Object| pod.label(LABEL) == Some(newest.hash.as_str());
    if !set.is_terminating() {
        let mut kept = 0;
        for pod in &all {
            if pod.is_terminating() {
                // The next one comes when this one is gone.
                kept += 1;
            } else if !wanted || pods::is_ended(pod) || kept > 0 {
                plan.delete(Kind::Pod, pod);
            } else {
                kept += 1;
                let replaced = !is_new(pod) && may_replace(set);
                if replaced {
                    plan.delete(Kind::Pod, pod);
                }
            }
        }
        if wanted && kept == 0 && plan.actions.iter().all(|a| !matches!(a, Action::Delete { .. })) {
            let template = set.get(&["spec", "template"]).cloned().unwrap_or_default();
            let mut pod = pods::from_template(Kind::DaemonSet, set, &template);
            pod.set_label(LABEL, &newest.hash);
            pod.set(&["spec", "nodeName"], pods::NODE);
            plan.actions.push(Action::Create { kind: Kind::Pod, object: pod });
        }
    }
    if reporting::is_due(set, &mut plan, now) {
        report(set, &all, wanted, &is_new, now, &mut plan);
    }
    plan
}

fn fits(set: &Object, node: &Object) -> bool {
    set.get(&["spec", "template", "spec", "nodeSelector"])
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .all(|(key, value)| node.label(key) == value.as_str())
}

/// With surge alone, an old pod stays until the new one is ready; on one node that is no
/// difference to anyone, so it is replaced as with one unavailable.
fn may_replace(set: &Object) -> bool {
    let path = ["spec", "updateStrategy", "rollingUpdate"];
    let part = |name| scaled(set.get(&[path[0], path[1], path[2], name]), 1, true);
    let unset = set.get(&path).is_none();
    set.str_at(&["spec", "updateStrategy", "type"]) != "OnDelete"
        && (unset || part("maxUnavailable") > 0 || part("maxSurge") > 0)
}

fn report(
    set: &Object,
    all: &[&Object],
    wanted: bool,
    is_new: &dyn Fn(&Object) -> bool,
    now: Timestamp,
    plan: &mut Plan,
) {
    let running: Vec<&&Object> = all.iter().filter(|pod| !pod.is_terminating()).collect();
    let here = i64::from(!running.is_empty());
    let desired = i64::from(wanted);
    let any = |matches: &dyn Fn(&Object) -> bool| {
        i64::from(wanted && running.iter().any(|pod| matches(pod)))
    };
    let seconds = set.int_at(&["spec", "minReadySeconds"]).unwrap_or(0);
    for pod in &running {
        if let Err(Some(missing)) = pods::availability(pod, seconds, now) {
            plan.look_again(Duration::from_secs(missing));
        }
    }
    let available = any(&|pod| pods::availability(pod, seconds, now).is_ok());
    let mut status = Map::new();
    for (name, value) in [
        ("currentNumberScheduled", here.min(desired)),
        ("numberMisscheduled", if wanted { 0 } else { here }),
        ("desiredNumberScheduled", desired),
        ("numberReady", any(&|pod| pods::is_ready(pod))),
    ] {
        status.insert(name.into(), json!(value));
    }
    for (name, value) in [
        ("observedGeneration", set.generation().unwrap_or(0)),
        ("updatedNumberScheduled", any(is_new)),
        ("numberAvailable", available),
        ("numberUnavailable", desired - available),
        ("collisionCount", set.int_at(&["status", "collisionCount"]).unwrap_or(0)),
    ] {
        if value != 0 {
            status.insert(name.into(), json!(value));
        }
    }
    let conditions = conditions::of(set);
    if !conditions.is_empty() {
        status.insert("conditions".into(), Value::Array(conditions));
    }
    plan.status(Kind::DaemonSet, set, &Value::Object(status));
}
