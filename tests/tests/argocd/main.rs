//! The command line against the real argocd: the same Applications on the same repository, the same
//! commands, the same answers.
//!
//! Argo CD 3.2.6 played [`scenario`] on a real Kubernetes; what its `argocd` printed is in
//! `fixtures/argocd-3.2.6.json`, normalised as [`normalise`] says. An ordinary run plays the scenario
//! on `windlass up` with the embedded API and asks `windlass`. With `WINDLASS_RECORD` set (`cargo
//! xtask test --peers`) Argo CD plays it anew, `windlass` is asked about what Argo CD left in that
//! cluster too, and the answers are written down.

mod applications;
mod charts;
mod clusters;
mod logs;
mod normalise;
mod rendering;
mod scenario;
mod settings;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use windlass_object::{Value, json};
use windlass_stories::{ApiClient, Plane, Printed, World};
use windlass_testkit::{ArgoCd, ArgoCdOptions, Kubernetes, Parts};

/// Runs a command with these arguments.
type CommandLine<'a> = dyn Fn(&[&str]) -> Result<Printed> + 'a;

/// One side of the comparison: an API with somebody's controllers on it, and a command line.
pub struct Side<'a> {
    api: &'a ApiClient,
    /// Where repositories are made: the same length on every machine, so that columns stay.
    root: &'a Path,
    run: &'a CommandLine<'a>,
    /// Asked beside it where a command changes nothing.
    also: Option<&'a CommandLine<'a>>,
}

/// What a command line answered, and what the other one says of the same cluster.
#[derive(Debug)]
pub struct Answered {
    command: String,
    answer: Printed,
    also: Option<Printed>,
}

impl Side<'_> {
    fn asks(&self, command: &[&str]) -> Result<Answered> {
        let answer = (self.run)(command)?;
        let also = self.also.map(|run| run(command)).transpose()?;
        Ok(Answered { command: self.text(command), answer, also })
    }

    fn does(&self, command: &[&str]) -> Result<Answered> {
        Ok(Answered { command: self.text(command), answer: (self.run)(command)?, also: None })
    }

    fn text(&self, command: &[&str]) -> String {
        command.join(" ").replace(&self.root.display().to_string(), "ROOT")
    }
}

/// The namespace of Applications.
pub const CONTROL: &str = "argocd";
/// How long the path of [`Side::root`] is, in bytes.
const ROOT_LENGTH: usize = 60;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/argocd-3.2.6.json")
}

fn root(dir: &Path) -> Result<PathBuf> {
    let missing = ROOT_LENGTH.checked_sub(dir.as_os_str().len() + 1);
    let root = dir.join("r".repeat(missing.context("the temporary directory's path is too long")?));
    std::fs::create_dir_all(&root)?;
    Ok(root)
}

fn play(side: &Side<'_>) -> Result<Vec<Answered>> {
    let mut answers = scenario::play(side)?;
    answers.extend(rendering::play(side)?);
    Ok(answers)
}

/// What differs: lines that only the other tool has begin with `+`, ours with `-`.
fn differences(root: &Path, command: &str, ours: &Printed, theirs: &Value) -> Option<String> {
    let ours = normalise::answer(command, ours, root);
    (ours != *theirs && !normalise::differs_on_purpose(command)).then(|| {
        let diff = similar::TextDiff::from_lines(&shown(&ours), &shown(theirs))
            .unified_diff()
            .context_radius(1)
            .to_string();
        format!("$ {command}\n{diff}")
    })
}

/// What differs between the answers of a script's lines, but for those that are told in other words.
fn report(ours: &[Value], theirs: &[Value], words: &[&str]) -> Result<Vec<String>> {
    let mut report = Vec::new();
    for (ours, theirs) in ours.iter().zip(theirs) {
        ensure!(
            ours["do"] == theirs["do"],
            "the script was changed and not recorded: {}",
            ours["do"]
        );
        let codes = [ours, theirs].map(|side| &side["answer"]["code"]);
        let only_words = codes[0] == codes[1] && words.iter().any(|c| ours["do"] == *c);
        if ours == theirs || only_words {
            continue;
        }
        let [ours_text, theirs_text] = [ours, theirs].map(|side| match &side["answer"] {
            answer if answer.get("code").is_some() => shown(answer),
            answer => serde_json::to_string_pretty(answer).unwrap_or_default(),
        });
        let diff = similar::TextDiff::from_lines(&ours_text, &theirs_text)
            .unified_diff()
            .context_radius(1)
            .to_string();
        report.push(format!("{}\n{diff}", ours["do"].as_str().unwrap_or_default()));
    }
    ensure!(ours.len() == theirs.len(), "the script was changed and not recorded");
    Ok(report)
}

/// Records Argo CD's answers where that is asked for, and compares with those that are recorded.
fn beside_argocd(
    story: &'static str,
    record: fn() -> Result<()>,
    replay: fn(&mut World) -> Result<()>,
) -> Result<()> {
    if std::env::var_os("WINDLASS_RECORD").is_some()
        && windlass_testkit::available(&["kube", "argocd", "redis-server"])
    {
        record()?;
    }
    World::start_in(Plane::Embedded, CONTROL, story, replay)
}

/// The answers to a script are those that are recorded of it.
fn agree(
    answers: &[Value],
    recorded: &Path,
    settled: fn(&Value) -> Value,
    words: &[&str],
) -> Result<()> {
    let recorded: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(recorded)?)?;
    let ours: Vec<Value> = answers.iter().map(settled).collect();
    let theirs: Vec<Value> = recorded.iter().map(settled).collect();
    let report = report(&ours, &theirs, words)?;
    ensure!(report.is_empty(), "{} answers differ:\n{}", report.len(), report.join("\n"));
    Ok(())
}

fn shown(answer: &Value) -> String {
    let out = match &answer["out"] {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    };
    let err = answer["err"].as_str().unwrap_or_default();
    format!("{out}\nstderr: {err}\nexit code {}\n", answer["code"])
}

fn record() -> Result<()> {
    let cluster = Kubernetes::start(Parts::Full)?;
    let argocd = ArgoCd::start(&cluster, &ArgoCdOptions::default())?;
    let api = ApiClient::connect(cluster.kubeconfig())?;
    let dir = tempfile::tempdir()?;
    let root = root(dir.path())?;
    let asked = |arguments: &[&str]| -> Result<Printed> { printed(argocd.cli()?.args(arguments)) };
    let windlass = |arguments: &[&str]| -> Result<Printed> {
        let mut command = std::process::Command::new(World::binary()?);
        command
            .args(arguments)
            .env("KUBECONFIG", cluster.kubeconfig())
            .env("ARGOCD_NAMESPACE", CONTROL)
            .env("XDG_CACHE_HOME", dir.path())
            .env("TZ", "UTC");
        printed(&mut command)
    };
    let side = Side { api: &api, root: &root, run: &asked, also: Some(&windlass) };
    let answers = play(&side)?;
    let mut recorded = Vec::new();
    let mut report = Vec::new();
    for Answered { command, answer, also } in answers {
        let theirs = normalise::answer(&command, &answer, &root);
        report.extend(also.and_then(|ours| differences(&root, &command, &ours, &theirs)));
        recorded.push(json!({"do": command, "answer": theirs}));
    }
    std::fs::write(fixture(), format!("{}\n", serde_json::to_string_pretty(&json!(recorded))?))?;
    ensure!(
        report.is_empty(),
        "on Argo CD's cluster {} differ:\n{}",
        report.len(),
        report.join("\n")
    );
    Ok(())
}

fn printed(command: &mut std::process::Command) -> Result<Printed> {
    let out = command.output()?;
    Ok(Printed {
        code: out.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&out.stdout).into_owned(),
        err: String::from_utf8_lossy(&out.stderr).into_owned(),
    })
}

fn replay(world: &mut World) -> Result<()> {
    let recorded: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(fixture())?)?;
    let root = root(world.dir())?;
    let run = |arguments: &[&str]| world.windlass(arguments);
    let answers = play(&Side { api: world.api(), root: &root, run: &run, also: None })?;
    let mut report = Vec::new();
    let mut left = recorded;
    for Answered { command, answer, .. } in &answers {
        // The same command may be asked again later.
        let place = left.iter().position(|theirs| theirs["do"] == command.as_str());
        let theirs = place.map(|place| left.remove(place));
        match theirs {
            Some(theirs) => {
                report.extend(differences(&root, command, answer, &theirs["answer"]));
            }
            None => report.push(format!("$ {command}\nno answer of argocd is recorded\n")),
        }
    }
    ensure!(report.is_empty(), "{} answers differ:\n{}", report.len(), report.join("\n"));
    Ok(())
}

#[test]
fn answers_are_those_of_argocd() -> Result<()> {
    beside_argocd("answers_are_those_of_argocd", record, replay)
}
