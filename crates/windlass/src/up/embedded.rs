//! Our own control plane: the embedded API, brought to life by simulated workloads.
//!
//! The API has a runtime of its own, so that a burst of work in the controllers does not keep
//! kubectl waiting.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use anyhow::Context;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio_util::sync::CancellationToken;
use windlass_apiserver::{ApiServer, Options};

use super::{EmbeddedOptions, Keep, Ready};

/// The plane while it runs.
pub(super) struct Running {
    data: PathBuf,
    stop: CancellationToken,
    server: JoinHandle<()>,
    /// Removed when dropped, after the API has ended.
    _temporary: Option<tempfile::TempDir>,
}

impl Running {
    /// Where the kubeconfig is.
    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.data.join("kubeconfig")
    }

    /// Where everything is.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// Ends the API, after all who use it have ended.
    pub(super) async fn finish(self) {
        self.stop.cancel();
        let _ = tokio::task::spawn_blocking(move || self.server.join()).await;
    }
}

/// Opens the API, serves it, and writes the kubeconfig.
///
/// # Errors
/// When the data directory or the address cannot be used.
pub(super) async fn start(
    options: EmbeddedOptions,
    shutdown: &CancellationToken,
) -> anyhow::Result<Ready> {
    let (data, temporary) = match options.data {
        Some(data) => (data, None),
        None => {
            let dir = tempfile::Builder::new().prefix("windlass-").tempdir();
            let dir = dir.context("cannot make a temporary directory")?;
            (dir.path().to_owned(), Some(dir))
        }
    };
    std::fs::create_dir_all(&data)
        .with_context(|| format!("cannot make the data directory {}", data.display()))?;
    let (client, address, stop, server) = serve(data.join("api"), options.listen).await?;
    let kubeconfig = data.join("kubeconfig");
    let running = Running { data: data.clone(), stop, server, _temporary: temporary };
    write_private(&kubeconfig, &address.kubeconfig)?;
    let options = KubeConfigOptions::default();
    let config =
        Config::from_custom_kubeconfig(Kubeconfig::from_yaml(&address.kubeconfig)?, &options)
            .await?;

    let life = windlass_simulate::Options {
        certificate_authority: certificate_authority(&address.kubeconfig),
        ..windlass_simulate::Options::default()
    };
    tokio::spawn(windlass_simulate::run(client.clone(), life, shutdown.clone()));
    let greeting = vec![
        format!(
            "Kubernetes API at https://{} (embedded; workloads are simulated, and labelled windlass.dev/simulated)",
            address.socket
        ),
        format!("kubeconfig {}", kubeconfig.display()),
    ];
    let keep = Keep { embedded: Some(running), ..Keep::default() };
    Ok(Ready { client, config, cache: data.join("cache"), greeting, keep })
}

/// Where the API is, and how to get in. The kubeconfig is a secret.
struct Address {
    socket: SocketAddr,
    kubeconfig: String,
}

/// Runs the API on a thread with a runtime of its own.
async fn serve(
    data: PathBuf,
    listen: SocketAddr,
) -> anyhow::Result<(kube::Client, Address, CancellationToken, JoinHandle<()>)> {
    let stop = CancellationToken::new();
    let ends = stop.clone();
    let (tell, told) = tokio::sync::oneshot::channel();
    let server = std::thread::Builder::new().name("windlass-api".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("windlass-api")
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = tell.send(Err(anyhow::Error::new(error).context("cannot start")));
                return;
            }
        };
        runtime.block_on(async move {
            let opened = open(data, listen).await;
            let (api, listener, socket) = match opened {
                Ok(opened) => opened,
                Err(error) => {
                    let _ = tell.send(Err(error));
                    return;
                }
            };
            let address = Address { socket, kubeconfig: api.kubeconfig() };
            let _ = tell.send(Ok((api.client(), address)));
            if let Err(error) = api.serve(listener, ends).await {
                tracing::error!(%error, "the embedded API has ended");
            }
        });
    })?;
    let (client, address) = told.await.context("the embedded API ended at its start")??;
    Ok((client, address, stop, server))
}

async fn open(
    data: PathBuf,
    listen: SocketAddr,
) -> anyhow::Result<(ApiServer, tokio::net::TcpListener, SocketAddr)> {
    let api = ApiServer::open(Options { data_dir: Some(data), ..Options::default() }).await?;
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen at {listen}"))?;
    let socket = listener.local_addr()?;
    api.listens_at(socket);
    Ok((api, listener, socket))
}

/// Writes a file that only its owner may read, whole or not at all.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let at = || format!("cannot write {}", path.display());
    let part = path.with_extension("new");
    let _ = std::fs::remove_file(&part);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .with_context(at)?;
    file.write_all(text.as_bytes()).with_context(at)?;
    file.sync_all().with_context(at)?;
    std::fs::rename(&part, path).with_context(at)
}

/// The certificate authority out of the kubeconfig, which every namespace is told.
fn certificate_authority(kubeconfig: &str) -> Option<String> {
    use base64::Engine as _;
    let parsed = windlass_object::yaml::parse_one(
        kubeconfig.as_bytes(),
        &windlass_object::yaml::Options::default(),
    );
    let value = parsed.ok()?;
    let data = value["clusters"][0]["cluster"]["certificate-authority-data"].as_str()?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(data).ok()?;
    String::from_utf8(bytes).ok()
}
