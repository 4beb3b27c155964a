//! First delivery and one commit to all, on the same real Kubernetes, each tool on a fresh one.
//!
//! An application is a Deployment, a Service and eight ConfigMaps from one repository over HTTP;
//! done is Synced and Healthy at the revision, counted through the API.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Config};
use tokio::runtime::Runtime;
use windlass_object::{Value, json};
use windlass_testkit::{
    ArgoCd, ArgoCdOptions, GitHttp, GitHttpOptions, GitRepository, Kubernetes, Parts, Usage,
};

use crate::floor;
use crate::windlass::Windlass;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many applications.
    #[arg(long, default_value_t = 100)]
    applications: usize,
    /// Which tools, in this order; `kubernetes` applies the same objects without any.
    #[arg(long, value_delimiter = ',', default_values = ["windlass", "kubernetes", "argocd", "argocd-1000"])]
    tools: Vec<String>,
    /// Seconds after which a phase has failed.
    #[arg(long, default_value_t = 900)]
    limit: u64,
}

const NAMESPACE: &str = "argocd";

/// The name of what no tool can beat: the same objects applied by this program, in this order.
const FLOOR: &str = "kubernetes";

/// One tool's figures.
struct Figures {
    tool: String,
    first: Duration,
    push: Duration,
    usage: Usage,
}

/// A tool that runs.
enum Tool {
    Windlass(Windlass),
    ArgoCd(ArgoCd),
}

impl Tool {
    fn start(name: &str, cluster: &Kubernetes) -> Result<Self> {
        Ok(match name {
            "windlass" => Self::Windlass(Windlass::start(cluster.kubeconfig(), NAMESPACE)?),
            "argocd" => Self::ArgoCd(ArgoCd::start(cluster, &ArgoCdOptions::default())?),
            "argocd-1000" => {
                let limits = ["ARGOCD_K8S_CLIENT_QPS", "ARGOCD_K8S_CLIENT_BURST"];
                let env = limits.iter().map(|k| ((*k).to_owned(), "1000".to_owned())).collect();
                Self::ArgoCd(ArgoCd::start(cluster, &ArgoCdOptions { env })?)
            }
            other => bail!("no tool is called {other:?}: windlass, argocd, argocd-1000"),
        })
    }

    fn usage(&self) -> Usage {
        match self {
            Self::Windlass(w) => w.process.usage(),
            Self::ArgoCd(a) => a.usage(),
        }
    }

    fn server(&self) -> String {
        match self {
            Self::Windlass(w) => w.server.clone(),
            Self::ArgoCd(a) => a.server(),
        }
    }
}

/// Runs each tool in turn, and prints the table.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut all = Vec::new();
    for tool in &arguments.tools {
        eprintln!("{tool}: {} applications ...", arguments.applications);
        let figures = if tool == FLOOR {
            floor(&runtime, arguments)
        } else {
            measure(&runtime, tool, arguments)
        };
        let figures = figures.with_context(|| tool.clone())?;
        print(&figures);
        all.push(figures);
    }
    let Some((ours, theirs)) = all.split_first().filter(|(f, _)| f.tool == "windlass") else {
        return Ok(());
    };
    for other in theirs.iter().filter(|other| other.tool != FLOOR) {
        let ratio = |a: f64, b: f64| b / a.max(f64::EPSILON);
        println!(
            "{} / windlass: first delivery {:.1}, push to applied {:.1}, CPU {:.1}, peak memory {:.1}",
            other.tool,
            ratio(ours.first.as_secs_f64(), other.first.as_secs_f64()),
            ratio(ours.push.as_secs_f64(), other.push.as_secs_f64()),
            ratio(ours.usage.cpu_seconds, other.usage.cpu_seconds),
            ratio(mib(ours.usage.peak_bytes), mib(other.usage.peak_bytes)),
        );
    }
    Ok(())
}

fn print(f: &Figures) {
    println!(
        "{:<12} first delivery {:>7.2} s   push to applied {:>7.2} s   CPU {:>7.2} s   peak memory {:>6.0} MiB",
        f.tool,
        f.first.as_secs_f64(),
        f.push.as_secs_f64(),
        f.usage.cpu_seconds,
        mib(f.usage.peak_bytes),
    );
}

#[allow(clippy::cast_precision_loss)] // Memory is far below 2^52 bytes.
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Peers are started and ended outside of the runtime: some have one of their own.
fn measure(runtime: &Runtime, name: &str, arguments: &Arguments) -> Result<Figures> {
    let count = arguments.applications;
    let limit = Duration::from_secs(arguments.limit);
    let cluster = Kubernetes::start(Parts::Full)?;
    let dir = tempfile::tempdir()?;
    let repository = GitRepository::create(dir.path(), "many")?;
    let commit = repository.commit("first", &borrowed(&files(count, "one")))?;
    let git = GitHttp::start(dir.path(), GitHttpOptions::default())?;
    let url = git.url("many.git");
    let client = runtime.block_on(connect(&cluster))?;
    let tool = Tool::start(name, &cluster)?;

    let started = Instant::now();
    runtime.block_on(async {
        create_all(&client, count, &url).await?;
        all_at(&client, count, &commit, limit).await
    })?;
    let first = started.elapsed();

    let commit = repository.commit("second", &borrowed(&files(count, "two")))?;
    let started = Instant::now();
    runtime.block_on(async {
        push_hook(&tool.server(), &url, &commit).await?;
        all_at(&client, count, &commit, limit).await
    })?;
    let push = started.elapsed();
    Ok(Figures { tool: name.to_owned(), first, push, usage: tool.usage() })
}

/// How fast Kubernetes itself takes and rolls out the objects.
fn floor(runtime: &Runtime, arguments: &Arguments) -> Result<Figures> {
    let limit = Duration::from_secs(arguments.limit);
    let cluster = Kubernetes::start(Parts::Full)?;
    let client = runtime.block_on(connect(&cluster))?;
    let mut took = [Duration::ZERO; 2];
    for (took, value) in took.iter_mut().zip(["one", "two"]) {
        let started = Instant::now();
        runtime.block_on(floor::apply_all(
            &client,
            &files(arguments.applications, value),
            limit,
        ))?;
        *took = started.elapsed();
    }
    Ok(Figures { tool: FLOOR.to_owned(), first: took[0], push: took[1], usage: Usage::default() })
}

async fn connect(cluster: &Kubernetes) -> Result<Client> {
    let file = Kubeconfig::read_from(cluster.kubeconfig())?;
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

fn applications(client: &Client) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Application");
    Api::namespaced_with(client.clone(), NAMESPACE, &ApiResource::from_gvk(&kind))
}

async fn create_all(client: &Client, count: usize, url: &str) -> Result<()> {
    let api = applications(client);
    stream::iter(0..count)
        .map(|i| {
            let api = api.clone();
            let app = application(i, url);
            async move {
                api.create(&PostParams::default(), &serde_json::from_value(app)?).await?;
                anyhow::Ok(())
            }
        })
        .buffer_unordered(16)
        .try_collect()
        .await
}

fn application(i: usize, url: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": format!("app-{i}"), "namespace": NAMESPACE},
        "spec": {
            "project": "default",
            "source": {"repoURL": url, "path": format!("apps/{i}"), "targetRevision": "HEAD"},
            "destination": {
                "server": "https://kubernetes.default.svc", "namespace": format!("app-{i}"),
            },
            "syncPolicy": {
                "automated": {"prune": true, "selfHeal": true},
                "syncOptions": ["CreateNamespace=true"],
            },
        },
    })
}

async fn all_at(client: &Client, count: usize, commit: &str, limit: Duration) -> Result<()> {
    let api = applications(client);
    let end = Instant::now() + limit;
    loop {
        let list = api.list(&ListParams::default()).await?;
        let done = list.iter().filter(|app| {
            let status = &app.data["status"];
            status["sync"]["status"] == "Synced"
                && status["sync"]["revision"] == commit
                && status["health"]["status"] == "Healthy"
        });
        let done = done.count();
        if done == count {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("{done} of {count} are done after {limit:?}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What GitHub sends after a push.
async fn push_hook(server: &str, url: &str, commit: &str) -> Result<()> {
    let page = url.trim_end_matches(".git");
    let body = json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": commit,
        "repository": {"html_url": page, "clone_url": url, "default_branch": "main"},
        "commits": [],
    });
    let answer = reqwest::Client::new()
        .post(format!("http://{server}/api/webhook"))
        .header("X-GitHub-Event", "push")
        .json(&body)
        .send()
        .await?;
    let status = answer.status();
    if !status.is_success() {
        bail!("the webhook was answered with {status}: {}", answer.text().await?);
    }
    Ok(())
}

fn files(count: usize, value: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for i in 0..count {
        let mut text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  \
             selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    \
             spec:\n      containers:\n      - {name: web, image: 'registry.example/web:1'}\n---\n\
             apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n  \
             ports: [{port: 80}]\n"
            .to_owned();
        for c in 0..8 {
            text.push_str(&format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: config-{c}}}\ndata:\n  \
                 key: {value}\n  text: some text that is the same in all of them, {c}\n"
            ));
        }
        out.push((format!("apps/{i}/all.yaml"), text));
    }
    out
}

fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect()
}
