//! kustomize's own test suite, where this machine has it as data: `WINDLASS_KRUSTY` names the file
//! that `krusty-extract --verify` wrote, whose cases are those that the real kustomize 5.8.2 agrees
//! with.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::collections::BTreeSet;

use serde_json::Value;
use windlass_kustomize::{Built, Error, Options, Outcome, Reorder, build};
use windlass_tree::{Given, MemoryTree, TreePath};

/// Cases that differ, and why.
const KNOWN: [(&str, &str); 0] = [];

fn run(case: &Value) -> Option<Result<Built, Error>> {
    let needs: BTreeSet<&str> =
        case["needs"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if needs.iter().any(|need| *need != "options") || case["verified"] != true {
        return None;
    }
    let mut tree = MemoryTree::default();
    for (path, text) in case["files"].as_object()? {
        let path = normal(&path.replace("@ROOT@", "/"));
        tree.insert(&path, text.as_str()?.replace("@ROOT@", ""));
    }
    let mut options = Options::default();
    for (name, value) in case["options"].as_object().into_iter().flatten() {
        match (name.as_str(), value.as_str()) {
            ("reorder", Some("none")) => options.reorder = Reorder::None,
            ("reorder", _) => options.reorder = Reorder::Legacy,
            ("load-restrictor", Some("LoadRestrictionsNone")) => options.restrict_loads = false,
            _ => return None,
        }
    }
    let at = TreePath::new(&normal(case["run"].as_str()?)).ok()?;
    match build(&tree, &at, &options, &Given::default()) {
        Ok(Outcome::Built(built)) => Some(Ok(built)),
        Ok(Outcome::Needs(_)) => None,
        Err(error) => Some(Err(error)),
    }
}

/// A path without dots and slashes too many.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn the_suite_of_kustomize() {
    let Ok(file) = std::env::var("WINDLASS_KRUSTY") else {
        println!("skipped: WINDLASS_KRUSTY names no file of cases");
        return;
    };
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let (mut count, mut wrong) = (0, Vec::new());
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        if KNOWN.iter().any(|(known, _)| *known == id) {
            continue;
        }
        let Some(result) = run(case) else { continue };
        count += 1;
        match (result, case["expect"].as_str()) {
            (Ok(built), Some(expected)) if built.to_yaml().trim() == expected.trim() => {}
            (Err(_), None) => {}
            (Ok(_), None) => wrong.push(format!("{id}: should be refused")),
            (Ok(built), Some(expected)) => {
                wrong.push(format!("{id}: expected\n{expected}\ngot\n{}", built.to_yaml()));
            }
            (Err(error), Some(_)) => wrong.push(format!("{id}: {error}")),
        }
    }
    assert!(count > 300, "only {count} cases");
    assert!(wrong.is_empty(), "{} of {count} differ\n{}", wrong.len(), wrong.join("\n====\n"));
    println!("{count} of {count} cases equal");
}
