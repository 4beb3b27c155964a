//! Mirrors: packs, damage, cut connections.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use windlass_source::{Reason, Repository};
use windlass_testkit::{GitHttpOptions, GitRepository};
use windlass_tree::{Tree as _, TreeError, TreePath};

use crate::bench::{bench, pairs, reason, serve};

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
    // Lose what an older fetch brought: reading notices, and the next one is whole again.
    let text = "new";
    let commit = repo.commit("c", &[("a", text)]).unwrap();
    b.sources.tree(&remote, &commit).await.unwrap();
    drop(b);
    let mut all = packs(&cache);
    all.sort_by_key(|p| p.metadata().unwrap().modified().unwrap());
    all.pop();
    for pack in all {
        std::fs::remove_file(pack.with_extension("idx")).unwrap();
        std::fs::remove_file(pack).unwrap();
    }
    let b = bench(dir.path(), |_| {});
    let tree = b.sources.tree(&remote, &commit).await.unwrap();
    let old = TreePath::new("f0").unwrap();
    assert!(matches!(tree.read(&old, 100), Err(TreeError::Store { .. })));
    let tree = b.sources.tree(&remote, &commit).await.unwrap();
    assert_eq!(&*tree.read(&old, 100).unwrap(), b"x");
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
    // A small pack that would unpack to more than one takes into memory.
    let bomb = "0".repeat(3_000_000);
    let commit = repo.commit("bomb", &[("bomb", &bomb)]).unwrap();
    let wary = bench(&dir.path().join("wary"), |l| l.object_bytes = 1_000_000);
    let error = wary.sources.tree(&direct, &commit).await.unwrap_err();
    assert_eq!(error.reason(), Reason::TooLarge, "{error}");
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

/// A process that was killed is gone a moment later than its parent knows.
#[test]
fn a_cache_that_is_just_being_released_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    std::fs::create_dir(&cache).unwrap();
    let held = std::fs::File::create(cache.join("lock")).unwrap();
    held.lock().unwrap();
    let release = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        drop(held);
    });
    bench(dir.path(), |_| {});
    release.join().unwrap();
}
