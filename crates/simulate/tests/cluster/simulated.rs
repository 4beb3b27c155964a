//! API servers without controllers, and the simulation on each.

use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use windlass_apiserver::ApiServer;
use windlass_simulate::{Options, run};
use windlass_testkit::{Kubernetes, Parts, peer};

/// Which API server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Kubernetes,
    Embedded,
}

/// A cluster that the simulation keeps alive.
pub(crate) struct Simulated {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) client: kube::Client,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<Result<()>>>,
    _kubernetes: Option<Kubernetes>,
    _dir: TempDir,
}

impl Simulated {
    pub(crate) fn start(api: Api) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let stop = CancellationToken::new();
        let kubernetes = match api {
            Api::Kubernetes => Some(Kubernetes::start(Parts::Api)?),
            Api::Embedded => None,
        };
        let kubeconfig = match &kubernetes {
            Some(cluster) => cluster.kubeconfig().to_path_buf(),
            None => dir.path().join("kubeconfig"),
        };
        let (send, receive) = mpsc::channel();
        let (stopped, file) = (stop.clone(), kubeconfig.clone());
        let thread = std::thread::spawn(move || {
            tokio::runtime::Runtime::new()?.block_on(async {
                let _ = send.send(serve(api, &file, stopped.clone()).await);
                stopped.cancelled().await;
                anyhow::Ok(())
            })
        });
        let client = receive.recv().context("the server's thread ended")??;
        Ok(Self {
            kubeconfig,
            client,
            stop,
            thread: Some(thread),
            _kubernetes: kubernetes,
            _dir: dir,
        })
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        kubectl(&self.kubeconfig, arguments, "")
    }

    pub(crate) fn apply(&self, namespace: &str, text: &str) -> Result<()> {
        kubectl(&self.kubeconfig, &["-n", namespace, "apply", "--server-side", "-f", "-"], text)
            .map(drop)
    }

    /// The value at a JSON path of kubectl, empty when the object is absent.
    pub(crate) fn at(&self, namespace: &str, what: &str, path: &str) -> Result<String> {
        let output = format!("jsonpath={{{path}}}");
        self.kubectl(&["-n", namespace, "get", what, "--ignore-not-found", "-o", &output])
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(api: Api, kubeconfig: &Path, stop: CancellationToken) -> Result<kube::Client> {
    let client = match api {
        Api::Kubernetes => {
            let kubeconfig = kube::config::Kubeconfig::read_from(kubeconfig)?;
            let options = kube::config::KubeConfigOptions::default();
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await?;
            kube::Client::try_from(config)?
        }
        Api::Embedded => {
            let server = ApiServer::open(windlass_apiserver::Options::default()).await?;
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
            server.listens_at(listener.local_addr()?);
            std::fs::write(kubeconfig, server.kubeconfig())?;
            let client = server.client();
            spawn(async move {
                let _ = server.serve(listener, stop).await;
            });
            client
        }
    };
    spawn(run(client.clone(), Options::default(), CancellationToken::new()));
    Ok(client)
}

fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(future);
}

pub(crate) fn kubectl(kubeconfig: &Path, arguments: &[&str], input: &str) -> Result<String> {
    let mut child = Command::new(peer("kubectl")?)
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("standard input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "kubectl {}: {error}", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?)
}
