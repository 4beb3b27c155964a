//! Templates as the real Helm renders them: a table of every function with odd inputs, and small
//! random templates. Those that render go into one chart, those that fail are run one by one, and
//! their errors must be Helm's: position, node and words.

#![allow(clippy::unwrap_used)] // a panic is how a test fails

mod generator;

use std::path::Path;
use std::process::Command;

use windlass_gotemplate::{Cause, ExecError, Limits, Map, MissingKey, Set, Value};
use windlass_sprig::{Environment, from_data, functions};

const TEMPLATES: &str = include_str!("data/templates.txt");
const VALUES: &str = include_str!("data/values.json");

/// How a template ends: its text, or the parts of an error that Helm's must contain.
type Answer = Result<String, Vec<String>>;

/// The template `c/templates/NAME` as Windlass renders it.
fn ours(name: &str, text: &str) -> Answer {
    let functions = functions(&Environment::new(1_700_000_000_000_000_000, [7; 32]));
    let values = windlass_object::yaml::parse_one(VALUES.as_bytes(), &Default::default()).unwrap();
    let Value::Map(values) = from_data(&values) else { panic!("values are a mapping") };
    let values = Map::of_type(&windlass_sprig::VALUES, values.entries().clone());
    let scope = [("Values".into(), Value::Map(values.into()))].into();
    let data = Value::Map(Map::of_type(&windlass_sprig::VALUES, scope).into());
    let mut set = Set::default();
    set.missing_key = MissingKey::Zero;
    let path = format!("c/templates/{name}");
    if let Err(error) = set.parse(&path, text, &functions) {
        return Err(vec![format!("({}:{})", error.name, error.line), error.message]);
    }
    match set.execute(&path, &data, &functions, Limits::default()) {
        Ok(text) => Ok(text),
        Err(ExecError::At { location, node, cause, .. }) => {
            let cause = match cause {
                Cause::Nested { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            Err(vec![location, format!("at <{node}>"), cause])
        }
        Err(other) => Err(vec![other.to_string()]),
    }
}

fn chart(dir: &Path, files: &[(String, &str)]) {
    let templates = dir.join("templates");
    std::fs::create_dir_all(&templates).unwrap();
    std::fs::write(dir.join("Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n").unwrap();
    std::fs::write(dir.join("values.yaml"), VALUES).unwrap();
    for (name, text) in files {
        std::fs::write(templates.join(name), text).unwrap();
    }
}

fn helm(dir: &Path) -> (bool, String) {
    let out = Command::new(windlass_testkit::peer("helm").unwrap())
        .args(["template", "r"])
        .arg(dir)
        .env("TZ", "UTC")
        .output()
        .unwrap();
    let text = if out.status.success() { out.stdout } else { out.stderr };
    (out.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// What Helm makes of templates that all render, as JSON texts by their number.
fn rendered(templates: &[(usize, &str)]) -> windlass_object::Value {
    let dir = tempfile::tempdir().unwrap();
    let mut files: Vec<(String, &str)> =
        templates.iter().map(|(i, text)| (format!("_{i}.tpl"), *text)).collect();
    let mut all = String::from("kind: Answers\n");
    for (i, _) in templates {
        all.push_str(&format!("t{i}: {{{{ include \"c/templates/_{i}.tpl\" . | toJson }}}}\n"));
    }
    files.push(("all.yaml".to_owned(), &all));
    chart(dir.path(), &files);
    let (success, text) = helm(dir.path());
    assert!(success, "helm refuses what is rendered here: {text}");
    windlass_object::yaml::parse_one(text.as_bytes(), &Default::default()).unwrap()
}

/// What differs between Helm and Windlass.
fn differences(templates: &[&str]) -> Vec<String> {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for (i, text) in templates.iter().enumerate() {
        match ours("t.yaml", text) {
            Ok(answer) => good.push((i, *text, answer)),
            Err(parts) => bad.push((*text, parts)),
        }
    }
    let mut wrong = Vec::new();
    let texts: Vec<(usize, &str)> = good.iter().map(|(i, text, _)| (*i, *text)).collect();
    let answers = rendered(&texts);
    for (i, text, answer) in &good {
        let theirs = answers[format!("t{i}")].as_str().unwrap_or("(nothing)");
        if theirs != answer {
            wrong.push(format!("{text}\n  helm: {theirs:?}\n  ours: {answer:?}"));
        }
    }
    let half = bad.len().div_ceil(2).max(1);
    let failures = std::thread::scope(|scope| {
        let parts: Vec<_> = bad
            .chunks(half)
            .map(|part| scope.spawn(move || part.iter().filter_map(failure).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|p| p.join().unwrap()).collect::<Vec<_>>()
    });
    wrong.extend(failures);
    wrong
}

fn failure((text, parts): &(&str, Vec<String>)) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    chart(dir.path(), &[("t.yaml".to_owned(), *text)]);
    let (success, message) = helm(dir.path());
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let theirs = plain(&message);
    let same = !success && parts.iter().all(|part| theirs.contains(&plain(part)));
    (!same).then(|| format!("{text}\n  helm: {theirs}\n  ours: {parts:?}"))
}

fn check(templates: &[&str]) {
    if !windlass_testkit::available(&["helm"]) {
        return;
    }
    let wrong = differences(templates);
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_function_answers_as_in_helm() {
    check(&TEMPLATES.lines().collect::<Vec<_>>());
}

#[test]
fn random_templates_render_as_in_helm() {
    let mut random = generator::Random::new(20_261_127);
    let mut texts: Vec<String> = (0..600).map(|i| random.template(i)).collect();
    // Failures cost a run each: most are left out.
    let mut failures = 0;
    texts.retain(|text| {
        let fails = ours("t.yaml", text).is_err();
        failures += usize::from(fails);
        !fails || failures <= 60
    });
    check(&texts.iter().map(String::as_str).collect::<Vec<_>>());
}
