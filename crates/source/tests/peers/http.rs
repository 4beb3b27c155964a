//! Over HTTP: revisions, credentials, TLS, proxies, remotes that hang.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use windlass_source::{Credentials, Proxy, Reason, Repository};
use windlass_testkit::{Answer, GitHttpOptions, GitRepository, Login};

use crate::bench::{basic, bench, pairs, reason, serve};

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

    // What was accepted is asked for again after a while.
    for (admission, works) in [(300, true), (0, false)] {
        server.answer(Answer::Serve);
        let b = bench(&dir.path().join(format!("a{admission}")), |l| {
            l.admission = Duration::from_secs(admission);
            l.refs_interval = Duration::ZERO;
        });
        assert_eq!(b.files(&good, "main").await.len(), 1);
        server.answer(Answer::Status(401));
        let tree = b.sources.tree(&good, &commit).await;
        assert_eq!(tree.is_ok(), works, "{tree:?}");
    }

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
async fn a_remote_that_hangs_holds_up_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    repo.commit("one", &[("a", "1")]).unwrap();
    let good = serve(dir.path(), GitHttpOptions::default());
    let hung = serve(dir.path(), GitHttpOptions::default());
    hung.answer(Answer::Hang);
    let b = bench(dir.path(), |l| {
        // The good one, which takes a blink, must be through in this time on a busy machine.
        l.request_timeout = Duration::from_secs(8);
        l.fetch_timeout = Duration::from_secs(6);
        l.connections = 4;
        l.blocking_threads = 1;
    });
    let ended = AtomicBool::new(false);
    let stuck = Repository::anonymous(hung.url("app.git"));
    let many = async {
        let all = (0..100).map(|_| b.sources.resolve(&stuck, "main"));
        let results = futures::future::join_all(all).await;
        ended.store(true, Ordering::Relaxed);
        results
    };
    let remote = Repository::anonymous(good.url("app.git"));
    let (results, ()) = tokio::join!(many, async {
        assert_eq!(b.files(&remote, "main").await.len(), 1);
        assert!(!ended.load(Ordering::Relaxed), "it waited for the one that hangs");
    });
    assert!(results.into_iter().all(|r| reason(r) == Reason::Timeout));
    assert_eq!(b.asked.lock().unwrap().iter().filter(|(_, ok)| !ok).count(), 1);
    // It hangs in the middle of a fetch.
    hung.answer(Answer::Serve);
    b.sources.invalidate(&|_| true);
    let commit = b.sources.resolve(&stuck, "main").await.unwrap().commit;
    let elsewhere = Repository::anonymous(hung.url("./app.git"));
    b.sources.resolve(&elsewhere, "main").await.unwrap();
    hung.answer(Answer::Hang);
    assert_eq!(reason(b.sources.tree(&elsewhere, &commit).await), Reason::Timeout);
    hung.answer(Answer::Status(503));
    b.sources.invalidate(&|_| true);
    assert_eq!(reason(b.sources.resolve(&stuck, "main").await), Reason::ServerError);
    let closed = Repository::anonymous("http://127.0.0.1:1/app.git");
    assert_eq!(reason(b.sources.resolve(&closed, "main").await), Reason::Unreachable);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_and_proxies_are_followed() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    repo.commit("one", &[("a", "1")]).unwrap();
    let login = Login::Basic("me".into(), "pw".into());
    let server = serve(dir.path(), GitHttpOptions { login, tls: false });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let moved = format!("http://{}/old.git", listener.local_addr().unwrap());
    let open = serve(dir.path(), GitHttpOptions::default());
    let target = open.url("app.git");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 4096];
            let n = stream.read(&mut buffer).await.unwrap();
            let request = String::from_utf8_lossy(&buffer[..n]).into_owned();
            let path = request.split(' ').nth(1).unwrap().replace("/old.git", "");
            let answer = format!(
                "HTTP/1.1 301 Moved\r\nLocation: {target}{path}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let b = bench(dir.path(), |_| {});
    // Credentials do not follow to another host or port; here none are needed.
    assert_eq!(b.files(&basic(moved, "me", "pw"), "main").await, pairs(&[("a", "1")]));

    // The proxy here is itself the server: whatever host is asked for.
    let proxy = |no_proxy: &str| {
        let url = server.url("").trim_end_matches('/').into();
        Some(Proxy { url, no_proxy: no_proxy.into() })
    };
    let through = Repository {
        proxy: proxy("other.invalid"),
        ..basic("http://nowhere.invalid/app.git".into(), "me", "pw")
    };
    assert_eq!(b.files(&through, "main").await, pairs(&[("a", "1")]));
    let past = Repository { proxy: proxy("nowhere.invalid"), ..through };
    assert_eq!(reason(b.sources.resolve(&past, "main").await), Reason::Unreachable);
}
