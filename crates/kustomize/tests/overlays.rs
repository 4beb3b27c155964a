//! The overlays of these tests, which hold every construct, built by the real kustomize and by us.
//!
//! `fixtures/NAME` is built at `NAME/overlay` if there is such a directory. `NAME.out` and
//! `NAME.err` are what the real tool says, which is asked again where it is.

#![allow(clippy::unwrap_used)] // Tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_kustomize::{Options, Outcome, build};
use windlass_tree::{DirectoryTree, Given, TreePath};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// What we say of `directory` below `root`.
fn ours(root: &Path, directory: &str) -> Result<String, String> {
    let tree = DirectoryTree::new(root);
    let options = Options { root_name: root.display().to_string(), ..Options::default() };
    let path = TreePath::new(directory).unwrap();
    match build(&tree, &path, &options, &Given::default()) {
        Ok(Outcome::Built(built)) => Ok(built.to_yaml()),
        Ok(Outcome::Needs(needs)) => Err(format!("{needs:?}")),
        Err(error) => Err(format!("Error: {error}\n")),
    }
}

/// What the real tool says.
fn theirs(root: &Path, directory: &str) -> Result<String, String> {
    let kustomize = windlass_testkit::peer("kustomize").unwrap();
    let done = Command::new(kustomize)
        .args(["build", directory])
        .current_dir(root)
        .env_remove("KUSTOMIZE_ENABLE_MANAGEDBY_LABEL")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if done.status.success() {
        return Ok(text(done.stdout));
    }
    let told = text(done.stderr);
    Err(told.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect())
}

/// Without what differs from run to run: where the fixtures lie, and addresses in memory.
fn settled(result: Result<String, String>, root: &Path) -> Result<String, String> {
    result.map_err(|text| {
        let text = text.replace(&format!("{}/", root.display()), "");
        match (text.find(" &{0x"), text.find(" <nil>}")) {
            (Some(from), Some(to)) if from < to => {
                format!("{}{}", &text[..from], &text[to + " <nil>}".len()..])
            }
            _ => text,
        }
    })
}

fn names(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[track_caller]
fn check(name: &str, real: bool) {
    let root = fixtures();
    let mut directory = name.to_owned();
    if root.join(name).join("overlay").is_dir() {
        directory.push_str("/overlay");
    }
    let want = match std::fs::read_to_string(root.join(format!("{name}.out"))) {
        Ok(text) => Ok(text),
        Err(_) => Err(std::fs::read_to_string(root.join(format!("{name}.err"))).unwrap()),
    };
    if real {
        assert_eq!(settled(theirs(&root, &directory), &root), want, "{name}: the real kustomize");
    }
    assert_eq!(settled(ours(&root, &directory), &root), want, "{name}");
}

#[test]
fn overlays_of_every_construct() {
    let real = windlass_testkit::available(&["kustomize"]);
    let names = names(&fixtures());
    assert!(names.len() >= 25, "{names:?}");
    for name in names {
        check(&name, real);
    }
}
