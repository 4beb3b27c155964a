//! How clusters are shown: never with credentials.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use windlass_argo::types::Destination;
use windlass_object::{Map, Value, json};

use super::super::secrets::{Entry, LABEL, Secrets};
use crate::cli::app::{Connection, Stored};
use crate::cli::failure::Failure;

/// The cluster that Argo CD runs in.
pub(super) const LOCAL: (&str, &str) = ("in-cluster", "https://kubernetes.default.svc");

/// How long a cluster may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(5);
/// Clusters that are asked at once.
const AT_ONCE: usize = 16;

/// A cluster, and the secret it is from; the local one may have none.
pub(in crate::cli::argocd) struct Cluster {
    pub(in crate::cli::argocd) entry: Option<Entry>,
    pub(super) value: Value,
    /// Its credentials. Not for printing.
    config: Value,
}

impl Cluster {
    /// How it is signed in to. Not for printing.
    pub(in crate::cli::argocd) fn credentials(&self) -> &Value {
        &self.config
    }

    /// Whether an application is delivered to it.
    pub(in crate::cli::argocd) fn is_destination(&self, to: &Destination) -> bool {
        if to.name.is_empty() {
            to.server.trim_end_matches('/') == self.text("server")
        } else {
            to.name == self.text("name")
        }
    }

    /// Whether it is signed in to with a token.
    pub(super) fn has_token(&self) -> bool {
        self.config["bearerToken"].as_str().is_some_and(|token| !token.is_empty())
    }

    fn local() -> Self {
        let mut value = Map::new();
        value.insert("server".to_owned(), json!(LOCAL.1));
        value.insert("name".to_owned(), json!(LOCAL.0));
        Self { entry: None, value: Value::Object(value), config: json!({}) }.completed()
    }

    fn of(entry: Entry) -> Self {
        let data = &entry.data;
        let config = serde_json::from_str(&data.text("config")).unwrap_or(json!({}));
        let text = |key: &str| data.text(key);
        let mut value = Map::new();
        value.insert("server".to_owned(), json!(text("server")));
        value.insert("name".to_owned(), json!(text("name")));
        let namespaces = text("namespaces");
        let namespaces: Vec<&str> =
            namespaces.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        if !namespaces.is_empty() {
            value.insert("namespaces".to_owned(), json!(namespaces));
        }
        for field in ["labels", "annotations"] {
            let mut map = entry.metadata(field).as_object().cloned().unwrap_or_default();
            for hidden in [LABEL, "managed-by", "kubectl.kubernetes.io/last-applied-configuration"]
            {
                map.remove(hidden);
            }
            if !map.is_empty() {
                value.insert(field.to_owned(), Value::Object(map));
            }
        }
        if let Ok(shard) = text("shard").parse::<i64>() {
            value.insert("shard".to_owned(), json!(shard));
        }
        if text("clusterResources") == "true" {
            value.insert("clusterResources".to_owned(), json!(true));
        }
        if !text("project").is_empty() {
            value.insert("project".to_owned(), json!(text("project")));
        }
        Self { entry: Some(entry), value: Value::Object(value), config }.completed()
    }

    fn completed(mut self) -> Self {
        let insecure = self.config["tlsClientConfig"]["insecure"] == true;
        let mut shown = json!({"tlsClientConfig": {"insecure": insecure}});
        for field in ["awsAuthConfig", "proxyUrl", "disableCompression"] {
            let value = &self.config[field];
            if !value.is_null() {
                shown[field] = value.clone();
            }
        }
        let state = json!({"status": "", "message": "", "attemptedAt": null});
        self.value["config"] = shown;
        self.value["connectionState"] = state.clone();
        self.value["info"] =
            json!({"connectionState": state, "cacheInfo": {}, "applicationsCount": 0});
        self
    }

    pub(in crate::cli::argocd) fn text(&self, field: &str) -> &str {
        self.value[field].as_str().unwrap_or_default()
    }

    pub(in crate::cli::argocd) fn namespaces(&self) -> Vec<&str> {
        let names = self.value["namespaces"].as_array().into_iter().flatten();
        names.filter_map(Value::as_str).collect()
    }

    /// Whether something is set in its credentials.
    pub(super) fn has(&self, path: &[&str]) -> bool {
        let found = path.iter().try_fold(&self.config, |value, key| value.get(key));
        found.is_some_and(|value| !value.is_null() && *value != json!("") && *value != json!(false))
    }
}

/// What is known of a cluster to which nothing is delivered, in Argo CD's words.
fn idle() -> Value {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    json!({
        "status": "Unknown",
        "message": "Cluster has no applications and is not being monitored.",
        "attemptedAt": now,
    })
}

impl Cluster {
    /// Takes in how many applications are delivered to it, and its version or why there is none.
    fn look(&mut self, count: usize, version: Result<String, String>) {
        self.value["info"]["applicationsCount"] = json!(count);
        let mut state = idle();
        if count > 0 {
            let (status, message) = match version {
                Ok(version) => {
                    self.value["serverVersion"] = json!(version);
                    self.value["info"]["serverVersion"] = json!(version);
                    ("Successful", String::new())
                }
                Err(message) => ("Failed", message),
            };
            state["status"] = json!(status);
            state["message"] = json!(message);
        }
        self.value["connectionState"] = state.clone();
        self.value["info"]["connectionState"] = state;
    }

    /// A client for it.
    pub(in crate::cli::argocd) fn client(
        &self,
        connection: &Connection,
    ) -> anyhow::Result<kube::Client> {
        match &self.entry {
            Some(entry) if self.text("server") != LOCAL.1 => entry.data.client(),
            _ => Ok(connection.client.clone()),
        }
    }

    /// How its connection is.
    pub(in crate::cli::argocd) fn connection(&self) -> &str {
        self.value["connectionState"]["status"].as_str().unwrap_or_default()
    }

    /// Its version, asked of itself.
    async fn version(&self, connection: &Connection) -> Result<String, String> {
        let client = self.client(connection).map_err(|error| format!("{error:#}"))?;
        let asked = tokio::time::timeout(PATIENCE, client.apiserver_version()).await;
        let version = asked
            .map_err(|_| format!("no answer in {} s", PATIENCE.as_secs()))?
            .map_err(|error| error.to_string())?;
        Ok(format!("{}.{}", version.major, version.minor.trim_end_matches('+')))
    }
}

/// All clusters with what can be said of their state. Those that something is delivered to are asked.
pub(in crate::cli::argocd) async fn looked_at(
    connection: &Connection,
    secrets: &Secrets,
) -> anyhow::Result<Vec<Cluster>> {
    let all = all(secrets).await?;
    let applications = connection.list(None, "").await?;
    let looked = stream::iter(all).map(|mut cluster| async {
        let to_it = |stored: &&Stored| cluster.is_destination(&stored.app.spec.destination);
        let count = applications.iter().filter(to_it).count();
        let version = if count > 0 { cluster.version(connection).await } else { Ok(String::new()) };
        cluster.look(count, version);
        cluster
    });
    Ok(looked.buffered(AT_ONCE).collect().await)
}

/// All clusters; the local one at the end if no secret is of it.
pub(in crate::cli::argocd) async fn all(secrets: &Secrets) -> anyhow::Result<Vec<Cluster>> {
    let mut all: Vec<Cluster> = secrets.list().await?.into_iter().map(Cluster::of).collect();
    if !all.iter().any(|cluster| cluster.text("server") == LOCAL.1) {
        all.push(Cluster::local());
    }
    Ok(all)
}

/// The cluster with this name or address.
pub(in crate::cli::argocd) async fn find(
    secrets: &Secrets,
    wanted: &str,
) -> anyhow::Result<Cluster> {
    choose(all(secrets).await?, wanted)
}

/// Of some clusters the one with this name or address.
pub(super) fn choose(all: Vec<Cluster>, wanted: &str) -> anyhow::Result<Cluster> {
    let is_server = wanted.starts_with("http://") || wanted.starts_with("https://");
    let field = if is_server { "server" } else { "name" };
    let found = all.into_iter().find(|cluster| cluster.text(field) == wanted);
    found.ok_or_else(|| Failure::generic(format!("cluster {wanted:?} not found")))
}
