//! A real cluster in the place of our own control plane.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio_util::sync::CancellationToken;
use windlass_cluster::lease::{self, LeaseName};

use super::{ClusterOptions, Keep, Ready, bootstrap};

/// Connects, and waits for the Lease where that is asked for. `None` when the shutdown comes first.
///
/// # Errors
/// When the kubeconfig cannot be read, the API not be reached, or Argo CD acts there.
pub(super) async fn connect(
    options: ClusterOptions,
    namespace: &str,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<Ready>> {
    let config = config(&options).await?;
    let address = config.cluster_url.to_string();
    let client = Client::try_from(config.clone()).context("cannot set up the connection")?;
    let version = client
        .apiserver_version()
        .await
        .with_context(|| format!("cannot reach the Kubernetes API at {address}"))?;
    if !options.takeover {
        bootstrap::refuse_beside_argo_cd(&client, namespace).await?;
    }
    let mut keep = Keep::default();
    if options.leader_elect {
        let name = LeaseName {
            namespace: namespace.to_owned(),
            name: "windlass".to_owned(),
            identity: identity(),
        };
        let Some(held) = lease::acquire(client.clone(), name, shutdown).await else {
            return Ok(None);
        };
        keep.lease = Some(held);
    }
    let greeting = vec![format!("delivering to {address} (Kubernetes {})", version.git_version)];
    Ok(Some(Ready { client, config, cache: cache_dir(), greeting, keep }))
}

/// The longest silence on a connection: an API server says something of each watch every minute.
const SILENCE: Duration = Duration::from_secs(100);

async fn config(options: &ClusterOptions) -> anyhow::Result<Config> {
    let mut config = chosen(options).await?;
    config.read_timeout = Some(SILENCE);
    Ok(config)
}

async fn chosen(options: &ClusterOptions) -> anyhow::Result<Config> {
    if options.kubeconfig == Path::new("in-cluster") {
        return Config::incluster().context("this is no pod of a cluster");
    }
    let file = &options.kubeconfig;
    let at = || format!("cannot use the kubeconfig {}", file.display());
    let kubeconfig = Kubeconfig::read_from(file).with_context(at)?;
    let choice =
        KubeConfigOptions { context: options.context.clone(), ..KubeConfigOptions::default() };
    Config::from_custom_kubeconfig(kubeconfig, &choice).await.with_context(at)
}

/// Unique among replicas: the pod's name, or the host's with the process's number.
fn identity() -> String {
    std::env::var("POD_NAME").unwrap_or_else(|_| {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        format!("{}_{}", host.trim(), std::process::id())
    })
}

/// Where Git mirrors go: `WINDLASS_CACHE`, else below the person's cache directory.
fn cache_dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("WINDLASS_CACHE") {
        return dir.into();
    }
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    base.unwrap_or_else(std::env::temp_dir).join("windlass")
}
