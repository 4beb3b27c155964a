//! A repository by HTTP, or a place in a registry.

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use windlass_oci::cosign::PublicKey;
use windlass_oci::{Bounded, Credentials, Transport, read_bounded};

use crate::Error;

/// Bytes of a file of the web.
const MAX_FILE: u64 = 20 << 20;

/// Where charts are, and how to get there.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// `https://…`, or `oci://host/path` without the chart's name.
    pub url: String,
    /// Who we are.
    pub credentials: Credentials,
    /// Whether credentials go to other hosts too, which an index may name.
    pub pass_credentials: bool,
    /// How to connect.
    pub transport: Transport,
    /// Whether a registry is spoken to without TLS.
    pub plain_http: bool,
    /// Whose signature (cosign's) a chart of a registry must have, of one of them; with none nobody's.
    pub signers: Vec<PublicKey>,
}

impl Repository {
    /// Without credentials.
    pub fn anonymous(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Whether it is a registry.
    pub fn is_oci(&self) -> bool {
        self.url.starts_with("oci://")
    }

    /// What tells it from others, credentials included: what one may see another may not.
    pub(crate) fn identity(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        };
        add(self.url.trim_end_matches('/'));
        match &self.credentials {
            Credentials::Anonymous => add("anonymous"),
            Credentials::Basic { username, password } => {
                add(username);
                add(password.expose_secret());
            }
            Credentials::Refresh(token) => add(token.expose_secret()),
        }
        add(self.transport.ca.as_deref().unwrap_or_default());
        if let Some((certificate, key)) = &self.transport.client {
            add(certificate);
            add(key.expose_secret());
        }
        let flags = (self.transport.insecure, self.pass_credentials, self.plain_http);
        add(&format!("{flags:?}"));
        // What was kept for other signers was never checked for these.
        add(&format!("{:?}", self.signers));
        hash.finalize().into()
    }

    /// An address that the index names, made whole.
    ///
    /// # Errors
    /// When it is none.
    pub fn resolve(&self, reference: &str) -> Result<reqwest::Url, Error> {
        let bad = |text: &str, why: &dyn std::fmt::Display| {
            Error::Other(format!("failed to parse {text} as URL: {why}"))
        };
        if let Ok(absolute) = reqwest::Url::parse(reference) {
            return Ok(absolute);
        }
        let mut base = reqwest::Url::parse(&self.url).map_err(|e| bad(&self.url, &e))?;
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        let mut whole = base.join(reference).map_err(|e| bad(reference, &e))?;
        whole.set_query(base.query());
        Ok(whole)
    }

    /// A file, of at most `limit` bytes. Credentials go to the repository's own origin only, unless
    /// it says otherwise.
    pub(crate) async fn get(
        &self,
        http: &reqwest::Client,
        url: &reqwest::Url,
        etag: Option<&str>,
        limit: u64,
    ) -> Result<Answer, Error> {
        let shown = shown(url);
        let own = reqwest::Url::parse(&self.url).ok();
        let same = own.is_some_and(|own| own.origin() == url.origin());
        let mut request = http.get(url.clone());
        if let (true, Credentials::Basic { username, password }) =
            (same || self.pass_credentials, &self.credentials)
        {
            request = request.basic_auth(username, Some(password.expose_secret()));
        }
        if let Some(etag) = etag {
            request = request.header(reqwest::header::IF_NONE_MATCH, etag);
        }
        let failed = |why: String| Error::Fetch { url: shown.clone(), why };
        let response = request.send().await.map_err(|e| failed(reason(&e)))?;
        let status = response.status();
        if status == reqwest::StatusCode::NOT_MODIFIED && etag.is_some() {
            return Ok(Answer::Same);
        }
        if status != reqwest::StatusCode::OK {
            // A server may have words of its own.
            let own = response.extensions().get::<hyper::ext::ReasonPhrase>();
            let own = own.map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into_owned());
            let words = own.or_else(|| status.canonical_reason().map(str::to_owned));
            return Err(failed(format!("{} {}", status.as_u16(), words.unwrap_or_default())));
        }
        let etag = response.headers().get(reqwest::header::ETAG);
        let etag = etag.and_then(|e| e.to_str().ok()).map(ToOwned::to_owned);
        match read_bounded(response, limit).await.map_err(|e| failed(reason(&e)))? {
            Bounded::Whole(body) => Ok(Answer::Body { body, etag }),
            Bounded::TooLarge => Err(Error::TooLarge { url: shown, limit }),
        }
    }

    /// The repository's user and password, if it has both.
    pub fn basic(&self) -> Option<(&str, &SecretString)> {
        match &self.credentials {
            Credentials::Basic { username, password } => Some((username, password)),
            _ => None,
        }
    }
}

/// A repository's index, as it is written.
///
/// # Errors
/// When it cannot be had.
pub async fn fetch_index(repository: &Repository) -> Result<bytes::Bytes, Error> {
    let url = repository.resolve("index.yaml")?;
    bounded(repository, &url, crate::MAX_INDEX).await
}

/// A file of a repository.
///
/// # Errors
/// When it cannot be had.
pub async fn fetch(repository: &Repository, url: &reqwest::Url) -> Result<bytes::Bytes, Error> {
    bounded(repository, url, crate::MAX_ARCHIVE).await
}

/// A file of the web, without credentials.
///
/// # Errors
/// When it cannot be had.
pub async fn fetch_file(address: &str) -> Result<bytes::Bytes, Error> {
    let repository = Repository::anonymous(address);
    let url = reqwest::Url::parse(address)
        .map_err(|error| Error::Other(format!("failed to parse {address} as URL: {error}")))?;
    bounded(&repository, &url, MAX_FILE).await
}

async fn bounded(
    repository: &Repository,
    url: &reqwest::Url,
    limit: u64,
) -> Result<bytes::Bytes, Error> {
    let http = repository.transport.build()?;
    match repository.get(&http, url, None, limit).await? {
        Answer::Body { body, .. } => Ok(body),
        Answer::Same => Err(Error::Fetch { url: shown(url), why: "no content".to_owned() }),
    }
}

/// What a server answers.
pub(crate) enum Answer {
    /// What we have is still right.
    Same,
    /// This.
    Body { body: bytes::Bytes, etag: Option<String> },
}

/// The last reason: the rest is our own doing, and names the address with its password.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

/// An address without user information.
pub(crate) fn shown(url: &reqwest::Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_made_whole() {
        let check = |base: &str, reference: &str, wanted: &str| {
            let found = Repository::anonymous(base).resolve(reference).unwrap();
            assert_eq!(found.as_str(), wanted);
        };
        check("https://h/charts", "index.yaml", "https://h/charts/index.yaml");
        check("https://h/charts/", "a/b.tgz", "https://h/charts/a/b.tgz");
        check("https://h/charts?t=1", "b.tgz", "https://h/charts/b.tgz?t=1");
        check("https://h/charts", "/b.tgz", "https://h/b.tgz");
        check("https://h/charts", "https://cdn/b.tgz", "https://cdn/b.tgz");
        check("https://h/charts", "../b.tgz", "https://h/b.tgz");
    }
}
