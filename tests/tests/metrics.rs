//! What the controller shows to Prometheus in a fixed state, beside the real Argo CD: names, types,
//! help, labels, and the values that are no times.
//!
//! `WINDLASS_RECORD=1` records what Argo CD shows (`fixtures/metrics-argocd.json`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use windlass_object::{Value, json};
use windlass_stories::{ApiClient, App, PATIENCE, Plane, World, manifest, scrape};
use windlass_testkit::{
    ArgoCd, ArgoCdOptions, GitHttp, GitHttpOptions, GitRepository, Kubernetes, Parts, wait_for,
};

const CONTROL: &str = "argocd";
const APPLICATION: &str = "argoproj.io/v1alpha1/Application";

/// What both show on demand only.
const ON_DEMAND: [&str; 6] = [
    "--metrics-application-labels",
    "team,app.kubernetes.io/part-of",
    "--metrics-application-conditions",
    "ComparisonError,OrphanedResourceWarning",
    "--metrics-cluster-labels",
    "region,absent",
];

/// Families of Argo CD that Windlass does not have, and why.
const ABSENT: &[(&str, &str)] = &[
    ("argocd_kubectl_", "no kubectl is run, and the client is not Go's"),
    ("argocd_redis_", "there is no redis"),
    ("argocd_repo_pending_request", "no request waits for a lock of its repository"),
    ("go_", "not Go"),
    ("process_", "what a process uses is told by the system"),
    ("promhttp_", "of the library"),
    ("grpc_", "there is no gRPC"),
    ("workqueue_", "of the library"),
    ("certwatcher_", "of the library"),
    ("controller_runtime_", "of the library"),
];

/// Families whose series are compared with their values.
const VALUES: &[&str] = &[
    "argocd_app_info",
    "argocd_app_sync",
    "argocd_app_orphaned_resources_count",
    "argocd_app_labels",
    "argocd_app_condition",
    "argocd_cluster_labels",
    "argocd_cluster_connection_status",
    "argocd_cluster_info",
];

/// A family: type, help and names of labels.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: String,
    labels: BTreeSet<String>,
    /// Labels and value of each sample that is no part of a histogram.
    series: BTreeMap<String, f64>,
}

/// The families of a scrape; `words` stand for what is another each time.
fn families(text: &str, words: &[(String, &str)]) -> Result<BTreeMap<String, Family>> {
    let mut all: BTreeMap<String, Family> = BTreeMap::new();
    let bare = |name: &str| name.strip_suffix("_total").unwrap_or(name).to_owned();
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|l| l.split_once(' ')) {
            help.clone_into(&mut all.entry(bare(name)).or_default().help);
        } else if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' '))
        {
            kind.clone_into(&mut all.entry(bare(name)).or_default().kind);
        } else if let Some((series, value)) =
            line.rsplit_once(' ').filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
        {
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            // Not so the head of the answer.
            if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                continue;
            }
            let part = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let part = part.filter(|base| all.get(*base).is_some_and(|f| f.kind == "histogram"));
            let base = part.map_or_else(|| bare(name), str::to_owned);
            let family = all.entry(base).or_default();
            let mut named = BTreeMap::new();
            for pair in labels.trim_end_matches('}').split("\",").filter(|pair| !pair.is_empty()) {
                let (key, value) = pair.split_once("=\"").context("a label")?;
                if key != "le" {
                    named.insert(key.to_owned(), value.trim_end_matches('"').to_owned());
                }
            }
            family.labels.extend(named.keys().cloned());
            if part.is_none() {
                let mut shown = format!("{named:?}");
                for (from, word) in words {
                    shown = shown.replace(from.as_str(), word);
                }
                family.series.insert(shown, value.parse()?);
            }
        }
    }
    all.retain(|_, family| !family.series.is_empty() || !family.labels.is_empty());
    Ok(all)
}

fn told(families: &BTreeMap<String, Family>) -> Value {
    let one = |(name, family): (&String, &Family)| {
        let mut told =
            json!({"type": family.kind, "help": family.help, "labels": family.labels.clone()});
        if VALUES.contains(&name.as_str()) {
            told["series"] = json!(family.series);
        }
        (name.clone(), told)
    };
    Value::Object(families.iter().map(one).collect())
}

/// Brings a system to the state that is scraped.
fn play(api: &ApiClient, root: &Path) -> Result<GitHttp> {
    let served = root.join("metrics");
    std::fs::create_dir(&served)?;
    let repository = GitRepository::create(&served, "app")?;
    let files = [
        ("good/a.yaml", manifest::config_map("a", "one")),
        ("good/b.yaml", manifest::config_map("b", "one")),
        (
            "bad/bad.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 0}]}\n"
                .to_owned(),
        ),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
    repository.commit("one", &files)?;
    let git = GitHttp::start(&served, GitHttpOptions::default())?;
    let url = git.url("app.git");
    api.apply(&json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
        "metadata": {"name": "orphans", "namespace": CONTROL},
        "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
            "orphanedResources": {"warn": true}},
    }))?;
    for name in ["good", "orphans", "failed"] {
        let namespace = format!("metrics-{name}");
        api.apply(
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
        )?;
    }
    // The own cluster has a secret for its labels.
    api.apply(&json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "own", "namespace": CONTROL, "labels": {
            "argocd.argoproj.io/secret-type": "cluster", "region": "north",
        }},
        "stringData": {"name": "in-cluster", "server": "https://kubernetes.default.svc",
            "config": "{\"tlsClientConfig\":{\"insecure\":false}}"},
    }))?;
    for name in ["one", "two"] {
        api.apply(&json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": "metrics-orphans"}}))?;
    }
    let app =
        |name: &str, path: &str| App::new(CONTROL, name, &url, path, &format!("metrics-{name}"));
    let automated = |app: App| app.spec("syncPolicy", json!({"automated": {}}));
    for app in [
        automated(app("good", "good")),
        app("drifts", "good"),
        app("broken", "absent"),
        automated(app("orphans", "good")).spec("project", json!("orphans")),
        app("failed", "bad"),
        App::new(CONTROL, "unreachable", &git.url("absent.git"), "x", "metrics-good"),
    ] {
        let mut app = app.value().clone();
        app["metadata"]["labels"] = json!({"team": "web"});
        api.create(&app)?;
    }
    let wait = |name: &str, condition: &dyn Fn(&Value) -> bool| {
        api.wait(name, (APPLICATION, CONTROL, name), |app| condition(&app["status"]))
    };
    let delivered = |status: &Value| {
        status["sync"]["status"] == "Synced" && status["operationState"]["phase"] == "Succeeded"
    };
    wait("good", &delivered)?;
    wait("orphans", &|status| delivered(status) && !status["conditions"].is_null())?;
    wait("drifts", &|status| status["sync"]["status"] == "OutOfSync")?;
    wait("broken", &|status| !status["conditions"].is_null())?;
    wait("unreachable", &|status| !status["conditions"].is_null())?;
    wait("failed", &|status| status["sync"]["status"] == "OutOfSync")?;
    let operation = json!({"operation": {"sync": {}}});
    for _ in 0..2 {
        api.patch(APPLICATION, CONTROL, "failed", &operation)?;
        api.wait("failed", (APPLICATION, CONTROL, "failed"), |app| {
            app.get("operation").is_none() && app["status"]["operationState"]["phase"] == "Failed"
        })?;
    }
    Ok(git)
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/metrics-argocd.json")
}

/// Scrapes until nothing changes any more but times.
fn settled(
    scrapes: &dyn Fn() -> Result<String>,
    words: &[(String, &str)],
) -> Result<BTreeMap<String, Family>> {
    let mut last = (Value::Null, 0);
    wait_for("metrics come to rest", PATIENCE, || {
        let found = families(&scrapes()?, words)?;
        let now = told(&found);
        last.1 = if now == last.0 { last.1 + 1 } else { 0 };
        last.0 = now;
        Ok((last.1 > 8).then_some(found))
    })
}

fn record() -> Result<()> {
    let cluster = Kubernetes::start(Parts::Full)?;
    let controller = ON_DEMAND.map(str::to_owned).to_vec();
    let argocd = ArgoCd::start(&cluster, &ArgoCdOptions { controller, ..Default::default() })?;
    let api = ApiClient::connect(cluster.kubeconfig())?;
    let dir = tempfile::tempdir()?;
    let git = play(&api, dir.path())?;
    let all = || -> Result<String> {
        let [controller, repositories] = argocd.metrics();
        Ok(scrape(&controller)? + "\n" + &scrape(&repositories)?)
    };
    // Clusters are shown half a minute after they were read.
    wait_for("clusters are shown", PATIENCE, || {
        Ok(all()?.contains("argocd_cluster_info{").then_some(()))
    })?;
    let found = settled(&all, &[(git.url(""), "$GIT/")])?;
    let text = serde_json::to_string_pretty(&told(&found))? + "\n";
    let file = fixture();
    std::fs::create_dir_all(file.parent().context("a directory")?)?;
    Ok(std::fs::write(file, text)?)
}

#[test]
fn a_fixed_state_is_shown_as_argo_cd_shows_it() -> Result<()> {
    if std::env::var_os("WINDLASS_RECORD").is_some()
        && windlass_testkit::available(&["kube", "kubectl", "argocd", "redis-server"])
    {
        record()?;
    }
    World::start_in(Plane::Embedded, CONTROL, "a_fixed_state_is_shown", |world| {
        world.restart_with(&ON_DEMAND)?;
        let git = play(world.api(), world.dir())?;
        let ours = settled(&|| world.metrics(), &[(git.url(""), "$GIT/")])?;
        let ours = told(&ours);
        let theirs: Value = serde_json::from_slice(&std::fs::read(fixture())?)?;
        let mut wrong = Vec::new();
        for (name, theirs) in theirs.as_object().into_iter().flatten() {
            let Some(ours) = ours.get(name) else {
                if !ABSENT.iter().any(|(prefix, _)| name.starts_with(prefix)) {
                    wrong.push(format!("{name} is missing: {theirs}"));
                }
                continue;
            };
            for (field, theirs) in theirs.as_object().into_iter().flatten() {
                // Our library ends each sentence with a dot.
                let same = match (theirs.as_str(), ours[field].as_str()) {
                    (Some(theirs), Some(ours)) => {
                        theirs.trim_end_matches('.') == ours.trim_end_matches('.')
                    }
                    _ => *theirs == ours[field],
                };
                if !same {
                    wrong.push(format!(
                        "{name} {field}:\n  argocd   {theirs}\n  windlass {}",
                        ours[field]
                    ));
                }
            }
        }
        for name in ours.as_object().into_iter().flatten().map(|(name, _)| name) {
            if theirs.get(name).is_none() {
                wrong.push(format!("{name} is ours alone"));
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    })
}
