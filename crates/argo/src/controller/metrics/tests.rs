//! Names, types, labels and buckets are Argo CD's, and values change with what happens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use windlass_charts::Charts;
use windlass_object::{Object, ResourceKey, json};
use windlass_source::{Asked, Options, SourceError, Sources};

use super::super::apps::{AppKey, Signal};
use super::super::cluster_secret::Described;
use super::*;
use crate::{Controller, ControllerOptions};

const SERVER: &str = "https://kubernetes.default.svc";

/// One series of a text: its labels in order, and its value.
type Series = (Vec<(String, String)>, f64);

#[derive(Debug, Default)]
struct Metric {
    kind: String,
    series: Vec<Series>,
    buckets: Vec<String>,
}

/// The metrics of a text by the name that Prometheus gives them.
fn parsed(text: &str) -> BTreeMap<String, Metric> {
    let mut all: BTreeMap<String, Metric> = BTreeMap::new();
    let mut kinds: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' ')) {
            kinds.insert(name.to_owned(), kind.to_owned());
        }
        if line.starts_with('#') {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap();
        let labels: Vec<(String, String)> = labels
            .trim_end_matches('}')
            .split("\",")
            .map(|pair| pair.split_once("=\"").unwrap())
            .map(|(key, value)| (key.to_owned(), value.trim_end_matches('"').to_owned()))
            .collect();
        let histogram = ["_sum", "_count", "_bucket"].iter().find_map(|end| {
            let base = name.strip_suffix(end)?;
            kinds.get(base).filter(|kind| *kind == "histogram").map(|_| (base, *end))
        });
        if let Some((base, part)) = histogram {
            let metric = all.entry(base.to_owned()).or_default();
            "histogram".clone_into(&mut metric.kind);
            match part {
                "_bucket" => {
                    let bound = labels.iter().find(|(key, _)| key == "le").unwrap().1.clone();
                    if !metric.buckets.contains(&bound) {
                        metric.buckets.push(bound);
                    }
                }
                "_count" => metric.series.push((labels, value.parse().unwrap())),
                _ => {}
            }
            continue;
        }
        let base = name.strip_suffix("_total").unwrap_or(name);
        let kind = kinds.get(name).or_else(|| kinds.get(base)).unwrap();
        let metric = all.entry(name.to_owned()).or_default();
        metric.kind.clone_from(kind);
        metric.series.push((labels, value.parse().unwrap()));
    }
    all
}

struct World {
    controller: Controller,
    app: Arc<Application>,
    git: GitRequests,
    _dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = kube::Config::new("http://127.0.0.1:1".parse().unwrap());
        let git = GitRequests::default();
        let options = MetricsOptions {
            application_labels: vec!["team".into(), "app.kubernetes.io/part-of".into()],
            application_conditions: vec!["SyncError".into()],
            cluster_labels: vec!["region".into()],
            git: git.clone(),
            cache_expiration: None,
        };
        let controller = Controller::with_metrics(
            ControllerOptions {
                client: kube::Client::try_from(config).unwrap(),
                sources: Sources::new(Options::new(dir.path().join("git"))).unwrap(),
                charts: Arc::new(Charts::new(dir.path().join("charts"))),
                namespace: "argocd".to_owned(),
                config: None,
                queries_per_second: None,
                key: crate::installation::InstallationKey::generate().unwrap(),
            },
            options,
        );
        let object = Object::try_from(json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "web", "namespace": "argocd", "labels": {"team": "north"}},
            "spec": {
                "project": "shop",
                "source": {"repoURL": "https://Example.com/shop.git", "path": "web"},
                "destination": {"name": "in-cluster", "namespace": "shop"},
            },
            "status": {
                "sync": {"status": "Synced"}, "health": {"status": "Healthy"},
                "conditions": [{"type": "SyncError", "message": "x"}],
            },
        }))
        .unwrap();
        let app = Arc::new(Application::from_object(&object).unwrap());
        let stop = CancellationToken::new().drop_guard();
        controller.context.apps.add(app.clone(), Arc::new(Signal::default()), stop);
        Self { controller, app, git, _dir: dir }
    }

    fn happens(&self) {
        let context = &self.controller.context;
        let metrics = &context.metrics;
        let data = [("server", SERVER), ("name", "in-cluster")];
        let data = data.map(|(key, text)| (key.to_owned(), text.as_bytes().to_vec()));
        let data = BTreeMap::from(data);
        let mut described = Described::of(&data).unwrap();
        described.labels.insert("region".to_owned(), "north".to_owned());
        context.clusters.describe(BTreeMap::from([(SERVER.to_owned(), described)]));
        context.clusters.connect(context, SERVER).unwrap();
        metrics.synced(&self.app, SERVER, "Succeeded", false, Duration::from_secs(3));
        metrics.reconciled(&self.app, SERVER, Duration::from_millis(300));
        metrics.orphans(&self.app, 2);
        metrics.requested(
            &self.app,
            Request {
                server: SERVER.to_owned(),
                code: 200,
                verb: "Patch",
                kind: "Deployment".to_owned(),
                namespace: "shop".to_owned(),
                dry_run: false,
            },
        );
        let change = windlass_cluster::Change {
            key: ResourceKey::new("apps", "Deployment", "shop", "web"),
            kind: windlass_cluster::ChangeKind::Modified,
            managed: true,
            interested: Vec::new(),
            apps: Vec::new(),
            old_resource_version: "".into(),
            resource_version: "".into(),
            by: None,
        };
        metrics.events(SERVER, &[change.clone(), change], Duration::from_millis(5));
        let observer = self.git.observer();
        let failed = SourceError::Cancelled { url: String::new() };
        for kind in ["ls-remote", "fetch"] {
            for result in [Ok(()), Err(&failed)] {
                let duration = Duration::from_millis(700);
                observer(&Asked { url: "https://example.com/shop", kind, duration, result });
            }
        }
    }

    fn metrics(&self) -> BTreeMap<String, Metric> {
        parsed(&self.controller.metrics())
    }
}

#[tokio::test]
async fn names_types_labels_and_buckets_are_argo_cds() {
    let world = World::new();
    world.happens();
    let ours = world.metrics();
    let mut known = Vec::new();
    for line in include_str!("argocd-3.2.6.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let (name, kind) = (words.next().unwrap(), words.next().unwrap());
        known.push(name);
        if kind == "absent" {
            assert!(!ours.contains_key(name), "{name} is there");
            continue;
        }
        let metric = ours.get(name).unwrap_or_else(|| panic!("{name} is not there"));
        assert_eq!(metric.kind, kind, "{name}");
        let labels: Vec<&str> = words.next().unwrap().split(',').collect();
        for (given, _) in &metric.series {
            let given: Vec<&str> = given.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(given, labels, "{name}");
        }
        let wanted: Vec<f64> = words
            .next()
            .into_iter()
            .flat_map(|b| b.split(','))
            .map(|b| b.parse().unwrap())
            .collect();
        let bounds = metric.buckets.iter().filter(|bound| *bound != "+Inf");
        assert_eq!(bounds.map(|b| b.parse().unwrap()).collect::<Vec<f64>>(), wanted, "{name}");
    }
    let more: Vec<_> = ours.keys().filter(|name| !known.contains(&name.as_str())).collect();
    assert!(more.is_empty(), "Argo CD has no {more:?}");
}

#[tokio::test]
async fn values_change_with_what_happens() {
    let world = World::new();
    let value = |metrics: &BTreeMap<String, Metric>, name: &str| -> f64 {
        metrics.get(name).map_or(0.0, |m| m.series.iter().map(|(_, value)| value).sum())
    };
    let before = world.metrics();
    assert_eq!(value(&before, "argocd_app_info"), 1.0);
    assert_eq!(value(&before, "argocd_app_sync_total"), 0.0);
    world.happens();
    world.happens();
    let after = world.metrics();
    for (name, want) in [
        ("argocd_app_sync_total", 2.0),
        ("argocd_app_sync_duration_seconds_total", 6.0),
        ("argocd_app_k8s_request_total", 2.0),
        ("argocd_app_orphaned_resources_count", 2.0),
        ("argocd_app_reconcile", 2.0),
        ("argocd_cluster_events_total", 4.0),
        ("argocd_resource_events_processed_in_batch", 2.0),
        ("argocd_git_request_total", 8.0),
        ("argocd_git_fetch_fail_total", 2.0),
        ("argocd_git_request_duration_seconds", 8.0),
    ] {
        assert_eq!(value(&after, name), want, "{name}");
    }
    let info = &after["argocd_app_info"].series[0].0;
    let label = |name: &str| info.iter().find(|(key, _)| key == name).unwrap().1.as_str();
    assert_eq!(label("dest_server"), SERVER);
    assert_eq!(label("repo"), "https://example.com/shop");
    assert_eq!((label("sync_status"), label("operation")), ("Synced", ""));
    let context = &world.controller.context;
    let key = AppKey::of(&world.app);
    context.apps.remove(&key);
    context.metrics.forget(&key);
    let gone = world.metrics();
    for name in ["argocd_app_info", "argocd_app_sync_total", "argocd_app_k8s_request_total"] {
        assert!(!gone.contains_key(name), "{name} outlives its application");
    }
}
