//! A cluster in a few lines: what is applied is there, and as healthy as a test says.

// Each test file uses a part of it; a fixture that does not read is a failed test.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use windlass_engine::health::BuiltInOnly;
use windlass_engine::state::{ApiKinds, OperationPhase};
use windlass_engine::sync::{
    Action, Change, Options, Outcome, Pair, Request, State, Step, Verb, Wait, World, step,
};
use windlass_object::{GroupKind, GroupVersionKind, Object, ResourceKey, Value, yaml};

pub(crate) fn objects(text: &str) -> Vec<Object> {
    let parsed = yaml::parse(text.as_bytes(), &yaml::Options::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let values = parsed.documents.into_iter().map(|document| document.value);
    values.filter(|v| !v.is_null()).map(|v| Object::try_from(v).unwrap()).collect()
}

pub(crate) fn object(text: &str) -> Object {
    objects(text).into_iter().next().unwrap()
}

/// Built-in kinds, and those of group `example.com` if they are served.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds {
    pub(crate) custom: bool,
}

impl ApiKinds for Kinds {
    fn namespaced(&self, kind: &GroupKind) -> Option<bool> {
        if kind.group == "example.com" && !self.custom {
            return None;
        }
        let cluster = ["Namespace", "ClusterRole", "CustomResourceDefinition", "PersistentVolume"];
        Some(!cluster.contains(&kind.kind.as_str()))
    }

    fn serves(&self, kind: &GroupVersionKind) -> bool {
        kind.group != "example.com" || self.custom
    }
}

/// What the test cluster does.
#[derive(Default)]
pub(crate) struct Cluster {
    pub(crate) live: BTreeMap<ResourceKey, Arc<Object>>,
    /// What was done, in words.
    pub(crate) log: Vec<String>,
    /// Names of objects that are refused.
    pub(crate) refuse: Vec<String>,
    /// Names of objects that stay unfinished once applied.
    pub(crate) slow: Vec<String>,
    /// Names of objects that fail once applied.
    pub(crate) broken: Vec<String>,
    pub(crate) kinds: Kinds,
    clock: i64,
}

impl Cluster {
    pub(crate) fn insert(&mut self, object: Object) {
        self.live.insert(object.key(), Arc::new(object));
    }

    /// Everything comes to its end.
    pub(crate) fn settle(&mut self) {
        self.slow.clear();
        for object in self.live.values_mut() {
            let mut settled = (**object).clone();
            finish(&mut settled, false);
            *object = Arc::new(settled);
        }
    }

    pub(crate) fn carry_out(&mut self, action: &Action) -> Outcome {
        let name = action.key.name.clone();
        let (word, object) = match &action.verb {
            Verb::Delete { .. } => ("delete", None),
            Verb::ReleaseHook => ("release", None),
            Verb::Apply { object, .. } => ("apply", Some(object)),
            Verb::ServerSideApply { object, .. } => ("ssa", Some(object)),
            Verb::Create { object, .. } => ("create", Some(object)),
            Verb::Replace { object, .. } => ("replace", Some(object)),
            Verb::Update { object } => ("update", Some(object)),
        };
        self.log.push(format!("{word} {}/{name}", action.key.kind));
        if self.refuse.contains(&name) {
            return Outcome::Failed { message: format!("{name} refused") };
        }
        match object {
            Some(object) => {
                if action.dry_run {
                    return Outcome::from(Change::Created);
                }
                assert!(
                    self.kinds.namespaced(&action.kind.group_kind()) != Some(false)
                        || object.namespace().is_empty(),
                    "cluster-scoped object in a namespace"
                );
                let mut stored = (**object).clone();
                self.clock += 1;
                stored.set(&["metadata", "uid"], format!("uid-{}", self.clock));
                if !self.slow.contains(&name) {
                    finish(&mut stored, self.broken.contains(&name));
                } else if stored.kind() == "Deployment" {
                    stored.set(&["metadata", "generation"], 2);
                }
                let change = match self.live.insert(action.key.clone(), Arc::new(stored)) {
                    None => Change::Created,
                    Some(_) => Change::Configured,
                };
                Outcome::from(change)
            }
            None if action.verb == Verb::ReleaseHook => {
                let Some(live) = self.live.get_mut(&action.key) else {
                    return Outcome::NotFound { message: "not found".into() };
                };
                let mut freed = (**live).clone();
                freed.remove(&["metadata", "finalizers"]);
                let going = freed.is_terminating();
                *live = Arc::new(freed);
                if going {
                    self.live.remove(&action.key);
                }
                Outcome::from(Change::Removed)
            }
            None => {
                let Some(live) = self.live.get_mut(&action.key) else {
                    return Outcome::NotFound { message: "not found".into() };
                };
                if live.finalizers().next().is_some() {
                    let mut going = (**live).clone();
                    going.set(&["metadata", "deletionTimestamp"], "2026-01-01T00:00:00Z");
                    *live = Arc::new(going);
                } else {
                    self.live.remove(&action.key);
                }
                Outcome::from(Change::Removed)
            }
        }
    }
}

fn finish(object: &mut Object, broken: bool) {
    match object.kind() {
        "Job" => {
            let kind = if broken { "Failed" } else { "Complete" };
            let condition = windlass_object::json!(
                {"type": kind, "status": "True", "message": format!("job {kind}")}
            );
            object.set(&["status", "conditions"], vec![condition]);
        }
        "Deployment" => {
            object.set(&["metadata", "generation"], 2);
            object.set(&["status", "observedGeneration"], 2);
            if broken {
                let late = windlass_object::json!(
                    {"type": "Progressing", "reason": "ProgressDeadlineExceeded"}
                );
                object.set(&["status", "conditions"], vec![late]);
            }
        }
        _ => {}
    }
}

/// One application's sync against a cluster.
pub(crate) struct Story {
    pub(crate) cluster: Cluster,
    pub(crate) targets: Vec<Arc<Object>>,
    pub(crate) hooks: Vec<Arc<Object>>,
    pub(crate) options: Options,
    pub(crate) state: State,
    pub(crate) revision: String,
    pub(crate) wait: Wait,
}

impl Story {
    pub(crate) fn new(manifests: &str) -> Self {
        let all = objects(manifests).into_iter().map(Arc::new);
        let (hooks, targets) = all.partition(|o| windlass_engine::hook::is_hook(o));
        Self {
            cluster: Cluster::default(),
            targets,
            hooks,
            options: Options { prune: true, ..Options::default() },
            state: State::default(),
            revision: "0123456789abcdef".to_owned(),
            wait: Wait::Ready,
        }
    }

    pub(crate) fn pairs(&self) -> Vec<Pair> {
        let mut rest = self.cluster.live.clone();
        let mut pairs: Vec<Pair> = self
            .targets
            .iter()
            .map(|target| Pair {
                target: Some(target.clone()),
                live: rest.remove(&target.key()),
                modified: None,
            })
            .collect();
        rest.retain(|key, _| key.kind != "Namespace" || key.name != "ns");
        pairs.extend(rest.into_values().map(|live| Pair {
            target: None,
            live: Some(live),
            modified: None,
        }));
        pairs
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&Request<'_>, &World<'_>) -> T) -> T {
        let time: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let request = Request {
            revision: &self.revision,
            namespace: "ns",
            started_at: time,
            now: time,
            options: &self.options,
        };
        let namespace = ResourceKey::new("", "Namespace", "", "ns");
        let world = World {
            pairs: self.pairs(),
            hooks: &self.hooks,
            namespace: self.cluster.live.get(&namespace).cloned(),
            kinds: &self.cluster.kinds,
            permit: &|object, _| match object.name() {
                "forbidden" => Err("not permitted".to_owned()),
                _ => Ok(()),
            },
            health: &BuiltInOnly,
        };
        look(&request, &world)
    }

    fn next(&self) -> Step {
        self.with(|request, world| step(request, world, &self.state))
    }

    /// Takes one step with all of its actions, of which at most `budget` are carried out before the
    /// process dies. Says whether it died.
    pub(crate) fn take(&mut self, budget: &mut usize) -> bool {
        let mut step = self.next();
        if step.store_first {
            self.state = step.state.clone();
        }
        while !step.batches.is_empty() {
            let mut outcomes = Vec::new();
            for batch in step.batches.clone() {
                let before = outcomes.len();
                for action in &batch.actions {
                    if *budget == 0 {
                        return true;
                    }
                    *budget -= 1;
                    outcomes.push(self.cluster.carry_out(action));
                }
                if batch.is_stopped_by(&outcomes[before..]) {
                    break;
                }
            }
            step = step.finish(&outcomes);
        }
        self.state = step.state.clone();
        self.wait = step.wait.clone();
        false
    }

    /// Runs until it ends or waits for what does not come.
    pub(crate) fn run(&mut self) -> &mut Self {
        for _ in 0..100 {
            let before = (self.state.clone(), self.cluster.log.len());
            self.take(&mut usize::MAX.clone());
            let same = before == (self.state.clone(), self.cluster.log.len());
            if self.state.phase.is_completed() || same && self.wait != Wait::Ready {
                return self;
            }
        }
        panic!("the sync goes round in circles: {:?}", self.state.message);
    }

    /// Phase, message, actions and results, one a line.
    pub(crate) fn told(&self) -> String {
        let mut text = format!("{}: {}\n", self.state.phase, self.state.message);
        for line in &self.cluster.log {
            text.push_str(&format!("  {line}\n"));
        }
        for r in &self.state.results {
            let word = |o: Option<String>| o.unwrap_or_else(|| "-".to_owned());
            text.push_str(&format!(
                "{} {}/{} {} {} {}\n",
                word(r.sync_phase.map(|p| p.to_string())),
                r.kind,
                r.name,
                word(r.status.map(|s| s.to_string())),
                word(r.hook_phase.map(|p| p.to_string())),
                r.message,
            ));
        }
        text
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state.phase == OperationPhase::Running
    }
}

pub(crate) fn value(text: &str) -> Value {
    yaml::parse_one(text.as_bytes(), &yaml::Options::default()).unwrap()
}
