//! `Chart.yaml` with odd fields, as every command that only looks at a chart takes it.

use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_testkit::{available, peer};

/// What stands in `Chart.yaml` in place of, or below, the plain `apiVersion`, `name` and `version`.
const FIELDS: &[&str] = &[
    "apiVersion: 1",
    "apiVersion: 2",
    "apiVersion: v3",
    "apiVersion: []",
    "apiVersion:",
    "name: 1.10",
    "name:",
    "name: a/b",
    "version: 1.10",
    "version: {}",
    "version:",
    "Name: d",
    "type: other",
    "deprecated: \"true\"",
    "keywords: a",
    "keywords: [1, true]",
    "annotations: {}",
    "annotations: {a: 1, b: true}",
    "annotations: {a: [b]}",
    "maintainers: [null]",
    "maintainers: [{name: a, unknown: b}]",
    "maintainers: [{email: 1}]",
    "dependencies: []",
    "dependencies: {}",
    "dependencies: [{a: b}]",
    "dependencies: [{name: 1, version: 2, repository: \"\"}]",
    "dependencies: [{name: d, version: \"1\", tags: a}]",
    "unknown: {a: b}",
    "tags: [a]",
    "description: [a]\nunknown: 1",
    "---\nname: d",
];

const COMMANDS: &[&[&str]] = &[
    &["show", "chart", "c"],
    &["show", "all", "./c/"],
    &["dependency", "list", "./c"],
    &["dependency", "list", "x/../c"],
    &["lint", "c"],
];

fn write(dir: &Path, fields: &str) {
    let named = |name: &str| fields.starts_with(&format!("{name}:"));
    let plain = [("apiVersion", "v2"), ("name", "c"), ("version", "0.1.0")];
    let mut text: String =
        plain.iter().filter(|(n, _)| !named(n)).map(|(n, v)| format!("{n}: {v}\n")).collect();
    text.push_str(fields);
    text.push('\n');
    std::fs::write(dir.join("c/Chart.yaml"), text).unwrap();
}

#[test]
fn are_shown_and_linted_as_by_helm() {
    if !available(&["helm"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("c/templates")).unwrap();
    std::fs::create_dir(dir.path().join("x")).unwrap();
    std::fs::write(dir.path().join("c/README.md"), "# c\n").unwrap();
    std::fs::write(dir.path().join("c/values.yaml"), "a: 1\n").unwrap();
    let real = peer("helm").unwrap();
    let ours = PathBuf::from(env!("CARGO_BIN_EXE_windlass"));
    let answer = |program: &Path, first: &[&str], command: &[&str]| {
        let mut run = Command::new(program);
        run.args(first).args(command).current_dir(dir.path()).env("HOME", dir.path());
        let out = run.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (out.status.code(), text(out.stdout), text(out.stderr))
    };
    let mut wrong = Vec::new();
    for fields in FIELDS {
        write(dir.path(), fields);
        for command in COMMANDS {
            let (theirs, ours) = (answer(&real, &[], command), answer(&ours, &["helm"], command));
            if theirs != ours {
                wrong.push(format!("{fields:?} {command:?}\nhelm: {theirs:?}\nours: {ours:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
