//! `app logs` of real pods: what their kubelet, played by kwok, has of them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use windlass_object::{Value, json};
use windlass_stories::{ApiClient, App, Plane, Printed, World};
use windlass_testkit::{ArgoCd, ArgoCdOptions, GitRepository, Kubernetes, Parts};

use super::{CONTROL, normalise, printed, root};

const APPLICATION: &str = "argoproj.io/v1alpha1/Application";

/// What is asked, after `app logs APP`.
const QUESTIONS: [&str; 34] = [
    "",
    "--tail 1",
    "--tail 2 --container main",
    "--tail 0 --name logged-0 -c main",
    "--name logged-0",
    "--name logged-0 --container main",
    "--name logged-0 --container side",
    "--name logged-0 -c absent",
    "--name logged-1",
    "--name logged-2",
    "--name absent",
    "--kind Pod -c main",
    "--kind Pod --name logged-1",
    "--kind Deployment",
    "--kind Deployment --group apps",
    "--group apps",
    "--group '' --kind Pod --name logged-1 --namespace NAMESPACE",
    "--namespace absent",
    "-c main --filter error",
    "-c main --filter ERROR",
    "-c main --filter ERROR --match-case",
    "-c main --filter Error -m",
    "-c main --filter !error",
    "-c main --filter !error -m",
    "-c main --filter nothing-has-it",
    "-c main --since-seconds 5",
    "-c main --since-seconds 3153600000",
    "-c main --until-time 2025-01-01T00:00:03Z",
    "-c main --until-time 2025-01-01T00:00:03.5+00:00",
    "-c main --until-time 2020-01-01T00:00:00Z",
    "-c main --previous",
    "-c main -p --name logged-0 --tail 1",
    "-c side --name logged-0 -p",
    "-c main --until-time 2025-01-01T00:00:05Z --filter line --tail 4",
];

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/argocd-logs-3.2.6.json")
}

/// The pods' logs. Each time once, so that all lines have an order.
fn write(cluster: &Kubernetes) -> Result<()> {
    let at = |second: &str| format!("2025-01-01T00:00:{second}Z");
    let log = |pod: &str, container: &str, previous: bool, lines: &[(&str, &str)]| {
        let lines: Vec<(String, &str)> = lines.iter().map(|(s, text)| (at(s), *text)).collect();
        let lines: Vec<(&str, &str)> = lines.iter().map(|(t, text)| (t.as_str(), *text)).collect();
        cluster.write_log(pod, container, previous, &lines)
    };
    log(
        "logged-0",
        "main",
        false,
        &[
            ("01.000000001", "line one"),
            ("03.000000001", "line three: Error"),
            ("05.000000001", "  line five, indented"),
            ("07.000000001", "line seven ä €"),
        ],
    )?;
    log(
        "logged-0",
        "side",
        false,
        &[("02.000000002", "of the side"), ("09.000000002", "more of it")],
    )?;
    log(
        "logged-0",
        "main",
        true,
        &[("00.100000001", "before one"), ("00.300000001", "before three")],
    )?;
    log(
        "logged-1",
        "main",
        false,
        &[
            ("02.000000001", "line two"),
            ("04.000000001", "line four: error"),
            ("06.000000001", ""),
            ("08.000000001", "{\"level\":\"ERROR\",\"msg\":\"line eight\"}"),
        ],
    )?;
    log("logged-1", "main", true, &[("00.200000001", "before two")])
}

const TWO: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: logged-0\nspec:\n  containers:\n  - name: main\n    image: example.com/a\n  - name: side\n    image: example.com/b\n";
const ONE: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: logged-1\nspec:\n  containers:\n  - name: main\n    image: example.com/a\n";

/// Delivers the pods, asks, and follows.
fn play(
    cluster: &Kubernetes,
    api: &ApiClient,
    (control, to): (&str, &str),
    root: &Path,
    command: &dyn Fn(&[&str]) -> Result<Command>,
) -> Result<Vec<Value>> {
    let repository = GitRepository::create(root, "logs")?;
    let commit = repository.commit("pods", &[("app/a.yaml", TWO), ("app/b.yaml", ONE)])?;
    let app = App::new(control, "logged", &repository.url(), "app", to).automated(json!({}));
    api.create(app.value())?;
    api.wait("the pods run", (APPLICATION, control, "logged"), |app| {
        let status = &app["status"];
        status["sync"]["revision"] == commit.as_str()
            && status["sync"]["status"] == "Synced"
            && status["health"]["status"] == "Healthy"
            && status["operationState"]["phase"] == "Succeeded"
    })?;
    let mut answers = Vec::new();
    for question in QUESTIONS {
        let words = super::settings::words(&question.replace("NAMESPACE", to))?;
        let words: Vec<&str> =
            ["app", "logs", "logged"].into_iter().chain(words.iter().map(String::as_str)).collect();
        let said = printed(&mut command(&words)?)?;
        let said =
            Printed { out: said.out.replace(to, "TO"), err: said.err.replace(to, "TO"), ..said };
        let mut answer = normalise::answer("app logs", &said, root);
        // Which of two pods without a log is told first is a matter of luck.
        if let Some(out) = answer["out"].as_str()
            && !out.contains("line")
        {
            let mut lines: Vec<&str> = out.lines().collect();
            lines.sort_unstable();
            answer["out"] = json!(lines);
        }
        answers.push(json!({"do": question, "answer": answer}));
    }
    let words = ["app", "logs", "logged", "-c", "main", "--name", "logged-1", "--follow"];
    let mut follow = command(&words)?.stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(follow.stdout.take().context("its output")?).lines();
    let mut seen = Vec::new();
    for number in 0..6 {
        if number == 4 {
            let later = [("2025-01-01T00:00:11Z", "while it is followed")];
            cluster.log_more("logged-1", "main", &later)?;
        }
        if number == 5 {
            let later = [("2025-01-01T00:00:12Z", "and again")];
            cluster.log_more("logged-1", "main", &later)?;
        }
        seen.push(lines.next().context("a line")??);
    }
    follow.kill()?;
    follow.wait()?;
    answers.push(json!({"do": "--follow", "answer": {"out": seen}}));
    Ok(answers)
}

fn record() -> Result<()> {
    let cluster = Kubernetes::start(Parts::Full)?;
    write(&cluster)?;
    let argocd = ArgoCd::start(&cluster, &ArgoCdOptions::default())?;
    let api = ApiClient::connect(cluster.kubeconfig())?;
    let dir = tempfile::tempdir()?;
    let root = root(dir.path())?;
    let answers = play(&cluster, &api, (CONTROL, "logged-to"), &root, &|arguments| {
        let mut command = argocd.cli()?;
        command.args(arguments);
        Ok(command)
    })?;
    let text = format!("{}\n", serde_json::to_string_pretty(&answers)?);
    Ok(std::fs::write(fixture(), text)?)
}

fn replay(world: &mut World) -> Result<()> {
    let cluster = windlass_testkit::kubernetes()?;
    write(cluster)?;
    let root = root(world.dir())?;
    let (control, to) = (world.control(), world.name("to"));
    let answers = play(cluster, world.api(), (&control, &to), &root, &|arguments| {
        let mut command = Command::new(World::binary()?);
        command
            .arg("argocd")
            .args(arguments)
            .env("KUBECONFIG", world.kubeconfig())
            .env("ARGOCD_NAMESPACE", &control)
            .env("HOME", world.dir());
        Ok(command)
    })?;
    ensure!(!answers.is_empty(), "nothing was asked");
    super::agree(&answers, &fixture(), Value::clone, &WORDS)
}

/// Questions that both answer alike but in other words.
const WORDS: [&str; 0] = [];

#[test]
fn logs_are_those_of_argocd() -> Result<()> {
    let peers = ["kube", "argocd", "redis-server"];
    if std::env::var_os("WINDLASS_RECORD").is_some() && windlass_testkit::available(&peers) {
        record()?;
    }
    World::start(Plane::Kubernetes, "logs_are_those_of_argocd", replay)
}
