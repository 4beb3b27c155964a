//! YAML judged by the real `kubectl kustomize`: how it reads resources, and how it writes them.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

#[allow(dead_code)] // Shared with the tests against helm.
mod generate;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use generate::Random;
use windlass_object::{Value, json, yaml};

/// A resource that holds a generated document.
fn resource(random: &mut Random, number: usize) -> String {
    let mut text =
        format!("apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: n{number}\ndata:\n");
    for line in generate::document(random).lines() {
        if !line.is_empty() {
            text.push_str("  ");
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The number in the name of the resource that kustomize complains of.
fn blamed(stderr: &str) -> Option<usize> {
    let (_, rest) = stderr.split_once("/r")?;
    rest.split_once(".yaml")?.0.parse().ok()
}

fn build(
    kubectl: &Path,
    dir: &Path,
    numbers: impl Iterator<Item = usize>,
) -> Result<String, String> {
    let names: Vec<String> = numbers.map(|n| format!("r{n}.yaml")).collect();
    let kustomization = yaml::to_string(&json!({"resources": names}));
    std::fs::write(dir.join("kustomization.yaml"), kustomization).unwrap();
    let out = Command::new(kubectl).arg("kustomize").arg(dir).output().unwrap();
    if out.status.success() {
        return Ok(String::from_utf8(out.stdout).unwrap());
    }
    Err(String::from_utf8(out.stderr).unwrap())
}

#[test]
fn reads_and_writes_as_kustomize_does() {
    if !windlass_testkit::available(&["kubectl"]) {
        return;
    }
    let kubectl = windlass_testkit::peer("kubectl").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = yaml::Options::kustomize();
    let mut random = Random::new(23);
    let mut accepted: BTreeMap<usize, (String, Value)> = BTreeMap::new();
    for number in 0..2000 {
        let text = resource(&mut random, number);
        // Known, since kustomize writes resources and reads them again before it is done: an empty
        // value in braces becomes an empty text, and a folded text with deeper or blank lines gets
        // more line feeds.
        let folded = text.contains(": >") || text.contains("- >");
        let deeper = ["  more", "\tz", ">+"].iter().any(|part| text.contains(part));
        if text.contains("e: }") || text.contains("{a, b") || folded && deeper {
            continue;
        }
        if let Ok(value) = yaml::parse_one(text.as_bytes(), &options) {
            std::fs::write(dir.path().join(format!("r{number}.yaml")), &text).unwrap();
            accepted.insert(number, (text, value));
        }
    }
    let total = accepted.len();
    let mut wrong = Vec::new();
    let out = loop {
        match build(&kubectl, dir.path(), accepted.keys().copied()) {
            Ok(out) => break out,
            Err(stderr) => {
                let number = blamed(&stderr).unwrap_or_else(|| panic!("{stderr}"));
                let (text, _) = accepted.remove(&number).unwrap();
                wrong.push(format!("kustomize refuses: {text:?}\n{stderr}"));
            }
        }
        assert!(wrong.len() < 20, "{}", wrong.join("\n"));
    };
    let theirs = yaml::parse(out.as_bytes(), &yaml::Options::default());
    assert_eq!(theirs.errors, []);
    assert_eq!(theirs.documents.len(), accepted.len());
    let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
    for document in out.split("---\n") {
        let name = document.split("\nmetadata:\n  name: ").nth(1).and_then(|r| r.lines().next());
        texts.insert(name.unwrap_or_default(), document);
    }
    for (number, (text, value)) in &accepted {
        let ours = yaml::to_string(value);
        let theirs = texts.get(format!("n{number}").as_str()).copied().unwrap_or_default();
        if ours != theirs {
            wrong.push(format!("{text:?}\nkustomize: {theirs:?}\nours: {ours:?}"));
        }
    }
    let shown = wrong[..wrong.len().min(10)].join("\n");
    assert!(wrong.is_empty(), "{} of {total} differ:\n{shown}", wrong.len());
    assert!(total > 300, "only {total} of 2000 are resources");
}

#[test]
fn takes_the_same_tabs_and_comments() {
    if !windlass_testkit::available(&["kustomize"]) {
        return;
    }
    let kustomize = windlass_testkit::peer("kustomize").unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("kustomization.yaml"), "resources: [r.yaml]\n").unwrap();
    let mut wrong = Vec::new();
    // Known: what is no resource, keys without a value in braces, and texts that begin with a tab, which
    // kustomize does not read as it writes them.
    let known =
        |text: &String| ["---", "{b:c", "{b:#", "|2\n  \t"].iter().any(|part| text.contains(part));
    // Each takes a run.
    for text in generate::with_blanks().iter().filter(|text| !known(text)).step_by(9) {
        let text = format!("apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: n\n{text}");
        std::fs::write(dir.path().join("r.yaml"), &text).unwrap();
        let out = Command::new(&kustomize).arg("build").arg(dir.path()).output().unwrap();
        let theirs = String::from_utf8(out.stdout).unwrap();
        let ours = yaml::parse(text.as_bytes(), &yaml::Options::kustomize());
        let said = String::from_utf8(out.stderr).unwrap();
        let same = match ours.errors.first() {
            None => {
                out.status.success()
                    && ours
                        .documents
                        .iter()
                        .map(|d| yaml::to_string(&d.value))
                        .collect::<Vec<_>>()
                        .join("---\n")
                        == theirs
            }
            Some(_) => !out.status.success(),
        };
        if !same {
            wrong.push(format!("{text:?}\nkustomize: {theirs:?} {said}\nours: {ours:?}"));
        }
    }
    let shown = wrong[..wrong.len().min(10)].join("\n");
    assert!(wrong.is_empty(), "{} differ:\n{shown}", wrong.len());
}
