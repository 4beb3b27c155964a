//! `windlass up`: the control plane if there is none, the controllers, and what a person sees.

mod bootstrap;
mod cluster;
mod controllers;
mod embedded;
mod progress;
mod sample;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use kube::Client;
use tokio_util::sync::CancellationToken;

/// What to start.
#[derive(Debug)]
pub(crate) struct Options {
    /// Namespace of the Applications.
    pub(crate) namespace: String,
    /// Address for webhooks, metrics and probes.
    pub(crate) http_listen: SocketAddr,
    /// What metrics show beyond the usual.
    pub(crate) metrics: windlass_argo::MetricsOptions,
    /// End when all is healthy, or after this time.
    pub(crate) exit_when_healthy: Option<Duration>,
}

/// Where the Kubernetes API comes from.
#[derive(Debug)]
pub(crate) enum Plane {
    /// From this process.
    Embedded(EmbeddedOptions),
    /// From a real cluster.
    Cluster(ClusterOptions),
}

/// An API of our own.
#[derive(Debug)]
pub(crate) struct EmbeddedOptions {
    /// Where it keeps its state; none is a temporary directory.
    pub(crate) data: Option<PathBuf>,
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// Whether to make the sample.
    pub(crate) demo: bool,
}

/// Somebody else's API.
#[derive(Debug)]
pub(crate) struct ClusterOptions {
    /// Kubeconfig, or `in-cluster`.
    pub(crate) kubeconfig: PathBuf,
    /// Context in it.
    pub(crate) context: Option<String>,
    /// Act beside an Argo CD controller.
    pub(crate) takeover: bool,
    /// Act only while holding a Lease.
    pub(crate) leader_elect: bool,
}

/// A control plane that answers.
struct Ready {
    client: Client,
    /// The way to it, for whoever signs in as somebody else.
    config: kube::Config,
    /// Directory for Git mirrors and other things that can be fetched again.
    cache: PathBuf,
    /// Lines that tell a person where things are.
    greeting: Vec<String>,
    /// Keeps the plane; dropped last.
    keep: Keep,
}

/// What must live as long as the plane.
#[derive(Default)]
struct Keep {
    embedded: Option<embedded::Running>,
    lease: Option<windlass_cluster::lease::Held>,
}

/// Runs until a signal, or as long as `exit_when_healthy` says.
///
/// # Errors
/// When the plane cannot be had, or what the controllers need cannot be made there.
pub(crate) fn run(plane: Plane, options: &Options) -> anyhow::Result<ExitCode> {
    // Both TLS users of this process take the same provider; a second call would find it set.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("windlass")
        .build()
        .context("cannot start")?;
    let code = runtime.block_on(deliver(plane, options));
    // Everything that must end well has ended; what is left only waits.
    runtime.shutdown_background();
    code
}

async fn deliver(plane: Plane, options: &Options) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let shutdown = CancellationToken::new();
    tokio::spawn(stop_on_signal(shutdown.clone()));

    let (mut ready, demo) = match plane {
        Plane::Embedded(embedded) => {
            let demo = embedded.demo;
            let ready = embedded::start(embedded, &shutdown).await?;
            let sample =
                ready.keep.embedded.as_ref().filter(|_| demo).map(|e| e.data().join("sample.git"));
            (ready, sample)
        }
        Plane::Cluster(cluster) => {
            let Some(ready) = cluster::connect(cluster, &options.namespace, &shutdown).await?
            else {
                return Ok(ExitCode::SUCCESS);
            };
            (ready, None)
        }
    };
    bootstrap::prepare(&ready.client, &options.namespace).await?;

    let controllers = controllers::start(&ready, options, &shutdown).await?;
    ready.greeting.push(format!("webhooks at http://{}/api/webhook", controllers.address));
    if let Some(repository) = &demo {
        sample::create(repository)?;
        sample::deliver(&ready.client, &options.namespace, repository).await?;
    }
    let code = watch::until_done(
        &ready,
        &options.namespace,
        demo.as_deref(),
        options.exit_when_healthy,
        started,
        &shutdown,
    )
    .await;
    shutdown.cancel();
    controllers.finish().await;
    ready.keep.finish().await;
    code
}

impl Keep {
    async fn finish(self) {
        if let Some(lease) = self.lease {
            lease.release().await;
        }
        if let Some(embedded) = self.embedded {
            embedded.finish().await;
        }
    }
}

async fn stop_on_signal(shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::warn!("signals cannot be caught: stop this process with SIGKILL");
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = shutdown.cancelled() => {}
    }
    shutdown.cancel();
}
