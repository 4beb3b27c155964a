//! One connection to one cluster, and what keeps it up.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore, watch as channel};
use tokio_util::sync::{CancellationToken, DropGuard};
use windlass_engine::state::Health;
use windlass_object::{GroupKind, Object, ResourceKey};
use windlass_schema::Schemas;

use crate::changes::Changes;
use crate::decode::Identity;
use crate::discovery::{ApiKind, ApiKinds};
use crate::error::Error;
use crate::filter::KindFilter;
use crate::http::Transport;
use crate::interest::{Interest, Seen};
use crate::limits::{Limits, STARTING_WATCHES};
use crate::progress::{Progress, State};
use crate::store::{Node, Store};
use crate::tree::{self, TreeNode};
use crate::watch::{Patience, Shared as Watches, Watch};

/// What the dialect says of objects as they come in. Called for every object: it must be quick.
pub trait Tracker: Send + Sync {
    /// The application that manages an object, if any.
    fn application(&self, identity: &Identity<'_>) -> Option<String>;
    /// An object's health, if its kind has any.
    fn health(&self, object: &Object) -> Option<Health>;
    /// Whether [`digest`](Self::digest) is asked of an object, which may have owners. A cheap look.
    fn digests(&self, _identity: &Identity<'_>) -> bool {
        false
    }
    /// A digest of what of an object concerns anybody. A change after which both it and the health
    /// are as before is not told to the applications. None if all of it concerns them.
    fn digest(&self, _object: Object) -> Option<u64> {
        None
    }
    /// Addresses that an object's annotations name for people.
    fn links(&self, _object: &Object) -> BTreeSet<String> {
        BTreeSet::new()
    }
    /// Whether the addresses that an Ingress serves are shown.
    fn default_links(&self, _object: &Object) -> bool {
        true
    }
}

/// How to look at a cluster.
pub struct ConnectOptions {
    /// The cluster's address as settings name it; filters are matched against it.
    pub server: String,
    /// Only these namespaces; everywhere when empty.
    pub namespaces: Vec<String>,
    /// Whether cluster-scoped objects are looked at although `namespaces` is set.
    pub cluster_resources: bool,
    /// Which kinds are looked at.
    pub filter: KindFilter,
    /// What it means that a kind may not be listed.
    pub respect_rbac: RespectRbac,
    /// Requests a second at most; none is without bound.
    pub queries_per_second: Option<f64>,
    /// What the dialect says of objects.
    pub tracker: Arc<dyn Tracker>,
}

/// What it means that a kind may not be listed: it is passed over in any case, so that it hides no
/// other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RespectRbac {
    /// It is not meant: it is told, and asked again soon.
    #[default]
    Off,
    /// It is meant: the API is hardly asked again.
    Normal,
    /// It is meant if the API, asked for it, says that it may not be listed.
    Strict,
}

/// How the connection is.
#[derive(Clone, Debug)]
pub enum Connection {
    /// The kinds, or the first state, are still being read.
    Connecting,
    /// All is well.
    Up,
    /// The cluster cannot be reached. What was known of it may be stale.
    Down(Error),
}

/// A connection to a cluster, to be cloned freely. It ends when the last clone is dropped.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
    /// The way that requests take, and as whom.
    transport: Transport,
}

struct Inner {
    shared: Arc<Shared>,
    _stop: DropGuard,
}

pub(crate) struct Shared {
    pub(crate) watches: Arc<Watches>,
    options: ConnectOptions,
    pub(crate) kinds: channel::Sender<Arc<ApiKinds>>,
    pub(crate) rediscover: Notify,
    pub(crate) schemas: Schemas,
    /// Only one discovery at a time; when the last one on demand ended.
    pub(crate) discovering: tokio::sync::Mutex<Option<Instant>>,
}

/// A connection that does not keep itself up.
#[derive(Clone)]
pub struct WeakCluster {
    inner: Weak<Inner>,
}

impl WeakCluster {
    /// The connection, if somebody still holds it.
    pub fn upgrade(&self) -> Option<Cluster> {
        self.inner.upgrade().map(Cluster::of)
    }
}

impl Cluster {
    /// The connection without a hold on it.
    pub fn downgrade(&self) -> WeakCluster {
        WeakCluster { inner: Arc::downgrade(&self.inner) }
    }

    /// Begins to look at a cluster. Nothing is waited for: see [`Cluster::synced`].
    pub fn connect(client: kube::Client, options: ConnectOptions) -> Self {
        let transport = Transport::new(client, Limits::new(options.queries_per_second));
        let watches = Arc::new(Watches {
            transport,
            store: Arc::new(Store::default()),
            tracker: options.tracker.clone(),
            progress: Arc::new(Progress::new()),
            respect_rbac: options.respect_rbac,
            patience: Patience::default(),
            starts: Semaphore::new(STARTING_WATCHES),
            streams_lists: AtomicBool::new(true),
        });
        watches.store.changes.want();
        let shared = Arc::new(Shared {
            watches,
            options,
            kinds: channel::Sender::default(),
            rediscover: Notify::new(),
            schemas: Schemas::builtin(),
            discovering: tokio::sync::Mutex::new(None),
        });
        let stop = CancellationToken::new();
        tokio::spawn(shared.clone().keep(stop.clone()));
        Self::of(Arc::new(Inner { shared, _stop: stop.drop_guard() }))
    }

    fn of(inner: Arc<Inner>) -> Self {
        let transport = inner.shared.watches.transport.clone();
        Self { inner, transport }
    }

    /// The same connection, on which requests for single objects are made as `user`, with that
    /// user's rights. What is mirrored stays what the connection itself sees.
    ///
    /// # Errors
    /// When the name cannot stand in a request.
    pub fn acting_as(&self, user: &str) -> Result<Self, Error> {
        let transport = self.transport.acting_as(user)?;
        Ok(Self { inner: self.inner.clone(), transport })
    }

    /// Begins to look at the cluster that a configuration names.
    ///
    /// # Errors
    /// When the configuration cannot make a client.
    pub fn connect_config(config: kube::Config, options: ConnectOptions) -> Result<Self, Error> {
        let client = kube::Client::try_from(config)
            .map_err(|error| Error::Config { message: error.to_string() })?;
        Ok(Self::connect(client, options))
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) fn store(&self) -> &Store {
        &self.shared().watches.store
    }

    /// The client beneath.
    pub fn client(&self) -> &kube::Client {
        self.transport().client()
    }

    /// The cluster's address as settings name it.
    pub fn server(&self) -> &str {
        &self.shared().options.server
    }

    /// The kinds that are served, as known now.
    pub fn kinds(&self) -> Arc<ApiKinds> {
        self.shared().kinds.borrow().clone()
    }

    /// Told when other kinds are served.
    pub fn kinds_changes(&self) -> channel::Receiver<Arc<ApiKinds>> {
        self.shared().kinds.subscribe()
    }

    /// Applications that hold an [`Interest`] in the kinds.
    pub fn interested_in_kinds(&self) -> Vec<Arc<str>> {
        self.store().interests.in_kinds()
    }

    /// Begins an application's interest in what it does not manage.
    pub fn interest(&self, app: &str) -> Interest {
        Interest::new(&self.store().interests, app)
    }

    /// Whether objects are still as they were seen; of what is not mirrored nothing else is known.
    /// A key without a name means all objects of the kind in a namespace, and without a namespace
    /// all of the kind.
    pub fn shows(&self, key: &ResourceKey, seen: &Seen) -> bool {
        !self.is_mirrored(&key.group_kind()) || self.store().seen(key) == *seen
    }

    /// How the connection is now.
    pub fn connection(&self) -> Connection {
        self.shared().watches.progress.connection.borrow().clone()
    }

    /// Told when the connection changes.
    pub fn connection_changes(&self) -> channel::Receiver<Connection> {
        self.shared().watches.progress.connection.subscribe()
    }

    /// Waits until the present state of every kind is known.
    ///
    /// # Errors
    /// When the cluster cannot be reached.
    pub async fn synced(&self) -> Result<(), Error> {
        let mut changes = self.connection_changes();
        let seen = changes.wait_for(|c| !matches!(c, Connection::Connecting)).await;
        match seen.as_deref() {
            Ok(Connection::Down(error)) => Err(error.clone()),
            Ok(_) => Ok(()),
            Err(_) => Err(Error::Unreachable { message: "the connection was closed".into() }),
        }
    }

    /// That an object is in the part of the cluster that is looked at; an empty namespace is that of
    /// cluster-scoped objects.
    ///
    /// # Errors
    /// When it is not.
    pub fn manages(&self, kind: &str, namespace: &str, name: &str) -> Result<(), Error> {
        let options = &self.shared().options;
        let message = if options.namespaces.is_empty() {
            return Ok(());
        } else if namespace.is_empty() && !options.cluster_resources {
            format!("cluster level {kind} {name:?} can not be managed when in namespaced mode")
        } else if !namespace.is_empty() && !options.namespaces.iter().any(|n| n == namespace) {
            format!("namespace {namespace:?} for {kind} {name:?} is not managed")
        } else {
            return Ok(());
        };
        Err(Error::NotManaged { message })
    }

    /// Why a kind's objects are not known, if they are not.
    pub fn problem(&self, kind: &GroupKind) -> Option<Error> {
        let states = self.shared().watches.progress.states.lock();
        states.iter().find_map(|((known, _), state)| match state {
            State::Failed(error) if known == kind => Some(error.clone()),
            _ => None,
        })
    }

    /// What changed, to be read by one.
    pub fn changes(&self) -> &Arc<Changes> {
        &self.store().changes
    }

    /// What is known of an object.
    pub fn get(&self, key: &ResourceKey) -> Option<Arc<Node>> {
        self.store().get(key)
    }

    /// What an application manages.
    pub fn of_application(&self, app: &str) -> Vec<Arc<Node>> {
        self.store().of_application(app)
    }

    /// Applications that manage anything here.
    pub fn applications(&self) -> Vec<Arc<str>> {
        self.store().applications()
    }

    /// How many objects are known.
    pub fn object_count(&self) -> usize {
        self.store().len()
    }

    /// Every object in a namespace that has no owner.
    pub fn roots_in(&self, namespace: &str) -> Vec<Arc<Node>> {
        self.store().roots_in(namespace)
    }

    /// The tree over some objects, parents first.
    pub fn tree(&self, roots: Vec<Arc<Node>>) -> Vec<TreeNode> {
        tree::tree(self.store(), roots, false)
    }
}

/// Kinds asked for that are not there make the API be asked no oftener than this.
pub(crate) const DISCOVERY_PAUSE: Duration = Duration::from_millis(500);
/// Kinds are asked for anew this often although nothing says that they changed.
const DISCOVERY_PERIOD: Duration = Duration::from_secs(600);
/// A server needs a while to show in its discovery what a definition changed, a busy one longer:
/// it is asked again after each of these pauses.
const DISCOVERY_LAG: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

impl Shared {
    async fn discover(&self) -> Result<(), Error> {
        // One after the other: an earlier answer that comes later would take new kinds away.
        let _one = self.discovering.lock().await;
        self.ask().await
    }

    /// Asks which kinds are served. Whoever calls holds `discovering`.
    async fn ask(&self) -> Result<(), Error> {
        let kinds = ApiKinds::discover(&self.watches.transport).await?;
        self.kinds.send_if_modified(|known| {
            let is_other = **known != kinds;
            if is_other {
                *known = Arc::new(kinds);
            }
            is_other
        });
        Ok(())
    }

    pub(crate) async fn discover_again(&self) -> Result<(), Error> {
        let mut last = self.discovering.lock().await;
        if last.is_some_and(|last| last.elapsed() < DISCOVERY_PAUSE) {
            return Ok(());
        }
        self.ask().await?;
        *last = Some(Instant::now());
        self.rediscover.notify_one();
        Ok(())
    }

    /// Keeps the kinds known and every one of them watched.
    async fn keep(self: Arc<Self>, stop: CancellationToken) {
        let work = async {
            let mut pause = Duration::from_millis(200);
            while let Err(error) = self.discover().await {
                tracing::warn!(server = self.options.server, %error, "cluster does not answer");
                self.watches.progress.connected(Connection::Down(error));
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(30));
            }
            let mut running: BTreeMap<GroupKind, (Arc<ApiKind>, DropGuard)> = BTreeMap::new();
            let mut defined = self.watches.progress.rediscover.subscribe();
            let mut lag = DISCOVERY_LAG.len();
            loop {
                self.adjust(&mut running);
                let wait = DISCOVERY_LAG.get(lag).copied().unwrap_or(DISCOVERY_PERIOD);
                let again = tokio::select! {
                    _ = defined.changed() => { lag = 0; continue }
                    () = self.rediscover.notified() => false,
                    () = tokio::time::sleep(wait) => true,
                };
                if again {
                    lag = (lag + 1).min(DISCOVERY_LAG.len());
                    if let Err(error) = self.discover().await {
                        tracing::warn!(server = self.options.server, %error, "discovery failed");
                    }
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }

    /// Starts and stops watches so that they are those of the kinds that are served.
    fn adjust(&self, running: &mut BTreeMap<GroupKind, (Arc<ApiKind>, DropGuard)>) {
        let wanted = self.kinds.borrow().preferred_map();
        let watched = |kind: &ApiKind| {
            kind.allows("list")
                && kind.allows("watch")
                && self.options.filter.allows(&kind.group_kind(), &self.options.server)
                && (kind.namespaced
                    || self.options.namespaces.is_empty()
                    || self.options.cluster_resources)
        };
        let gone: Vec<GroupKind> = running
            .iter()
            .filter(|(kind, (api, _))| wanted.get(kind).is_none_or(|now| now != api))
            .map(|(kind, _)| kind.clone())
            .collect();
        for kind in gone {
            running.remove(&kind);
            self.watches.progress.stopped(&kind);
            if !wanted.contains_key(&kind) {
                self.watches.store.retain(&kind, "", &HashSet::new(), "");
            }
        }
        // All are registered before any runs, so that the first to end does not look like the last.
        let fresh: Vec<_> = wanted
            .into_iter()
            .filter(|(kind, api)| !running.contains_key(kind) && watched(api))
            .collect();
        let everywhere = [String::new()];
        let places = |api: &ApiKind| {
            if api.namespaced && !self.options.namespaces.is_empty() {
                self.options.namespaces.as_slice()
            } else {
                &everywhere
            }
        };
        for (kind, api) in &fresh {
            for namespace in places(api) {
                self.watches.progress.started(kind, namespace);
            }
        }
        for (kind, api) in fresh {
            let stop = CancellationToken::new();
            for namespace in places(&api) {
                let watch = Watch {
                    shared: self.watches.clone(),
                    kind: api.clone(),
                    namespace: namespace.clone(),
                };
                tokio::spawn(watch.run(stop.clone()));
            }
            running.insert(kind, (api, stop.drop_guard()));
        }
    }
}
