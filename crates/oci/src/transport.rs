//! Connections: trust, client certificates, proxies, time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use secrecy::{ExposeSecret as _, SecretString};

use crate::Error;

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(10);

/// How to reach a server by HTTP.
#[derive(Clone, Debug)]
pub struct Transport {
    /// PEM certificates that are trusted instead of the system's.
    pub ca: Option<String>,
    /// A PEM certificate to show, and its key.
    pub client: Option<(String, SecretString)>,
    /// Whether any certificate is trusted.
    pub insecure: bool,
    /// A proxy for all requests, and the hosts that go without; none is as the environment says.
    pub proxy: Option<(SecretString, String)>,
    /// The longest time that a server may say nothing, and the longest for a request's head.
    pub timeout: Duration,
    /// What we call ourselves.
    pub user_agent: String,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            ca: None,
            client: None,
            insecure: false,
            proxy: None,
            timeout: Duration::from_secs(120),
            user_agent: concat!("windlass/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl Transport {
    /// A client with these settings.
    ///
    /// # Errors
    /// [`Error::Settings`] for certificates, keys and addresses that are none.
    pub fn build(&self) -> Result<reqwest::Client, Error> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Another thread may be first; then its choice stands.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let wrong = |what: &'static str, why: String| Error::Settings { what, why };
        let mut builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .connect_timeout(CONNECT)
            .read_timeout(self.timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .danger_accept_invalid_certs(self.insecure)
            .redirect(reqwest::redirect::Policy::limited(10));
        if let Some(pem) = &self.ca {
            let all = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(|e| wrong("CA certificate", e.to_string()))?;
            if all.is_empty() {
                return Err(wrong("CA certificate", "holds no certificate in PEM".to_owned()));
            }
            builder = builder.tls_certs_only(all);
        }
        if let Some((certificate, key)) = &self.client {
            let pem = SecretString::from(format!("{certificate}\n{}", key.expose_secret()));
            // The error may quote the key.
            let identity =
                reqwest::Identity::from_pem(pem.expose_secret().as_bytes()).map_err(|_| {
                    wrong("client certificate", "it or its key is not in PEM".to_owned())
                })?;
            builder = builder.identity(identity);
        }
        if let Some((url, without)) = &self.proxy {
            let proxy = reqwest::Proxy::all(url.expose_secret())
                .map_err(|_| wrong("proxy", "it is no address".to_owned()))?;
            builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(without)));
        }
        builder.build().map_err(|e| wrong("TLS", root(&e)))
    }
}

/// The last reason of an error: what a person can do something about.
fn root(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

/// What a failed request says, without the address that may hold a password.
pub(crate) fn unreachable(url: &str, error: reqwest::Error) -> Error {
    let why = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        root(&error.without_url())
    };
    Error::Unreachable { url: shown(url), why }
}

/// An address without user information.
pub(crate) fn shown(url: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse(url) else { return "an invalid address".to_owned() };
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// A body, read as far as its bound allows.
pub enum Bounded {
    /// All of it.
    Whole(Bytes),
    /// It is longer.
    TooLarge,
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// When the connection breaks.
pub async fn read_bounded(
    mut response: reqwest::Response,
    limit: u64,
) -> Result<Bounded, reqwest::Error> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Ok(Bounded::TooLarge);
    }
    let mut body = BytesMut::new();
    while let Some(part) = response.chunk().await? {
        if (body.len() + part.len()) as u64 > limit {
            return Ok(Bounded::TooLarge);
        }
        body.extend_from_slice(&part);
    }
    Ok(Bounded::Whole(body.freeze()))
}
