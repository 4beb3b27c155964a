//! Plays all scenarios: records Argo CD's side, or compares Windlass with what was recorded.

// A person who records or compares wants to see how it goes.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use windlass_object::Value;

use super::differences::{self, Difference, Known};
use super::file::{self, Scenario};
use super::player::{Judge, Play};
use super::snapshot;
use super::system::{System, Who};

/// Scenarios that are played at once on one system, and systems that run at once.
const AT_ONCE: usize = 12;
const SYSTEMS: usize = 3;
/// Without names, one in so many is recorded anew, other ones each day: all take an hour.
const ROTATION: u64 = 12;
/// How long nothing must change before what is seen is recorded.
const QUIET: Duration = Duration::from_secs(6);
const SETTLED: Duration = Duration::from_secs(90);
/// How long Windlass may take to be as recorded; it is there within a second on an idle machine.
/// `WINDLASS_SCENARIOS_PATIENCE` says otherwise, in seconds.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the real one gave, as it is kept.
#[derive(Debug, Deserialize, Serialize)]
struct Recording {
    /// Digest of the scenario without its words.
    scenario: String,
    argocd: String,
    kubernetes: String,
    seen: BTreeMap<String, Value>,
}

fn patience() -> Duration {
    let seconds = std::env::var("WINDLASS_SCENARIOS_PATIENCE").ok();
    seconds.and_then(|s| s.parse().ok()).map_or(PATIENCE, Duration::from_secs)
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Where the scenarios are: with `WINDLASS_SCENARIOS_MISSING`, those that Windlass does not yet
/// play as Argo CD does.
fn files() -> PathBuf {
    match std::env::var_os("WINDLASS_SCENARIOS_MISSING") {
        None => directory(),
        Some(_) => directory().join("missing"),
    }
}

fn recording(name: &str) -> PathBuf {
    directory().join("recorded").join(format!("{name}.json"))
}

/// What the environment asks for: `WINDLASS_SCENARIOS` names some (parts of names, with commas),
/// `WINDLASS_RECORD` records those anew (`missing`: those that have no valid recording; `1` without
/// names: those whose turn it is today),
/// `WINDLASS_SCENARIOS_ON=kubernetes` plays Windlass on a real Kubernetes.
///
/// # Errors
/// When a scenario differs in a way that the table does not know, or the table in a way that no
/// scenario does.
pub fn run() -> Result<()> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let words = variable("WINDLASS_SCENARIOS");
    let scenarios = file::all(&files(), &words)?;
    let record = variable("WINDLASS_RECORD");
    if !record.is_empty() {
        let today = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / (24 * 60 * 60);
        let due = |at: u64| !words.is_empty() || at % ROTATION == today % ROTATION;
        let wanted: Vec<_> = (0..)
            .zip(&scenarios)
            .filter(|(at, s)| match record.as_str() {
                "missing" => read_recording(s).is_err(),
                _ => due(*at),
            })
            .map(|(_, scenario)| scenario.clone())
            .collect();
        if !wanted.is_empty()
            && windlass_testkit::available(&["kube", "kubectl", "argocd", "redis-server"])
        {
            record_all(&wanted)?;
        }
    }
    let who = match variable("WINDLASS_SCENARIOS_ON").as_str() {
        "kubernetes" => Who::WindlassOnKubernetes,
        "argocd" => return Ok(()),
        _ => Who::Windlass,
    };
    compare_all(who, scenarios, words.is_empty())
}

fn digest(scenario: &Scenario) -> Result<String> {
    let path = files().join(format!("{}.yaml", scenario.name));
    let mut value = file::parse(&std::fs::read_to_string(path)?)?;
    if let Some(map) = value.as_object_mut() {
        map.remove("title");
    }
    // The player's version: what it does at a step is part of what was recorded.
    value["player"] = 2.into();
    Ok(hex::encode(&Sha256::digest(serde_json::to_vec(&value)?)[..8]))
}

fn read_recording(scenario: &Scenario) -> Result<Recording> {
    let text = std::fs::read(recording(&scenario.name)).context("it was never recorded")?;
    let mut recording: Recording = serde_json::from_slice(&text)?;
    recording.seen.values_mut().for_each(snapshot::settle);
    ensure!(recording.scenario == digest(scenario)?, "it was changed since it was recorded");
    Ok(recording)
}

struct Recorder(BTreeMap<String, Value>);

impl Judge for Recorder {
    fn settle(&mut self, name: &str, look: &mut dyn FnMut() -> Result<Value>) -> Result<()> {
        let begin = Instant::now();
        let (mut last, mut since) = (look()?, Instant::now());
        while since.elapsed() < QUIET {
            ensure!(begin.elapsed() < SETTLED, "{name}: it does not come to rest");
            std::thread::sleep(Duration::from_millis(250));
            let now = look()?;
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        self.0.insert(name.to_owned(), last);
        Ok(())
    }
}

fn record_all(scenarios: &[Scenario]) -> Result<()> {
    let mut groups = groups(scenarios.to_vec());
    let failures = Mutex::new(Vec::new());
    let mut settings = BTreeMap::new();
    let mut system = System::start(Who::ArgoCd, &settings)?;
    while let Some(group) = groups.pop() {
        let wanted = group[0].settings.clone();
        system.configure(&settings, &wanted)?;
        settings = wanted;
        pool(group, AT_ONCE * 2, &|scenario| {
            let begin = Instant::now();
            let mut recorder = Recorder(BTreeMap::new());
            let played = Play::new(&system, &scenario).play(&mut recorder).and_then(|()| {
                let kept = Recording {
                    scenario: digest(&scenario)?,
                    argocd: "v3.2.6".to_owned(),
                    kubernetes: "v1.36.3".to_owned(),
                    seen: recorder.0,
                };
                let text = serde_json::to_string_pretty(&kept)? + "\n";
                Ok(std::fs::write(recording(&scenario.name), text)?)
            });
            let took = begin.elapsed().as_secs_f32();
            match played {
                Ok(()) => println!("recorded {} ({took:.1} s)", scenario.name),
                Err(error) => {
                    let said = format!("{}: {error:#}", scenario.name);
                    println!("{said}");
                    failures.lock().push(said);
                }
            }
        });
    }
    let failures = failures.into_inner();
    ensure!(failures.is_empty(), "not recorded:\n{}", failures.join("\n"));
    Ok(())
}

struct Comparer<'a> {
    scenario: &'a str,
    known: &'a Known,
    recording: &'a Recording,
    found: Vec<Difference>,
}

impl Comparer<'_> {
    fn unknown(&self, name: &str, seen: &Value) -> Result<Vec<Difference>> {
        let recorded = self.recording.seen.get(name).context("it has no such observation")?;
        let mut found = differences::between(recorded, seen);
        found.retain(|difference| !self.known.has(self.scenario, difference));
        Ok(found)
    }
}

impl Judge for Comparer<'_> {
    fn settle(&mut self, name: &str, look: &mut dyn FnMut() -> Result<Value>) -> Result<()> {
        let end = Instant::now() + patience();
        loop {
            let mut unknown = self.unknown(name, &look()?)?;
            if unknown.is_empty() || Instant::now() > end {
                for difference in &mut unknown {
                    difference.at.insert(0, name.to_owned());
                }
                self.found.extend(unknown);
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(150));
        }
    }
}

fn compare_all(who: Who, scenarios: Vec<Scenario>, whole: bool) -> Result<()> {
    let begin = Instant::now();
    let known = Known::read(&directory().join("tables/differences.yaml"))?;
    let count = scenarios.len();
    let failures = Mutex::new(Vec::new());
    pool(groups(scenarios), SYSTEMS, &|group| {
        let names: Vec<_> = group.iter().map(|s| s.name.clone()).collect();
        if let Err(error) = compare_group(who, &group, &known, &failures) {
            failures.lock().push(format!("{}: {error:#}", names.join(", ")));
        }
    });
    let mut failures = failures.into_inner();
    failures.sort();
    let equal = count - failures.len();
    println!("{count} scenarios, {equal} as Argo CD, in {:.1} s", begin.elapsed().as_secs_f32());
    if whole && failures.is_empty() {
        let unused = known.unused();
        ensure!(unused.is_empty(), "known differences that are none:\n{}", unused.join("\n"));
    }
    if !failures.is_empty() {
        bail!("{} of {count} scenarios differ:\n{}", failures.len(), failures.join("\n"));
    }
    Ok(())
}

fn compare_group(
    who: Who,
    group: &[Scenario],
    known: &Known,
    failures: &Mutex<Vec<String>>,
) -> Result<()> {
    let who = if group[0].needs_kubernetes() {
        if !windlass_testkit::available(&["kubectl", "kube"]) {
            return Ok(());
        }
        Who::WindlassOnKubernetes
    } else {
        who
    };
    let system = System::start(who, &group[0].settings)?;
    let played = Mutex::new(Vec::new());
    pool(group.iter().collect(), AT_ONCE, &|scenario: &Scenario| {
        let outcome = compare(&system, scenario, known);
        match outcome {
            Ok((play, recording)) => played.lock().push((scenario, play, recording)),
            Err(error) => {
                let said = format!("{}: {error:#}", scenario.name);
                println!("{said}");
                failures.lock().push(said);
            }
        }
    });
    // And so it stays, but for a look that falls into the middle of a change.
    for (scenario, play, recording) in played.into_inner() {
        let mut comparer =
            Comparer { scenario: &scenario.name, known, recording: &recording, found: Vec::new() };
        comparer.settle("end", &mut || play.look())?;
        if !comparer.found.is_empty() {
            failures.lock().push(said(&scenario.name, "does not stay so", &comparer.found));
        }
    }
    if std::env::var_os("WINDLASS_SCENARIOS_LOG").is_some() {
        println!("{}", system.log());
    }
    Ok(())
}

fn compare<'a>(
    system: &'a System,
    scenario: &'a Scenario,
    known: &Known,
) -> Result<(Play<'a>, Recording)> {
    let recording = read_recording(scenario)
        .context("record it: cargo xtask peers record (it needs the real Argo CD)")?;
    let begin = Instant::now();
    let mut comparer =
        Comparer { scenario: &scenario.name, known, recording: &recording, found: Vec::new() };
    let mut play = Play::new(system, scenario);
    let ended = play.play(&mut comparer);
    let found = comparer.found;
    if !found.is_empty() {
        bail!("{}", said("", "differs", &found));
    }
    ended?;
    println!("{} ({:.1} s)", scenario.name, begin.elapsed().as_secs_f32());
    Ok((play, recording))
}

fn said(name: &str, what: &str, found: &[Difference]) -> String {
    let lines: Vec<String> = found.iter().map(|d| format!("    {d}")).collect();
    format!("{name} {what}\n{}", lines.join("\n"))
}

/// Scenarios by the settings that they need; the largest group last.
fn groups(scenarios: Vec<Scenario>) -> Vec<Vec<Scenario>> {
    let mut groups: BTreeMap<String, Vec<Scenario>> = BTreeMap::new();
    for scenario in scenarios {
        groups.entry(scenario.system()).or_default().push(scenario);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(Vec::len);
    groups
}

/// Does `work` for every item, the last ones first, so many at once.
fn pool<T: Send>(items: Vec<T>, at_once: usize, work: &(dyn Fn(T) + Sync)) {
    let queue = Mutex::new(items);
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let Some(item) = queue.lock().pop() else { return };
                    work(item);
                }
            });
        }
    });
}
