//! The Git peers, by the real `git` as client.

use std::process::{Command, Output};

use anyhow::Result;
use windlass_testkit::{Answer, GitHttp, GitHttpOptions, GitRepository, Login, Sshd, available};

fn ls_remote(url: &str, environment: &[(&str, &str)], configuration: &[&str]) -> Result<Output> {
    let mut command = Command::new("timeout");
    command.args(["60", "git"]);
    for setting in configuration {
        command.args(["-c", setting]);
    }
    Ok(command
        .args(["ls-remote", url, "HEAD"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs(environment.iter().copied())
        .output()?)
}

fn reads(output: &Output, commit: &str) -> bool {
    String::from_utf8_lossy(&output.stdout).starts_with(commit)
}

#[test]
fn http_checks_the_password_and_counts_requests() -> Result<()> {
    let root = tempfile::tempdir()?;
    let commit =
        GitRepository::create(root.path(), "app")?.commit("one", &[("a.yaml", "a: 1\n")])?;
    let login = Login::Basic("user".into(), "right".into());
    let server = GitHttp::start(root.path(), GitHttpOptions { login, tls: false })?;
    let with = |password: &str| {
        ls_remote(
            &server.url("app.git").replace("http://", &format!("http://user:{password}@")),
            &[],
            &[],
        )
    };
    assert!(reads(&with("right")?, &commit));
    assert!(!with("wrong")?.status.success());
    assert!(server.requests()[0].starts_with("GET /app.git/info/refs?service=git-upload-pack"));
    Ok(())
}

#[test]
fn https_is_trusted_through_its_authority_alone() -> Result<()> {
    let root = tempfile::tempdir()?;
    let commit = GitRepository::create(root.path(), "app")?.commit("one", &[])?;
    let options = GitHttpOptions { login: Login::Bearer("token".into()), tls: true };
    let server = GitHttp::start(root.path(), options)?;
    let authority = root.path().join("ca.pem");
    std::fs::write(&authority, server.authority().unwrap_or_default())?;
    // The environment goes before configuration in git, and machines behind a proxy set it.
    let authority = authority.display().to_string();
    let trust = [("GIT_SSL_CAINFO", authority.as_str())];
    let bearer = "http.extraHeader=Authorization: Bearer token";
    let output = ls_remote(&server.url("app.git"), &trust, &[bearer])?;
    assert!(reads(&output, &commit), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!ls_remote(&server.url("app.git"), &[], &[bearer])?.status.success());
    assert!(!ls_remote(&server.url("app.git"), &trust, &[])?.status.success());
    Ok(())
}

#[test]
fn http_fails_as_it_is_told() -> Result<()> {
    let root = tempfile::tempdir()?;
    GitRepository::create(root.path(), "app")?.commit("one", &[])?;
    let server = GitHttp::start(root.path(), GitHttpOptions::default())?;
    server.answer(Answer::Status(503));
    let output = ls_remote(&server.url("app.git"), &[], &[])?;
    assert!(String::from_utf8_lossy(&output.stderr).contains("503"));
    Ok(())
}

#[test]
fn ssh_checks_both_keys() -> Result<()> {
    if !available(&["sshd"]) {
        return Ok(());
    }
    let root = tempfile::tempdir()?;
    let repository = GitRepository::create(root.path(), "app")?;
    let commit = repository.commit("one", &[])?;
    let server = Sshd::start()?;
    let known = root.path().join("known_hosts");
    std::fs::write(&known, server.known_hosts()?)?;
    let ssh = format!(
        "ssh -o BatchMode=yes -o UserKnownHostsFile={} -o IdentitiesOnly=yes -i {}",
        known.display(),
        server.private_key_file().display()
    );
    let output = ls_remote(&server.url(repository.path()), &[("GIT_SSH_COMMAND", &ssh)], &[])?;
    assert!(reads(&output, &commit), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
