//! Random bases, overlays and patches, built in process and by the real kustomize: the same bytes,
//! and the same refusals.
//!
//! The cases are the same in every run. `WINDLASS_KUSTOMIZE_CASES` is how many there are of each
//! sort, `WINDLASS_KUSTOMIZE_SEED` the first.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // Helpers of tests are tests.

mod annotations;
mod details;
mod generated;
mod kinds;
mod objects;
mod odd;
mod overlays;
mod patches;
mod plugins;
mod random;
mod schemas;
mod shrink;

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use overlays::{Content, Files};
use random::Random;
use windlass_kustomize::{Options, Outcome, build};
use windlass_tree::{Given, MemoryTree, TreePath};

/// Cases of each sort where no environment variable says.
const CASES: u64 = 100;
/// The first of them.
const FIRST: u64 = 2000;
/// Builds that make a case that differs smaller, at most.
const SHRINKS: i32 = 150;
/// Builds of the real tool at once.
const THREADS: usize = 2;

fn written(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Odd(documents, seed) => odd::written(documents, *seed),
        Content::Yaml(documents) => {
            let texts: Vec<String> =
                documents.iter().map(windlass_object::yaml::to_string).collect();
            texts.join("---\n")
        }
    }
}

fn ours(files: &Files) -> Result<String, String> {
    let mut tree = MemoryTree::default();
    for (path, content) in files {
        tree.insert(path, written(content));
    }
    let at = TreePath::new("o").unwrap();
    match build(&tree, &at, &Options::default(), &Given::default()) {
        Ok(Outcome::Built(built)) => Ok(built.to_yaml()),
        Ok(Outcome::Needs(needs)) => Err(format!("{needs:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn theirs(kustomize: &Path, files: &Files) -> Result<String, String> {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, written(content)).unwrap();
    }
    let out = Command::new(kustomize).arg("build").arg(dir.path().join("o")).output().unwrap();
    if out.status.success() {
        return Ok(String::from_utf8(out.stdout).unwrap());
    }
    let told = String::from_utf8(out.stderr).unwrap();
    Err(told.replace(&format!("{}/", dir.path().display()), "/"))
}

/// What differs, if anything does.
fn difference(kustomize: &Path, files: &Files) -> Option<String> {
    match (theirs(kustomize, files), ours(files)) {
        (Ok(theirs), Ok(ours)) if theirs == ours => None,
        (Err(_), Err(_)) => None,
        // Where kustomize ends with a panic there is nothing to be equal to: it did not see such
        // input, as subjects of a role binding that are null. Windlass builds it.
        (Err(theirs), Ok(_)) if theirs.contains("panic: ") => None,
        (Ok(theirs), Ok(ours)) => Some(format!("theirs:\n{theirs}ours:\n{ours}")),
        (Err(theirs), Ok(_)) => Some(format!("should be refused: {theirs}")),
        (Ok(_), Err(ours)) => Some(format!("should not be refused: {ours}")),
    }
}

#[track_caller]
fn check(make: fn(&mut Random) -> Files) {
    if !windlass_testkit::available(&["kustomize"]) {
        return;
    }
    let kustomize = windlass_testkit::peer("kustomize").unwrap();
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("WINDLASS_KUSTOMIZE_SEED").unwrap_or(FIRST);
    let count = number("WINDLASS_KUSTOMIZE_CASES").unwrap_or(CASES);
    let next = AtomicU64::new(first);
    let (wrong, refused) = (Mutex::new(Vec::new()), AtomicU64::new(0));
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= first + count {
            break;
        }
        let files = make(&mut Random::new(seed));
        refused.fetch_add(u64::from(ours(&files).is_err()), Ordering::Relaxed);
        if difference(&kustomize, &files).is_none() {
            continue;
        }
        let tries = std::cell::Cell::new(SHRINKS);
        let least = shrink::least(files, &|files| {
            tries.set(tries.get() - 1);
            tries.get() > 0 && difference(&kustomize, files).is_some()
        });
        let why = difference(&kustomize, &least).unwrap_or_default();
        let texts: Vec<String> = least
            .iter()
            .map(|(path, content)| format!("== {path}\n{}", written(content)))
            .collect();
        wrong.lock().unwrap().push(format!("seed {seed}:\n{}{why}", texts.concat()));
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    let (wrong, refused) = (wrong.into_inner().unwrap(), refused.into_inner());
    println!("{count} cases, {refused} of them refused");
    assert!(wrong.is_empty(), "{} of {count} differ\n{}", wrong.len(), wrong.join("\n====\n"));
    assert!(refused * 5 < count * 3, "{refused} of {count} are refused: the cases are too wild");
}

#[test]
fn overlays_build_as_kustomize_builds_them() {
    check(overlays::case);
}

#[test]
fn patches_apply_as_kustomize_applies_them() {
    check(overlays::patch_case);
}

#[test]
fn annotations_change_as_kustomize_changes_them() {
    check(annotations::case);
}

#[test]
fn details_are_what_they_are_in_kustomize() {
    check(details::case);
}
