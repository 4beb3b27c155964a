//! Repositories and what Argo CD's settings say of them, for rendering at the command line.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::Api;
use kube::api::ListParams;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use windlass_argo::types::Application;
use windlass_charts::Charts;
use windlass_object::Value;
use windlass_source::credentials::{SecretData, SecretKind, Settings};
use windlass_source::known_hosts::KnownHosts;
use windlass_source::{Options, Sources};

use super::connection::{Connection, refused};

/// Mirrors of the command line: kept between runs, or in a directory that goes with the value where
/// another run has them.
pub(crate) struct Mirrors {
    pub(crate) sources: Sources,
    pub(crate) charts: Charts,
    _temporary: Option<tempfile::TempDir>,
}

impl Mirrors {
    pub(crate) fn open() -> anyhow::Result<Self> {
        let kept = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
            .map(|dir| dir.join("windlass"));
        if let Some(dir) = kept
            && let Ok(sources) = Sources::new(Options::new(dir.join("cli")))
        {
            let charts = Charts::new(dir.join("charts"));
            return Ok(Self { sources, charts, _temporary: None });
        }
        let dir = tempfile::tempdir()?;
        let sources = Sources::new(Options::new(dir.path().join("mirrors")))?;
        let charts = Charts::new(dir.path().join("charts"));
        Ok(Self { sources, charts, _temporary: Some(dir) })
    }
}

/// Reads the secrets and config maps of the control namespace that are about repositories.
pub(crate) async fn settings(connection: &Connection) -> anyhow::Result<Arc<Settings>> {
    let mut secrets = Vec::new();
    for (label, kind) in
        [("repository", SecretKind::Repository), ("repo-creds", SecretKind::RepoCreds)]
    {
        let selector = format!("argocd.argoproj.io/secret-type={label}");
        let params = ListParams::default().labels(&selector);
        let list = core(connection, "Secret").list(&params).await.map_err(|e| refused(&e))?;
        for secret in list.items {
            let name = secret.metadata.name.clone().unwrap_or_default();
            let data = strings(&secret, "data")
                .into_iter()
                .filter_map(|(key, text)| Some((key, STANDARD.decode(text).ok()?)))
                .collect();
            secrets.push(SecretData { name, kind, data });
        }
    }
    let hosts = config_map(connection, "argocd-ssh-known-hosts-cm").await?;
    let hosts = hosts.get("ssh_known_hosts").map_or("", String::as_str);
    Ok(Arc::new(Settings {
        secrets,
        known_hosts: Arc::new(KnownHosts::parse(hosts).0),
        tls_certificates: config_map(connection, "argocd-tls-certs-cm").await?,
        without_submodules: false,
    }))
}

/// A cluster that the settings name.
pub(crate) struct ClusterName {
    pub(crate) name: String,
    pub(crate) server: String,
}

/// The clusters that the secrets of the control namespace name.
pub(crate) async fn clusters(connection: &Connection) -> anyhow::Result<Vec<ClusterName>> {
    let params = ListParams::default().labels("argocd.argoproj.io/secret-type=cluster");
    let list = core(connection, "Secret").list(&params).await.map_err(|e| refused(&e))?;
    let clusters = list.items.iter().map(|secret| {
        let data = strings(secret, "data");
        let text = |key: &str| {
            let bytes = data.get(key).and_then(|text| STANDARD.decode(text).ok());
            String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
        };
        ClusterName { name: text("name"), server: text("server") }
    });
    Ok(clusters.collect())
}

/// The page of an application, where the settings name the address of the console.
pub(crate) async fn page(connection: &Connection, app: &Application) -> Option<String> {
    let settings = config_map(connection, "argocd-cm").await.ok()?;
    let url = settings.get("url").filter(|url| !url.is_empty())?;
    Some(format!("{url}/applications/{}", app.name()))
}

/// The data of a config map of the control namespace; empty if it is not there.
pub(crate) async fn config_map(
    connection: &Connection,
    name: &str,
) -> anyhow::Result<BTreeMap<String, String>> {
    let found = core(connection, "ConfigMap").get_opt(name).await.map_err(|e| refused(&e))?;
    Ok(found.map(|o| strings(&o, "data")).unwrap_or_default())
}

fn core(connection: &Connection, kind: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", kind));
    Api::namespaced_with(connection.client.clone(), &connection.namespace, &resource)
}

fn strings(object: &DynamicObject, field: &str) -> BTreeMap<String, String> {
    let fields = object.data.get(field).and_then(Value::as_object);
    fields
        .into_iter()
        .flatten()
        .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
        .collect()
}
