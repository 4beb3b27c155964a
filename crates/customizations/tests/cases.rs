//! Health rules against Argo CD's test cases, where their folder is at hand.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use windlass_object::{Object, yaml};

const CASES: &str = "argocd-resource-customizations";

/// The folder of the cases: in `WINDLASS_DATA`, or in `shared/data` beside the repository.
fn cases() -> Option<PathBuf> {
    let given = std::env::var_os("WINDLASS_DATA").map(PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = root.ancestors().skip(1).map(|above| above.join("shared/data"));
    let found = given.into_iter().chain(beside).map(|data| data.join(CASES)).find(|p| p.is_dir());
    if found.is_none() {
        eprintln!("skipped: no folder {CASES} in WINDLASS_DATA or in ../shared/data");
    }
    found
}

fn read(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let parsed = yaml::parse(&text, &yaml::Options::default());
    let documents = parsed.documents.into_iter().map(|document| document.value);
    documents.into_iter().find(|value| !value.is_null()).unwrap()
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders.retain(|path| path.is_dir());
    folders
}

#[test]
fn health_is_as_the_cases_say() {
    let Some(root) = cases() else { return };
    let (mut count, mut wrong) = (0, Vec::new());
    for kind in folders(&root).iter().flat_map(|group| folders(group)) {
        let file = kind.join("health_test.yaml");
        if !file.exists() {
            continue;
        }
        for case in read(&file)["tests"].as_array().unwrap() {
            let input = case.get("inputPath").or_else(|| case.get("inputpath")).unwrap();
            let path = kind.join(input.as_str().unwrap());
            let object = Object::try_from(read(&path)).unwrap();
            let text =
                |key: &str| case["healthStatus"][key].as_str().unwrap_or_default().to_owned();
            let expected = format!("{}: {}", text("status"), text("message"));
            let told = windlass_customizations::health(&object)
                .map_or("none".to_owned(), |v| format!("{}: {}", v.status.as_str(), v.message));
            count += 1;
            if told != expected {
                wrong.push(format!("{}\n  expected {expected}\n  told     {told}", path.display()));
            }
        }
    }
    assert!(count > 1000, "only {count} cases in {}", root.display());
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}
