//! Large files, against a small LFS server.

use std::path::Path;
use std::sync::{Arc, Mutex};

use sha2::Digest as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use windlass_source::{Options, Repository, Sources};
use windlass_testkit::{GitHttp, GitHttpOptions, GitRepository};
use windlass_tree::{Tree as _, TreeError, TreePath};

/// Answers the batch API and downloads with `content`; counts requests.
async fn lfs_server(content: &'static [u8]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let (seen, at) = (requests.clone(), base.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 64 << 10];
            let mut text = String::new();
            while !text.contains("\r\n\r\n") || (text.starts_with("POST") && !text.ends_with('}')) {
                let n = stream.read(&mut buffer).await.unwrap();
                text.push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
            seen.lock().unwrap().push(text.lines().next().unwrap_or_default().to_owned());
            let body = if text.starts_with("POST") {
                let at = format!("{at}/object");
                format!(r#"{{"objects":[{{"actions":{{"download":{{"href":"{at}","header":{{"X-Token":"t"}}}}}}}}]}}"#)
                    .into_bytes()
            } else {
                assert!(text.to_lowercase().contains("x-token: t"), "{text}");
                content.to_vec()
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&body).await.unwrap();
        }
    });
    (base, requests)
}

/// The server has a runtime of its own, which does not start on a thread of another.
fn serve(root: &Path, options: GitHttpOptions) -> GitHttp {
    tokio::task::block_in_place(|| GitHttp::start(root, options)).unwrap()
}

fn pointer(content: &[u8]) -> String {
    format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n",
        hex::encode(sha2::Sha256::digest(content)),
        content.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn pointers_become_what_they_point_at() {
    let content = b"apiVersion: v1\nkind: ConfigMap\n";
    let (lfs, requests) = lfs_server(content).await;
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    let config = format!("[lfs]\n\turl = {lfs}/lfs\n");
    let (good, bad) = (pointer(content), pointer(b"something else of another length"));
    repo.commit("one", &[(".lfsconfig", &config), ("good.yaml", &good), ("bad.yaml", &bad)])
        .unwrap();
    let server = serve(dir.path(), GitHttpOptions::default());
    let sources = Sources::new(Options::new(dir.path().join("cache"))).unwrap();
    let plain = Repository::anonymous(server.url("app.git"));
    let large = Repository { enable_lfs: true, ..plain.clone() };
    let commit = sources.resolve(&plain, "main").await.unwrap().commit;
    let path = |p: &str| TreePath::new(p).unwrap();

    let pointers = sources.tree(&plain, &commit).await.unwrap();
    assert_eq!(&*pointers.read(&path("good.yaml"), 1000).unwrap(), good.as_bytes());
    let tree = sources.tree(&large, &commit).await.unwrap();
    // Other bytes, other identity.
    assert_ne!(
        tree.entry(&path("good.yaml")).unwrap(),
        pointers.entry(&path("good.yaml")).unwrap()
    );
    for _ in 0..2 {
        let tree = tree.clone();
        let read = tokio::task::spawn_blocking(move || tree.read(&path("good.yaml"), 1000));
        assert_eq!(&*read.await.unwrap().unwrap(), content);
    }
    assert_eq!(requests.lock().unwrap().len(), 2, "the second read finds it kept");
    assert!(matches!(tree.read(&path("good.yaml"), 20), Err(TreeError::TooLarge { .. })));
    let read = tokio::task::spawn_blocking(move || tree.read(&path("bad.yaml"), 1000));
    let error = read.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("not what the pointer names"), "{error}");

    // A local repository has its large files beside its objects; nothing is written there.
    let local = Repository { enable_lfs: true, ..Repository::anonymous(repo.url()) };
    let tree = sources.tree(&local, &commit).await.unwrap();
    let oid = hex::encode(sha2::Sha256::digest(content));
    let dir = repo.path().join("lfs/objects").join(&oid[..2]).join(&oid[2..4]);
    let read = || {
        let tree = tree.clone();
        tokio::task::spawn_blocking(move || tree.read(&TreePath::new("good.yaml").unwrap(), 1000))
    };
    assert_eq!(&*read().await.unwrap().unwrap(), content);
    assert!(!dir.exists());
    assert_eq!(requests.lock().unwrap().len(), 6);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(&oid), content).unwrap();
    assert_eq!(&*read().await.unwrap().unwrap(), content);
    assert_eq!(requests.lock().unwrap().len(), 6);
}
