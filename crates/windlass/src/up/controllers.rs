//! The controllers, and the HTTP server through which the world speaks to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use futures::{FutureExt as _, TryStreamExt};
use kube::Client;
use kube::api::{Api, DynamicObject};
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use windlass_argo::installation::InstallationKey;
use windlass_argo::{Controller, ControllerOptions};
use windlass_charts::Charts;
use windlass_server::webhook::{Event, Secrets};
use windlass_server::{Server, Settings};
use windlass_source::{Options as SourceOptions, Sources};

use super::{Options, Ready, bootstrap};

/// Webhook events that wait at most.
const QUEUE: usize = 1_000;

/// The controllers while they run.
pub(super) struct Controllers {
    tasks: JoinSet<()>,
    /// Where the HTTP server listens.
    pub(super) address: std::net::SocketAddr,
}

/// Starts them.
///
/// # Errors
/// When the cache directory cannot be made or the HTTP address not be had.
pub(super) async fn start(
    ready: &Ready,
    options: &Options,
    shutdown: &CancellationToken,
) -> anyhow::Result<Controllers> {
    let mut source_options = SourceOptions::new(ready.cache.join("git"));
    source_options.observer = Some(options.metrics.git.observer());
    let sources = Sources::new(source_options)
        .context("cannot use the directory for Git mirrors (WINDLASS_CACHE names another)")?;
    let key = InstallationKey::obtain(&ready.client, &options.namespace).await?;
    let controller_options = ControllerOptions {
        client: ready.client.clone(),
        config: Some(ready.config.clone()),
        sources,
        charts: Arc::new(Charts::new(ready.cache.join("charts"))),
        namespace: options.namespace.clone(),
        queries_per_second: queries_per_second(),
        key,
    };
    let controller = Controller::with_metrics(controller_options, options.metrics.clone());
    let listener = tokio::net::TcpListener::bind(options.http_listen)
        .await
        .with_context(|| format!("cannot listen at {}", options.http_listen))?;
    let address = listener.local_addr()?;

    let mut tasks = JoinSet::new();
    let (events, queue) = mpsc::channel(QUEUE);
    let (told, settings) = watch::channel(Settings::default());
    let metrics = controller.clone();
    let server = Server {
        settings,
        events,
        metrics: Arc::new(move || metrics.metrics()),
        healthy: Arc::new(|| Ok(())),
        ready: Arc::new(|| Ok(())),
    };
    let follows = follow_settings(ready.client.clone(), options.namespace.clone(), told);
    tasks.spawn(shutdown.clone().run_until_cancelled_owned(follows).map(drop));
    let passes = pass_on(queue, controller.clone());
    tasks.spawn(shutdown.clone().run_until_cancelled_owned(passes).map(drop));
    let stop = shutdown.clone();
    let runs = controller;
    tasks.spawn(async move { runs.run(stop).await });
    let stop = shutdown.clone();
    tasks.spawn(async move {
        let serve = axum::serve(listener, server.router())
            .with_graceful_shutdown(async move { stop.cancelled().await });
        if let Err(error) = serve.await {
            tracing::error!(%error, "the HTTP server has ended");
        }
    });
    Ok(Controllers { tasks, address })
}

impl Controllers {
    /// Waits a moment for what is under way, after the shutdown.
    pub(super) async fn finish(mut self) {
        let end = std::time::Duration::from_secs(2);
        let _ =
            tokio::time::timeout(end, async { while self.tasks.join_next().await.is_some() {} })
                .await;
        self.tasks.shutdown().await;
    }
}

/// `ARGOCD_K8S_CLIENT_QPS`, where someone has set it; no limit of our own.
fn queries_per_second() -> Option<f64> {
    std::env::var("ARGOCD_K8S_CLIENT_QPS").ok()?.parse().ok().filter(|q| *q > 0.0)
}

async fn pass_on(mut queue: mpsc::Receiver<Event>, controller: Controller) {
    while let Some(event) = queue.recv().await {
        let looking = controller
            .repository_changed(&|address| event.matches(address), &|address, revision| {
                event.concerns(address, revision)
            });
        tracing::info!(looking, "a push event was passed on");
    }
}

/// Keeps the webhook settings as argocd-secret and argocd-cm have them.
async fn follow_settings(client: Client, namespace: String, told: watch::Sender<Settings>) {
    // By name: argocd-secret itself, and those that a value of it may refer to.
    let known = parking_lot::Mutex::new(BTreeMap::new());
    let take = |object: &DynamicObject| {
        let mut known = known.lock();
        let name = object.metadata.name.clone().unwrap_or_default();
        known.insert(name, secret_data(&object.data));
        let own = known.get("argocd-secret").cloned().unwrap_or_default();
        told.send_modify(|s| s.secrets = Secrets::new(&own, &known));
    };
    let own = watcher::Config::default().fields("metadata.name=argocd-secret");
    let secret = follow(&client, &namespace, "Secret", own, take);
    let parts = watcher::Config::default().labels("app.kubernetes.io/part-of=argocd");
    let parts = follow(&client, &namespace, "Secret", parts, take);
    let config = watcher::Config::default().fields("metadata.name=argocd-cm");
    let map = follow(&client, &namespace, "ConfigMap", config, |object| {
        let object = &object.data;
        let text = object["data"]["webhook.maxPayloadSizeMB"].as_str();
        let megabytes = text.and_then(|t| t.parse::<usize>().ok()).filter(|m| *m > 0);
        let default = Settings::default().max_payload;
        told.send_modify(|s| s.max_payload = megabytes.map_or(default, |m| m << 20));
    });
    tokio::join!(secret, parts, map);
}

async fn follow(
    client: &Client,
    namespace: &str,
    kind: &str,
    config: watcher::Config,
    tell: impl Fn(&DynamicObject),
) {
    let kind = bootstrap::resource("", "v1", kind);
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &kind);
    let objects = watcher(api, config).default_backoff().touched_objects();
    let mut objects = std::pin::pin!(objects);
    loop {
        match objects.try_next().await {
            Ok(Some(object)) => tell(&object),
            Ok(None) => return,
            // The watcher begins anew, later each time.
            Err(error) => tracing::debug!(%error, "the watch of a setting broke off"),
        }
    }
}

fn secret_data(object: &serde_json::Value) -> BTreeMap<String, Vec<u8>> {
    use base64::Engine as _;
    let data = object["data"].as_object().into_iter().flatten();
    data.filter_map(|(key, value)| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(value.as_str()?).ok()?;
        Some((key.clone(), bytes))
    })
    .collect()
}
