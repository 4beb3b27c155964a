//! StatefulSet: pods with names and claims of their own, in order.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use windlass_object::Object;

use crate::conditions;
use crate::plan::{Action, Plan};
use crate::pods;
use crate::report;
use crate::resource::Kind;
use crate::revision::{self, LABEL};
use crate::world::World;

struct State<'a> {
    world: &'a World,
    set: &'a Object,
    start: i64,
    replicas: i64,
    update: String,
    current: String,
    now: Timestamp,
}

pub(crate) fn reconcile(world: &World, set: &Object, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    let current = set.str_at(&["status", "currentRevision"]);
    let update = revision::newest(world, Kind::StatefulSet, set, &[current], &mut plan).name;
    let state = State {
        world,
        set,
        start: set.int_at(&["spec", "ordinals", "start"]).unwrap_or(0),
        replicas: set.int_at(&["spec", "replicas"]).unwrap_or(1),
        current: if current.is_empty() { update.clone() } else { current.to_owned() },
        update,
        now,
    };
    let mut pods: Vec<(i64, &Object)> =
        world.controlled(set, Kind::Pod).filter_map(|pod| Some((ordinal(pod)?, &**pod))).collect();
    pods.sort_by_key(|(ordinal, _)| *ordinal);
    if !set.is_terminating() {
        state.step(&pods, &mut plan);
    }
    if report::is_due(set, &mut plan, now) {
        state.report(&pods, &mut plan);
    }
    plan
}

fn ordinal(pod: &Object) -> Option<i64> {
    pod.name().rsplit_once('-')?.1.parse().ok()
}

fn revision(pod: &Object) -> &str {
    pod.label(LABEL).unwrap_or_default()
}

impl State<'_> {
    fn step(&self, pods: &[(i64, &Object)], plan: &mut Plan) {
        let ordered = self.set.str_at(&["spec", "podManagementPolicy"]) != "Parallel";
        let wanted = self.start..self.start + self.replicas;
        for ordinal in wanted.clone() {
            match pods.iter().find(|(other, _)| *other == ordinal) {
                None => self.create(ordinal, plan),
                Some((_, pod)) if pods::is_ended(pod) && !pod.is_terminating() => {
                    plan.delete(Kind::Pod, pod);
                }
                Some((_, pod)) if self.is_available(pod, plan) => continue,
                Some(_) => {}
            }
            if ordered {
                return;
            }
        }
        for (_, pod) in pods.iter().rev().filter(|(ordinal, _)| !wanted.contains(ordinal)) {
            if !pod.is_terminating() {
                plan.delete(Kind::Pod, pod);
            }
            if ordered {
                return;
            }
        }
        if self.set.str_at(&["spec", "updateStrategy", "type"]) != "OnDelete" {
            self.update(pods, plan);
        }
    }

    /// From the last pod to the partition, one at a time.
    fn update(&self, pods: &[(i64, &Object)], plan: &mut Plan) {
        for (_, pod) in pods.iter().rev().filter(|(ordinal, _)| *ordinal >= self.partition()) {
            if revision(pod) != self.update && !pod.is_terminating() {
                return plan.delete(Kind::Pod, pod);
            }
            if !self.is_available(pod, plan) {
                return;
            }
        }
    }

    fn partition(&self) -> i64 {
        let path = ["spec", "updateStrategy", "rollingUpdate", "partition"];
        self.start + self.set.int_at(&path).unwrap_or(0)
    }

    fn is_available(&self, pod: &Object, plan: &mut Plan) -> bool {
        let seconds = self.set.int_at(&["spec", "minReadySeconds"]).unwrap_or(0);
        match pods::availability(pod, seconds, self.now) {
            Ok(()) => !pod.is_terminating(),
            Err(missing) => {
                if let Some(missing) = missing {
                    plan.look_again(Duration::from_secs(missing));
                }
                false
            }
        }
    }

    fn create(&self, ordinal: i64, plan: &mut Plan) {
        let set = self.set;
        let old = self.current != self.update && ordinal < self.partition();
        let kept =
            if old { revision::template(self.world, set.namespace(), &self.current) } else { None };
        let name = if kept.is_some() { &self.current } else { &self.update };
        let template =
            kept.unwrap_or_else(|| set.get(&["spec", "template"]).cloned().unwrap_or_default());
        let mut pod = pods::from_template(Kind::StatefulSet, set, &template);
        let pod_name = format!("{}-{ordinal}", set.name());
        pod.remove(&["metadata", "generateName"]);
        pod.set(&["metadata", "name"], pod_name.as_str());
        pod.set_label(LABEL, name);
        pod.set_label("statefulset.kubernetes.io/pod-name", &pod_name);
        pod.set_label("apps.kubernetes.io/pod-index", &ordinal.to_string());
        pod.set(&["spec", "hostname"], pod_name.as_str());
        let service = set.str_at(&["spec", "serviceName"]);
        if !service.is_empty() {
            pod.set(&["spec", "subdomain"], service);
        }
        self.claim(&pod_name, &mut pod, plan);
        plan.actions.push(Action::Create { kind: Kind::Pod, object: pod });
    }

    /// Makes the pod's claims where they are absent, and mounts them.
    fn claim(&self, pod_name: &str, pod: &mut Object, plan: &mut Plan) {
        let templates = self.set.get(&["spec", "volumeClaimTemplates"]).and_then(Value::as_array);
        let Some(templates) = templates.filter(|templates| !templates.is_empty()) else { return };
        let mut volumes =
            pod.get(&["spec", "volumes"]).and_then(Value::as_array).cloned().unwrap_or_default();
        for template in templates {
            let volume = template["metadata"]["name"].as_str().unwrap_or_default();
            let name = format!("{volume}-{pod_name}");
            volumes.retain(|other| other["name"] != volume);
            volumes.push(json!({"name": volume, "persistentVolumeClaim": {"claimName": name}}));
            if self.world.get(Kind::PersistentVolumeClaim, self.set.namespace(), &name).is_none() {
                let Ok(mut claim) = Object::try_from(template.clone()) else { continue };
                claim.remove(&["status"]);
                claim.set(&["apiVersion"], "v1");
                claim.set(&["kind"], "PersistentVolumeClaim");
                claim.set(&["metadata", "name"], name);
                claim.set(&["metadata", "namespace"], self.set.namespace());
                let labels = self.set.get(&["spec", "selector", "matchLabels"]);
                for (key, value) in labels.and_then(Value::as_object).into_iter().flatten() {
                    claim.set(&["metadata", "labels", key], value.clone());
                }
                plan.actions
                    .push(Action::Create { kind: Kind::PersistentVolumeClaim, object: claim });
            }
        }
        pod.set(&["spec", "volumes"], volumes);
        // It waits for its claims and is scheduled then.
        if pod.str_at(&["spec", "nodeName"]) == pods::NODE {
            pod.remove(&["spec", "nodeName"]);
        }
    }

    fn report(&self, pods: &[(i64, &Object)], plan: &mut Plan) {
        let count = |matches: &dyn Fn(&Object) -> bool| -> i64 {
            pods.iter().map(|(_, pod)| i64::from(matches(pod))).sum()
        };
        let total = count(&|_| true);
        let ready = count(&|pod| pods::is_ready(pod));
        let updated = count(&|pod| !pod.is_terminating() && revision(pod) == self.update);
        let seconds = self.set.int_at(&["spec", "minReadySeconds"]).unwrap_or(0);
        let available = count(&|pod| pods::availability(pod, seconds, self.now).is_ok());
        let rolling = self.set.str_at(&["spec", "updateStrategy", "type"]) != "OnDelete";
        let done = rolling && updated == total && ready == total && total == self.replicas;
        let revision_now = if done { &self.update } else { &self.current };
        let current = count(&|pod| !pod.is_terminating() && revision(pod) == revision_now);
        let mut status = Map::new();
        status.insert("replicas".into(), json!(total));
        status.insert("availableReplicas".into(), json!(available));
        for (name, value) in [
            ("readyReplicas", ready),
            ("currentReplicas", current),
            ("updatedReplicas", updated),
            ("observedGeneration", self.set.generation().unwrap_or(0)),
        ] {
            if value != 0 {
                status.insert(name.into(), json!(value));
            }
        }
        status.insert("currentRevision".into(), json!(revision_now));
        status.insert("updateRevision".into(), json!(self.update));
        let collisions = self.set.int_at(&["status", "collisionCount"]).unwrap_or(0);
        status.insert("collisionCount".into(), json!(collisions));
        let conditions = conditions::of(self.set);
        if !conditions.is_empty() {
            status.insert("conditions".into(), Value::Array(conditions));
        }
        plan.status(Kind::StatefulSet, self.set, &Value::Object(status));
    }
}
