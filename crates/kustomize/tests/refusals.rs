//! Overlays that kustomize refuses: its words must be found in ours, with the file and line added.
//!
//! `refusals.txt` holds the overlays: `# name`, then files behind `-- path`, built in `here`.

#![allow(clippy::unwrap_used)] // Tests.

use std::path::Path;
use std::process::Command;

use windlass_kustomize::{Options, Outcome, Place, build};
use windlass_tree::{DirectoryTree, Given, TreePath};

/// Where our words are others, and why.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("label no map", "kustomize shows the node as it was written"),
    ("absolute", "what is not in the tree cannot be told a directory"),
    ("parent", "the tree's root has a slash behind it"),
];

/// What has no place in a file.
const NOWHERE: &[&str] = &["no kustomization", "two files", "base without kustomization"];

/// What concerns a file as a whole, or a place that is not known: the file alone is told.
const WHOLE_FILE: &[&str] = &[
    "empty",
    "unknown field",
    "wrong type",
    "wrong type inside",
    "wrong kind",
    "wrong version",
    "base with bad kustomization",
    "no kind",
    "no name",
    "list",
    "text",
    "items no list",
    "patch replace missing",
    "configuration bad",
    "transformer missing",
    "images digest",
    "replicas text",
    "labels bad",
];

struct Case {
    name: String,
    files: Vec<(String, String)>,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("refusals.txt").split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("# ") {
            cases.push(Case { name: name.trim_end().to_owned(), files: Vec::new() });
        } else if let Some(path) = line.strip_prefix("-- ") {
            let case = cases.last_mut().unwrap();
            case.files.push((path.trim_end().to_owned(), String::new()));
        } else {
            cases.last_mut().unwrap().files.last_mut().unwrap().1.push_str(line);
        }
    }
    cases
}

fn lay(root: &Path, case: &Case) {
    std::fs::create_dir_all(root.join("here")).unwrap();
    for (path, text) in &case.files {
        let file = root.join("here").join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

/// What we say, and where.
fn ours(root: &Path) -> Result<String, (String, Option<Place>)> {
    let tree = DirectoryTree::new(root);
    let options = Options { root_name: root.display().to_string(), ..Options::default() };
    match build(&tree, &TreePath::new("here").unwrap(), &options, &Given::default()) {
        Ok(Outcome::Built(built)) => Ok(built.to_yaml()),
        Ok(Outcome::Needs(needs)) => panic!("{needs:?}"),
        Err(error) => Err((error.to_string(), error.place().cloned())),
    }
}

/// What kustomize says.
fn theirs(root: &Path) -> Result<String, String> {
    let kustomize = windlass_testkit::peer("kustomize").unwrap();
    let done =
        Command::new(kustomize).arg("build").current_dir(root.join("here")).output().unwrap();
    if done.status.success() {
        return Ok(String::from_utf8(done.stdout).unwrap());
    }
    let told = String::from_utf8(done.stderr).unwrap();
    let error = told.rsplit_once("Error: ").map_or(told.as_str(), |(_, error)| error).trim();
    // A generator's address in memory.
    Err(match (error.find(" &{0x"), error.find(" <nil>}")) {
        (Some(from), Some(to)) if from < to => {
            format!("{}{}", &error[..from], &error[to + " <nil>}".len()..])
        }
        _ => error.to_owned(),
    })
}

/// What is wrong with our answer, if anything is.
fn wrong(case: &Case) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(directory.path()).unwrap();
    lay(&root, case);
    let name = case.name.as_str();
    let others = OTHER_WORDS.iter().any(|(other, _)| *other == name);
    match (theirs(&root), ours(&root)) {
        (Ok(theirs), Ok(ours)) if theirs == ours => None,
        (Err(theirs), Err((ours, place))) => {
            let told = match &place {
                None => NOWHERE.contains(&name),
                Some(place) => place.at.is_some() || WHOLE_FILE.contains(&name),
            };
            if others == ours.contains(&theirs) {
                let what = if others { "no longer other words" } else { "other words" };
                Some(format!("{name}: {what}\nkustomize: {theirs}\nwe: {ours}"))
            } else {
                (!told).then(|| format!("{name}: no line: {place:?}: {ours}"))
            }
        }
        (theirs, ours) => Some(format!("{name}\nkustomize: {theirs:?}\nwe: {ours:?}")),
    }
}

#[test]
fn refusals_have_kustomizes_words_and_a_place() {
    if !windlass_testkit::available(&["kustomize"]) {
        return;
    }
    let cases = cases();
    assert!(cases.len() >= 95, "{}", cases.len());
    let wrong: Vec<String> = cases.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}
