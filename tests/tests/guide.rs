//! The guide's manifests: each is shown by something, and 2-5 answers as the real argocd does.
//!
//! What the others give is in the scenarios `guide-*`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use windlass_stories::World;

const POLICY: &str = "2-5-rbac-configuration.yaml";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guide")
}

#[test]
fn every_manifest_is_shown_or_belongs_to_another_issue() -> Result<()> {
    windlass_stories::scenario::check_guide()
}

/// Who asks, including those that the policy says nothing of.
const SUBJECTS: [&str; 9] = [
    "role:project-admin",
    "role:developer",
    "role:ci-cd",
    "platform-team",
    "backend-team",
    "frontend-team",
    "github-actions",
    "role:readonly",
    "somebody",
];

/// Action, resource, object.
const QUESTIONS: [[&str; 3]; 16] = [
    ["get", "applications", "production/api-server"],
    ["sync", "applications", "production/api-server"],
    ["delete", "applications", "production/api-server"],
    ["override", "applications", "production/api-server"],
    ["action/apps/Deployment/restart", "applications", "production/api-server"],
    ["delete/*/Pod/*/*", "applications", "production/api-server"],
    ["sync", "applications", "staging/api-server"],
    ["create", "applications", "staging/api-server"],
    ["get", "applications", "staging/team-a/api-server"],
    ["get", "logs", "production/api-server"],
    ["get", "logs", "staging/api-server"],
    ["get", "clusters", "https://kubernetes.default.svc"],
    ["create", "clusters", "https://kubernetes.default.svc"],
    ["update", "projects", "production"],
    ["create", "exec", "production/api-server"],
    ["get", "repositories", "production/https://github.com/myorg/k8s-manifests.git"],
];

/// All answers of a program, one a line.
fn answers(program: &Path, first: &[&str], home: &Path) -> Result<String> {
    let policy = fixtures().join(POLICY).display().to_string();
    let mut text = String::new();
    for subject in SUBJECTS {
        for [action, resource, object] in QUESTIONS {
            let out = Command::new(program)
                .args(first)
                .args(["admin", "settings", "rbac", "can", subject, action, resource, object])
                .args(["--policy-file", &policy])
                .env("ARGOCD_BINARY_NAME", "argocd")
                .env("KUBECONFIG", home.join("kubeconfig"))
                .env("HOME", home)
                .output()?;
            let said = String::from_utf8_lossy(&out.stdout);
            let code = out.status.code().unwrap_or(-1);
            text += &format!("{subject} {action} {resource} {object}: {} {code}\n", said.trim());
        }
    }
    Ok(text)
}

#[test]
fn its_policy_is_judged_as_argocd_judges_it() -> Result<()> {
    let home = tempfile::tempdir()?;
    let kubeconfig = r#"{"apiVersion":"v1","kind":"Config","current-context":"a","users":[{"name":"a","user":{}}],
        "contexts":[{"name":"a","context":{"cluster":"a","user":"a"}}],
        "clusters":[{"name":"a","cluster":{"server":"http://127.0.0.1:1"}}]}"#;
    std::fs::write(home.path().join("kubeconfig"), kubeconfig)?;
    let recorded = fixtures().join("rbac-argocd-3.2.6.txt");
    if std::env::var_os("WINDLASS_RECORD").is_some() && windlass_testkit::available(&["argocd"]) {
        let argocd = windlass_testkit::peer("argocd")?;
        std::fs::write(&recorded, answers(&argocd, &[], home.path())?)?;
    }
    let theirs = std::fs::read_to_string(recorded).context("record it with WINDLASS_RECORD=1")?;
    let ours = answers(&World::binary()?, &["argocd"], home.path())?;
    let differing: Vec<_> = ours.lines().zip(theirs.lines()).filter(|(a, b)| a != b).collect();
    ensure!(ours.lines().count() == theirs.lines().count(), "the questions were not recorded");
    ensure!(differing.is_empty(), "ours, argocd's: {differing:#?}");
    Ok(())
}
