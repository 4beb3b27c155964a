//! Applications whose source is a chart, against the real repository server: `argocd app manifests`
//! prints the same objects in the same order, and refuses the same ones.
//!
//! Argo CD 3.2.6 with Helm 4.3.1 in its PATH was asked about every case of [`cases`] (which has its
//! seed), served by [`places`]; its answers are in `fixtures/argocd-charts/argocd-3.2.6.json`, with
//! addresses replaced. An ordinary run asks Windlass: what the command prints, and what the
//! controller found (`status.resources`, conditions). `differs.yaml` lists what differs, each case
//! with its reason; one that no longer differs fails the run. Refusals are told in other words, of
//! which Helm's are to be a part.

// What a person who records or compares wants to know.
#![allow(clippy::print_stdout)]

mod cases;
mod places;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use cases::Case;
use parking_lot::Mutex;
use places::Places;
use serde::{Deserialize, Serialize};
use windlass_object::{Value, json, yaml};
use windlass_stories::{ApiClient, Printed, World};
use windlass_testkit::{ArgoCd, ArgoCdOptions, Kubernetes, Parts, available};

use super::{CONTROL, beside_argocd, normalise, printed, root};

const APPLICATION: &str = "argoproj.io/v1alpha1/Application";
/// Commands that run at once.
const AT_ONCE: usize = 3;
/// How long all Applications may take to be compared.
const PATIENCE: Duration = Duration::from_secs(420);

/// What the real ones gave, as it is kept.
#[derive(Debug, Deserialize, Serialize)]
struct Recording {
    argocd: String,
    helm: String,
    kubernetes: String,
    seed: u64,
    answers: Vec<Answer>,
}

/// What is known of an Application.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Answer {
    case: Value,
    /// Exit code of the command, and what it printed.
    code: i32,
    out: String,
    err: String,
    /// Of its status: how it was rendered, which objects it is to have, which conditions there are.
    status: Value,
}

/// Why a case differs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Differs {
    /// The outcome (manifests or refusal), or the words of a refusal.
    #[serde(default)]
    outcome: BTreeMap<String, String>,
    #[serde(default)]
    words: BTreeMap<String, String>,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/argocd-charts").join(name)
}

/// Makes the Applications, waits until they are compared, and asks for their manifests.
fn play(
    api: &ApiClient,
    places: &Places,
    run: &(dyn Fn(&[&str]) -> Result<Printed> + Sync),
) -> Result<Vec<Answer>> {
    for secret in places.secrets() {
        api.apply(&secret)?;
    }
    let cases = cases::all()?;
    for case in &cases {
        let app = case.application(places)?;
        api.create(&app).with_context(|| case.name.clone())?;
    }
    let end = Instant::now() + PATIENCE;
    let apps = loop {
        let apps = api.list(APPLICATION, CONTROL)?;
        let compared = |app: &&Value| app["status"]["sync"]["status"].is_string();
        let left = apps.iter().filter(|app| !compared(app)).count();
        if left == 0 {
            break apps;
        }
        ensure!(Instant::now() < end, "{left} applications are not compared after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(500));
    };
    let status = |name: &str| {
        let app = apps.iter().find(|app| app["metadata"]["name"] == name);
        app.map(|app| summary(&app["status"])).unwrap_or_default()
    };
    let answers = Mutex::new(BTreeMap::new());
    let (queue, failures) = (Mutex::new(cases.iter().enumerate()), Mutex::new(Vec::new()));
    let ask = |case: &Case| -> Result<Answer> {
        let words = case.command();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let printed = run(&words)?;
        Ok(Answer {
            case: case.text.clone(),
            code: printed.code,
            out: places.blank(&printed.out),
            err: places.blank(&printed.err),
            status: serde_json::from_str(&places.blank(&status(&case.name).to_string()))?,
        })
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().next();
                    let Some((number, case)) = next else { return };
                    match ask(case) {
                        Ok(answer) => drop(answers.lock().insert(number, answer)),
                        Err(error) => failures.lock().push(format!("{}: {error:#}", case.name)),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner();
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(answers.into_inner().into_values().collect())
}

/// What both say of an Application that nobody has synced.
fn summary(status: &Value) -> Value {
    let list = |name: &str| status[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = |o: &Value| {
        let place = [&o["group"], &o["version"], &o["kind"], &o["namespace"], &o["name"]];
        place.map(text).join("/")
    };
    let mut resources: Vec<String> = list("resources").iter().map(object).collect();
    resources.sort();
    let mut conditions: Vec<String> = list("conditions").iter().map(|c| text(&c["type"])).collect();
    conditions.sort();
    conditions.dedup();
    json!({
        "sourceType": status["sourceType"], "sourceTypes": status["sourceTypes"],
        "resources": resources, "conditions": conditions,
    })
}

fn record() -> Result<()> {
    if !available(&["docker-registry"]) {
        return Ok(());
    }
    let dir = tempfile::tempdir()?;
    let root = root(dir.path())?;
    let places = Places::start(&root)?;
    let cluster = Kubernetes::start(Parts::Full)?;
    cluster.kubectl(&["create", "namespace", CONTROL])?;
    let trust = root.join("trust.json");
    std::fs::write(&trust, places.trust().to_string())?;
    let trust = trust.display().to_string();
    cluster.kubectl(&["apply", "--server-side", "--field-manager=charts", "-f", &trust])?;
    // Argo CD gives `helm dependency build` no authority for registries.
    let env = vec![
        ("SSL_CERT_FILE".to_owned(), places.certificate().display().to_string()),
        ("ARGOCD_K8S_CLIENT_QPS".to_owned(), "1000".to_owned()),
        ("ARGOCD_K8S_CLIENT_BURST".to_owned(), "2000".to_owned()),
    ];
    let argocd = ArgoCd::start(&cluster, &ArgoCdOptions { env, ..ArgoCdOptions::default() })?;
    let api = ApiClient::connect(cluster.kubeconfig())?;
    let run = |arguments: &[&str]| printed(argocd.cli()?.args(arguments));
    let answers = play(&api, &places, &run)?;
    let settled = answers.into_iter().map(|mut answer| {
        let printed = Printed { code: answer.code, out: String::new(), err: answer.err };
        let said = normalise::answer("app manifests", &printed, &root);
        answer.err = said["err"].as_str().unwrap_or_default().to_owned();
        answer
    });
    let helm =
        Command::new(windlass_testkit::peer("helm")?).args(["version", "--short"]).output()?;
    let recording = Recording {
        argocd: "v3.2.6".to_owned(),
        helm: String::from_utf8_lossy(&helm.stdout).trim().to_owned(),
        kubernetes: "v1.36.3".to_owned(),
        seed: cases::SEED,
        answers: settled.collect(),
    };
    std::fs::write(
        fixture("argocd-3.2.6.json"),
        format!("{}\n", serde_json::to_string_pretty(&recording)?),
    )?;
    Ok(())
}

/// The part of a refusal that Helm said, or its end: without the frames of Argo CD.
fn essence(err: &str) -> &str {
    let said = err.rsplit_once("Error: ").map_or(err, |(_, said)| said);
    let said = said.split("\n\nUse --debug flag").next().unwrap_or_default();
    said.rsplit_once(" failed: ").map_or(said, |(_, said)| said).trim()
}

/// What charts see of the cluster here and not there, on purpose: Argo CD tells them its version
/// without the patch, and `helm template` looks nothing up.
fn of_the_cluster(out: &str) -> String {
    let out = out.replace("kubernetes: v1.36.3 1 36", "kubernetes: v1.36 1 36");
    let lines = out.split_inclusive('\n');
    let mut inside = false;
    let mut kept = String::new();
    for line in lines {
        // The text may go on in lines that are deeper.
        inside = inside && line.starts_with("    ");
        if line.starts_with("  lookup: ") {
            kept.push_str("  lookup: '{}'\n");
            inside = true;
        } else if !inside {
            kept.push_str(line);
        }
    }
    kept
}

/// What differs between two answers: the outcome, and the words.
fn differences(ours: &Answer, theirs: &Answer) -> [Option<String>; 2] {
    let shown = |a: &Answer| {
        let status = serde_json::to_string_pretty(&a.status).unwrap_or_default();
        format!("exit code {}\n{}{status}\n", a.code, a.out)
    };
    let (mut left, mut right) = (ours.clone(), theirs.clone());
    left.out = of_the_cluster(&left.out);
    if left.code != 0 && right.code != 0 {
        for side in [&mut left, &mut right] {
            // What is not rendered has no type that could be told.
            side.code = 1;
            side.out.clear();
            side.status = side.status["conditions"].clone();
        }
        let words = essence(&theirs.err);
        let told = ours.err.contains(words);
        let words = (!told).then(|| format!("ours: {}\ntheirs: {}", ours.err, theirs.err));
        let diff = similar::TextDiff::from_lines(&shown(&left), &shown(&right))
            .unified_diff()
            .context_radius(1)
            .to_string();
        return [(!diff.is_empty()).then_some(diff), words];
    }
    let diff = similar::TextDiff::from_lines(&shown(&left), &shown(&right))
        .unified_diff()
        .context_radius(1)
        .to_string();
    let said = if ours.code == theirs.code {
        String::new()
    } else {
        format!("ours: {}\ntheirs: {}\n", ours.err, theirs.err)
    };
    [(!diff.is_empty()).then(|| format!("{said}{diff}")), None]
}

fn replay(world: &mut World) -> Result<()> {
    if !available(&["docker-registry"]) {
        return Ok(());
    }
    let text = std::fs::read_to_string(fixture("argocd-3.2.6.json"))?;
    let recording: Recording = serde_json::from_str(&text)?;
    ensure!(recording.seed == cases::SEED, "the seed is not the recorded one");
    let text = std::fs::read_to_string(fixture("differs.yaml"))?;
    let known = yaml::parse_one(text.as_bytes(), &yaml::Options::strict())?;
    let mut known: Differs = serde_json::from_value(known)?;
    let root = root(world.dir())?;
    let places = Places::start(&root)?;
    world.api().apply(&places.trust())?;
    let world = &*world;
    let (kubeconfig, cache) = (world.kubeconfig(), root.join("cache"));
    let run = |arguments: &[&str]| {
        let mut command = Command::new(World::binary()?);
        let command = command.args(arguments).env("KUBECONFIG", kubeconfig).env("TZ", "UTC");
        printed(command.env("ARGOCD_NAMESPACE", CONTROL).env("XDG_CACHE_HOME", &cache))
    };
    let answers = play(world.api(), &places, &run)?;
    let (mut report, mut equal) = (Vec::new(), [0, 0]);
    let mut theirs = recording.answers.iter();
    for ours in &answers {
        let theirs = theirs.next().context("a case is not recorded")?;
        let name = ours.case["name"].as_str().unwrap_or_default();
        ensure!(ours.case == theirs.case, "{name} was changed and not recorded");
        let [outcome, words] = differences(ours, theirs);
        equal[usize::from(theirs.code != 0)] += usize::from(outcome.is_none());
        let listed = [known.outcome.remove(name), known.words.remove(name)];
        for (found, listed) in [outcome, words].into_iter().zip(listed) {
            match (found, listed) {
                (Some(found), None) => report.push(format!("== {name}\n{found}")),
                (None, Some(_)) => report.push(format!("== {name} differs no more")),
                _ => {}
            }
        }
    }
    println!(
        "{} applications: {} with equal manifests, {} refused by both",
        answers.len(),
        equal[0],
        equal[1]
    );
    if !report.is_empty() {
        bail!("{} differ:\n{}", report.len(), report.join("\n"));
    }
    Ok(())
}

#[test]
fn charts_render_as_those_of_argocd() -> Result<()> {
    beside_argocd("charts_render_as_those_of_argocd", record, replay)
}
