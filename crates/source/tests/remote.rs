//! Against real peers: `git http-backend`, `sshd`, and the `git` program as the judge.

#![allow(clippy::unwrap_used)] // a panic is how a test fails

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use windlass_source::known_hosts::KnownHosts;
use windlass_source::{
    Credentials, Limits, Options, Reason, Repository, SourceError, Sources, Tls,
};
use windlass_testkit::{Answer, GitHttp, GitHttpOptions, GitRepository, Login, Sshd};
use windlass_tree::{EntryKind, Tree, TreePath};

/// Sources with a cache of their own, and the questions they asked.
struct Bench {
    sources: Sources,
    asked: Arc<Mutex<Vec<(&'static str, bool)>>>,
    cache: PathBuf,
}

fn bench(dir: &Path, change: impl FnOnce(&mut Limits)) -> Bench {
    let cache = dir.join("cache");
    let mut options = Options::new(&cache);
    change(&mut options.limits);
    let asked: Arc<Mutex<Vec<_>>> = Arc::default();
    let seen = asked.clone();
    options.observer =
        Some(Arc::new(move |a| seen.lock().unwrap().push((a.kind, a.result.is_ok()))));
    Bench { sources: Sources::new(options).unwrap(), asked, cache }
}

impl Bench {
    fn count(&self, kind: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|(k, _)| *k == kind).count()
    }

    async fn files(&self, repository: &Repository, revision: &str) -> Vec<(String, String)> {
        let resolved = self.sources.resolve(repository, revision).await.unwrap();
        let tree = self.sources.tree(repository, &resolved.commit).await.unwrap();
        walk(&*tree)
    }
}

/// The server has a runtime of its own, which does not start on a thread of another.
fn serve(root: &Path, options: GitHttpOptions) -> GitHttp {
    tokio::task::block_in_place(|| GitHttp::start(root, options)).unwrap()
}

fn walk(tree: &dyn Tree) -> Vec<(String, String)> {
    let (mut out, mut todo) = (Vec::new(), vec![TreePath::root()]);
    while let Some(dir) = todo.pop() {
        for (name, entry) in tree.list(&dir).unwrap() {
            let path = dir.join(&name).unwrap();
            assert_eq!(tree.entry(&path).unwrap().unwrap(), entry, "{path}");
            if entry.kind == EntryKind::Directory {
                todo.push(path);
            } else {
                let bytes = tree.read(&path, 1 << 30).unwrap();
                out.push((path.to_string(), String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    out.sort();
    out
}

fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(p, c)| ((*p).to_owned(), (*c).to_owned())).collect()
}

fn reason<T: std::fmt::Debug>(result: Result<T, SourceError>) -> Reason {
    result.unwrap_err().reason()
}

fn basic(url: String, user: &str, password: &str) -> Repository {
    let credentials = Credentials::Basic { username: user.into(), password: password.into() };
    Repository { credentials, ..Repository::anonymous(url) }
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_branches_tags_and_commits() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let server = serve(dir.path(), GitHttpOptions::default());
    let b = bench(dir.path(), |_| {});
    let remote = Repository::anonymous(server.url("app.git"));

    let first = repo.commit("one", &[("a.yaml", "1"), ("dir/b.yaml", "2")]).unwrap();
    repo.git(&["tag", "-a", "v1.0.0", "-m", "t"]).unwrap();
    repo.git(&["push", "-q", "origin", "v1.0.0"]).unwrap();
    assert_eq!(b.files(&remote, "").await, pairs(&[("a.yaml", "1"), ("dir/b.yaml", "2")]));

    let second = repo.commit("two", &[("a.yaml", "changed")]).unwrap();
    // Within the interval nobody asks again; a webhook ends it.
    assert_eq!(b.sources.resolve(&remote, "main").await.unwrap().commit, first);
    b.sources.invalidate(&|url| url.ends_with("/app"));
    let head = b.sources.resolve(&remote, "HEAD").await.unwrap();
    assert_eq!(
        (head.commit.as_str(), head.reference.as_deref()),
        (&*second, Some("refs/heads/main"))
    );
    assert_eq!(
        b.files(&remote, "main").await,
        pairs(&[("a.yaml", "changed"), ("dir/b.yaml", "2")])
    );
    assert_eq!((b.count("ls-remote"), b.count("fetch")), (2, 2));

    // Annotated tags are peeled, ranges take the greatest tag, commits are taken as they are.
    assert_eq!(b.sources.resolve(&remote, "v1.0.0").await.unwrap().commit, first);
    assert_eq!(b.sources.resolve(&remote, "1.x").await.unwrap().commit, first);
    assert_eq!(b.files(&remote, &first).await.len(), 2);
    // The first commit is no tip: only history knows what its short name means, unless the mirror
    // has it already.
    assert_eq!(b.sources.resolve(&remote, &first[..9]).await.unwrap().commit, first);
    let metadata = b.sources.metadata(&remote, &first).await.unwrap();
    assert_eq!(
        (metadata.message.as_str(), &metadata.tags[..]),
        ("one", &["v1.0.0".to_owned()][..])
    );
    let changed = b.sources.changed_files(&remote, &first, &second).await.unwrap();
    assert_eq!(changed, ["a.yaml"]);

    // A force-push, and a branch that goes.
    repo.git(&["checkout", "-q", "--orphan", "other"]).unwrap();
    let forced = repo.commit("three", &[("c.yaml", "3")]).unwrap();
    repo.git(&["push", "-q", "-f", "origin", "other:main"]).unwrap();
    repo.git(&["push", "-q", "origin", ":other"]).unwrap();
    b.sources.invalidate(&|_| true);
    assert_eq!(b.sources.resolve(&remote, "main").await.unwrap().commit, forced);
    assert_eq!(b.files(&remote, "main").await.len(), 3);
    let gone = b.sources.resolve(&remote, "other").await;
    assert_eq!(gone.clone().unwrap_err().to_string(), "unable to resolve 'other' to a commit SHA");
    let nowhere = b.sources.tree(&remote, &"1".repeat(40)).await;
    assert_eq!(reason(nowhere), Reason::RevisionNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn short_commits_are_found_in_history() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let old = repo.commit("one", &[("a", "1")]).unwrap();
    repo.commit("two", &[("a", "2")]).unwrap();
    repo.commit("three", &[("a", "3")]).unwrap();
    let server = serve(dir.path(), GitHttpOptions::default());
    let b = bench(dir.path(), |_| {});
    let remote = Repository::anonymous(server.url("app.git"));
    assert_eq!(b.files(&remote, "main").await, pairs(&[("a", "3")]));
    assert_eq!(b.files(&remote, &old[..7]).await, pairs(&[("a", "1")]));
    assert_eq!(reason(b.sources.resolve(&remote, "0000000").await), Reason::RevisionNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_callers_are_one_question() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    repo.commit("one", &[("a", "1")]).unwrap();
    let server = serve(dir.path(), GitHttpOptions::default());
    let b = bench(dir.path(), |_| {});
    let remote = Repository::anonymous(server.url("app.git"));
    let all = (0..1000).map(|_| async {
        let resolved = b.sources.resolve(&remote, "main").await.unwrap();
        b.sources.tree(&remote, &resolved.commit).await.unwrap().id()
    });
    let ids = futures::future::join_all(all).await;
    assert!(ids.windows(2).all(|w| w[0] == w[1]));
    assert_eq!((b.count("ls-remote"), b.count("fetch")), (1, 1));
    let requests = server.requests();
    assert_eq!(requests.iter().filter(|r| r.starts_with("GET")).count(), 2, "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_judged_by_the_remote() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let commit = repo.commit("one", &[("a", "1")]).unwrap();
    let login = Login::Basic("me".into(), "right".into());
    let server = serve(dir.path(), GitHttpOptions { login, tls: false });
    let b = bench(dir.path(), |_| {});
    let url = server.url("app.git");
    let good = basic(url.clone(), "me", "right");
    assert_eq!(b.files(&good, "main").await.len(), 1);
    // The commit lies in the mirror, yet a credential that the remote refuses does not see it.
    let bad = basic(url.clone(), "me", "wrong");
    assert_eq!(reason(b.sources.tree(&bad, &commit).await), Reason::AuthenticationFailed);
    let none = Repository::anonymous(url.clone());
    let error = b.sources.tree(&none, &commit).await.unwrap_err();
    assert!(error.to_string().contains("none are configured"), "{error}");
    // A password in the address serves, and is not shown.
    let inline = Repository::anonymous(url.replace("http://", "http://me:right@"));
    assert_eq!(b.files(&inline, "main").await.len(), 1);
    let wrong = Repository::anonymous(url.replace("http://", "http://me:s3cret@"));
    let error = b.sources.tree(&wrong, &commit).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");

    let login = Login::Bearer("tok".into());
    let server = serve(dir.path(), GitHttpOptions { login, tls: false });
    let bearer = Repository {
        credentials: Credentials::Bearer("tok".into()),
        ..Repository::anonymous(server.url("app.git"))
    };
    assert_eq!(b.files(&bearer, "main").await.len(), 1);
    let missing = Repository { url: server.url("none.git"), ..bearer };
    assert_eq!(reason(b.sources.resolve(&missing, "main").await), Reason::RepositoryNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_trusts_what_is_configured() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    repo.commit("one", &[("a", "1")]).unwrap();
    let server = serve(dir.path(), GitHttpOptions { tls: true, ..Default::default() });
    let b = bench(dir.path(), |_| {});
    let plain = Repository::anonymous(server.url("app.git"));
    assert_eq!(reason(b.sources.resolve(&plain, "main").await), Reason::TlsFailed);
    let tls = Tls { ca: server.authority(), ..Tls::default() };
    let trusted = Repository { tls, ..plain.clone() };
    assert_eq!(b.files(&trusted, "main").await.len(), 1);
    let other = serve(dir.path(), GitHttpOptions { tls: true, ..Default::default() });
    let tls = Tls { ca: other.authority(), ..Tls::default() };
    let wrong = Repository { tls, ..plain.clone() };
    assert_eq!(reason(b.sources.resolve(&wrong, "main").await), Reason::TlsFailed);
    let insecure = Repository { tls: Tls { insecure: true, ..Tls::default() }, ..plain };
    assert_eq!(b.files(&insecure, "main").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_hangs_holds_up_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    repo.commit("one", &[("a", "1")]).unwrap();
    let good = serve(dir.path(), GitHttpOptions::default());
    let hung = serve(dir.path(), GitHttpOptions::default());
    hung.answer(Answer::Hang);
    let b = bench(dir.path(), |l| {
        l.request_timeout = Duration::from_secs(3);
        l.connections = 4;
        l.blocking_threads = 1;
    });
    let start = Instant::now();
    let stuck = Repository::anonymous(hung.url("app.git"));
    let many = futures::future::join_all((0..100).map(|_| b.sources.resolve(&stuck, "main")));
    let remote = Repository::anonymous(good.url("app.git"));
    let (results, ()) = tokio::join!(many, async {
        assert_eq!(b.files(&remote, "main").await.len(), 1);
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    });
    assert!(results.into_iter().all(|r| reason(r) == Reason::Timeout));
    assert_eq!(b.asked.lock().unwrap().iter().filter(|(_, ok)| !ok).count(), 1);
    hung.answer(Answer::Status(503));
    b.sources.invalidate(&|_| true);
    assert_eq!(reason(b.sources.resolve(&stuck, "main").await), Reason::ServerError);
    let closed = Repository::anonymous("http://127.0.0.1:1/app.git");
    assert_eq!(reason(b.sources.resolve(&closed, "main").await), Reason::Unreachable);
}

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
    let line =
        server.known_hosts().unwrap().replace("AAAAIO", "AAAAIN").replace("AAAAIJ", "AAAAIN");
    let (host, rest) = line.split_once(' ').unwrap();
    let other = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(dir.path().join("other"))
        .status();
    assert!(other.unwrap().success() && !rest.is_empty());
    let other_key = std::fs::read_to_string(dir.path().join("other.pub")).unwrap();
    let mismatch = Repository {
        known_hosts: Arc::new(KnownHosts::parse(&format!("{host} {other_key}")).0),
        ..remote.clone()
    };
    assert_eq!(reason(b.sources.resolve(&mismatch, "main").await), Reason::HostKeyMismatch);
    let insecure = Repository { insecure_host_key: true, ..unknown };
    assert_eq!(b.files(&insecure, "main").await.len(), 2);

    let stranger = std::fs::read_to_string(dir.path().join("other")).unwrap();
    let refused = Repository { credentials: key(stranger), ..remote.clone() };
    assert_eq!(reason(b.sources.resolve(&refused, "main").await), Reason::AuthenticationFailed);
    let garbage = Repository { credentials: key("nonsense".into()), ..remote.clone() };
    assert_eq!(reason(b.sources.resolve(&garbage, "main").await), Reason::AuthenticationFailed);
    let missing = Repository { url: server.url(Path::new("/nowhere")), ..remote };
    assert_eq!(reason(b.sources.resolve(&missing, "main").await), Reason::RepositoryNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_protocol_versions_serve_as_well() {
    // Without GIT_PROTOCOL the server speaks version 0; sshd does not hand the variable on.
    if !windlass_testkit::available(&["sshd"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let server = Sshd::start().unwrap();
    let b = bench(dir.path(), |_| {});
    let remote = Repository {
        credentials: Credentials::Ssh { private_key: server.private_key().unwrap().into() },
        insecure_host_key: true,
        ..Repository::anonymous(server.url(repo.path()))
    };
    for n in 0..4 {
        let text = n.to_string();
        let commit = repo.commit("c", &[("a", &text)]).unwrap();
        b.sources.invalidate(&|_| true);
        assert_eq!(b.files(&remote, "main").await, pairs(&[("a", &text)]));
        assert_eq!(b.sources.resolve(&remote, &commit[..8]).await.unwrap().commit, commit);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packs_do_not_pile_up_and_damage_heals() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let server = serve(dir.path(), GitHttpOptions::default());
    let remote = Repository::anonymous(server.url("app.git"));
    let b = bench(dir.path(), |l| l.packs = 4);
    let mut commits = Vec::new();
    let mut kept = Vec::new();
    for n in 0..12 {
        let text = format!("{n}\n").repeat(200);
        commits.push((repo.commit("c", &[("a", &text), (&format!("f{n}"), "x")]).unwrap(), text));
        b.sources.invalidate(&|_| true);
        let resolved = b.sources.resolve(&remote, "main").await.unwrap();
        kept.push(b.sources.tree(&remote, &resolved.commit).await.unwrap());
    }
    let packs = |cache: &Path| {
        let mut out = Vec::new();
        let mut todo = vec![cache.to_path_buf()];
        while let Some(dir) = todo.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    todo.push(path);
                } else if path.extension().is_some_and(|e| e == "pack") {
                    out.push(path);
                }
            }
        }
        out
    };
    assert!(packs(&b.cache).len() <= 5, "{:?}", packs(&b.cache));
    // Trees that were opened before and commits of every age are still whole.
    let a = TreePath::new("a").unwrap();
    for (tree, (commit, text)) in kept.iter().zip(&commits) {
        assert_eq!(&*tree.read(&a, 10_000).unwrap(), text.as_bytes());
        assert_eq!(b.files(&remote, commit).await[0].1, *text);
    }
    assert_eq!(b.count("fetch"), 12);
    // `git` agrees that the merged packs are sound.
    for pack in packs(&b.cache) {
        let idx = pack.with_extension("idx");
        let out = Command::new("git").arg("verify-pack").arg(idx).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    let fsck = |dir: &Path| {
        let out = Command::new("git").arg("-C").arg(dir).arg("fsck").output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    packs(&b.cache).iter().for_each(|p| fsck(p.ancestors().nth(3).unwrap()));
    drop((kept, b));
    // Cut a pack short as a power failure would, and leave what a killed fetch leaves.
    let cache = dir.path().join("cache");
    let largest = packs(&cache).into_iter().max_by_key(|p| p.metadata().unwrap().len()).unwrap();
    let file = std::fs::File::options().write(true).open(&largest).unwrap();
    file.set_len(largest.metadata().unwrap().len() / 2).unwrap();
    std::fs::write(largest.with_file_name(".tmp-xyz"), "half").unwrap();
    let b = bench(dir.path(), |_| {});
    assert_eq!(b.files(&remote, "main").await.len(), 13);
    assert_eq!(b.count("fetch"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let blob: String = (0..20_000).map(|n| format!("{:x}", n * 7919 % 104_729)).collect();
    repo.commit("one", &[("big", &blob)]).unwrap();
    let server = serve(dir.path(), GitHttpOptions::default());
    let cut = cutting_proxy(server.url(""), 3_000).await;
    let b = bench(dir.path(), |l| l.failure_interval = Duration::ZERO);
    let remote = Repository::anonymous(format!("{}app.git", cut.url));
    let resolved = b.sources.resolve(&remote, "main").await.unwrap();
    assert!(b.sources.tree(&remote, &resolved.commit).await.is_err());
    cut.limit.store(usize::MAX, Ordering::SeqCst);
    assert_eq!(b.files(&remote, "main").await, pairs(&[("big", &blob)]));
    let small = bench(&dir.path().join("small"), |l| l.pack_bytes = 2_000);
    let direct = Repository::anonymous(server.url("app.git"));
    let tree = small.sources.tree(&direct, &resolved.commit).await;
    assert_eq!(reason(tree), Reason::TooLarge);
}

struct Cut {
    url: String,
    limit: Arc<AtomicUsize>,
}

/// Hands connections on to `to` and cuts each answer after so many bytes.
async fn cutting_proxy(to: String, limit: usize) -> Cut {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let limit = Arc::new(AtomicUsize::new(limit));
    let bound = limit.clone();
    let to = to.trim_start_matches("http://").trim_end_matches('/').to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = tokio::net::TcpStream::connect(&to).await.unwrap();
            let bound = bound.clone();
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                tokio::spawn(
                    async move { tokio::io::copy(&mut from_client, &mut to_server).await },
                );
                let mut sent = 0;
                let mut buffer = vec![0; 1024];
                while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
                    sent += n;
                    if sent > bound.load(Ordering::SeqCst)
                        || to_client.write_all(&buffer[..n]).await.is_err()
                    {
                        break;
                    }
                }
            });
        }
    });
    Cut { url, limit }
}

#[tokio::test(flavor = "multi_thread")]
async fn submodules_stand_in_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    let inner = GitRepository::create(dir.path(), "inner").unwrap();
    inner.commit("i1", &[("in.yaml", "old")]).unwrap();
    let outer = GitRepository::create(dir.path(), "outer").unwrap();
    outer.commit("o1", &[("out.yaml", "o")]).unwrap();
    let file = ["-c", "protocol.file.allow=always"];
    let inner_path = inner.path().display().to_string();
    outer
        .git(&[&file[..], &["submodule", "add", "-q", &inner_path, "lib/inner"]].concat())
        .unwrap();
    outer.git(&["config", "-f", ".gitmodules", "submodule.lib/inner.url", "../inner.git"]).unwrap();
    let with = outer.commit("o2", &[]).unwrap();
    // A later commit of the submodule is not what the tree names.
    inner.commit("i2", &[("in.yaml", "new")]).unwrap();
    let server = serve(dir.path(), GitHttpOptions::default());
    let b = bench(dir.path(), |_| {});
    let remote = Repository::anonymous(server.url("outer.git"));
    let files = b.files(&remote, "main").await;
    assert_eq!(files[1..], pairs(&[("lib/inner/in.yaml", "old"), ("out.yaml", "o")]));
    let without = Repository { submodules: false, ..remote.clone() };
    let tree = b.sources.tree(&without, &with).await.unwrap();
    let at = TreePath::new("lib/inner").unwrap();
    assert_eq!(tree.list(&at).unwrap(), []);
    let full = b.sources.tree(&remote, &with).await.unwrap();
    assert_ne!(full.id(), tree.id());
    // The same over file://, and a submodule that is not to be had.
    let local = Repository::anonymous(outer.url());
    assert_eq!(b.files(&local, "main").await[1..], files[1..]);
    std::fs::rename(inner.path(), dir.path().join("gone")).unwrap();
    b.sources.invalidate(&|_| true);
    let fresh = bench(&dir.path().join("fresh"), |_| {});
    let error = fresh.sources.tree(&remote, &with).await.unwrap_err();
    assert_eq!(error.reason(), Reason::IncompleteTree);
    assert!(error.to_string().contains("lib/inner: submodule: "), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn local_repositories_need_no_git() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let first = repo.commit("one", &[("a", "1"), ("d/b", "2")]).unwrap();
    repo.git(&["tag", "-a", "v1", "-m", "t"]).unwrap();
    repo.git(&["push", "-q", "origin", "v1"]).unwrap();
    let b = bench(dir.path(), |_| {});
    let remote = Repository::anonymous(repo.url());
    assert_eq!(b.files(&remote, "").await.len(), 2);
    assert_eq!(b.sources.resolve(&remote, "v1").await.unwrap().commit, first);
    assert_eq!(b.sources.resolve(&remote, &first[..7]).await.unwrap().commit, first);
    let second = repo.commit("two", &[("a", "3")]).unwrap();
    b.sources.invalidate(&|_| true);
    assert_eq!(b.sources.resolve(&remote, "main").await.unwrap().commit, second);
    assert_eq!(b.files(&remote, "main").await[0].1, "3");
    repo.git(&["-C", &repo.path().display().to_string(), "gc", "-q"]).unwrap();
    assert_eq!(b.files(&remote, &first).await[0].1, "1");
    let work = Repository::anonymous(format!("file://{}", repo.work().display()));
    assert_eq!(b.sources.resolve(&work, "").await.unwrap().commit, second);
    let missing = Repository::anonymous("file:///nowhere");
    assert_eq!(reason(b.sources.resolve(&missing, "").await), Reason::RepositoryNotFound);
    assert_eq!(b.count("fetch"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn trees_equal_those_of_git() {
    // A real repository, if there is one; else this one.
    let mirror = Path::new("/work/.mirror/argoproj+argo-cd/repo");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = if mirror.exists() { mirror.to_path_buf() } else { here };
    let dir = tempfile::tempdir().unwrap();
    let b = bench(dir.path(), |_| {});
    let remote =
        Repository::anonymous(format!("file://{}", path.canonicalize().unwrap().display()));
    let resolved = b.sources.resolve(&remote, "HEAD").await.unwrap();
    let tree = b.sources.tree(&remote, &resolved.commit).await.unwrap();
    let git = |args: &[&str]| {
        let out = Command::new("git").arg("-C").arg(&path).args(args).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let listing = git(&["-c", "core.quotePath=false", "ls-tree", "-r", "--long", &resolved.commit]);
    let (mut wanted, mut absent) = (0, 0);
    for line in listing.lines() {
        let (head, name) = line.split_once('\t').unwrap();
        let words: Vec<&str> = head.split_whitespace().collect();
        let entry = tree.entry(&TreePath::new(name).unwrap()).unwrap().unwrap();
        assert_eq!(entry.id.as_str(), words[2], "{name}");
        let kind = match words[0] {
            "100644" => EntryKind::File,
            "100755" => EntryKind::Executable,
            "120000" => EntryKind::Symlink,
            _ => EntryKind::Directory,
        };
        assert_eq!(entry.kind, kind, "{name}");
        // A mirror may lack its largest files; Git says BAD of their size.
        if words[3] == "BAD" {
            absent += 1;
        } else if kind != EntryKind::Directory {
            let bytes = tree.read(&TreePath::new(name).unwrap(), 1 << 30).unwrap();
            assert_eq!(bytes.len().to_string(), words[3], "{name}");
            assert!(tree.read(&TreePath::new(name).unwrap(), 0).is_err() || bytes.is_empty());
        }
        wanted += 1;
    }
    if absent == 0 {
        assert_eq!(walk(&*tree).len(), wanted);
    }
    assert!(wanted > 50 && absent < 20, "{wanted} {absent}");
    let metadata = b.sources.metadata(&remote, &resolved.commit).await.unwrap();
    let shown = git(&["show", "-s", "--format=%an <%ae>%n%at%n%B", &resolved.commit]);
    let ours = format!("{}\n{}\n{}", metadata.author, metadata.date, metadata.message);
    assert_eq!(ours, shown.trim());
}
