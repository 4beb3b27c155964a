//! What is read when somebody scrapes.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::super::apps::AppKey;
use super::super::clusters::Seen;
use super::super::context::Context;
use super::repositories::{BUCKETS, Counted, Requests};
use crate::types::Application;

/// Reads the context; it does not keep it alive.
struct Collected(Weak<Context>);

pub(super) fn boxed(context: &Arc<Context>) -> Box<dyn Collector> {
    Box::new(Collected(Arc::downgrade(context)))
}

impl fmt::Debug for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collected")
    }
}

/// One series: labels and value.
pub(super) struct Series {
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

/// A metric with its series.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) counts: bool,
    pub(super) series: Vec<Series>,
}

impl Metric {
    fn new(name: &'static str, help: &'static str, counts: bool) -> Self {
        Self { name, help, counts, series: Vec::new() }
    }

    fn push(&mut self, labels: &[(&str, &str)], value: f64) {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.series.push(Series { labels, value });
    }

    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        if self.series.is_empty() {
            return Ok(());
        }
        let kind = if self.counts { MetricType::Counter } else { MetricType::Gauge };
        let mut metric = encoder.encode_descriptor(self.name, self.help, None, kind)?;
        for series in &self.series {
            let one = metric.encode_family(&series.labels)?;
            if self.counts {
                ConstCounter::new(series.value).encode(one)?;
            } else {
                ConstGauge::new(series.value).encode(one)?;
            }
        }
        Ok(())
    }
}

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(context) = self.0.upgrade() else { return Ok(()) };
        context.metrics.expire(Instant::now());
        let applications = context.apps.all();
        let mut metrics = of_applications(&context, &applications);
        metrics.extend(happened(&context));
        metrics.extend(of_clusters(&context));
        let asked = context.metrics.options.git.all();
        metrics.extend(of_repositories(&asked));
        for metric in metrics {
            metric.encode(&mut encoder)?;
        }
        durations(&asked, &mut encoder)
    }
}

/// A label's name as Prometheus takes it.
fn normalized(label: &str) -> String {
    let valid = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    format!("label_{}", label.chars().map(valid).collect::<String>())
}

/// `1` of each application, with what it is.
fn of_applications(context: &Context, applications: &[Arc<Application>]) -> Vec<Metric> {
    let options = &context.metrics.options;
    let mut info = Metric::new("argocd_app_info", "Information about application.", false);
    let mut labelled = Metric::new(
        "argocd_app_labels",
        "Argo Application labels converted to Prometheus labels",
        false,
    );
    let mut conditions =
        Metric::new("argocd_app_condition", "Report application conditions", false);
    for app in applications {
        let server = context.clusters.server(&app.spec.destination);
        let key =
            [("namespace", app.namespace()), ("name", app.name()), ("project", app.project())];
        info.series.push(Series { labels: info_labels(app, &server), value: 1.0 });
        if !options.application_labels.is_empty() {
            let mut labels: Vec<(String, String)> =
                key.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            for label in &options.application_labels {
                let value = app.metadata.get("labels").and_then(|all| all[label].as_str());
                labels.push((normalized(label), value.unwrap_or_default().to_owned()));
            }
            labelled.series.push(Series { labels, value: 1.0 });
        }
        for wanted in &options.application_conditions {
            let all = app.status.conditions.iter();
            let count = all.filter(|c| c.kind.to_string() == *wanted).count();
            if count > 0 {
                let labels = [key[0], key[1], key[2], ("condition", wanted.as_str())];
                conditions.push(&labels, count as f64);
            }
        }
    }
    vec![info, labelled, conditions]
}

fn info_labels(app: &Application, server: &str) -> Vec<(String, String)> {
    let source = app.spec.effective_sources().first();
    let repo = source.map(|s| windlass_source::address::normalize(&s.repo_url));
    let sync = match app.status.sync.status.to_string() {
        status if status.is_empty() => "Unknown".to_owned(),
        status => status,
    };
    let health = app.status.health.status.map(|status| status.to_string());
    let syncs = app.operation.as_ref().is_some_and(|operation| operation.sync.is_some());
    let operation = match (app.is_terminating(), syncs) {
        (true, _) => "delete",
        (false, true) => "sync",
        (false, false) => "",
    };
    let labels = [
        ("namespace", app.namespace().to_owned()),
        ("name", app.name().to_owned()),
        ("project", app.project().to_owned()),
        ("autosync_enabled", app.spec.is_automated().to_string()),
        ("repo", repo.unwrap_or_default()),
        ("dest_server", server.to_owned()),
        ("dest_namespace", app.spec.destination.namespace.clone()),
        ("sync_status", sync),
        ("health_status", health.unwrap_or_else(|| "Unknown".to_owned())),
        ("operation", operation.to_owned()),
    ];
    labels.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// What was counted of applications.
fn happened(context: &Context) -> Vec<Metric> {
    let mut syncs = Metric::new("argocd_app_sync", "Number of application syncs.", true);
    let mut seconds = Metric::new(
        "argocd_app_sync_duration_seconds",
        "Application sync performance in seconds total.",
        true,
    );
    let mut orphans = Metric::new(
        "argocd_app_orphaned_resources_count",
        "Number of orphaned resources per application",
        false,
    );
    let mut requests = Metric::new(
        "argocd_app_k8s_request",
        "Number of kubernetes requests executed during application reconciliation.",
        true,
    );
    let applications = context.metrics.applications.lock();
    for (AppKey { namespace, name }, happened) in applications.iter() {
        let key = [
            ("namespace", namespace.as_str()),
            ("name", name.as_str()),
            ("project", happened.project.as_str()),
        ];
        let with = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
            let all = key.iter().chain(more.iter());
            all.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        for ((server, phase, dry_run), count) in &happened.syncs {
            let dry_run = dry_run.to_string();
            let labels = with(&[("dest_server", server), ("phase", phase), ("dry_run", &dry_run)]);
            syncs.series.push(Series { labels, value: *count as f64 });
        }
        for (server, value) in &happened.seconds {
            let labels = with(&[("dest_server", server)]);
            seconds.series.push(Series { labels, value: *value });
        }
        if let Some(count) = happened.orphans {
            orphans.series.push(Series { labels: with(&[]), value: count as f64 });
        }
        for (request, count) in &happened.requests {
            let (code, dry_run) = (request.code.to_string(), request.dry_run.to_string());
            let labels = with(&[
                ("server", &request.server),
                ("response_code", &code),
                ("verb", request.verb),
                ("resource_kind", &request.kind),
                ("resource_namespace", &request.namespace),
                ("dry_run", &dry_run),
            ]);
            requests.series.push(Series { labels, value: *count as f64 });
        }
    }
    vec![syncs, seconds, orphans, requests]
}

fn of_clusters(context: &Context) -> Vec<Metric> {
    let gauge = |name, help| Metric::new(name, help, false);
    let mut info = gauge("argocd_cluster_info", "Information about cluster");
    let mut connected =
        gauge("argocd_cluster_connection_status", "The k8s cluster current connection status");
    let mut kinds =
        gauge("argocd_cluster_api_resources", "Number of monitored kubernetes API resources");
    let mut objects =
        gauge("argocd_cluster_api_resource_objects", "Number of k8s resource objects in the cache");
    let mut age = gauge("argocd_cluster_cache_age_seconds", "Cluster cache age in seconds");
    let mut labelled =
        gauge("argocd_cluster_labels", "Argo Cluster labels converted to Prometheus labels");
    let wanted = &context.metrics.options.cluster_labels;
    for seen in context.clusters.seen() {
        let Seen { server, name, version, up, kinds: served, objects: count, age: old, labels } =
            &seen;
        let key = ("server", server.as_str());
        info.push(&[key, ("k8s_version", version), ("name", name)], 1.0);
        connected.push(&[key, ("k8s_version", version)], f64::from(u8::from(*up)));
        kinds.push(&[key], *served as f64);
        objects.push(&[key], *count as f64);
        age.push(&[key], old.map_or(-1.0, |old| old.as_secs() as f64));
        if let Some(labels) = labels.as_ref().filter(|_| !wanted.is_empty()) {
            let mut shown =
                vec![("server".to_owned(), server.clone()), ("name".to_owned(), name.clone())];
            let value = |label: &String| labels.get(label).cloned().unwrap_or_default();
            shown.extend(wanted.iter().map(|label| (normalized(label), value(label))));
            labelled.series.push(Series { labels: shown, value: 1.0 });
        }
    }
    vec![info, connected, kinds, objects, age, labelled]
}

/// The repo-server's metrics.
fn of_repositories(all: &[(String, Counted)]) -> Vec<Metric> {
    let mut requests =
        Metric::new("argocd_git_request", "Number of git requests performed by repo server", true);
    let mut fetch_failed = Metric::new(
        "argocd_git_fetch_fail",
        "Number of git fetch requests failures by repo server",
        true,
    );
    let mut list_failed = Metric::new(
        "argocd_git_lsremote_fail",
        "Number of git ls-remote requests failures by repo server",
        true,
    );
    for (url, asked) in all {
        let repo = ("repo", url.as_str());
        for (kind, of) in [("ls-remote", &asked.ls_remote), ("fetch", &asked.fetch)] {
            if of.count > 0 {
                requests.push(&[repo, ("request_type", kind)], of.count as f64);
            }
        }
        // Which revision was wanted is not counted: there is no bound on them.
        for (metric, of) in
            [(&mut fetch_failed, &asked.fetch), (&mut list_failed, &asked.ls_remote)]
        {
            if of.failed > 0 {
                metric.push(&[repo, ("revision", "")], of.failed as f64);
            }
        }
    }
    vec![requests, fetch_failed, list_failed]
}

fn durations(all: &[(String, Counted)], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let any = |of: &Requests| of.count > 0;
    if !all.iter().any(|(_, asked)| any(&asked.ls_remote) || any(&asked.fetch)) {
        return Ok(());
    }
    let mut metric = encoder.encode_descriptor(
        "argocd_git_request_duration_seconds",
        "Git requests duration seconds.",
        None,
        MetricType::Histogram,
    )?;
    for (url, asked) in all {
        for (kind, of) in [("ls-remote", &asked.ls_remote), ("fetch", &asked.fetch)] {
            if !any(of) {
                continue;
            }
            let labels = [("repo", url.as_str()), ("request_type", kind)];
            let bounded: u64 = of.buckets.iter().sum();
            let mut buckets: Vec<(f64, u64)> =
                BUCKETS.iter().copied().zip(of.buckets.iter().copied()).collect();
            buckets.push((f64::INFINITY, of.count.saturating_sub(bounded)));
            metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                of.took.as_secs_f64(),
                of.count,
                &buckets,
                None,
            )?;
        }
    }
    Ok(())
}
