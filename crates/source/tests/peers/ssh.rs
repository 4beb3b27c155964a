//! Over SSH: host keys, signing in, both protocol versions.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use windlass_source::known_hosts::KnownHosts;
use windlass_source::{Credentials, Reason, Repository};
use windlass_testkit::{GitRepository, Sshd};

use crate::bench::{bench, pairs, reason};

#[tokio::test(flavor = "multi_thread")]
async fn ssh_checks_the_host_and_signs_in() {
    if !windlass_testkit::available(&["sshd"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let first = repo.commit("one", &[("a", "1")]).unwrap();
    let server = Sshd::start().unwrap();
    let b = bench(dir.path(), |l| l.failure_interval = Duration::ZERO);
    let key = |text: String| Credentials::Ssh { private_key: text.into() };
    let remote = Repository {
        credentials: key(server.private_key().unwrap()),
        known_hosts: Arc::new(KnownHosts::parse(&server.known_hosts().unwrap()).0),
        ..Repository::anonymous(server.url(repo.path()))
    };
    assert_eq!(b.files(&remote, "main").await, pairs(&[("a", "1")]));
    let second = repo.commit("two", &[("b", "2")]).unwrap();
    b.sources.invalidate(&|_| true);
    assert_eq!(b.sources.resolve(&remote, "main").await.unwrap().commit, second);
    assert_eq!(b.files(&remote, "main").await.len(), 2);
    assert_eq!(b.files(&remote, &first).await.len(), 1);

    let unknown = Repository { known_hosts: Arc::default(), ..remote.clone() };
    assert_eq!(reason(b.sources.resolve(&unknown, "main").await), Reason::HostKeyUnknown);
    let line = server.known_hosts().unwrap();
    let (host, _) = line.split_once(' ').unwrap();
    let other = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(dir.path().join("other"))
        .status();
    assert!(other.unwrap().success());
    let other_key = std::fs::read_to_string(dir.path().join("other.pub")).unwrap();
    let mismatch = Repository {
        known_hosts: Arc::new(KnownHosts::parse(&format!("{host} {other_key}")).0),
        ..remote.clone()
    };
    assert_eq!(reason(b.sources.resolve(&mismatch, "main").await), Reason::HostKeyMismatch);
    let insecure = Repository { insecure_host_key: true, ..unknown };
    assert_eq!(b.files(&insecure, "main").await.len(), 2);

    // Names that `ssh-keygen` has hashed.
    let hashed = dir.path().join("hashed");
    std::fs::write(&hashed, server.known_hosts().unwrap()).unwrap();
    let run = Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&hashed).output().unwrap();
    assert!(run.status.success());
    let text = std::fs::read_to_string(&hashed).unwrap();
    assert!(text.starts_with("|1|"), "{text}");
    let known_hosts = Arc::new(KnownHosts::parse(&text).0);
    let hashed = Repository { known_hosts, ..remote.clone() };
    assert_eq!(b.files(&hashed, "main").await.len(), 2);

    // A host with several keys is asked for one that is known.
    let rsa = dir.path().join("rsa");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f"])
        .arg(&rsa)
        .status();
    assert!(made.unwrap().success());
    let two = Sshd::start_with(&format!("HostKey {}", rsa.display())).unwrap();
    let public = std::fs::read_to_string(dir.path().join("rsa.pub")).unwrap();
    let line = format!("[127.0.0.1]:{} {public}", two.port());
    let several = Repository {
        url: two.url(repo.path()),
        credentials: key(two.private_key().unwrap()),
        known_hosts: Arc::new(KnownHosts::parse(&line).0),
        ..remote.clone()
    };
    assert_eq!(b.files(&several, "main").await.len(), 2);

    let stranger = std::fs::read_to_string(dir.path().join("other")).unwrap();
    let refused = Repository { credentials: key(stranger), ..remote.clone() };
    assert_eq!(reason(b.sources.resolve(&refused, "main").await), Reason::AuthenticationFailed);
    let garbage = Repository { credentials: key("nonsense".into()), ..remote.clone() };
    assert_eq!(reason(b.sources.resolve(&garbage, "main").await), Reason::AuthenticationFailed);
    let missing = Repository { url: server.url(Path::new("/nowhere")), ..remote };
    assert_eq!(reason(b.sources.resolve(&missing, "main").await), Reason::RepositoryNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_serves_in_both_protocol_versions() {
    if !windlass_testkit::available(&["sshd"]) {
        return;
    }
    // Without GIT_PROTOCOL the server speaks version 0, and sshd hands no variable on by itself.
    over_ssh("").await;
    over_ssh("AcceptEnv GIT_PROTOCOL").await;
}

async fn over_ssh(lines: &str) {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let server = Sshd::start_with(lines).unwrap();
    let b = bench(dir.path(), |_| {});
    let remote = Repository {
        credentials: Credentials::Ssh { private_key: server.private_key().unwrap().into() },
        insecure_host_key: true,
        ..Repository::anonymous(server.url(repo.path()))
    };
    // As most hosts have it: no commit but those that refs point at.
    let config = ["-C", &repo.path().display().to_string(), "config"].map(str::to_owned);
    let config: Vec<&str> = config.iter().map(String::as_str).collect();
    repo.git(&[&config[..], &["uploadpack.allowAnySHA1InWant", "false"]].concat()).unwrap();
    let old = repo.commit("old", &[("a", "old")]).unwrap();
    let tagged = repo.commit("tagged", &[("a", "tagged")]).unwrap();
    repo.git(&["tag", "-a", "v1", "-m", "t"]).unwrap();
    repo.git(&["push", "-q", "origin", "v1"]).unwrap();
    repo.commit("new", &[("a", "new")]).unwrap();
    assert_eq!(b.sources.resolve(&remote, "v1").await.unwrap().commit, tagged);
    assert_eq!(b.files(&remote, "v1").await, pairs(&[("a", "tagged")]));
    assert_eq!(b.files(&remote, &old).await, pairs(&[("a", "old")]));
    for n in 0..4 {
        let text = n.to_string();
        let commit = repo.commit("c", &[("a", &text)]).unwrap();
        b.sources.invalidate(&|_| true);
        assert_eq!(b.files(&remote, "main").await, pairs(&[("a", &text)]));
        assert_eq!(b.sources.resolve(&remote, &commit[..8]).await.unwrap().commit, commit);
    }
}
