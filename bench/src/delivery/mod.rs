//! First delivery and one commit to all, on the same real Kubernetes, each tool on a fresh one.
//!
//! An application is a Deployment, a Service and eight ConfigMaps from one repository over HTTP;
//! done is Synced and Healthy at the revision, counted through the API.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{Api, DynamicObject, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Config};
use tokio::runtime::Runtime;
use windlass_object::{Value, json};
use windlass_testkit::{
    ArgoCd, ArgoCdOptions, GitHttp, GitHttpOptions, GitRepository, Kubernetes, Parts, Usage,
};

mod floor;
mod progress;

use crate::windlass::Windlass;
use progress::{Phase, follow};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many applications.
    #[arg(long, default_value_t = 100)]
    applications: usize,
    /// Which tools, in this order; `kubernetes` applies the same objects without any.
    #[arg(long, value_delimiter = ',', default_values = ["windlass", "kubernetes", "argocd", "argocd-1000"])]
    tools: Vec<String>,
    /// Seconds after which a phase is given up.
    #[arg(long, default_value_t = 900)]
    limit: u64,
    /// Seconds for which each tool is watched at rest when all is done.
    #[arg(long, default_value_t = 30)]
    rest: u64,
}

const NAMESPACE: &str = "argocd";

/// The name of what no tool can beat: the same objects applied by this program, in this order.
const FLOOR: &str = "kubernetes";

/// Objects of an application.
const OBJECTS: u32 = 10;

/// One tool's figures.
struct Figures {
    tool: String,
    first: Phase,
    push: Phase,
    /// Before the first application, when the last was done, and at rest.
    usage: [Usage; 3],
    rest: Duration,
}

impl Figures {
    /// Until the commit was applied, or how long was waited for it.
    fn cpu(&self) -> f64 {
        self.usage[1].cpu_seconds
    }

    /// Share of one processor that rest takes, in percent.
    fn idle(&self) -> f64 {
        let took = self.usage[2].cpu_seconds - self.usage[1].cpu_seconds;
        100.0 * took / self.rest.as_secs_f64().max(f64::EPSILON)
    }

    /// Resident memory that an application takes at rest, in KiB.
    fn kilobytes_each(&self) -> f64 {
        let more = self.usage[2].resident_bytes.saturating_sub(self.usage[0].resident_bytes);
        #[allow(clippy::cast_precision_loss)] // Far below 2^52 applications.
        let applications = self.first.wanted() as f64;
        mib(more) * 1024.0 / applications.max(1.0)
    }
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
                Self::ArgoCd(ArgoCd::start(
                    cluster,
                    &ArgoCdOptions { env, ..ArgoCdOptions::default() },
                )?)
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
        let times = |of: &dyn Fn(&Figures) -> &Phase| {
            let (ours, theirs) = (of(ours), of(other));
            if theirs.limit().is_zero() {
                return "not begun".to_owned();
            }
            let least = if theirs.is_complete() { "" } else { "more than " };
            let (ours, theirs) = (ours.whole_time(), theirs.whole_time());
            format!("{least}{:.1}", ratio(ours.as_secs_f64(), theirs.as_secs_f64()))
        };
        println!(
            "{} / windlass: first delivery {}, push to applied {}, CPU {:.1}, peak memory {:.1}",
            other.tool,
            times(&|f| &f.first),
            times(&|f| &f.push),
            ratio(ours.cpu(), other.cpu()),
            ratio(mib(ours.usage[1].peak_bytes), mib(other.usage[1].peak_bytes)),
        );
    }
    Ok(())
}

fn print(f: &Figures) {
    println!("{}", f.tool);
    let percentiles = |phase: &Phase| {
        let at = |percent| phase.share(percent).as_secs_f64();
        format!("(p50 {:.2} s, p99 {:.2} s)", at(50), at(99))
    };
    println!("  first delivery   {} {}", f.first.print(), percentiles(&f.first));
    println!("  push to applied  {} {}", f.push.print(), percentiles(&f.push));
    if f.tool == FLOOR {
        return;
    }
    println!("  CPU              {:.2} s; at rest {:.1} % of a processor", f.cpu(), f.idle());
    println!(
        "  memory           peak {:.0} MiB, at rest {:.0} MiB: {:.1} KiB an application, {:.2} KiB an object",
        mib(f.usage[1].peak_bytes),
        mib(f.usage[2].resident_bytes),
        f.kilobytes_each(),
        f.kilobytes_each() / f64::from(OBJECTS),
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
    let before = tool.usage();

    let started = Instant::now();
    let first = runtime.block_on(async {
        let all = follow(applications(&client), &commit, count, started, limit);
        let (_, first) = tokio::try_join!(create_all(&client, count, &url), all)?;
        anyhow::Ok(first)
    })?;

    let commit = repository.commit("second", &borrowed(&files(count, "two")))?;
    let (server, started) = (tool.server(), Instant::now());
    // What a tool does while it is late with the first work says nothing of the second.
    let push = match first.is_complete() {
        true => runtime.block_on(async {
            let all = follow(applications(&client), &commit, count, started, limit);
            let (_, push) = tokio::try_join!(push_hook(&server, &url, &commit), all)?;
            anyhow::Ok(push)
        })?,
        false => Phase::not_begun(count),
    };
    let done = tool.usage();
    // What the end of the work leaves is not rest.
    std::thread::sleep(Duration::from_secs(5));
    let (from, rest) = (tool.usage(), Duration::from_secs(arguments.rest));
    std::thread::sleep(rest);
    let mut after = tool.usage();
    after.cpu_seconds += done.cpu_seconds - from.cpu_seconds;
    Ok(Figures { tool: name.to_owned(), first, push, usage: [before, done, after], rest })
}

/// How fast Kubernetes itself takes and rolls out the objects.
fn floor(runtime: &Runtime, arguments: &Arguments) -> Result<Figures> {
    let limit = Duration::from_secs(arguments.limit);
    let cluster = Kubernetes::start(Parts::Full)?;
    let client = runtime.block_on(connect(&cluster))?;
    let phase = |value: &str| {
        let files = files(arguments.applications, value);
        let started = Instant::now();
        runtime.block_on(floor::apply_all(&client, &files, limit))?;
        anyhow::Ok(Phase::whole(started.elapsed(), arguments.applications))
    };
    let (first, push) = (phase("one")?, phase("two")?);
    let (usage, rest) = ([Usage::default(); 3], Duration::ZERO);
    Ok(Figures { tool: FLOOR.to_owned(), first, push, usage, rest })
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
