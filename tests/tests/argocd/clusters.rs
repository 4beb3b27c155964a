//! Commands on clusters, on a real Kubernetes: the script of `fixtures/argocd-clusters/script.txt` with the
//! real argocd's answers, what it says it does on the way, and what both leave in the cluster.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use windlass_object::{Value, json, yaml};
use windlass_stories::{ApiClient, Plane, Printed, World};
use windlass_testkit::{ArgoCd, ArgoCdOptions, GitRepository, Kubernetes, Parts, wait_for};

use super::applications::{files, wait};
use super::settings::{shown_secret, words};
use super::{CONTROL, CommandLine, normalise, printed, root};

const RBAC: &str = "rbac.authorization.k8s.io/v1";
/// Names of tokens that were made anew end so.
static MADE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("long-lived-[bcdf-hj-np-tv-xz2456789]{5}\\b").expect("a pattern of ours")
});

/// A secret that argocd makes up has the marks of its imitated cluster.
static MARKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?s)  managedFields:\n.*?\n(  [a-z])").expect("a pattern of ours")
});
/// The end of a secret's name, of the address.
static HASH: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(cluster-127\.0\.0\.1)-\d+").expect("a pattern of ours"));

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/argocd-clusters").join(name)
}

/// One side's cluster.
struct Ground<'a> {
    api: &'a ApiClient,
    control: &'a str,
    root: &'a Path,
    server: String,
    authority: String,
}

impl<'a> Ground<'a> {
    fn new(
        api: &'a ApiClient,
        control: &'a str,
        root: &'a Path,
        kubeconfig: &Path,
    ) -> Result<Self> {
        let config: Value = serde_json::from_slice(&std::fs::read(kubeconfig)?)?;
        let cluster = &config["clusters"][0]["cluster"];
        let text = |field: &str| cluster[field].as_str().unwrap_or_default().to_owned();
        let (server, authority) = (text("server"), text("certificate-authority-data"));
        let files = root.join("files");
        std::fs::create_dir_all(&files)?;
        let user = &config["users"][0]["user"];
        let pem =
            |name: &str| Ok::<_, anyhow::Error>(STANDARD.encode(std::fs::read(fixture(name))?));
        let mut certain = user.clone();
        certain["client-certificate-data"] = json!(pem("client.pem")?);
        certain["client-key-data"] = json!(pem("client-key.pem")?);
        let by_name = server.replace("127.0.0.1", "localhost");
        let to =
            |address: &str| json!({"server": address, "certificate-authority-data": authority});
        let contexts = [
            ("far", "far", "admin"),
            ("other", "other", "admin"),
            ("dead", "dead", "admin"),
            ("certain", "far", "certain"),
        ];
        let contexts = contexts.map(|(name, cluster, user)| {
            json!({"name": name, "context": {"cluster": cluster, "user": user}})
        });
        let mine = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "far", "contexts": contexts,
            "clusters": [
                {"name": "far", "cluster": to(&server)},
                {"name": "other", "cluster": to(&by_name)},
                {"name": "dead", "cluster": to("https://127.0.0.1:1")},
            ],
            "users": [{"name": "admin", "user": user}, {"name": "certain", "user": certain}],
        });
        std::fs::write(files.join("kubeconfig"), mine.to_string())?;
        Ok(Self { api, control, root, server, authority })
    }

    /// A text without what is of this cluster alone.
    fn text(&self, text: &str) -> String {
        let port = self.server.rsplit(':').next().unwrap_or_default();
        let text = text
            .replace(self.control, CONTROL)
            .replace(&self.authority, "AUTHORITY")
            .replace(&format!(":{port}"), ":66443");
        let text = HASH.replace_all(&text, "$1-HASH");
        MADE.replace_all(&text, "long-lived-xxxxx").into_owned()
    }

    fn value(&self, value: &Value) -> Value {
        let text = self.text(&value.to_string());
        normalise::masked(&serde_json::from_str(&text).unwrap_or(json!(text)), self.root)
    }

    /// An answer, with what it says that it does.
    fn answer(&self, command: &str, printed: &Printed) -> Value {
        let printed = Printed {
            code: printed.code,
            out: MARKS.replace(&self.text(&printed.out), "$1").into_owned(),
            err: self.text(&printed.err),
        };
        let told =
            printed.err.lines().filter_map(|line| match serde_json::from_str::<Value>(line) {
                Ok(entry) if entry["level"] == "info" => {
                    entry["msg"].as_str().map(ToOwned::to_owned)
                }
                _ => line.strip_prefix("info: ").map(ToOwned::to_owned),
            });
        // What is for administrators logs how it reads settings.
        let told: Vec<String> = told.filter(|_| command.starts_with("cluster ")).collect();
        if [&printed.out, &printed.err].iter().any(|text| text.contains("Usage:")) {
            return json!({"code": printed.code, "out": "help", "err": "", "told": told});
        }
        let mut answer = normalise::answer(command, &printed, self.root);
        answer["told"] = json!(told);
        // Argo CD's server does not say whether a cluster is there.
        if answer["err"] == "cluster \"https://absent.example.com\" not found" {
            answer["err"] = json!("permission denied");
        }
        answer
    }

    fn shown(&self, what: &str) -> Result<Value> {
        match what.split_once(' ').unwrap_or((what, "")) {
            ("secrets", _) => self.secrets(),
            ("access", _) => self.access(),
            ("File", name) => {
                let path = self.root.join("files").join(name);
                Ok(json!(std::fs::read_to_string(path).unwrap_or_else(|_| "absent".to_owned())))
            }
            _ => bail!("nothing shows {what}"),
        }
    }

    fn secrets(&self) -> Result<Value> {
        let mut all = Vec::new();
        for secret in self.api.list("v1/Secret", self.control)? {
            let metadata = &secret["metadata"];
            if metadata["labels"]["argocd.argoproj.io/secret-type"] != "cluster" {
                continue;
            }
            all.push(shown_secret(&secret)?);
        }
        all.sort_by_key(ToString::to_string);
        Ok(json!(all))
    }

    /// What the commands made on the cluster: accounts, their tokens, roles and bindings.
    fn access(&self) -> Result<Value> {
        let mut all = Vec::new();
        let of_ours = |object: &Value| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            name.starts_with("argocd-manager") || name.starts_with("deployer")
        };
        for (kind, namespace) in [
            ("v1/ServiceAccount".to_owned(), "kube-system"),
            ("v1/ServiceAccount".to_owned(), "far-shop"),
            ("v1/Secret".to_owned(), "kube-system"),
            ("v1/Secret".to_owned(), "far-shop"),
            (format!("{RBAC}/ClusterRole"), ""),
            (format!("{RBAC}/ClusterRoleBinding"), ""),
            (format!("{RBAC}/Role"), "far-shop"),
            (format!("{RBAC}/RoleBinding"), "far-shop"),
        ] {
            for object in self.api.list(&kind, namespace)?.into_iter().filter(of_ours) {
                let metadata = &object["metadata"];
                let mut notes = metadata["annotations"].clone();
                if let Some(notes) = notes.as_object_mut() {
                    notes.remove("kubernetes.io/service-account.uid");
                }
                let field = |name: &str| object.get(name).cloned().unwrap_or_default();
                all.push(json!({
                    "kind": kind, "namespace": namespace, "name": metadata["name"],
                    "annotations": notes, "type": field("type"), "rules": field("rules"),
                    "roleRef": field("roleRef"), "subjects": field("subjects"),
                    "secrets": field("secrets"),
                }));
            }
        }
        Ok(json!(all))
    }
}

fn play(ground: &Ground<'_>, run: &CommandLine<'_>) -> Result<Vec<Value>> {
    let dir = ground.root.join("files");
    let repository = GitRepository::create(ground.root, "clusters")?;
    let mut all = Vec::new();
    files(&fixture(""), "", &mut all)?;
    for (name, text) in &all {
        let file = dir.join(name);
        std::fs::create_dir_all(file.parent().context("a file is in a directory")?)?;
        std::fs::write(file, text)?;
    }
    let of_repository =
        all.iter().filter_map(|(name, text)| Some((name.strip_prefix("repo/")?, text.as_str())));
    repository.commit("first", &of_repository.collect::<Vec<_>>())?;
    let ask = |command: &str| {
        let command = command
            .replace("FILES", &dir.display().to_string())
            .replace("REPO", &repository.url())
            .replace("CONTROL", ground.control)
            .replace("SERVER", &ground.server)
            .replace("OTHER", &ground.server.replace("127.0.0.1", "localhost"));
        let words = words(&command)?;
        run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let script = std::fs::read_to_string(fixture("script.txt"))?;
    let mut answers = Vec::new();
    for line in script.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (sign, rest) = line.split_once(' ').with_context(|| format!("no line: {line}"))?;
        let answer = match sign {
            "$" => ground.answer(rest, &ask(rest)?),
            "=" => ground.value(&ground.shown(rest)?),
            "+" => {
                let text = std::fs::read_to_string(dir.join(rest))?;
                let text = text.replace("CONTROL", ground.control);
                ground.api.apply(&yaml::parse_one(text.as_bytes(), &yaml::Options::default())?)?;
                continue;
            }
            "~" => {
                json!(if wait(ground.api, ground.control, rest).is_ok() {
                    "reached"
                } else {
                    "not reached"
                })
            }
            "?" => {
                let (wanted, command) = rest.split_once(" | ").context("no line: no |")?;
                wait_for(rest, Duration::from_secs(90), || {
                    Ok(ask(command)?.out.contains(wanted).then_some(()))
                })?;
                continue;
            }
            _ => bail!("no line: {line}"),
        };
        answers.push(json!({"do": line, "answer": answer}));
    }
    Ok(answers)
}

fn record() -> Result<()> {
    let cluster = Kubernetes::start(Parts::Full)?;
    let argocd = ArgoCd::start(&cluster, &ArgoCdOptions::default())?;
    let api = ApiClient::connect(cluster.kubeconfig())?;
    let dir = tempfile::tempdir()?;
    let root = root(dir.path())?;
    let ground = Ground::new(&api, CONTROL, &root, cluster.kubeconfig())?;
    let run = |arguments: &[&str]| -> Result<Printed> {
        let mut command = if arguments.first() == Some(&"admin") {
            std::process::Command::new(windlass_testkit::peer("argocd")?)
        } else {
            argocd.cli()?
        };
        command
            .args(arguments)
            .env("ARGOCD_BINARY_NAME", "argocd")
            .env("ARGOCD_FAKE_IN_CLUSTER", "true")
            .env("KUBECONFIG", root.join("files/kubeconfig"));
        printed(&mut command)
    };
    let answers = play(&ground, &run)?;
    let text = format!("{}\n", serde_json::to_string_pretty(&answers)?);
    Ok(std::fs::write(fixture("argocd-3.2.6.json"), text)?)
}

fn replay(world: &mut World) -> Result<()> {
    let root = root(world.dir())?;
    let control = world.control();
    let ground = Ground::new(world.api(), &control, &root, world.kubeconfig())?;
    let kubeconfig = root.join("files/kubeconfig").display().to_string();
    clean_up(world.api());
    world.api().wait("it is gone", ("v1/Namespace", "", "far-shop"), Value::is_null)?;
    let answers = play(&ground, &|arguments| {
        let all = [&["argocd"], arguments, &["--kubeconfig", &kubeconfig]].concat();
        world.windlass_with(&all, &[("HOME", &world.dir().display().to_string())])
    })?;
    clean_up(world.api());
    super::agree(&answers, &fixture("argocd-3.2.6.json"), settled, &WORDS)
}

/// Takes away what a run has left on the shared cluster.
fn clean_up(api: &ApiClient) {
    for (kind, namespace, name) in [
        (format!("{RBAC}/ClusterRoleBinding"), "", "argocd-manager-role-binding"),
        (format!("{RBAC}/ClusterRole"), "", "argocd-manager-role"),
        ("v1/Secret".to_owned(), "kube-system", "argocd-manager-long-lived-token"),
        ("v1/ServiceAccount".to_owned(), "kube-system", "argocd-manager"),
        ("v1/Namespace".to_owned(), "", "far-shop"),
    ] {
        // It may not be there.
        let _ = api.delete(&kind, namespace, name);
    }
}

/// An answer without what is another on purpose: ours reads all flags before it makes anything.
fn settled(answered: &Value) -> Value {
    let mut answered = answered.clone();
    if answered["do"] == "$ cluster add far -y --label wrong" {
        answered["answer"]["told"] = json!([]);
    } else if answered["do"].as_str().is_some_and(|line| REDIS.contains(&line)) {
        answered["answer"] = json!("of redis");
    }
    answered
}

/// Commands that argocd reads the answers to from its redis, by way of pods that are not here.
const REDIS: [&str; 2] =
    ["$ admin cluster stats --namespace CONTROL", "$ admin cluster shards --namespace CONTROL"];

/// Commands that both answer alike but in other words.
const WORDS: [&str; 7] = [
    // argocd tells it in its log.
    "$ cluster add",
    "$ cluster add far -y --in-cluster --cluster-endpoint internal",
    // Ours says that nobody answers.
    "$ cluster add dead -y",
    "$ cluster add other -y --upsert --disable-compression --proxy-url http://127.0.0.1:1",
    // argocd takes its own kubeconfig's token for that of the secret.
    "$ cluster rotate-auth in-cluster",
    // Ours says why there is none.
    "$ cluster rm in-cluster -y",
    // argocd may show the state from before the sync.
    "$ app sync plain",
];

#[test]
fn commands_on_clusters_are_those_of_argocd() -> Result<()> {
    let peers = ["kube", "argocd", "redis-server"];
    if std::env::var_os("WINDLASS_RECORD").is_some() && windlass_testkit::available(&peers) {
        record()?;
    }
    World::start(Plane::Kubernetes, "commands_on_clusters_are_those_of_argocd", replay)
}
