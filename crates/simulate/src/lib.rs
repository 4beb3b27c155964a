//! Plays what a cluster does besides its API: workloads, nodes, garbage collection, namespaces.
//!
//! It speaks through an ordinary [`kube::Client`] and does not know which API server answers, so
//! the embedded one and a real one without controllers come to life alike.
//!
//! ```text
//!   watch ──> World ──> concerned keys ──> Queue ──> reconcile(world, key) -> Plan
//!               ^                                            │
//!               └───────────── answers ───────── execute <───┘
//! ```
//!
//! Each controller is a function of the [`world::World`] and the time, and gives a
//! [`plan::Plan`]; nothing else reads or writes. The answers to its writes go into the world at
//! once, so a controller never acts on a state older than its own last write.
//!
//! Pods run on one node and do at once what they should. Nodes and pods carry the label
//! `windlass.dev/simulated: "true"`. The annotation `windlass.dev/simulate`, on a pod or in a
//! template, makes pods wait, fail or crash. Steps are separated by `;`; the last one that is due,
//! counted from the pod's creation, holds:
//!
//! ```text
//! after 5s ready
//! imagePullBackOff message="no such tag"
//! ready; after 10s crashLoop exit=1 restarts=3; after 60s ready
//! fail exit=3 attempt=1; succeed attempt=2
//! ```
//!
//! States are `creating`, `ready`, `neverReady`, `imagePullBackOff`, `errImagePull`, `crashLoop`,
//! `oomKilled`, `succeed` and `fail`; `attempt` counts the pods of a Job. On a
//! PersistentVolumeClaim the annotation's value `pending` leaves it unbound.

#![forbid(unsafe_code)]

mod claim;
mod clusterrole;
mod conditions;
mod controllers;
mod cronjob;
mod daemonset;
mod deployment;
mod discovery;
mod disruption;
mod endpoints;
mod execute;
mod exposure;
mod garbage;
mod job;
mod kubelet;
mod namespace;
mod node;
mod plan;
mod pods;
mod queue;
mod replica_sets;
mod replicaset;
mod report;
mod resource;
mod revision;
mod rollout;
mod scale;
mod schedule;
mod script;
mod selector;
mod statefulset;
#[cfg(test)]
mod tests;
mod watch;
mod world;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use parking_lot::RwLock;
use tokio::sync::Notify;
use tokio::sync::watch::channel as watch_channel;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use controllers::Key;
use execute::Executor;
use plan::Action;
use queue::Queue;
use resource::{Kind, KindId, Resource};
use world::{Change, World};

/// How many objects of one plan are created at once.
const CREATES_AT_ONCE: usize = 16;
const DISCOVERY_PAUSE: Duration = Duration::from_millis(100);

/// How a simulation is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The API's certificate authority, PEM, for the ConfigMap `kube-root-ca.crt` of every
    /// namespace; without it there is no such ConfigMap.
    pub certificate_authority: Option<String>,
    /// How many objects are worked on at once.
    pub workers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { certificate_authority: None, workers: 16 }
    }
}

/// Brings the cluster behind `client` to life until `stop` is cancelled. Requests that fail are
/// tried again, each time later.
pub async fn run(client: Client, options: Options, stop: CancellationToken) {
    let simulation = Simulation {
        executor: Executor { client, world: Arc::new(RwLock::new(World::default())) },
        queue: Arc::new(Queue::default()),
        authority: options.certificate_authority.map(Arc::from),
        ready: Arc::new(watch_channel(false).0),
        kinds_changed: Arc::new(Notify::new()),
    };
    let mut tasks = JoinSet::new();
    let known: Vec<(KindId, Resource)> =
        Kind::ALL.iter().map(|kind| (KindId::from(*kind), kind.resource().clone())).collect();
    for (kind, resource) in known {
        tasks.spawn(simulation.clone().follow(kind, resource));
    }
    tasks.spawn(simulation.clone().discover());
    for _ in 0..options.workers.max(1) {
        tasks.spawn(simulation.clone().work());
    }
    simulation.queue.add(controllers::initial());
    stop.cancelled().await;
    tasks.shutdown().await;
}

#[derive(Clone)]
struct Simulation {
    executor: Executor,
    queue: Arc<Queue<Key>>,
    authority: Option<Arc<str>>,
    /// Whether all known kinds have been listed: what is missing before could be taken for gone.
    ready: Arc<tokio::sync::watch::Sender<bool>>,
    kinds_changed: Arc<Notify>,
}

impl Simulation {
    async fn follow(self, kind: KindId, resource: Resource) {
        let Executor { client, world } = self.executor.clone();
        watch::follow(client, world, kind, resource, |changes, listed| {
            self.changed(changes);
            if listed {
                self.listed();
            }
            if kind == KindId::from(Kind::CustomResourceDefinition) {
                self.kinds_changed.notify_one();
            }
        })
        .await;
    }

    /// Watches what else is served, for owner references and namespaces, and what comes to it.
    async fn discover(self) {
        let mut tasks = JoinSet::new();
        loop {
            let found = discovery::resources(&self.executor.client).await;
            match found {
                Ok(found) => {
                    let mut world = self.executor.world.write();
                    for resource in found {
                        if let Some(kind) = world.add_resource(resource.clone()) {
                            tasks.spawn(self.clone().follow(kind, resource));
                        }
                    }
                    world.discovered = true;
                }
                Err(error) => {
                    tracing::warn!(%error, "discovery failed");
                    self.kinds_changed.notify_one();
                }
            }
            self.kinds_changed.notified().await;
            // Kinds come in batches and change several times until they are served.
            tokio::time::sleep(DISCOVERY_PAUSE).await;
        }
    }

    /// After a list: whether work may begin, and whether owners may be taken for gone.
    fn listed(&self) {
        let world = self.executor.world.read();
        if world.known_synced() {
            self.ready.send_replace(true);
        }
        if world.all_synced() {
            for key in controllers::garbage(&world) {
                self.queue.add(key);
            }
        }
    }

    /// Asks for what the changes concern.
    fn changed(&self, changes: &[Change]) {
        let world = self.executor.world.read();
        for change in changes {
            for key in controllers::concerned(&world, change) {
                self.queue.add(key);
            }
        }
    }

    async fn work(self) {
        let mut ready = self.ready.subscribe();
        if ready.wait_for(|ready| *ready).await.is_err() {
            return;
        }
        loop {
            let key = self.queue.next().await;
            let succeeded = self.work_on(&key).await;
            self.queue.done(&key, succeeded);
        }
    }

    async fn work_on(&self, key: &Key) -> bool {
        let plan = {
            let world = self.executor.world.read();
            controllers::reconcile(&world, key, self.authority.as_deref(), Timestamp::now())
        };
        // Objects are created side by side; everything else is done in order.
        let both_create = |a: &Action, b: &Action| {
            matches!((a, b), (Action::Create { .. }, Action::Create { .. }))
        };
        for batch in plan.actions.chunk_by(both_create).flat_map(|run| run.chunks(CREATES_AT_ONCE))
        {
            let mut requests = Vec::with_capacity(batch.len());
            for action in batch {
                requests.push(self.executor.execute(action));
            }
            for answer in futures::future::join_all(requests).await {
                match answer {
                    Ok(changes) => self.changed(&changes),
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::debug!(?key, error, "an action failed");
                        return false;
                    }
                }
            }
        }
        if let Some(wait) = plan.again {
            self.queue.add_after(key.clone(), wait);
        }
        true
    }
}
