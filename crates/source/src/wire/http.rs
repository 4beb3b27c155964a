//! Smart HTTP (gitprotocol-http(5)).

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use futures::TryStreamExt as _;
use parking_lot::Mutex;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::io::StreamReader;

use super::{Reader, github_app, tls};
use crate::address::Address;
use crate::{Credentials, Repository, SourceError};

/// Time to connect, which is part of the time of the whole question.
const CONNECT: Duration = Duration::from_secs(10);
/// Clients kept; each holds a pool of connections and the keys of one way to sign in.
const CLIENTS: usize = 256;

/// An HTTP client with a repository's TLS and proxy settings, and what to sign in with.
#[derive(Clone)]
pub(crate) struct Client {
    client: reqwest::Client,
    authorization: Option<HeaderValue>,
    /// Scheme, host and port of the repository: credentials go nowhere else.
    origin: Option<reqwest::Url>,
    shown: String,
}

impl Client {
    /// The client for `repository`; clients of one configuration are shared, and with them their
    /// connections.
    pub(crate) async fn new(repository: &Repository) -> Result<Self, SourceError> {
        static SHARED: LazyLock<Mutex<HashMap<[u8; 32], reqwest::Client>>> =
            LazyLock::new(Mutex::default);
        let key = repository.admission();
        let shared = SHARED.lock().get(&key).cloned();
        let client = match shared {
            Some(client) => client,
            None => {
                let client = build(repository)?;
                let mut shared = SHARED.lock();
                if shared.len() >= CLIENTS {
                    shared.clear();
                }
                shared.insert(key, client.clone());
                client
            }
        };
        let shown = repository.shown();
        let origin = reqwest::Url::parse(&repository.url).ok();
        let authorization = authorization(&client, repository).await?;
        Ok(Self { client, authorization, origin, shown })
    }

    /// A request to `url`; signed in only at the repository's own origin.
    pub(crate) fn request(&self, method: Method, url: &str) -> reqwest::RequestBuilder {
        let mut request = self.client.request(method, url);
        let at = reqwest::Url::parse(url).ok();
        let same =
            at.zip(self.origin.as_ref()).is_some_and(|(at, own)| at.origin() == own.origin());
        if let (true, Some(value)) = (same, &self.authorization) {
            request = request.header(AUTHORIZATION, value);
        }
        request
    }

    /// Sends a request and sorts what goes wrong.
    pub(crate) async fn send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, SourceError> {
        let url = self.shown.clone();
        let response = request.send().await.map_err(|e| failed(&url, e))?;
        let status = response.status();
        let refused = |why: String| SourceError::AuthenticationFailed { url: url.clone(), why };
        match status {
            s if s.is_success() => Ok(response),
            StatusCode::UNAUTHORIZED if self.authorization.is_none() => {
                Err(refused("the host asks for credentials and none are configured".into()))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(refused(format!("the host answers {status}")))
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                Err(SourceError::RepositoryNotFound { url })
            }
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Err(refused("the proxy asks for credentials; write them into its address".into()))
            }
            s if s.is_redirection() => Err(SourceError::ServerError {
                url,
                why: format!("{s} to another place too often"),
            }),
            s => Err(SourceError::ServerError { url, why: s.to_string() }),
        }
    }
}

fn build(repository: &Repository) -> Result<reqwest::Client, SourceError> {
    let url = repository.shown();
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may be first; then its choice stands.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("git/2.0 (windlass ", env!("CARGO_PKG_VERSION"), ")"))
        .connect_timeout(CONNECT)
        .pool_idle_timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::limited(5));
    builder = match (tls::config(&url, &repository.tls)?, &repository.tls.client) {
        (Some(config), _) => builder.tls_backend_preconfigured(config),
        (None, Some(client)) => {
            let pem = format!("{}\n{}", client.certificate, client.key.expose_secret());
            let identity =
                reqwest::Identity::from_pem(SecretString::from(pem).expose_secret().as_bytes());
            builder.identity(identity.map_err(|e| SourceError::TlsFailed {
                url: url.clone(),
                why: format!("tlsClientCertData and tlsClientCertKey: {e}"),
            })?)
        }
        (None, None) => builder,
    };
    if let Some(proxy) = &repository.proxy {
        let address = proxy.url.expose_secret();
        if address.starts_with("socks") {
            return Err(SourceError::NotSupported { url, what: "a SOCKS proxy".into() });
        }
        let invalid = |_| SourceError::InvalidAddress {
            url: url.clone(),
            why: "the proxy's address is not understood".to_owned(),
        };
        let no_proxy = reqwest::NoProxy::from_string(&proxy.no_proxy);
        builder = builder.proxy(reqwest::Proxy::all(address).map_err(invalid)?.no_proxy(no_proxy));
    }
    builder.build().map_err(|e| failed(&url, e))
}

/// The `Authorization` header: what is configured, else what stands in the address itself.
async fn authorization(
    client: &reqwest::Client,
    repository: &Repository,
) -> Result<Option<HeaderValue>, SourceError> {
    use base64::Engine as _;
    let basic = |user: &str, password: &str| {
        let pair = SecretString::from(format!("{user}:{password}"));
        let code = base64::engine::general_purpose::STANDARD.encode(pair.expose_secret());
        SecretString::from(format!("Basic {code}"))
    };
    let text = match &repository.credentials {
        Credentials::Basic { username, password } => {
            // Hosts that look at the token only still want a name (Argo CD sends this one).
            let user = if username.is_empty() { "x-access-token" } else { username };
            basic(user, password.expose_secret())
        }
        Credentials::Bearer(token) => {
            SecretString::from(format!("Bearer {}", token.expose_secret()))
        }
        Credentials::GithubApp(app) => {
            let token = github_app::token(client, repository, app).await?;
            basic("x-access-token", token.expose_secret())
        }
        Credentials::NotSupported(key) => {
            let what = format!("key {key} of a repository secret");
            return Err(SourceError::NotSupported { url: repository.shown(), what });
        }
        Credentials::None | Credentials::Ssh { .. } => {
            let parsed = reqwest::Url::parse(&repository.url).ok();
            match parsed.filter(|u| u.password().is_some() || !u.username().is_empty()) {
                Some(u) => basic(&decode(u.username()), &decode(u.password().unwrap_or_default())),
                None => return Ok(None),
            }
        }
    };
    let mut value = HeaderValue::from_str(text.expose_secret()).map_err(|_| {
        SourceError::AuthenticationFailed {
            url: repository.shown(),
            why: "the credentials hold a character that HTTP cannot carry, such as a line feed"
                .to_owned(),
        }
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// Undoes percent-encoding; what is none stays.
fn decode(text: &str) -> String {
    let (mut out, bytes, mut at) = (Vec::new(), text.as_bytes(), 0);
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A transport error, sorted. The address is left out of its text: it may hold a password.
pub(super) fn failed(url: &str, error: reqwest::Error) -> SourceError {
    let error = error.without_url();
    let mut why = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        let text = inner.to_string();
        if !why.contains(&text) {
            why = format!("{why}: {text}");
        }
        source = inner.source();
    }
    let url = url.to_owned();
    let lower = why.to_lowercase();
    if ["certificate", "tls", "handshake"].iter().any(|w| lower.contains(w)) {
        SourceError::TlsFailed { url, why }
    } else if error.is_timeout() {
        SourceError::Timeout { url, what: "connecting", seconds: CONNECT.as_secs() }
    } else {
        SourceError::Unreachable { url, why }
    }
}

/// A response's body, refused when longer than `limit`.
pub(crate) async fn text_of(
    url: &str,
    response: reqwest::Response,
    limit: usize,
) -> Result<Vec<u8>, SourceError> {
    let mut out = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(piece) = stream.try_next().await.map_err(|e| failed(url, e))? {
        if out.len() + piece.len() > limit {
            return Err(SourceError::TooLarge {
                url: url.to_owned(),
                what: "the answer".to_owned(),
                limit: limit as u64,
            });
        }
        out.extend_from_slice(&piece);
    }
    Ok(out)
}

/// A repository over HTTP, after its greeting.
pub(super) struct Remote {
    client: Client,
    base: String,
    second: bool,
}

impl Remote {
    /// Asks for the greeting.
    pub(super) async fn open(repository: &Repository) -> Result<(Self, Reader), SourceError> {
        let client = Client::new(repository).await?;
        let Address::Http { url, .. } = Address::parse(&repository.url)? else {
            return Err(SourceError::InvalidAddress {
                url: repository.shown(),
                why: "it is not http or https".to_owned(),
            });
        };
        let url = url.trim_end_matches('/').to_owned();
        let service = "/info/refs?service=git-upload-pack";
        let request = client
            .request(Method::GET, &format!("{url}{service}"))
            .header("Git-Protocol", "version=2")
            .header(ACCEPT, "*/*");
        let response = client.send(request).await?;
        let wanted = "application/x-git-upload-pack-advertisement";
        let kind = response.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
        if kind != wanted {
            return Err(SourceError::ProtocolError {
                url: repository.shown(),
                why: format!("the answer is \"{kind}\" and not \"{wanted}\""),
            });
        }
        // A repository that has moved answers from its new place; the rest is asked there.
        let base = response.url().as_str().strip_suffix(service).unwrap_or(&url).to_owned();
        Ok((Self { client, base, second: true }, reader(response)))
    }

    /// Sends a request and gives the answer's body.
    pub(super) async fn ask(&self, body: Vec<u8>) -> Result<Reader, SourceError> {
        let mut request = self
            .client
            .request(Method::POST, &format!("{}/git-upload-pack", self.base))
            .header(CONTENT_TYPE, "application/x-git-upload-pack-request")
            .header(ACCEPT, "application/x-git-upload-pack-result")
            .body(body);
        if self.second {
            request = request.header("Git-Protocol", "version=2");
        }
        Ok(reader(self.client.send(request).await?))
    }

    /// The remote speaks version 0: it must not be asked in version 2.
    pub(super) fn speak_old(&mut self) {
        self.second = false;
    }
}

fn reader(response: reqwest::Response) -> Reader {
    let stream = response.bytes_stream().map_err(|e| std::io::Error::other(e.without_url()));
    Box::pin(StreamReader::new(stream))
}
