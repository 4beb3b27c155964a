//! Every function that templates can call, with odd inputs, as the real helm answers it.
//!
//! The tables are in `functions/*.txt`: under `# NAME` expressions, one a line, that call it; a line
//! that begins with braces is a template of its own. Lines that render are rendered by the real helm in one run.
//! What helm says to those that fail is recorded in `functions/refusals.json` (a run each is too much
//! for every test; some are run again each time). `WINDLASS_RECORD=1` records it anew.

#![allow(clippy::unwrap_used)] // Tests.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use support::batch;
use support::helm_is_there;

/// Inputs that each function has at least.
const INPUTS: usize = 6;
/// Of the recorded refusals each so many is asked of the real helm again.
const AGAIN: usize = 25;

const TABLES: &[&str] = &[
    include_str!("functions/chart.txt"),
    include_str!("functions/crypto.txt"),
    include_str!("functions/dates.txt"),
    include_str!("functions/dicts.txt"),
    include_str!("functions/durations.txt"),
    include_str!("functions/encodings.txt"),
    include_str!("functions/lists.txt"),
    include_str!("functions/numbers.txt"),
    include_str!("functions/paths.txt"),
    include_str!("functions/random.txt"),
    include_str!("functions/regex.txt"),
    include_str!("functions/text.txt"),
    include_str!("functions/versions.txt"),
];

/// Whole templates, several functions in each.
const TEMPLATES: &str = include_str!("functions/templates.txt");
const REFUSALS: &str = include_str!("functions/refusals.json");
/// The functions of Helm 4.3.1, by its source.
const NAMES: &str = include_str!("functions/names.txt");

/// The lines of the tables by the function that they are about.
fn by_function() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for table in TABLES {
        let mut name = "";
        for line in table.lines() {
            match line.strip_prefix("# ") {
                Some(next) => name = next,
                None => {
                    all.entry(name).or_default().insert(line);
                }
            }
        }
    }
    all
}

fn templates() -> Vec<String> {
    let template = |line: &str| match line.starts_with("{{") {
        true => line.to_owned(),
        false => format!("{{{{ {line} | toJson }}}}"),
    };
    let tables = by_function();
    let of_tables = tables.values().flatten().copied();
    of_tables.chain(TEMPLATES.lines()).map(template).collect()
}

#[test]
fn every_function_has_enough_inputs() {
    let tables = by_function();
    let wanted: BTreeSet<&str> = NAMES.split_whitespace().collect();
    let there: BTreeSet<&str> = tables.keys().copied().collect();
    assert_eq!(wanted, there);
    for (name, lines) in &tables {
        let calls = |line: &&&str| {
            line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == *name)
        };
        let count = lines.iter().filter(calls).count();
        assert!(count >= INPUTS, "{name} has {count} inputs in the tables of tests/functions");
    }
    // Two are known by name only: nobody may read the environment.
    let denied = ["env", "expandenv"];
    for name in wanted {
        let error = batch::alone(&format!("{{{{ if false }}}}{{{{ {name} }}}}{{{{ end }}}}")).err();
        let unknown = error.is_some_and(|e| e.contains("not defined"));
        assert_eq!(unknown, denied.contains(&name), "{name}");
    }
}

#[test]
fn every_function_answers_as_in_helm() {
    if !helm_is_there() {
        return;
    }
    let templates = templates();
    if std::env::var_os("WINDLASS_RECORD").is_some() {
        return record(&templates);
    }
    let recorded: BTreeMap<String, String> = serde_json::from_str(REFUSALS).unwrap();
    let (bad, good): (Vec<&str>, Vec<&str>) =
        templates.iter().map(String::as_str).partition(|text| recorded.contains_key(*text));
    let mut wrong = batch::rendered(&good);
    let refused = batch::twofold(&bad, |text| {
        let (theirs, ours) = (&recorded[*text], batch::alone(text));
        let told = ours.as_ref().err().map(|ours| batch::own_words(ours));
        (told != Some(batch::own_words(theirs)))
            .then(|| format!("{text}\n  helm: {theirs:?}\n  ours: {ours:?}"))
    });
    wrong.extend(refused.into_iter().flatten());
    let again: Vec<&str> = bad.iter().step_by(AGAIN).copied().collect();
    let answers = batch::twofold(&again, |text| batch::really_alone(text).err());
    for (text, now) in again.iter().zip(answers) {
        if now.as_ref() != Some(&recorded[*text]) {
            wrong.push(format!("{text}\n  recorded: {:?}\n  now: {now:?}", recorded[*text]));
        }
    }
    batch::none(&wrong);
}

/// Writes what helm says to those that fail, here or there.
fn record(templates: &[String]) {
    let failing = batch::twofold(templates, |text| batch::fails(text));
    let bad: Vec<&String> =
        templates.iter().zip(failing).filter_map(|(text, fails)| fails.then_some(text)).collect();
    let answers = batch::twofold(&bad, |text| batch::really_alone(text));
    let told = |answer| match answer {
        Ok(rendered) => format!("renders: {rendered}"),
        Err(refusal) => refusal,
    };
    let all: BTreeMap<&String, String> =
        bad.into_iter().zip(answers.into_iter().map(told)).collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functions/refusals.json");
    std::fs::write(file, serde_json::to_string_pretty(&all).unwrap() + "\n").unwrap();
}
