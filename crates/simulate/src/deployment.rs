//! Deployment: rolls its ReplicaSets to the newest template and reports how far that is.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use windlass_object::Object;

use crate::conditions::{self, Condition};
use crate::plan::{Action, Plan, Target};
use crate::pods;
use crate::replica_sets::{
    copied, created, extended, facts, replicas, revision, same_template, status,
};
use crate::report;
use crate::resource::Kind;
use crate::rollout::{self, Limits, Set};
use crate::selector;
use crate::world::World;

pub(crate) const HASH: &str = "pod-template-hash";
pub(crate) const REVISION: &str = "deployment.kubernetes.io/revision";
const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
pub(crate) const MOST: &str = "deployment.kubernetes.io/max-replicas";
/// Annotations that are not copied to ReplicaSets.
pub(crate) const OWN: &[&str] = &[
    REVISION,
    REVISION_HISTORY,
    DESIRED,
    MOST,
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
];
/// The longest history of revisions that a ReplicaSet carries, in characters.
pub(crate) const HISTORY_BOUND: usize = 2000;

/// A Deployment with its ReplicaSets.
struct State<'a> {
    world: &'a World,
    deployment: &'a Object,
    limits: Limits,
    new: Option<&'a Object>,
    old: Vec<&'a Object>,
    now: Timestamp,
}

pub(crate) fn reconcile(world: &World, deployment: &Object, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    if deployment.get(&["spec", "selector"]) == Some(&json!({})) {
        return plan;
    }
    if !deployment.is_terminating() {
        adopt(world, deployment, &mut plan);
    }
    let mut sets: Vec<&Object> =
        world.controlled(deployment, Kind::ReplicaSet).map(|set| &**set).collect();
    sets.sort_by_key(|set| (created(set).to_owned(), set.name().to_owned()));
    let new = sets.iter().copied().find(|set| same_template(deployment, set));
    let old = sets.into_iter().filter(|set| new.is_none_or(|new| new.uid() != set.uid())).collect();
    let state = State { world, deployment, limits: Limits::of(deployment), new, old, now };
    if !deployment.is_terminating() {
        state.roll(&mut plan);
    }
    if plan.actions.is_empty() && state.new.is_some_and(|new| report::is_unreported(new, now)) {
        report::later(&mut plan);
    } else if report::is_due(deployment, &mut plan, now) {
        state.report(&mut plan);
    }
    plan
}

impl<'a> State<'a> {
    fn all(&self) -> impl Iterator<Item = &'a Object> {
        self.old.iter().copied().chain(self.new)
    }

    fn is_paused(&self) -> bool {
        self.deployment.get(&["spec", "paused"]) == Some(&Value::Bool(true))
    }

    fn was_scaled(&self) -> bool {
        self.all().filter(|set| replicas(set) > 0).any(|set| {
            set.annotation(DESIRED)
                .and_then(|desired| desired.parse::<i64>().ok())
                .is_some_and(|desired| desired != self.limits.replicas)
        })
    }

    fn roll(&self, plan: &mut Plan) {
        if self.is_paused() || self.was_scaled() {
            self.scale(plan);
            if self.is_paused() {
                self.clean_up(plan);
            }
            return;
        }
        if rollout::is_rolling(self.deployment) {
            self.roll_over(plan);
        } else {
            self.recreate(plan);
        }
    }

    fn roll_over(&self, plan: &mut Plan) {
        let Some(new) = self.new else {
            let total = self.old.iter().map(|set| replicas(set)).sum();
            return self.create(rollout::new_size(self.limits, true, 0, total), plan);
        };
        if self.annotate(new, plan) {
            return;
        }
        let total = self.all().map(replicas).sum();
        let size = rollout::new_size(self.limits, true, replicas(new), total);
        if size != replicas(new) {
            return self.resize(new, size, plan);
        }
        let old: Vec<Set> = self.old.iter().map(|set| facts(set)).collect();
        for (name, size) in rollout::old_sizes(self.limits, &facts(new), &old) {
            if let Some(set) = self.old.iter().find(|set| set.name() == name) {
                self.resize(set, size, plan);
            }
        }
        if plan.actions.is_empty() && self.is_complete() {
            self.clean_up(plan);
        }
    }

    /// The old pods must be gone before the first new one is made.
    fn recreate(&self, plan: &mut Plan) {
        for set in self.old.iter().filter(|set| replicas(set) > 0) {
            self.resize(set, 0, plan);
        }
        let left = self
            .old
            .iter()
            .flat_map(|set| self.world.controlled(set, Kind::Pod))
            .any(|pod| !pods::is_ended(pod));
        if !plan.actions.is_empty() || left {
            return;
        }
        let Some(new) = self.new else { return self.create(self.limits.replicas, plan) };
        if self.annotate(new, plan) {
            return;
        }
        if replicas(new) != self.limits.replicas {
            return self.resize(new, self.limits.replicas, plan);
        }
        if self.is_complete() {
            self.clean_up(plan);
        }
    }

    fn scale(&self, plan: &mut Plan) {
        let active: Vec<&Object> = self.all().filter(|set| replicas(set) > 0).collect();
        let single = match active.as_slice() {
            [] => self.new.or_else(|| self.old.last().copied()),
            [one] => Some(*one),
            _ => None,
        };
        if let Some(set) = single {
            if replicas(set) != self.limits.replicas {
                self.resize(set, self.limits.replicas, plan);
            } else if !active.is_empty() {
                self.refresh_annotations(set, plan);
            }
            return;
        }
        if self.new.is_some_and(|new| self.is_saturated(new)) {
            for set in self.old.iter().filter(|set| replicas(set) > 0) {
                self.resize(set, 0, plan);
            }
            return;
        }
        if !rollout::is_rolling(self.deployment) {
            return;
        }
        let observed = self.deployment.int_at(&["status", "replicas"]).unwrap_or(0);
        let facts = active.iter().map(|set| facts(set)).collect();
        for (name, size) in rollout::proportional(self.limits, facts, observed) {
            let Some(set) = active.iter().find(|set| set.name() == name) else { continue };
            if size == replicas(set) {
                self.refresh_annotations(set, plan);
            } else {
                self.resize(set, size, plan);
            }
        }
    }

    fn is_saturated(&self, new: &Object) -> bool {
        replicas(new) == self.limits.replicas
            && new.annotation(DESIRED) == Some(&self.limits.replicas.to_string())
            && status(new, "availableReplicas") == self.limits.replicas
    }

    fn is_complete(&self) -> bool {
        let deployment = self.deployment;
        ["updatedReplicas", "replicas", "availableReplicas"]
            .iter()
            .all(|name| status(deployment, name) == self.limits.replicas)
            && deployment.int_at(&["status", "observedGeneration"]) >= deployment.generation()
    }

    fn sizes(&self) -> Value {
        json!({DESIRED: self.limits.replicas.to_string(), MOST: self.limits.most().to_string()})
    }

    fn resize(&self, set: &Object, size: i64, plan: &mut Plan) {
        plan.actions.push(Action::Patch {
            target: Target::of(Kind::ReplicaSet, set),
            subresource: "",
            patch: json!({"metadata": {"annotations": self.sizes()}, "spec": {"replicas": size}}),
        });
    }

    fn refresh_annotations(&self, set: &Object, plan: &mut Plan) {
        let sizes = self.sizes();
        let stale = [DESIRED, MOST]
            .iter()
            .any(|name| set.annotation(name) != sizes.get(*name).and_then(Value::as_str));
        if stale {
            self.resize(set, replicas(set), plan);
        }
    }

    fn next_revision(&self) -> i64 {
        self.old.iter().map(|set| revision(set)).max().unwrap_or(0) + 1
    }

    fn create(&self, size: i64, plan: &mut Plan) {
        let deployment = self.deployment;
        let mut template = deployment.get(&["spec", "template"]).cloned().unwrap_or_default();
        let hash = pods::short_hash(&template, deployment.int_at(&["status", "collisionCount"]));
        template["metadata"]["labels"][HASH] = json!(hash);
        let mut selector = deployment.get(&["spec", "selector"]).cloned().unwrap_or_default();
        selector["matchLabels"][HASH] = json!(hash);
        let mut annotations: Map<String, Value> =
            copied(deployment).map(|(key, value)| (key.clone(), value.clone())).collect();
        annotations.insert(REVISION.into(), json!(self.next_revision().to_string()));
        if let Value::Object(sizes) = self.sizes() {
            annotations.extend(sizes);
        }
        let mut set = Object::default();
        set.set(&["apiVersion"], "apps/v1");
        set.set(&["kind"], "ReplicaSet");
        set.set(&["metadata", "namespace"], deployment.namespace());
        set.set(&["metadata", "name"], format!("{}-{hash}", deployment.name()));
        set.set(&["metadata", "annotations"], annotations);
        set.set(&["metadata", "labels"], template["metadata"]["labels"].clone());
        set.set(
            &["metadata", "ownerReferences"],
            pods::controlled_by(Kind::Deployment, deployment),
        );
        set.set(&["spec", "replicas"], size);
        set.set(&["spec", "selector"], selector);
        set.set(&["spec", "template"], template);
        if let Some(seconds) = deployment.get(&["spec", "minReadySeconds"]) {
            set.set(&["spec", "minReadySeconds"], seconds.clone());
        }
        plan.actions.push(Action::Create { kind: Kind::ReplicaSet, object: set });
    }

    /// Keeps the new ReplicaSet's annotations and the fields it shares with the Deployment.
    fn annotate(&self, new: &Object, plan: &mut Plan) -> bool {
        let mut annotations: BTreeMap<&str, Value> = copied(self.deployment)
            .filter(|(key, value)| new.annotation(key) != value.as_str())
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        let (old, next) = (revision(new), self.next_revision());
        if old < next {
            annotations.insert(REVISION, json!(next.to_string()));
            if old > 0 {
                let history = new.annotation(REVISION_HISTORY).unwrap_or_default();
                annotations.insert(REVISION_HISTORY, json!(extended(history, old)));
            }
        }
        let seconds = self.deployment.int_at(&["spec", "minReadySeconds"]).unwrap_or(0);
        let mut patch = json!({});
        if !annotations.is_empty() {
            patch["metadata"] = json!({ "annotations": annotations });
        }
        if new.int_at(&["spec", "minReadySeconds"]).unwrap_or(0) != seconds {
            patch["spec"] = json!({ "minReadySeconds": seconds });
        }
        let changed = patch.as_object().is_some_and(|patch| !patch.is_empty());
        if changed {
            let target = Target::of(Kind::ReplicaSet, new);
            plan.actions.push(Action::Patch { target, subresource: "", patch });
        }
        changed
    }

    /// Deletes old ReplicaSets over the limit, the oldest revisions first.
    fn clean_up(&self, plan: &mut Plan) {
        let limit = self.deployment.int_at(&["spec", "revisionHistoryLimit"]).unwrap_or(10);
        let mut old: Vec<&Object> =
            self.old.iter().copied().filter(|set| !set.is_terminating()).collect();
        let surplus = old.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        old.sort_by_key(|set| revision(set));
        for set in old.into_iter().take(surplus) {
            let observed = set.int_at(&["status", "observedGeneration"]) >= set.generation();
            if status(set, "replicas") == 0 && replicas(set) == 0 && observed {
                plan.delete(Kind::ReplicaSet, set);
            }
        }
    }

    fn report(&self, plan: &mut Plan) {
        let deployment = self.deployment;
        let sum = |name: &str| self.all().map(|set| status(set, name)).sum::<i64>();
        let available = sum("availableReplicas");
        let asked: i64 = self.all().map(replicas).sum();
        let mut status_map = Map::new();
        for (name, value) in [
            ("observedGeneration", deployment.generation().unwrap_or(0)),
            ("replicas", sum("replicas")),
            ("updatedReplicas", self.new.map_or(0, |new| status(new, "replicas"))),
            ("readyReplicas", sum("readyReplicas")),
            ("availableReplicas", available),
            ("unavailableReplicas", (asked - available).max(0)),
            ("collisionCount", status(deployment, "collisionCount")),
        ] {
            if value != 0 {
                status_map.insert(name.into(), json!(value));
            }
        }
        // Known once every ReplicaSet has said it.
        if self.all().all(|set| set.get(&["status", "terminatingReplicas"]).is_some()) {
            status_map.insert("terminatingReplicas".into(), json!(sum("terminatingReplicas")));
        }
        let conditions = self.conditions(&status_map, available, plan);
        if !conditions.is_empty() {
            status_map.insert("conditions".into(), Value::Array(conditions));
        }
        plan.status(Kind::Deployment, deployment, &Value::Object(status_map));
        self.report_revision(plan);
    }

    /// The revision goes with the status: a write to the object would be a new generation.
    fn report_revision(&self, plan: &mut Plan) {
        let Some(revision) = self.new.and_then(|new| new.annotation(REVISION)) else { return };
        if self.deployment.annotation(REVISION) == Some(revision)
            || self.deployment.is_terminating()
        {
            return;
        }
        let annotations = json!({"annotations": {REVISION: revision}});
        if let Some(Action::Patch { subresource: "status", patch, .. }) = plan.actions.last_mut() {
            patch["metadata"] = annotations;
            return;
        }
        plan.actions.push(Action::Patch {
            target: Target::of(Kind::Deployment, self.deployment),
            subresource: "status",
            patch: json!({ "metadata": annotations }),
        });
    }

    fn conditions(
        &self,
        status_map: &Map<String, Value>,
        available: i64,
        plan: &mut Plan,
    ) -> Vec<Value> {
        let mut conditions = conditions::of(self.deployment);
        let enough = available >= self.limits.fewest();
        let condition = if enough {
            Condition {
                kind: "Available",
                status: "True",
                reason: "MinimumReplicasAvailable",
                message: "Deployment has minimum availability.",
            }
        } else {
            Condition {
                kind: "Available",
                status: "False",
                reason: "MinimumReplicasUnavailable",
                message: "Deployment does not have minimum availability.",
            }
        };
        conditions::set(&mut conditions, condition, self.now, true);
        match self.deployment.int_at(&["spec", "progressDeadlineSeconds"]) {
            // The largest number means never.
            Some(deadline) if deadline < i64::from(i32::MAX) => {
                self.progress(status_map, deadline, &mut conditions, plan);
            }
            _ => conditions::remove(&mut conditions, "Progressing"),
        }
        conditions
    }

    fn progress(
        &self,
        new_status: &Map<String, Value>,
        deadline: i64,
        conditions: &mut Vec<Value>,
        plan: &mut Plan,
    ) {
        let set = |conditions: &mut Vec<Value>, status, reason, message: &str| {
            let condition = Condition { kind: "Progressing", status, reason, message };
            conditions::set(conditions, condition, self.now, true);
        };
        let current = conditions::find(conditions, "Progressing").cloned();
        let reason = current.as_ref().and_then(|c| c["reason"].as_str()).unwrap_or_default();
        if self.is_paused() {
            if reason != "ProgressDeadlineExceeded" {
                set(conditions, "Unknown", "DeploymentPaused", "Deployment is paused");
            }
            return;
        }
        if reason == "DeploymentPaused" {
            return set(conditions, "Unknown", "DeploymentResumed", "Deployment is resumed");
        }
        let at = |name: &str| new_status.get(name).and_then(Value::as_i64).unwrap_or(0);
        let was = |name: &str| status(self.deployment, name);
        if at("replicas") == at("updatedReplicas") && reason == "NewReplicaSetAvailable" {
            return;
        }
        let what = self.new.map_or_else(
            || format!("Deployment \"{}\"", self.deployment.name()),
            |new| format!("ReplicaSet \"{}\"", new.name()),
        );
        let complete = ["updatedReplicas", "replicas", "availableReplicas"]
            .iter()
            .all(|name| at(name) == self.limits.replicas);
        let progressing = at("updatedReplicas") > was("updatedReplicas")
            || at("replicas") - at("updatedReplicas") < was("replicas") - was("updatedReplicas")
            || at("readyReplicas") > was("readyReplicas")
            || at("availableReplicas") > was("availableReplicas");
        if complete && self.new.is_some() {
            let message = format!("{what} has successfully progressed.");
            set(conditions, "True", "NewReplicaSetAvailable", &message);
        } else if progressing || current.is_none() || self.new.is_none() {
            let reason = match (self.new, progressing) {
                (_, true) => "ReplicaSetUpdated",
                (Some(_), false) => "FoundNewReplicaSet",
                (None, false) => "NewReplicaSetCreated",
            };
            // Progress renews the time even where nothing else changes.
            conditions::remove(conditions, "Progressing");
            set(conditions, "True", reason, &format!("{what} is progressing."));
            if let (Some(new), Some(old)) = (conditions.last_mut(), current)
                && old["status"] == "True"
            {
                new["lastTransitionTime"] = old["lastTransitionTime"].clone();
            }
            plan.look_again(Duration::from_secs(u64::try_from(deadline).unwrap_or(0) + 1));
        } else if reason != "ProgressDeadlineExceeded" {
            let deadline = Duration::from_secs(u64::try_from(deadline).unwrap_or(0));
            let since = current.as_ref().and_then(|c| c["lastUpdateTime"].as_str());
            let waited = conditions::age(since, self.now).unwrap_or_default();
            if waited > deadline {
                let message = format!("{what} has timed out progressing.");
                set(conditions, "False", "ProgressDeadlineExceeded", &message);
            } else {
                plan.look_again(deadline - waited + Duration::from_secs(1));
            }
        }
    }
}

fn adopt(world: &World, deployment: &Object, plan: &mut Plan) {
    for set in world.uncontrolled(Kind::ReplicaSet, deployment.namespace()) {
        if !set.is_terminating() && selector::matches(deployment.get(&["spec", "selector"]), set) {
            let owners = pods::controlled_by(Kind::Deployment, deployment);
            plan.actions.push(Action::Patch {
                target: Target::of(Kind::ReplicaSet, set),
                subresource: "",
                patch: json!({"metadata": {"ownerReferences": owners}}),
            });
        }
    }
}
