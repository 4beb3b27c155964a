//! The cluster that `helm template --dry-run=server` asks: its version, what it serves, its objects.

use std::collections::BTreeSet;

use anyhow::Context;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use windlass_helm::{Capabilities, KubeVersion, Lookup};

use super::Global;

/// Where Helm looks where no kubeconfig says otherwise.
const DEFAULT: &str = "http://localhost:8080";

/// A connection to a cluster.
pub(crate) struct Server {
    runtime: Runtime,
    client: Client,
    version: KubeVersion,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({})", self.version.version)
    }
}

impl Server {
    /// Connects, and asks for the version.
    ///
    /// # Errors
    /// When the cluster cannot be reached, in Helm's words.
    pub(crate) fn connect(global: &Global) -> anyhow::Result<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let config = runtime.block_on(configuration(global))?;
        let url = config.cluster_url.to_string();
        let connected = runtime.block_on(async {
            let client = Client::try_from(config)?;
            let version = client.apiserver_version().await?;
            anyhow::Ok((client, version))
        });
        let (client, version) = connected.map_err(|error| {
            let url = url.trim_end_matches('/');
            let text = format!("kubernetes cluster unreachable: Get \"{url}/version\": {error:#}");
            let told = format!("cluster reachability check failed: {text}");
            let _ = super::tell(&format!("level=ERROR msg={told:?}\n"));
            anyhow::anyhow!(told)
        })?;
        let version = KubeVersion {
            version: version.git_version,
            normalized: String::new(),
            major: version.major,
            minor: version.minor,
        };
        Ok(Self { runtime, client, version })
    }

    /// What charts know of the cluster.
    ///
    /// # Errors
    /// When the cluster does not say what it serves.
    pub(crate) fn capabilities(&self) -> anyhow::Result<Capabilities> {
        let served = self.runtime.block_on(self.served());
        let served = served.context("could not get apiVersions from Kubernetes")?;
        let api_versions = served.into_iter().collect();
        Ok(Capabilities { kube_version: self.version.clone(), api_versions })
    }

    /// Every group's versions, and the kinds of each.
    async fn served(&self) -> kube::Result<BTreeSet<String>> {
        let mut all = BTreeSet::new();
        let mut resources = Vec::new();
        for version in self.client.list_core_api_versions().await?.versions {
            resources.push(self.client.list_core_api_resources(&version).await?);
            all.insert(version);
        }
        for group in self.client.list_api_groups().await?.groups {
            for version in group.versions {
                // A server behind the API that is down has a version and no kinds.
                let found = self.client.list_api_group_resources(&version.group_version).await;
                resources.extend(found.ok());
                all.insert(version.group_version);
            }
        }
        for list in resources {
            for resource in &list.resources {
                all.insert(format!("{}/{}", list.group_version, resource.kind));
            }
        }
        Ok(all)
    }

    async fn ask(&self, path: &str) -> kube::Result<Option<Value>> {
        let request = http::Request::get(path).body(Vec::new());
        let request = request.map_err(kube::Error::HttpError)?;
        match self.client.request::<Value>(request).await {
            Ok(value) => Ok(Some(value)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn find(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Value, String> {
        let base = match api_version.contains('/') {
            true => format!("/apis/{api_version}"),
            false => format!("/api/{api_version}"),
        };
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let gvk = format!("{group}/{version}, Kind={kind}");
        let words = |error: kube::Error| match error {
            kube::Error::Api(status) => status.message,
            other => other.to_string(),
        };
        let unknown =
            |why: String| format!("unable to get apiresource from unstructured: {gvk}: {why}");
        let served = self.ask(&base).await.map_err(|error| unknown(words(error)))?;
        let served = served.ok_or_else(|| {
            unknown("the server could not find the requested resource".to_owned())
        })?;
        let resources = served.get("resources").and_then(Value::as_array);
        let text = |resource: &Value, field: &str| {
            resource.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let found = resources.into_iter().flatten().find(|resource| {
            text(resource, "kind") == kind && !text(resource, "name").contains('/')
        });
        let Some(found) = found else { return Ok(json!({})) };
        let namespaced = found.get("namespaced").and_then(Value::as_bool).unwrap_or(false);
        let mut path = base;
        if namespaced && !namespace.is_empty() {
            path = format!("{path}/namespaces/{namespace}");
        }
        path = format!("{path}/{}", text(found, "name"));
        if !name.is_empty() {
            path = format!("{path}/{name}");
        }
        Ok(self.ask(&path).await.map_err(words)?.unwrap_or_else(|| json!({})))
    }
}

impl Lookup for Server {
    fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Value, String> {
        self.runtime.block_on(self.find(api_version, kind, namespace, name))
    }
}

/// What the kubeconfig says, and the flags beyond it.
async fn configuration(global: &Global) -> anyhow::Result<Config> {
    let options =
        KubeConfigOptions { context: global.kube_context.clone(), ..KubeConfigOptions::default() };
    let kubeconfig = match &global.kubeconfig {
        Some(paths) => {
            let mut all = Kubeconfig::default();
            for path in std::env::split_paths(paths).filter(|path| path.exists()) {
                let text = std::fs::read_to_string(&path);
                if text.is_ok_and(|text| text.trim().is_empty()) {
                    continue;
                }
                all = all.merge(Kubeconfig::read_from(path)?)?;
            }
            all
        }
        None => Kubeconfig::read().unwrap_or_default(),
    };
    let mut config = if kubeconfig.clusters.is_empty() {
        Config::new(DEFAULT.parse()?)
    } else {
        Config::from_custom_kubeconfig(kubeconfig, &options).await?
    };
    let cluster = &global.cluster;
    if let Some(url) = &cluster.kube_apiserver {
        config.cluster_url = url.parse().with_context(|| format!("--kube-apiserver {url}"))?;
    }
    if let Some(path) = &cluster.kube_ca_file {
        let pem = std::fs::read(path).with_context(|| path.display().to_string())?;
        let found = CertificateDer::pem_slice_iter(&pem);
        config.root_cert = Some(found.flatten().map(|c| c.to_vec()).collect());
    }
    config.accept_invalid_certs |= cluster.kube_insecure_skip_tls_verify;
    if let Some(name) = &cluster.kube_tls_server_name {
        config.tls_server_name = Some(name.clone());
    }
    if let Some(token) = &cluster.kube_token {
        config.auth_info.token = Some(SecretString::from(token.as_str()));
    }
    if let Some(user) = &cluster.kube_as_user {
        config.auth_info.impersonate = Some(user.clone());
    }
    if !cluster.kube_as_group.is_empty() {
        config.auth_info.impersonate_groups = Some(cluster.kube_as_group.clone());
    }
    Ok(config)
}
