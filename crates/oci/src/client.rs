//! Requests to a registry.

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LINK, LOCATION};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use crate::auth::{self, Tokens};
use crate::transport::{self, Bounded, read_bounded};
use crate::{
    Credentials, Descriptor, Error, IMAGE_INDEX, IMAGE_MANIFEST, Reference, Transport, digest,
};

/// What one answer may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a manifest.
    pub manifest_bytes: u64,
    /// Bytes of a list of tags.
    pub tags_bytes: u64,
    /// Pages of a list of tags.
    pub tag_pages: usize,
    /// Bytes of a blob.
    pub blob_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            manifest_bytes: 4 << 20,
            tags_bytes: 8 << 20,
            tag_pages: 1000,
            blob_bytes: 256 << 20,
        }
    }
}

/// A registry's client.
pub struct Client {
    http: reqwest::Client,
    plain_http: bool,
    credentials: Credentials,
    tokens: Tokens,
    limits: Limits,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("plain_http", &self.plain_http).finish_non_exhaustive()
    }
}

/// A request that can be sent again, signed.
struct Request<'a> {
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Option<Bytes>,
    registry: &'a str,
    scope: String,
}

impl Request<'_> {
    fn shown(&self) -> String {
        format!("{} {:?}", self.method, transport::shown(&self.url))
    }
}

/// Whether it is not there.
fn is_absent(error: &Error) -> bool {
    matches!(error, Error::Answer { status: 404, .. })
}

impl Client {
    /// A client; without TLS if `plain_http`.
    ///
    /// # Errors
    /// As [`Transport::build`].
    pub fn new(
        transport: &Transport,
        credentials: Credentials,
        plain_http: bool,
        limits: Limits,
    ) -> Result<Self, Error> {
        let http = transport.build()?;
        Ok(Self { http, plain_http, credentials, tokens: Tokens::default(), limits })
    }

    fn base(&self, registry: &str) -> String {
        let scheme = if self.plain_http { "http" } else { "https" };
        // Docker Hub's registry is elsewhere than its name.
        let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        format!("{scheme}://{host}/v2/")
    }

    fn request<'a>(
        &self,
        method: Method,
        reference: &'a Reference,
        rest: &str,
        actions: &str,
    ) -> Request<'a> {
        Request {
            method,
            url: format!("{}{}/{rest}", self.base(&reference.registry), reference.repository),
            headers: HeaderMap::new(),
            body: None,
            registry: &reference.registry,
            scope: format!("repository:{}:{actions}", reference.repository),
        }
    }

    async fn send(&self, request: Request<'_>) -> Result<reqwest::Response, Error> {
        let key = format!("{} {}", request.registry, request.scope);
        let once = || {
            let mut builder = self
                .http
                .request(request.method.clone(), &request.url)
                .headers(request.headers.clone());
            if let Some(body) = &request.body {
                builder = builder.body(body.clone());
            }
            self.tokens.sign(builder, &key)
        };
        let failed = |e| transport::unreachable(&request.url, e);
        let mut response = once().send().await.map_err(failed)?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.tokens.forget(&key);
            let challenge = auth::challenge(response.headers());
            let answer = match &challenge {
                Some(challenge) => {
                    challenge
                        .trusted(&request.url)
                        .map_err(|why| Error::Denied { request: request.shown(), why })?;
                    auth::answer(&self.http, challenge, &self.credentials, &request.scope).await?
                }
                None => None,
            };
            match answer {
                Some(header) => {
                    self.tokens.keep(&key, header);
                    response = once().send().await.map_err(failed)?;
                }
                None if challenge == Some(auth::Challenge::Basic) => {
                    // In the words of the library that Helm uses.
                    let why = "basic credential not found".to_owned();
                    return Err(Error::Denied { request: request.shown(), why });
                }
                None => {}
            }
        }
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            self.tokens.forget(&key);
        }
        let why = match said(response).await {
            why if why.is_empty() => status.canonical_reason().unwrap_or_default().to_owned(),
            why => why,
        };
        let status = status.as_u16();
        Err(Error::Answer { request: request.shown(), status, why })
    }

    async fn body(
        &self,
        url: &str,
        response: reqwest::Response,
        limit: u64,
    ) -> Result<Bytes, Error> {
        match read_bounded(response, limit).await {
            Ok(Bounded::Whole(body)) => Ok(body),
            Ok(Bounded::TooLarge) => Err(Error::TooLarge { what: transport::shown(url), limit }),
            Err(error) => Err(transport::unreachable(url, error)),
        }
    }

    /// Whether the registry lets us in.
    ///
    /// # Errors
    /// When it does not, or is none.
    pub async fn ping(&self, registry: &str) -> Result<(), Error> {
        let request = Request {
            method: Method::GET,
            url: self.base(registry),
            headers: HeaderMap::new(),
            body: None,
            registry,
            scope: String::new(),
        };
        self.send(request).await.map(|_| ())
    }

    /// A manifest, and what identifies it.
    ///
    /// # Errors
    /// When it is not there, cannot be had, or is not what the reference's digest says.
    pub async fn manifest(&self, reference: &Reference) -> Result<(Descriptor, Bytes), Error> {
        let rest = format!("manifests/{}", reference.name());
        let mut request = self.request(Method::GET, reference, &rest, "pull");
        for kind in [IMAGE_MANIFEST, IMAGE_INDEX] {
            if let Ok(kind) = kind.parse() {
                request.headers.append(ACCEPT, kind);
            }
        }
        let url = request.url.clone();
        let response = self.send(request).await.map_err(|error| match error {
            error if is_absent(&error) => Error::NotFound { what: reference.to_string() },
            other => other,
        })?;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = kind.unwrap_or(IMAGE_MANIFEST).to_owned();
        let body = self.body(&url, response, self.limits.manifest_bytes).await?;
        if let Some(wanted) = &reference.digest {
            digest::check(&reference.to_string(), wanted, &body)?;
        }
        Ok((Descriptor::of(&media_type, &body), body))
    }

    /// A blob.
    ///
    /// # Errors
    /// When it is not there, cannot be had, is too large, or is not what its digest says.
    pub async fn blob(&self, reference: &Reference, blob: &Descriptor) -> Result<Bytes, Error> {
        let what = format!("{}/{}@{}", reference.registry, reference.repository, blob.digest);
        let limit = self.limits.blob_bytes;
        if blob.size > limit {
            return Err(Error::TooLarge { what, limit });
        }
        let rest = format!("blobs/{}", blob.digest);
        let request = self.request(Method::GET, reference, &rest, "pull");
        let url = request.url.clone();
        let response = self.send(request).await.map_err(|error| match error {
            error if is_absent(&error) => Error::NotFound { what: what.clone() },
            other => other,
        })?;
        let body = self.body(&url, response, blob.size).await?;
        digest::check(&what, &blob.digest, &body)?;
        Ok(body)
    }

    /// All tags, in the registry's order.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn tags(&self, reference: &Reference) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            tags: Option<Vec<String>>,
        }
        let mut all = Vec::new();
        let mut rest = "tags/list".to_owned();
        let base = self.request(Method::GET, reference, "", "pull").url;
        for _ in 0..self.limits.tag_pages {
            let request = self.request(Method::GET, reference, &rest, "pull");
            let url = request.url.clone();
            let response = self.send(request).await?;
            let next = next_page(response.headers(), &url);
            let body = self.body(&url, response, self.limits.tags_bytes).await?;
            let page: Page = serde_json::from_slice(&body).map_err(|error| Error::Malformed {
                what: transport::shown(&url),
                why: error.to_string(),
            })?;
            all.extend(page.tags.unwrap_or_default());
            // A page elsewhere is not followed: our token is for this repository.
            match next.as_deref().and_then(|next| next.strip_prefix(&base)) {
                Some(next) => next.clone_into(&mut rest),
                None => return Ok(all),
            }
        }
        Err(Error::TooLarge { what: format!("tags of {reference}"), limit: all.len() as u64 })
    }

    /// Puts a blob into a repository, unless it is there.
    ///
    /// # Errors
    /// When the registry refuses it.
    pub async fn push_blob(
        &self,
        reference: &Reference,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Descriptor, Error> {
        let descriptor = Descriptor::of(media_type, &bytes);
        let rest = format!("blobs/{}", descriptor.digest);
        match self.send(self.request(Method::HEAD, reference, &rest, "pull,push")).await {
            Ok(_) => return Ok(descriptor),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
        let mut begin = self.request(Method::POST, reference, "blobs/uploads/", "pull,push");
        begin.headers.insert(CONTENT_LENGTH, 0.into());
        let begun = begin.url.clone();
        let response = self.send(begin).await?;
        let place = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let malformed = || Error::Malformed {
            what: transport::shown(&begun),
            why: "the registry names no place to upload to".to_owned(),
        };
        let own = reqwest::Url::parse(&begun).map_err(|_| malformed())?;
        let mut place = own.join(place.ok_or_else(malformed)?).map_err(|_| malformed())?;
        if place.origin() != own.origin() {
            return Err(malformed());
        }
        place.query_pairs_mut().append_pair("digest", &descriptor.digest);
        let mut upload = self.request(Method::PUT, reference, "", "pull,push");
        upload.url = place.to_string();
        upload.headers.insert(
            CONTENT_TYPE,
            reqwest::header::HeaderValue::from_static("application/octet-stream"),
        );
        upload.body = Some(bytes);
        self.send(upload).await?;
        Ok(descriptor)
    }

    /// Puts a manifest into a repository under the reference's tag.
    ///
    /// # Errors
    /// When the registry refuses it.
    pub async fn push_manifest(
        &self,
        reference: &Reference,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Descriptor, Error> {
        let descriptor = Descriptor::of(media_type, &bytes);
        let rest = format!("manifests/{}", reference.name());
        let mut request = self.request(Method::PUT, reference, &rest, "pull,push");
        let kind = media_type.parse().map_err(|_| Error::Malformed {
            what: "media type".to_owned(),
            why: format!("{media_type:?} is none"),
        })?;
        request.headers.insert(CONTENT_TYPE, kind);
        request.body = Some(bytes);
        self.send(request).await?;
        Ok(descriptor)
    }
}

/// The address behind `rel="next"`.
fn next_page(headers: &HeaderMap, base: &str) -> Option<String> {
    let link = headers.get(LINK)?.to_str().ok()?;
    let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    rest.contains("next").then_some(())?;
    let url = reqwest::Url::parse(base).ok()?.join(target).ok()?;
    Some(url.to_string())
}

/// What a registry says of an error: its own words, as far as they are short.
async fn said(response: reqwest::Response) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
        #[serde(default)]
        detail: serde_json::Value,
    }
    let Ok(Bounded::Whole(body)) = read_bounded(response, 64 << 10).await else {
        return String::new();
    };
    match serde_json::from_slice::<Errors>(&body) {
        Ok(found) => {
            let all: Vec<String> = found
                .errors
                .iter()
                .map(|e| {
                    let code = e.code.to_lowercase().replace('_', " ");
                    format!("{code}: {}{}", e.message, detail(&e.detail))
                })
                .collect();
            all.join("; ")
        }
        Err(_) => String::new(),
    }
}

/// A flat map of details, as Go prints it.
fn detail(detail: &serde_json::Value) -> String {
    let Some(map) = detail.as_object() else { return String::new() };
    let text = |value: &serde_json::Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    let mut all: Vec<String> = map.iter().map(|(k, v)| format!("{k}:{}", text(v))).collect();
    all.sort();
    format!(": map[{}]", all.join(" "))
}
