//! Signing in as a GitHub App, against a small stand-in for GitHub's API.

use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use windlass_source::{Credentials, GithubApp, Options, Reason, Repository, Sources};
use windlass_testkit::{GitHttp, GitHttpOptions, GitRepository, Login};

/// Answers with an installation of `owner` and a token; keeps the requests' heads.
async fn api(owner: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/api/v3", listener.local_addr().unwrap());
    let requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = requests.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut text = String::new();
            while !text.contains("\r\n\r\n") {
                let mut buffer = vec![0; 16 << 10];
                let n = stream.read(&mut buffer).await.unwrap();
                text.push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
            let body = if text.starts_with("POST /api/v3/app/installations/42/access_tokens ") {
                r#"{"token":"ghs_1","expires_at":"2030-01-01T00:00:00Z"}"#.to_owned()
            } else {
                format!(
                    r#"[{{"id":7,"account":{{"login":"x"}}}},{{"id":42,"account":{{"login":"{owner}"}}}}]"#
                )
            };
            seen.lock().unwrap().push(text);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).await.unwrap();
        }
    });
    (base, requests)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_gets_a_token_once() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "Owner/app").unwrap();
    repo.commit("one", &[("a", "1")]).unwrap();
    let login = Login::Basic("x-access-token".into(), "ghs_1".into());
    let options = GitHttpOptions { login, tls: false };
    let server = tokio::task::block_in_place(|| GitHttp::start(dir.path(), options)).unwrap();
    let (base_url, requests) = api("owner".to_owned()).await;
    let key = dir.path().join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    let pem = std::fs::read_to_string(&key).unwrap();
    let app = |installation, pem: &str| {
        Credentials::GithubApp(GithubApp {
            id: 5,
            installation,
            private_key: pem.into(),
            base_url: base_url.clone(),
        })
    };
    let sources = Sources::new(Options::new(dir.path().join("cache"))).unwrap();
    let url = server.url("Owner/app.git");
    let remote = Repository { credentials: app(0, &pem), ..Repository::anonymous(&url) };
    let commit = sources.resolve(&remote, "main").await.unwrap().commit;
    sources.tree(&remote, &commit).await.unwrap();
    let seen = requests.lock().unwrap().clone();
    assert_eq!(seen.len(), 2, "the installation is looked up and one token made: {seen:?}");
    let head = seen[1].to_lowercase();
    let at = head.find("authorization: bearer ").unwrap() + "authorization: bearer ".len();
    let jwt = seen[1][at..].lines().next().unwrap();
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["iss"], "5");
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 600);

    let known = Repository { credentials: app(42, &pem), ..Repository::anonymous(&url) };
    sources.tree(&known, &commit).await.unwrap();
    let bad = Repository { credentials: app(42, "nonsense"), ..Repository::anonymous(&url) };
    let error = sources.tree(&bad, &commit).await.unwrap_err();
    assert_eq!(error.reason(), Reason::AuthenticationFailed);
    assert!(error.to_string().contains("githubAppPrivateKey"), "{error}");
}
