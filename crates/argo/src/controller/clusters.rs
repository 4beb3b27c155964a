//! The clusters that applications go to.
//!
//! A cluster is connected to when the first application needs it and stays connected. What changes
//! in it wakes the applications that it belongs to.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::{Mutex, RwLock};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use windlass_cluster::{Cluster, ConnectOptions, Connection};

use super::apps::{AppKey, Level};
use super::context::{AT_WORK, Context};
use super::tracker::ByMark;
use crate::types::Destination;

/// The address of the cluster that the controller itself runs on.
pub(crate) const IN_CLUSTER: &str = "https://kubernetes.default.svc";
const IN_CLUSTER_NAME: &str = "in-cluster";

/// A cluster as its secret describes it.
#[derive(Clone)]
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) server: String,
    namespaces: Vec<String>,
    cluster_resources: bool,
    config: SecretString,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    username: String,
    password: String,
    bearer_token: String,
    tls_client_config: TlsConfig,
    proxy_url: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TlsConfig {
    insecure: bool,
    server_name: String,
    ca_data: String,
    cert_data: String,
    key_data: String,
}

impl Described {
    /// From a secret's decoded data.
    pub(crate) fn of(data: &BTreeMap<String, Vec<u8>>) -> Option<Self> {
        let text = |key: &str| {
            data.get(key).map(|v| String::from_utf8_lossy(v).trim().to_owned()).unwrap_or_default()
        };
        let server = text("server").trim_end_matches('/').to_owned();
        if server.is_empty() {
            return None;
        }
        let namespaces = text("namespaces");
        let namespaces = namespaces.split(',').map(str::trim).filter(|n| !n.is_empty());
        Some(Self {
            name: text("name"),
            server,
            namespaces: namespaces.map(ToOwned::to_owned).collect(),
            cluster_resources: text("clusterResources") == "true",
            config: text("config").into(),
        })
    }

    fn client(&self) -> Result<kube::Client, String> {
        use secrecy::ExposeSecret as _;
        let config: Config = match self.config.expose_secret() {
            "" => Config::default(),
            text => serde_json::from_str(text).map_err(|error| {
                format!("config of cluster {:?} is no JSON: {error}", self.name)
            })?,
        };
        let url = self.server.parse().map_err(|error| format!("{:?}: {error}", self.server))?;
        let mut kube = kube::Config::new(url);
        let tls = &config.tls_client_config;
        kube.accept_invalid_certs = tls.insecure;
        if !tls.server_name.is_empty() {
            kube.tls_server_name = Some(tls.server_name.clone());
        }
        if !tls.ca_data.is_empty() {
            let pem = STANDARD.decode(&tls.ca_data).map_err(|e| format!("caData: {e}"))?;
            kube.root_cert = Some(certificates(&pem));
        }
        if !config.proxy_url.is_empty() {
            kube.proxy_url =
                Some(config.proxy_url.parse().map_err(|error| format!("proxyUrl: {error}"))?);
        }
        let given = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        kube.auth_info.username = given(&config.username);
        kube.auth_info.password = given(&config.password).map(Into::into);
        kube.auth_info.token = given(&config.bearer_token).map(Into::into);
        kube.auth_info.client_certificate_data = given(&tls.cert_data);
        kube.auth_info.client_key_data = given(&tls.key_data).map(Into::into);
        kube::Client::try_from(kube).map_err(|error| error.to_string())
    }
}

/// The certificates of a PEM file, in DER.
fn certificates(pem: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(pem);
    text.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .filter_map(|part| {
            let body: String =
                part.split("-----END").next()?.chars().filter(|c| !c.is_whitespace()).collect();
            STANDARD.decode(body).ok()
        })
        .collect()
}

/// All clusters.
pub(crate) struct Clusters {
    client: kube::Client,
    queries_per_second: Option<f64>,
    described: RwLock<BTreeMap<String, Described>>,
    connected: Mutex<BTreeMap<String, Connected>>,
}

/// A cluster, and how many applications may be worked on in it at once: one that hangs holds up
/// only its own.
#[derive(Clone)]
pub(crate) struct Connected {
    pub(crate) cluster: Cluster,
    slots: Arc<Semaphore>,
    /// When the connection, and so the mirror, was begun.
    since: Instant,
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
}

impl Connected {
    /// Waits for a place to work.
    pub(crate) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.acquire().await.ok()
    }
}

impl Clusters {
    pub(crate) fn new(client: kube::Client, queries_per_second: Option<f64>) -> Self {
        Self {
            client,
            queries_per_second,
            described: RwLock::default(),
            connected: Mutex::default(),
        }
    }

    /// What the secrets say now. Connections whose description changed end.
    pub(crate) fn describe(&self, described: BTreeMap<String, Described>) {
        use secrecy::ExposeSecret as _;
        let mut known = self.described.write();
        let mut connected = self.connected.lock();
        connected.retain(|server, _| match (known.get(server), described.get(server)) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                a.config.expose_secret() == b.config.expose_secret()
                    && a.namespaces == b.namespaces
                    && a.cluster_resources == b.cluster_resources
            }
            _ => false,
        });
        *known = described;
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
        let (server, name) = (destination.server.trim_end_matches('/'), &destination.name);
        match (server.is_empty(), name.is_empty()) {
            (false, false) => Err(format!(
                "application destination can't have both name and server defined: {name} {server}"
            )),
            (true, true) => Err("application destination server and name are both empty".into()),
            (false, true) => match described.get(server) {
                Some(cluster) => Ok((cluster.server.clone(), cluster.name.clone())),
                None if server == IN_CLUSTER => Ok((IN_CLUSTER.into(), IN_CLUSTER_NAME.into())),
                None => Err(format!(
                    "error getting cluster by server {server:?}: rpc error: code = NotFound desc = \
                     cluster {server:?} not found"
                )),
            },
            (true, false) => {
                let mut hits = described.values().filter(|cluster| cluster.name == *name);
                match (hits.next(), hits.next()) {
                    (Some(cluster), None) => Ok((cluster.server.clone(), cluster.name.clone())),
                    (Some(a), Some(b)) => Err(format!(
                        "there are {} clusters with the same name: [{} {}]",
                        2 + hits.count(),
                        a.server,
                        b.server
                    )),
                    (None, _) if name == IN_CLUSTER_NAME => {
                        Ok((IN_CLUSTER.into(), IN_CLUSTER_NAME.into()))
                    }
                    (None, _) => Err(format!("there are no clusters with this name: {name}")),
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
                let named = described.get(&server).map(|cluster| cluster.name.clone());
                let kinds = cluster.kinds();
                let up = matches!(cluster.connection(), Connection::Up);
                Seen {
                    name: named.unwrap_or_else(|| IN_CLUSTER_NAME.to_owned()),
                    version: minor(kinds.server_version()),
                    up,
                    kinds: kinds.all().count(),
                    objects: cluster.object_count(),
                    age: up.then(|| since.elapsed()),
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
            // The cluster's own secret may say nothing but its name.
            Some(cluster) if server != IN_CLUSTER => cluster.client()?,
            _ => self.client.clone(),
        };
        let settings = context.settings();
        let options = ConnectOptions {
            server: server.to_owned(),
            namespaces: described.as_ref().map(|c| c.namespaces.clone()).unwrap_or_default(),
            cluster_resources: described.as_ref().is_none_or(|c| c.cluster_resources),
            filter: settings.filter.clone(),
            queries_per_second: self.queries_per_second,
            tracker: Arc::new(ByMark {
                tracking: settings.tracking.clone(),
                customizations: settings.customizations.clone(),
            }),
        };
        let cluster = Cluster::connect(client, options);
        tokio::spawn(follow(cluster.downgrade(), Arc::downgrade(context)));
        let slots = Arc::new(Semaphore::new(AT_WORK));
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
