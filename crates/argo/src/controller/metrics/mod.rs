//! Argo CD's metrics, under its names.
//!
//! What is known anyway (applications, clusters, repositories) is read when somebody scrapes
//! ([`collect`]); only what happens is counted here. Series go with the application they are about.

mod collect;
mod repositories;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use windlass_engine::sync::{Action, Verb};

use super::apps::AppKey;
use super::context::Context;
use crate::types::Application;
pub use repositories::GitRequests;

/// Different requests that are counted for one application.
const REQUESTS: usize = 1_000;

/// What metrics show beyond the usual.
#[derive(Clone, Debug, Default)]
pub struct MetricsOptions {
    /// Labels of Applications that `argocd_app_labels` shows; without any it is not there.
    pub application_labels: Vec<String>,
    /// Types of conditions that `argocd_app_condition` shows; without any it is not there.
    pub application_conditions: Vec<String>,
    /// Labels of clusters' secrets that `argocd_cluster_labels` shows; without any it is not there.
    pub cluster_labels: Vec<String>,
    /// What is asked of repositories.
    pub git: GitRequests,
    /// After how long everything that was counted begins anew; never if there is none.
    pub cache_expiration: Option<Duration>,
}

/// Labels of `argocd_cluster_events_total`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EventLabels {
    server: String,
    group: String,
    kind: String,
}

/// Labels of a metric of a cluster.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ClusterLabels {
    server: String,
}

/// Labels of `argocd_app_reconcile`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReconcileLabels {
    namespace: String,
    dest_server: String,
}

/// A request to a cluster on behalf of an application.
#[derive(Clone, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    /// Address of the cluster.
    pub(crate) server: String,
    /// HTTP status.
    pub(crate) code: u16,
    /// As Kubernetes' audit names it, such as `Patch`.
    pub(crate) verb: &'static str,
    /// Kind of the object.
    pub(crate) kind: String,
    /// Namespace of the object.
    pub(crate) namespace: String,
    /// Whether nothing was to be changed.
    pub(crate) dry_run: bool,
}

impl Request {
    /// The request that an action of a sync is.
    pub(crate) fn of(server: &str, action: &Action, code: u16) -> Self {
        let verb = match &action.verb {
            Verb::Apply { .. } | Verb::ServerSideApply { .. } | Verb::ReleaseHook => "Patch",
            Verb::Create { .. } => "Create",
            Verb::Replace { .. } | Verb::Update { .. } => "Update",
            Verb::Delete { .. } => "Delete",
        };
        Self {
            server: server.to_owned(),
            code,
            verb,
            kind: action.kind.kind.clone(),
            namespace: action.key.namespace.clone(),
            dry_run: action.dry_run,
        }
    }
}

/// What happened to one application.
#[derive(Debug, Default)]
struct Happened {
    project: String,
    /// By cluster, phase and whether it was a rehearsal.
    syncs: BTreeMap<(String, String, bool), u64>,
    /// Seconds by cluster.
    seconds: BTreeMap<String, f64>,
    orphans: Option<usize>,
    requests: BTreeMap<Request, u64>,
}

type Histograms<S> = Family<S, Histogram, fn() -> Histogram>;

fn seconds() -> Histogram {
    Histogram::new([0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0])
}

/// The controller's metrics.
pub(crate) struct Metrics {
    applications: Mutex<HashMap<AppKey, Happened>>,
    reconcile: Histograms<ReconcileLabels>,
    cluster_events: Family<EventLabels, Counter>,
    event_batches: Histograms<ClusterLabels>,
    events_in_batch: Family<ClusterLabels, Gauge>,
    options: MetricsOptions,
    /// When everything that was counted began anew.
    began: Mutex<Instant>,
}

impl Metrics {
    pub(crate) fn new(options: MetricsOptions) -> Self {
        Self {
            applications: Mutex::default(),
            reconcile: Family::new_with_constructor(seconds),
            cluster_events: Family::default(),
            event_batches: Family::new_with_constructor(seconds),
            events_in_batch: Family::default(),
            options,
            began: Mutex::new(Instant::now()),
        }
    }

    /// Registers everything, with what the context knows.
    pub(crate) fn register(context: &Arc<Context>, registry: &mut Registry) {
        let metrics = &context.metrics;
        registry.register(
            "argocd_app_reconcile",
            "Application reconciliation performance in seconds",
            metrics.reconcile.clone(),
        );
        registry.register(
            "argocd_cluster_events",
            "Number of processes k8s resource events",
            metrics.cluster_events.clone(),
        );
        registry.register(
            "argocd_resource_events_processing",
            "Time to process resource events in seconds",
            metrics.event_batches.clone(),
        );
        registry.register(
            "argocd_resource_events_processed_in_batch",
            "Number of resource events processed in batch",
            metrics.events_in_batch.clone(),
        );
        registry.register_collector(collect::boxed(context));
    }

    fn of(&self, app: &Application, change: impl FnOnce(&mut Happened)) {
        let mut applications = self.applications.lock();
        let happened = applications.entry(AppKey::of(app)).or_default();
        app.project().clone_into(&mut happened.project);
        change(happened);
    }

    /// An application is gone, and its series with it.
    pub(crate) fn forget(&self, key: &AppKey) {
        self.applications.lock().remove(key);
    }

    /// A sync has ended.
    pub(crate) fn synced(
        &self,
        app: &Application,
        server: &str,
        phase: &str,
        dry_run: bool,
        took: Duration,
    ) {
        self.of(app, |happened| {
            let key = (server.to_owned(), phase.to_owned(), dry_run);
            *happened.syncs.entry(key).or_default() += 1;
            *happened.seconds.entry(server.to_owned()).or_default() += took.as_secs_f64();
        });
    }

    /// A cluster was asked on behalf of an application.
    pub(crate) fn requested(&self, app: &Application, request: Request) {
        self.of(app, |happened| {
            if happened.requests.len() < REQUESTS || happened.requests.contains_key(&request) {
                *happened.requests.entry(request).or_default() += 1;
            }
        });
    }

    /// So many objects of an application's namespace belong to nobody.
    pub(crate) fn orphans(&self, app: &Application, count: usize) {
        self.of(app, |happened| happened.orphans = Some(count));
    }

    /// An application was looked at.
    pub(crate) fn reconciled(&self, app: &Application, server: &str, took: Duration) {
        let labels = ReconcileLabels {
            namespace: app.namespace().to_owned(),
            dest_server: server.to_owned(),
        };
        self.reconcile.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Changes of a cluster were passed on.
    pub(crate) fn events(
        &self,
        server: &str,
        changes: &[windlass_cluster::Change],
        took: Duration,
    ) {
        if changes.is_empty() {
            return;
        }
        let mut counts: HashMap<(&str, &str), u64> = HashMap::new();
        for change in changes.iter().filter(|change| !change.key.name.is_empty()) {
            *counts.entry((&change.key.group, &change.key.kind)).or_default() += 1;
        }
        let server = server.to_owned();
        for ((group, kind), count) in counts {
            let (group, kind) = (group.to_owned(), kind.to_owned());
            let labels = EventLabels { server: server.clone(), group, kind };
            self.cluster_events.get_or_create(&labels).inc_by(count);
        }
        let labels = ClusterLabels { server };
        self.event_batches.get_or_create(&labels).observe(took.as_secs_f64());
        let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
        self.events_in_batch.get_or_create(&labels).set(count);
    }

    /// Begins anew, if it is time.
    fn expire(&self, now: Instant) {
        let Some(after) = self.options.cache_expiration else { return };
        let mut began = self.began.lock();
        if now.duration_since(*began) < after {
            return;
        }
        *began = now;
        self.applications.lock().clear();
        self.reconcile.clear();
        self.cluster_events.clear();
        self.event_batches.clear();
        self.events_in_batch.clear();
        self.options.git.clear();
    }
}
