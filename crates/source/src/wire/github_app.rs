//! Signing in as a GitHub App: a token for its installation, good for an hour.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::http::{failed, text_of};
use crate::address::Address;
use crate::{GithubApp, Repository, SourceError};

/// How long a token is used; GitHub's are good for an hour.
const GOOD: Duration = Duration::from_secs(50 * 60);
/// Tokens kept.
const TOKENS: usize = 256;
/// Bytes of an answer of the API.
const ANSWER: usize = 4 << 20;
/// Pages of installations that are looked through, a hundred each.
const PAGES: usize = 20;

type Tokens = HashMap<[u8; 32], (Instant, SecretString)>;

#[derive(serde::Deserialize)]
struct Token {
    token: String,
}

#[derive(serde::Deserialize)]
struct Installation {
    id: u64,
    account: Account,
}

#[derive(serde::Deserialize)]
struct Account {
    login: String,
}

/// A token for the App's installation, a kept one if there is one.
pub(super) async fn token(
    client: &reqwest::Client,
    repository: &Repository,
    app: &GithubApp,
) -> Result<SecretString, SourceError> {
    static KEPT: LazyLock<Mutex<Tokens>> = LazyLock::new(Mutex::default);
    let key = repository.admission();
    if let Some((_, token)) = KEPT.lock().get(&key).filter(|(at, _)| at.elapsed() < GOOD) {
        return Ok(token.clone());
    }
    let base = if app.base_url.is_empty() { "https://api.github.com" } else { &app.base_url };
    let api =
        Api { client, base: base.trim_end_matches('/'), jwt: jwt(repository, app)?, repository };
    let installation = match app.installation {
        0 => api.installation().await?,
        id => id,
    };
    let path = format!("/app/installations/{installation}/access_tokens");
    let answer: Token = api.ask(reqwest::Method::POST, &path).await?;
    let token = SecretString::from(answer.token);
    let mut kept = KEPT.lock();
    if kept.len() >= TOKENS {
        kept.clear();
    }
    kept.insert(key, (Instant::now(), token.clone()));
    Ok(token)
}

struct Api<'a> {
    client: &'a reqwest::Client,
    base: &'a str,
    jwt: SecretString,
    repository: &'a Repository,
}

impl Api<'_> {
    /// The installation at the repository's owner.
    async fn installation(&self) -> Result<u64, SourceError> {
        let owner = match Address::parse(&self.repository.url)? {
            Address::Http { url, .. } => url.split('/').nth(3).unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        for page in 1..=PAGES {
            let path = format!("/app/installations?per_page=100&page={page}");
            let all: Vec<Installation> = self.ask(reqwest::Method::GET, &path).await?;
            let found = all.iter().find(|i| i.account.login.eq_ignore_ascii_case(&owner));
            if let Some(installation) = found {
                return Ok(installation.id);
            }
            if all.len() < 100 {
                break;
            }
        }
        Err(refused(self.repository, &format!("the GitHub App is not installed at {owner}")))
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        method: reqwest::Method,
        path: &str,
    ) -> Result<T, SourceError> {
        let url = self.repository.shown();
        let request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(self.jwt.expose_secret())
            .header(reqwest::header::ACCEPT, "application/vnd.github+json");
        let response = request.send().await.map_err(|e| failed(&url, e))?;
        let status = response.status();
        if !status.is_success() {
            return Err(refused(self.repository, &format!("GitHub's API answers {status}")));
        }
        let text = text_of(&url, response, ANSWER).await?;
        serde_json::from_slice(&text).map_err(|_| SourceError::ProtocolError {
            url,
            why: "GitHub's API answers what is not its JSON".to_owned(),
        })
    }
}

fn refused(repository: &Repository, why: &str) -> SourceError {
    SourceError::AuthenticationFailed { url: repository.shown(), why: why.to_owned() }
}

/// What proves that we are the App, for nine minutes. Its clock may be a minute ahead of GitHub's.
fn jwt(repository: &Repository, app: &GithubApp) -> Result<SecretString, SourceError> {
    let wrong = || refused(repository, "githubAppPrivateKey is not an RSA private key in PEM");
    let pem = app.private_key.expose_secret().as_bytes();
    let key = match PrivateKeyDer::from_pem_slice(pem).map_err(|_| wrong())? {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        _ => return Err(wrong()),
    };
    let key = key.map_err(|_| wrong())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let claims = serde_json::json!({
        "iat": now.saturating_sub(60),
        "exp": now + 9 * 60,
        "iss": app.id.to_string(),
    });
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let signed =
        format!("{}.{}", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(&claims.to_string()));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| wrong())?;
    Ok(SecretString::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
}
