//! The Application controller.
//!
//! ```text
//! watches ──> Apps ──signal──> one actor an application ──> reconcile
//!                                                             │ spec, project, cluster
//! clusters ──changes──┘                                       │ gather   what Git says
//! webhooks ──┘                                                │ compare  against the mirror
//!                                                             │ sync     step by step
//!                                                             └ status   written on change
//! ```
//!
//! Nothing polls but the repositories, each once an interval. All that must outlive the process is
//! in the objects; everything else is a cache.

mod actor;
mod apps;
mod autosync;
mod cluster_secret;
mod clusters;
mod compare;
mod context;
mod deletion;
mod dependencies;
mod drift;
mod events;
mod gather;
mod ignored;
mod impersonation;
mod known_types;
mod live_objects;
mod memory;
mod metrics;
mod namespaces;
mod operation;
mod perform;
pub(crate) mod project;
mod projects;
mod reconcile;
mod refusal;
mod rendering;
mod retry;
mod sent;
mod settings;
mod signatures;
mod spec;
mod status;
mod tracker;
mod unreachable;
mod unread;
mod updates;
mod watches;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use windlass_charts::Charts;
use windlass_source::Sources;

use crate::installation::InstallationKey;

use apps::Level;
use context::Context;
pub(crate) use context::{application_resource, resource};
use metrics::Metrics;
pub use metrics::{GitRequests, MetricsOptions};
pub use project::counts_as_orphan;
pub(crate) use project::permits_kind;
pub use settings::{Settings, kind_filter};

use crate::types::AppProject;

/// A client for the cluster that a secret of Argo CD describes, of the secret's decoded data.
///
/// # Errors
/// When the secret names no server, cannot be read, or asks for what cannot be done.
pub fn cluster_client(data: &BTreeMap<String, Vec<u8>>) -> Result<kube::Client, String> {
    let described = cluster_secret::Described::of(data).ok_or("the secret names no server")?;
    described.client()
}

/// Whether a project lets its applications come from a repository.
pub fn permits_source(project: &AppProject, url: &str) -> bool {
    project::permits_source(project, url)
}

/// Whether a project lets its applications go to a namespace of a cluster that is its own.
pub fn permits_destination(
    project: &AppProject,
    cluster: &str,
    server: &str,
    namespace: &str,
) -> bool {
    let owner = project.name();
    project::permits_destination(project, &project::Place { server, cluster, owner, namespace })
}

/// The control plane's namespace unless another is given.
pub const DEFAULT_NAMESPACE: &str = "argocd";

/// What the controller needs.
pub struct ControllerOptions {
    /// The cluster in which the Applications are.
    pub client: kube::Client,
    /// How that cluster is reached, for a secret of it that names another login; without it such a
    /// secret is refused.
    pub config: Option<kube::Config>,
    /// The Git repositories.
    pub sources: Sources,
    /// The Helm repositories.
    pub charts: Arc<Charts>,
    /// The namespace in which the Applications are.
    pub namespace: String,
    /// Requests a second to one cluster at most; none is without bound.
    pub queries_per_second: Option<f64>,
    /// From which the random draws of charts follow.
    pub key: InstallationKey,
}

/// The controller, to be cloned freely.
#[derive(Clone)]
pub struct Controller {
    context: Arc<Context>,
    registry: Arc<Mutex<Registry>>,
}

impl Controller {
    /// A controller that does not run yet. Must be called within a Tokio runtime.
    pub fn new(options: ControllerOptions) -> Self {
        Self::with_metrics(options, MetricsOptions::default())
    }

    /// The same, with more to be seen in its metrics.
    pub fn with_metrics(options: ControllerOptions, metrics: MetricsOptions) -> Self {
        let metrics = Metrics::new(metrics);
        let context = Arc::new(Context::new(options, metrics));
        let mut registry = Registry::default();
        Metrics::register(&context, &mut registry);
        Self { context, registry: Arc::new(Mutex::new(registry)) }
    }

    /// Runs until told to stop.
    pub async fn run(&self, stop: CancellationToken) {
        watches::run(&self.context, &stop).await;
    }

    /// A repository says that it has changed: its applications look at once. `is_repository` tells
    /// of an address whether it is the repository's; `concerns` of an address and a target revision
    /// whether they may show something else now. Answers how many applications look.
    pub fn repository_changed(
        &self,
        is_repository: &dyn Fn(&str) -> bool,
        concerns: &dyn Fn(&str, &str) -> bool,
    ) -> usize {
        self.context.sources.invalidate(is_repository);
        self.context.apps.raise_where(Level::Revision, |app| {
            let mut sources = app.spec.effective_sources().iter();
            sources.any(|source| concerns(&source.repo_url, &source.target_revision))
        })
    }

    /// The metrics in Prometheus' text form.
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry.lock());
        text
    }
}

/// Runs a controller until told to stop.
pub async fn run(options: ControllerOptions, stop: CancellationToken) {
    Controller::new(options).run(stop).await;
}
