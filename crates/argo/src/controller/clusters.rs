//! The clusters that applications go to.
//!
//! A cluster is connected to when the first application needs it and stays connected. What changes
//! in it wakes the applications that it belongs to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, SemaphorePermit};
use windlass_cluster::{Cluster, ConnectOptions, Connection};

use super::apps::{AppKey, Level};
use super::cluster_secret::Described;
use super::context::{AT_WORK, Context, LOOKED_AT};
use super::tracker::ByMark;
use super::updates::Updates;
use crate::types::Destination;

/// The address of the cluster that the controller itself runs on.
pub(crate) const IN_CLUSTER: &str = "https://kubernetes.default.svc";
const IN_CLUSTER_NAME: &str = "in-cluster";

/// All clusters.
pub(crate) struct Clusters {
    client: kube::Client,
    config: Option<kube::Config>,
    queries_per_second: Option<f64>,
    /// Whether the cluster that the controller runs on may be gone to.
    in_cluster: AtomicBool,
    described: RwLock<BTreeMap<String, Described>>,
    connected: Mutex<BTreeMap<String, Connected>>,
}

/// A cluster, and how many applications may be worked on in it at once: one that hangs holds up
/// only its own.
#[derive(Clone)]
pub(crate) struct Connected {
    pub(crate) cluster: Cluster,
    slots: Arc<Slots>,
    /// When the connection, and so the mirror, was begun.
    since: Instant,
}

/// Places to work on applications of one cluster.
struct Slots {
    /// Where there is something new to deliver.
    deliveries: Semaphore,
    /// Where what was delivered has changed in the cluster: that shows within a second also while
    /// thousands of applications are delivered for the first time.
    looks: Semaphore,
}

/// A connected cluster, as metrics show it.
pub(crate) struct Seen {
    pub(crate) server: String,
    pub(crate) name: String,
    /// Version of Kubernetes; empty until it is known.
    pub(crate) version: String,
    pub(crate) up: bool,
    /// Kinds that are mirrored.
    pub(crate) kinds: usize,
    /// Objects that are mirrored.
    pub(crate) objects: usize,
    /// Age of the mirror; none before it is complete.
    pub(crate) age: Option<Duration>,
    /// Labels of the secret that describes it; none without such a secret.
    pub(crate) labels: Option<BTreeMap<String, String>>,
}

impl Connected {
    /// Waits for a place to work, `anew` on manifests that were not worked on before.
    pub(crate) async fn slot(&self, anew: bool) -> Option<SemaphorePermit<'_>> {
        let slots = if anew { &self.slots.deliveries } else { &self.slots.looks };
        slots.acquire().await.ok()
    }
}

impl Clusters {
    pub(crate) fn new(
        client: kube::Client,
        config: Option<kube::Config>,
        queries_per_second: Option<f64>,
    ) -> Self {
        Self {
            client,
            config,
            queries_per_second,
            in_cluster: AtomicBool::new(true),
            described: RwLock::default(),
            connected: Mutex::default(),
        }
    }

    /// What the secrets say now. Connections whose description changed end. Answers which
    /// destinations may now mean something else.
    pub(crate) fn describe(&self, described: BTreeMap<String, Described>) -> Vec<Destination> {
        let mut known = self.described.write();
        let mut connected = self.connected.lock();
        let mut changed = Vec::new();
        for server in known.keys().chain(described.keys().filter(|s| !known.contains_key(*s))) {
            let (old, new) = (known.get(server), described.get(server));
            let both = old.zip(new);
            let connects = both.is_some_and(|(old, new)| old.connects_as(new));
            if !connects {
                connected.remove(server);
            }
            if connects && both.is_some_and(|(old, new)| old.is_called_as(new)) {
                continue;
            }
            changed.push(Destination { server: server.clone(), ..Destination::default() });
            let names = old.into_iter().chain(new).map(|cluster| cluster.name.clone());
            changed.extend(names.map(|name| Destination { name, ..Destination::default() }));
        }
        *known = described;
        changed
    }

    /// Whether the cluster that the controller runs on may be gone to.
    pub(crate) fn enable_in_cluster(&self, enabled: bool) {
        self.in_cluster.store(enabled, Ordering::Relaxed);
    }

    /// The project that a cluster is for; empty if it is for all.
    pub(crate) fn owner(&self, server: &str) -> String {
        self.described.read().get(server).map(|c| c.project.clone()).unwrap_or_default()
    }

    /// Ends all connections: what is mirrored, or how, has changed.
    pub(crate) fn forget(&self) {
        self.connected.lock().clear();
    }

    /// Address and name of a destination.
    ///
    /// # Errors
    /// In Argo CD's words, when there is no such cluster.
    pub(crate) fn find(&self, destination: &Destination) -> Result<(String, String), String> {
        let described = self.described.read();
        let in_cluster = self.in_cluster.load(Ordering::Relaxed);
        let (server, name) = (destination.server.trim_end_matches('/'), &destination.name);
        match (server.is_empty(), name.is_empty()) {
            (false, false) => Err(format!(
                "application destination can't have both name and server defined: {name} {server}"
            )),
            (true, true) => Err("application destination server and name are both empty".into()),
            (false, true) => match described.get(server) {
                _ if server == IN_CLUSTER && !in_cluster => Err(format!(
                    "error getting cluster by server {server:?}: rpc error: code = NotFound desc = \
                     cluster {server:?} is disabled"
                )),
                Some(cluster) => Ok((cluster.server.clone(), cluster.name.clone())),
                None if server == IN_CLUSTER => Ok((IN_CLUSTER.into(), IN_CLUSTER_NAME.into())),
                None => Err(format!(
                    "error getting cluster by server {server:?}: rpc error: code = NotFound desc = \
                     cluster {server:?} not found"
                )),
            },
            (true, false) => {
                // The name that the own cluster has unless a secret gives it another one.
                if name == IN_CLUSTER_NAME && in_cluster && !described.contains_key(IN_CLUSTER) {
                    return Ok((IN_CLUSTER.into(), IN_CLUSTER_NAME.into()));
                }
                let hits: Vec<&Described> = described
                    .values()
                    .filter(|cluster| cluster.name == *name)
                    .filter(|cluster| in_cluster || cluster.server != IN_CLUSTER)
                    .collect();
                match hits.as_slice() {
                    [] => Err(format!("there are no clusters with this name: {name}")),
                    [cluster] => Ok((cluster.server.clone(), cluster.name.clone())),
                    several => {
                        let servers: Vec<&str> =
                            several.iter().map(|c| c.server.as_str()).collect();
                        Err(format!(
                            "there are {} clusters with the same name: [{}]",
                            several.len(),
                            servers.join(" ")
                        ))
                    }
                }
            }
        }
    }

    /// Address of a destination; empty if there is no such cluster.
    pub(crate) fn server(&self, destination: &Destination) -> String {
        self.find(destination).map(|(server, _)| server).unwrap_or_default()
    }

    /// The clusters that are connected, by address.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let connected: Vec<Connected> = self.connected.lock().values().cloned().collect();
        let described = self.described.read();
        let mut seen: Vec<Seen> = connected
            .iter()
            .map(|Connected { cluster, since, .. }| {
                let server = cluster.server().to_owned();
                let secret = described.get(&server);
                let named = secret.map(|cluster| cluster.name.clone());
                let kinds = cluster.kinds();
                let up = matches!(cluster.connection(), Connection::Up);
                Seen {
                    name: named.unwrap_or_else(|| IN_CLUSTER_NAME.to_owned()),
                    version: minor(kinds.server_version()),
                    up,
                    kinds: kinds.all().count(),
                    objects: cluster.object_count(),
                    age: up.then(|| since.elapsed()),
                    labels: secret.map(|cluster| cluster.labels.clone()),
                    server,
                }
            })
            .collect();
        seen.sort_by(|a, b| a.server.cmp(&b.server));
        seen
    }

    /// The connection to a cluster, begun if there is none.
    ///
    /// # Errors
    /// When the cluster's description cannot make one.
    pub(crate) fn connect(
        &self,
        context: &Arc<Context>,
        server: &str,
    ) -> Result<Connected, String> {
        let mut connected = self.connected.lock();
        if let Some(known) = connected.get(server) {
            return Ok(known.clone());
        }
        let described = self.described.read().get(server).cloned();
        let client = match &described {
            Some(cluster) if server != IN_CLUSTER => cluster.client()?,
            // The cluster's own secret says no more than its name, which parts are looked at and,
            // as `cluster add --in-cluster` writes it, as whom.
            Some(cluster) => match (cluster.login()?, &self.config) {
                (None, _) => self.client.clone(),
                (Some(login), Some(config)) => {
                    let mut config = config.clone();
                    config.auth_info = login;
                    kube::Client::try_from(config).map_err(|error| error.to_string())?
                }
                (Some(_), None) => {
                    return Err(format!(
                        "the secret of {IN_CLUSTER} has credentials, and it is not known where they \
                         are to be shown: take them out"
                    ));
                }
            },
            None => self.client.clone(),
        };
        let settings = context.settings();
        let options = ConnectOptions {
            server: server.to_owned(),
            namespaces: described.as_ref().map(|c| c.namespaces.clone()).unwrap_or_default(),
            cluster_resources: described.as_ref().is_none_or(|c| c.cluster_resources),
            filter: settings.filter.clone(),
            respect_rbac: settings.respect_rbac,
            queries_per_second: self.queries_per_second,
            tracker: Arc::new(ByMark {
                tracking: settings.tracking.clone(),
                customizations: settings.customizations.clone(),
                updates: Updates::new(settings.ignore_updates.as_deref(), settings.jq_bound),
            }),
        };
        let cluster = Cluster::connect(client, options);
        tokio::spawn(follow(cluster.downgrade(), Arc::downgrade(context)));
        let slots = Arc::new(Slots {
            deliveries: Semaphore::new(AT_WORK),
            looks: Semaphore::new(LOOKED_AT),
        });
        let fresh = Connected { cluster, slots, since: Instant::now() };
        connected.insert(server.to_owned(), fresh.clone());
        Ok(fresh)
    }
}

/// `1.36` of `v1.36.3`, as Argo CD shows versions of Kubernetes.
fn minor(version: &str) -> String {
    let numbers: Vec<&str> = version.trim_start_matches('v').split('.').take(2).collect();
    numbers.join(".")
}

/// How often changes are passed on at most.
const BATCH: Duration = Duration::from_millis(20);

/// Passes a cluster's changes to the applications that they concern, for as long as somebody holds
/// the cluster.
async fn follow(cluster: windlass_cluster::WeakCluster, context: Weak<Context>) {
    let Some(mut connection) = cluster.upgrade().map(|c| c.connection_changes()) else { return };
    let Some(mut kinds) = cluster.upgrade().map(|c| c.kinds_changes()) else { return };
    let Some(changes) = cluster.upgrade().map(|c| c.changes().clone()) else { return };
    let server = cluster.upgrade().map(|c| c.server().to_owned()).unwrap_or_default();
    loop {
        let told = tokio::select! {
            told = changes.next() => told,
            changed = connection.changed() => {
                if changed.is_err() { return }
                let now = connection.borrow_and_update().clone();
                let Some(context) = context.upgrade() else { return };
                if let Connection::Down(error) = &now {
                    tracing::warn!(server, %error, "cluster is down");
                }
                if !matches!(now, Connection::Connecting) {
                    context.raise_cluster(&server);
                }
                Vec::new()
            }
            changed = kinds.changed() => {
                if changed.is_err() { return }
                let (Some(context), Some(cluster)) = (context.upgrade(), cluster.upgrade()) else {
                    return;
                };
                for app in cluster.interested_in_kinds() {
                    let key = AppKey::of_instance(&app, &context.namespace);
                    context.apps.raise(&key, Level::Live);
                }
                Vec::new()
            }
        };
        let (Some(context), Some(cluster)) = (context.upgrade(), cluster.upgrade()) else { return };
        let began = Instant::now();
        for change in &told {
            // They follow the Pods, which are told themselves; as Argo CD.
            if change.key.group.is_empty() && change.key.kind == "Endpoints" && !change.managed {
                continue;
            }
            let level = if change.managed { Level::Live } else { Level::Tree };
            for app in &change.apps {
                context.apps.raise(&AppKey::of_instance(app, &context.namespace), level);
            }
            for app in &change.interested {
                context.apps.raise(&AppKey::of_instance(app, &context.namespace), Level::Live);
            }
        }
        context.metrics.events(&server, &told, began.elapsed());
        drop((context, cluster));
        tokio::time::sleep(BATCH).await;
    }
}
