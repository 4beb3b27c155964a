//! `windlass kustomize build` of bases in repositories beside the real kustomize: all forms of
//! addresses, as what is built and as a resource.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::path::Path;
use std::process::Command;

use windlass_testkit::{GitRepository, available, peer};

/// Addresses; `REPO` stands for the repository's, `PATH` for its directory, `SHA` for a commit.
const ADDRESSES: &[&str] = &[
    "REPO",
    "REPO//",
    "REPO?ref=v1.0",
    "REPO//base",
    "REPO//base/",
    "REPO//base?ref=main",
    "REPO//base?version=v1.0",
    "REPO//base?ref=SHA",
    "REPO//deep/er?ref=v1.0",
    "REPO/base?ref=v1.0",
    "git::REPO//base?ref=v1.0",
    "REPO//base?ref=v1.0&timeout=10s&submodules=false",
    "REPO//base?timeout=10&ref=v1.0",
    "REPO//base?submodules=x",
    "REPO//base?ref=",
    "REPO//base?ref=refs/tags/v1.0",
    "REPO//base?ref=v1.0&ref=main",
    // Refused by both, or only as a resource.
    "REPO//none?ref=v1.0",
    "REPO//base?ref=none",
    "REPO//../base",
    "REPO//base/r.yaml",
    "file:///none.git//base",
    "PATH//base",
];

/// What a command prints, or that it refuses.
fn run(program: &Path, mode: &[&str], at: &str) -> Option<String> {
    let mut command = Command::new(program);
    let out = command.args(mode).args(["build", at]).output().unwrap();
    out.status.success().then(|| String::from_utf8(out.stdout).unwrap())
}

#[test]
fn bases_of_repositories() {
    if !available(&["kustomize"]) {
        return;
    }
    let kustomize = peer("kustomize").unwrap();
    let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
    let dir = tempfile::tempdir().unwrap();
    let repository = GitRepository::create(dir.path(), "repo").unwrap();
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let files = [
        ("kustomization.yaml", "resources: [base, r.yaml]\nnameSuffix: -top\n"),
        ("r.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"),
        ("base/kustomization.yaml", "resources: [r.yaml]\n"),
        ("base/r.yaml", object),
        ("deep/er/kustomization.yaml", "resources: [../../base]\nnamePrefix: d-\n"),
    ];
    let commit = repository.commit("one", &files).unwrap();
    repository.git(&["tag", "v1.0"]).unwrap();
    repository.git(&["push", "-q", "origin", "v1.0"]).unwrap();
    repository.commit("two", &[("base/r.yaml", &object.replace("name: a", "name: b"))]).unwrap();
    let mut wrong = Vec::new();
    let mut built = 0;
    for address in ADDRESSES {
        let address = address
            .replace("REPO", &repository.url())
            .replace("PATH", &repository.path().display().to_string())
            .replace("SHA", commit.trim());
        let overlay = dir.path().join("overlay");
        std::fs::create_dir_all(&overlay).unwrap();
        let text = format!(
            "resources:\n- {address}\nnamePrefix: o-\nbuildMetadata: [originAnnotations]\n"
        );
        std::fs::write(overlay.join("kustomization.yaml"), text).unwrap();
        for at in [address.as_str(), overlay.to_str().unwrap()] {
            let real = run(&kustomize, &[], at);
            let ours = run(windlass, &["kustomize"], at);
            built += usize::from(real.is_some());
            if real != ours {
                wrong.push(format!("{at} of {address}\n  real {real:#?}\n  ours {ours:#?}"));
            }
        }
    }
    assert!(built > 20, "only {built} are built");
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}
