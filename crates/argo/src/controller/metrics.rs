//! Argo CD's metrics, under its names.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::types::Application;

/// Labels of every metric of an application.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct AppLabels {
    namespace: String,
    name: String,
    project: String,
    dest_server: String,
}

/// Labels of `argocd_app_info`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct InfoLabels {
    namespace: String,
    name: String,
    project: String,
    autosync_enabled: String,
    repo: String,
    dest_server: String,
    dest_namespace: String,
    sync_status: String,
    health_status: String,
    operation: String,
}

/// Labels of `argocd_app_sync_total`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct SyncLabels {
    namespace: String,
    name: String,
    project: String,
    dest_server: String,
    phase: String,
    dry_run: String,
}

/// Labels of a metric of a cluster.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ClusterLabels {
    server: String,
}

/// Labels of `argocd_app_reconcile`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ReconcileLabels {
    namespace: String,
    dest_server: String,
}

type Histograms = Family<ReconcileLabels, Histogram, fn() -> Histogram>;

/// The controller's metrics.
pub(crate) struct Metrics {
    info: Family<InfoLabels, Gauge>,
    sync_total: Family<SyncLabels, Counter>,
    sync_seconds: Family<AppLabels, Counter<f64, AtomicU64>>,
    reconcile: Histograms,
    objects: Family<ClusterLabels, Gauge>,
    connected: Family<ClusterLabels, Gauge>,
    events: Family<ClusterLabels, Counter>,
}

fn histogram() -> Histogram {
    Histogram::new([0.01, 0.05, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0])
}

impl Metrics {
    /// Registers them.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            info: Family::default(),
            sync_total: Family::default(),
            sync_seconds: Family::default(),
            reconcile: Family::new_with_constructor(histogram),
            objects: Family::default(),
            connected: Family::default(),
            events: Family::default(),
        };
        registry.register("argocd_app_info", "Information about application", metrics.info.clone());
        registry.register(
            "argocd_app_sync",
            "Number of application syncs",
            metrics.sync_total.clone(),
        );
        registry.register(
            "argocd_app_sync_duration_seconds",
            "Seconds spent in application syncs",
            metrics.sync_seconds.clone(),
        );
        registry.register(
            "argocd_app_reconcile",
            "Application reconciliation performance in seconds",
            metrics.reconcile.clone(),
        );
        registry.register(
            "argocd_cluster_api_resource_objects",
            "Number of objects in the mirror of a cluster",
            metrics.objects.clone(),
        );
        registry.register(
            "argocd_cluster_connection_status",
            "Whether a cluster can be reached",
            metrics.connected.clone(),
        );
        registry.register(
            "argocd_cluster_events",
            "Number of changes seen in a cluster",
            metrics.events.clone(),
        );
        metrics
    }

    fn info_labels(app: &Application) -> InfoLabels {
        let source = app.spec.effective_sources().first();
        let running = app.status.operation_state.as_ref().is_some_and(|s| !s.phase.is_completed());
        InfoLabels {
            namespace: app.namespace().to_owned(),
            name: app.name().to_owned(),
            project: app.project().to_owned(),
            autosync_enabled: app.spec.is_automated().to_string(),
            repo: source
                .map(|s| windlass_source::address::normalize(&s.repo_url))
                .unwrap_or_default(),
            dest_server: app.spec.destination.server.clone(),
            dest_namespace: app.spec.destination.namespace.clone(),
            sync_status: app.status.sync.status.to_string(),
            health_status: app.status.health.status.map(|s| s.to_string()).unwrap_or_default(),
            operation: if running || app.operation.is_some() { "sync" } else { "" }.to_owned(),
        }
    }

    /// An application is now as `new` says, and no longer as `old` did.
    pub(crate) fn application(&self, old: Option<&Application>, new: Option<&Application>) {
        let old = old.map(Self::info_labels);
        let new = new.map(Self::info_labels);
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.info.remove(&old);
        }
        if let Some(new) = new {
            self.info.get_or_create(&new).set(1);
        }
    }

    /// A sync has ended.
    pub(crate) fn synced(&self, app: &Application, phase: &str, dry_run: bool, took: Duration) {
        let dest_server = app.spec.destination.server.clone();
        let (namespace, name) = (app.namespace().to_owned(), app.name().to_owned());
        let project = app.project().to_owned();
        let labels = SyncLabels {
            namespace: namespace.clone(),
            name: name.clone(),
            project: project.clone(),
            dest_server: dest_server.clone(),
            phase: phase.to_owned(),
            dry_run: dry_run.to_string(),
        };
        self.sync_total.get_or_create(&labels).inc();
        let labels = AppLabels { namespace, name, project, dest_server };
        self.sync_seconds.get_or_create(&labels).inc_by(took.as_secs_f64());
    }

    /// An application was looked at.
    pub(crate) fn reconciled(&self, app: &Application, took: Duration) {
        let labels = ReconcileLabels {
            namespace: app.namespace().to_owned(),
            dest_server: app.spec.destination.server.clone(),
        };
        self.reconcile.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A cluster changed.
    pub(crate) fn cluster(&self, server: &str, objects: usize, connected: bool, changes: u64) {
        let labels = ClusterLabels { server: server.to_owned() };
        self.objects.get_or_create(&labels).set(i64::try_from(objects).unwrap_or(i64::MAX));
        self.connected.get_or_create(&labels).set(i64::from(connected));
        self.events.get_or_create(&labels).inc_by(changes);
    }
}
