//! A process that is killed in the middle of a fetch, and the next one.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use windlass_source::{Options, Repository, Sources};
use windlass_testkit::{GitHttp, GitHttpOptions, GitRepository, wait_for};
use windlass_tree::{Tree as _, TreePath};

async fn fetch(url: &str, cache: &str) -> usize {
    let sources = Sources::new(Options::new(cache)).unwrap();
    let remote = Repository::anonymous(url);
    let commit = sources.resolve(&remote, "main").await.unwrap().commit;
    let tree = sources.tree(&remote, &commit).await.unwrap();
    tree.read(&TreePath::new("big").unwrap(), 1 << 30).unwrap().len()
}

/// Not a test by itself: the process that is killed.
#[tokio::test]
async fn child() {
    let Ok(arguments) = std::env::var("WINDLASS_TEST_FETCH") else { return };
    let (url, cache) = arguments.split_once(' ').unwrap();
    fetch(url, cache).await;
}

/// Hands on to `to` and stops after so many bytes of answers, without closing.
fn stalling_proxy(to: String, limit: &Arc<AtomicUsize>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let passed = Arc::new(AtomicUsize::new(0));
    let (count, limit) = (passed.clone(), limit.clone());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, count, limit) = (client.unwrap(), count.clone(), limit.clone());
            let mut server = TcpStream::connect(&to).unwrap();
            let (mut from_client, mut to_server) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
            std::thread::spawn(move || {
                let mut buffer = [0; 512];
                while let Ok(n @ 1..) = server.read(&mut buffer) {
                    let passed = count.fetch_add(n, Ordering::SeqCst) + n;
                    if passed > limit.load(Ordering::SeqCst) {
                        std::thread::park();
                    }
                    if client.write_all(&buffer[..n]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    (url, passed)
}

#[test]
fn a_killed_fetch_is_followed_by_a_whole_one() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let blob: String = (0..50_000).map(|n| format!("{:x}", n * 7919 % 104_729)).collect();
    repo.commit("one", &[("big", &blob)]).unwrap();
    let server = GitHttp::start(dir.path(), GitHttpOptions::default()).unwrap();
    let to = server.url("");
    let to = to.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let limit = Arc::new(AtomicUsize::new(40_000));
    let (url, passed) = stalling_proxy(to, &limit);
    let cache = dir.path().join("cache").display().to_string();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child", "--nocapture"])
        .env("WINDLASS_TEST_FETCH", format!("{url}app.git {cache}"))
        .spawn()
        .unwrap();
    wait_for("half of the pack has come", Duration::from_secs(180), || {
        Ok((passed.load(Ordering::SeqCst) > 40_000).then_some(()))
    })
    .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    limit.store(usize::MAX, Ordering::SeqCst);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let read = runtime.block_on(fetch(&format!("{url}app.git"), &cache));
    assert_eq!(read, blob.len());
}
