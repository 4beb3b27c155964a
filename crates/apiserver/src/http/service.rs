//! The service: every request passes here, from a socket or in process.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures::FutureExt as _;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jiff::Timestamp;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::accept::Negotiated;
use super::body::Body;
use super::path::Target;
use super::query::Query;
use super::resource::{ResourceRequest, verb};
use crate::auth::{Attributes, Authenticator, Authorizer, UserInfo, impersonate};
use crate::catalog::Verb;
use crate::registry::{Registry, Warnings};
use crate::status::Status;
use crate::{discovery, openapi};
use windlass_object::go;

/// Largest body of a request.
const MAX_BODY: usize = 3 << 20;
/// How long a request that is no watch may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Paths that everyone may read.
const PUBLIC: [&str; 3] = ["/healthz", "/livez", "/readyz"];

/// The API as a [`tower::Service`]. Clones share everything.
#[derive(Clone)]
pub struct ApiService {
    inner: Arc<Inner>,
    /// Ends watches.
    stop: CancellationToken,
}

pub(crate) struct Inner {
    pub(crate) registry: Arc<Registry>,
    pub(crate) authenticator: Authenticator,
    pub(crate) authorizer: Authorizer,
    pub(crate) openapi: openapi::Documents,
    /// Host and port at which clients reach the server.
    pub(crate) address: ArcSwap<String>,
}

impl ApiService {
    pub(crate) fn new(inner: Arc<Inner>, stop: CancellationToken) -> Self {
        Self { inner, stop }
    }

    /// Answers one request.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let warnings = Warnings::default();
        let work = async {
            let body = read(body).await?;
            self.inner.answer(&parts, body, &warnings, &self.stop).await
        };
        let work = AssertUnwindSafe(tokio::time::timeout(TIMEOUT, work)).catch_unwind();
        let result = match work.await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => {
                Err(Status::timeout("request did not complete within the allotted timeout", 0))
            }
            Err(_) => {
                tracing::error!(method = %parts.method, path = parts.uri.path(), "request panicked");
                Err(Status::internal("this request caused apiserver to panic"))
            }
        };
        let mut response = result.unwrap_or_else(|status| refuse(&status));
        for text in warnings.take() {
            let quoted = format!("299 - {}", go::quote(&text));
            if let Ok(value) = HeaderValue::from_str(&quoted) {
                response.headers_mut().append(header::WARNING, value);
            }
        }
        let no_store = HeaderValue::from_static("no-cache, private");
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(no_store);
        if parts.method == Method::HEAD {
            *response.body_mut() = Body::full(Bytes::new());
        }
        response
    }
}

async fn read<B>(body: B) -> Result<Bytes, Status>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Status::too_large(MAX_BODY)),
        Err(error) => Err(Status::bad_request(format!("cannot read the body: {error}"))),
    }
}

impl Inner {
    async fn answer(
        &self,
        parts: &Parts,
        body: Bytes,
        warnings: &Warnings,
        stop: &CancellationToken,
    ) -> Result<Response<Body>, Status> {
        let path = parts.uri.path();
        let target = Target::parse(path);
        let query = Query::parse(parts.uri.query());
        let user = self.user(parts, path)?;
        let Target::Resource(resource) = target else {
            let method = parts.method.as_str().to_ascii_lowercase();
            self.authorizer.check(&user, &Attributes::path(&method, path))?;
            return self.document(parts, path, &query);
        };
        let Some(verb) = verb(&parts.method, &resource, &query) else {
            return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "405: Method Not Allowed"));
        };
        let mut wish = Attributes::resource(verb.name(), &resource);
        if matches!(verb, Verb::List | Verb::Watch) && wish.name.is_empty() {
            wish.name = named_by_selector(&query);
        }
        self.authorizer.check(&user, &wish)?;
        let request = ResourceRequest {
            registry: &self.registry,
            authorizer: &self.authorizer,
            authenticator: &self.authenticator,
            parts,
            path: &resource,
            query: &query,
            user: &user,
            warnings,
            stop,
        };
        match request.answer(verb, body).await {
            Some(result) => result,
            None => Ok(plain(StatusCode::NOT_FOUND, "404 page not found\n")),
        }
    }

    fn user(&self, parts: &Parts, path: &str) -> Result<UserInfo, Status> {
        let now = Timestamp::now().as_second();
        let user = match self.authenticator.authenticate(&parts.headers, now)? {
            Some(user) => user,
            None if is_public(path) => return Ok(UserInfo::anonymous()),
            None => return Err(Status::unauthorized()),
        };
        impersonate(user, &parts.headers, &self.authorizer)
    }

    /// What is no resource.
    fn document(&self, parts: &Parts, path: &str, query: &Query) -> Result<Response<Body>, Status> {
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "405: Method Not Allowed"));
        }
        if is_public(path) {
            let verbose = query.get("verbose").is_some();
            let check = path.trim_start_matches('/').split('/').next().unwrap_or_default();
            let text = if verbose {
                format!("[+]ping ok\n{check} check passed\n")
            } else {
                "ok".to_owned()
            };
            return Ok(plain(StatusCode::OK, text));
        }
        if path == "/version" || path == "/version/" {
            return Ok(json_response(&version()));
        }
        let snapshot = self.registry.catalog.snapshot();
        let address = self.address.load();
        if let Some(answer) = discovery::answer(&snapshot, path, &parts.headers, &address) {
            return answer.map(|response| response.map(Body::full));
        }
        if let Some(answer) = self.openapi.answer(&self.registry, path, query, &parts.headers) {
            return answer;
        }
        if path == "/" {
            let accept = parts.headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
            Negotiated::choose(accept.unwrap_or_default(), "", None)?;
            let paths = [
                "/api",
                "/api/v1",
                "/apis",
                "/healthz",
                "/livez",
                "/openapi/v2",
                "/openapi/v3",
                "/readyz",
                "/version",
            ];
            return Ok(json_response(&json!({"paths": paths})));
        }
        Ok(plain(StatusCode::NOT_FOUND, "404 page not found\n"))
    }
}

fn is_public(path: &str) -> bool {
    PUBLIC.iter().any(|public| {
        path.strip_prefix(public).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Whoever may get an object may list and watch it by its name.
fn named_by_selector(query: &Query) -> String {
    let selector = query.str("fieldSelector").parse::<windlass_object::selector::FieldSelector>();
    selector
        .ok()
        .and_then(|selector| selector.required("metadata.name").map(str::to_owned))
        .unwrap_or_default()
}

/// The version of Kubernetes that is spoken.
fn version() -> serde_json::Value {
    json!({
        "major": "1", "minor": "36",
        "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.3+windlass", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, arch()),
    })
}

fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn plain(code: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    respond(code, "text/plain; charset=utf-8", text.into())
}

fn json_response(value: &serde_json::Value) -> Response<Body> {
    respond(StatusCode::OK, "application/json", value.to_string().into())
}

fn refuse(status: &Status) -> Response<Body> {
    let mut response =
        respond(status.code, "application/json", status.to_value().to_string().into());
    let wait = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    if wait > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    response
}

fn respond(code: StatusCode, content_type: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::full(body));
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

impl<B> Service<Request<B>> for ApiService
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}
