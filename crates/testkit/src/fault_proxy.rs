//! A proxy in front of a Kubernetes API that does to requests what networks and servers do.
//!
//! It listens without TLS and speaks TLS to the API. Each connection of a client has one of its own
//! to the API. What goes wrong is said by rules: each for some requests, and so often.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It never reaches the API; the proxy answers with this status.
    Status(u16),
    /// The same with status 429, to be tried again after so many seconds.
    TooMany(u32),
    /// It never reaches the API, and the connection is closed.
    Refuse,
    /// It never reaches the API, and nothing is answered.
    Hang,
    /// It reaches the API only after this time.
    Delay(Duration),
    /// The API carries it out, and the connection is closed instead of the answer.
    LoseAnswer,
    /// A watch is answered with an event that says that its resource version is too old.
    Expire,
    /// The API carries it out, then nothing passes any more, this answer neither: what a client
    /// sees that is killed now is not what it would have seen a moment later.
    Freeze,
}

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Its path, without the query.
    pub path: String,
    /// Its query.
    pub query: String,
}

impl Asked {
    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
            && !self.query.contains("dryRun=")
    }

    /// Whether it is a watch.
    pub fn is_watch(&self) -> bool {
        self.query.contains("watch=true") || self.query.contains("watch=1")
    }
}

type Matches = Box<dyn Fn(&Asked) -> bool + Send + Sync>;

struct Rule {
    matches: Matches,
    left: usize,
    fault: Fault,
}

/// A running proxy. Ends when dropped.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

/// What clients must show, and what the API is shown instead.
struct SignIn {
    basic: String,
    bearer: String,
}

struct Shared {
    backend: SocketAddr,
    sign_in: Mutex<Option<SignIn>>,
    tls: TlsConnector,
    rules: Mutex<Vec<Rule>>,
    asked: Mutex<Vec<Asked>>,
    hit: AtomicUsize,
    frozen: watch::Sender<bool>,
    /// Watches of an older generation break off in the middle of their next event.
    generation: AtomicU64,
    cut: AtomicUsize,
}

impl std::fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultProxy").field("address", &self.address).finish_non_exhaustive()
    }
}

impl FaultProxy {
    /// Starts on a free port of 127.0.0.1 in front of the API at `server`, `https://127.0.0.1:PORT`,
    /// whose certificate the authority `ca`, PEM, has signed.
    ///
    /// # Errors
    /// When no port or thread can be had, or the arguments cannot be read.
    pub fn start(server: &str, ca: &[u8]) -> Result<Self> {
        let backend = server.strip_prefix("https://").context("the API speaks TLS")?;
        let backend = backend.trim_end_matches('/').parse().context("the API has an address")?;
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca) {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let shared = Arc::new(Shared {
            backend,
            sign_in: Mutex::default(),
            tls: TlsConnector::from(Arc::new(config)),
            rules: Mutex::default(),
            asked: Mutex::default(),
            hit: AtomicUsize::new(0),
            frozen: watch::Sender::new(false),
            generation: AtomicU64::new(0),
            cut: AtomicUsize::new(0),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("fault-proxy")
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let own = shared.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = own.clone();
                // A client or API that goes away is part of the play.
                tokio::spawn(async move { drop(serve(&shared, stream).await) });
            }
        });
        Ok(Self { address, shared, runtime: Some(runtime) })
    }

    /// From now on clients must sign in with this name and password, and the API is shown this token
    /// instead: a stand-in for API servers that take passwords, which Kubernetes' own no longer does.
    pub fn by_password(&self, username: &str, password: &str, token: &str) {
        let basic = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
        *self.shared.sign_in.lock() = Some(SignIn { basic, bearer: format!("Bearer {token}") });
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next `times` requests that match meet a fault. Rules are asked in the order in which
    /// they were made.
    pub fn next(
        &self,
        times: usize,
        fault: Fault,
        matches: impl Fn(&Asked) -> bool + Send + Sync + 'static,
    ) {
        self.shared.rules.lock().push(Rule { matches: Box::new(matches), left: times, fault });
    }

    /// How many requests have met a fault so far.
    pub fn hit(&self) -> usize {
        self.shared.hit.load(Ordering::SeqCst)
    }

    /// How many requests that are still to come would meet a fault.
    pub fn left(&self) -> usize {
        self.shared.rules.lock().iter().map(|rule| rule.left).sum()
    }

    /// Takes all rules back.
    pub fn heal(&self) {
        self.shared.rules.lock().clear();
        self.shared.frozen.send_replace(false);
    }

    /// All requests since the last call of this.
    pub fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.shared.asked.lock())
    }

    /// Whether [`Fault::Freeze`] or [`FaultProxy::freeze`] has come.
    pub fn is_frozen(&self) -> bool {
        *self.shared.frozen.borrow()
    }

    /// Nothing passes any more until it is healed.
    pub fn freeze(&self) {
        self.shared.frozen.send_replace(true);
    }

    /// Every watch that runs breaks off in the middle of its next event.
    pub fn cut_watches(&self) {
        self.shared.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// How many watches broke off so.
    pub fn cut(&self) -> usize {
        self.shared.cut.load(Ordering::SeqCst)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

type Answer = Response<BoxBody<Bytes, anyhow::Error>>;

/// One connection of a client, with one to the API.
async fn serve(shared: &Arc<Shared>, stream: TcpStream) -> Result<()> {
    let backend: Arc<tokio::sync::Mutex<Option<SendRequest<Incoming>>>> = Arc::default();
    let service = service_fn(|request| {
        let (shared, backend) = (shared.clone(), backend.clone());
        async move { answer(&shared, &backend, request).await }
    });
    hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await?;
    Ok(())
}

async fn connect(shared: &Shared) -> Result<SendRequest<Incoming>> {
    let stream = TcpStream::connect(shared.backend).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::from(shared.backend.ip());
    let stream = shared.tls.connect(name, stream).await?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

async fn answer(
    shared: &Arc<Shared>,
    backend: &tokio::sync::Mutex<Option<SendRequest<Incoming>>>,
    mut request: Request<Incoming>,
) -> Result<Answer> {
    let asked = Asked {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
    };
    shared.thawed().await;
    let fault = shared.fault(&asked);
    let is_watch = asked.is_watch();
    shared.asked.lock().push(asked);
    match fault {
        Some(Fault::Status(code)) => return status(code, None),
        Some(Fault::TooMany(seconds)) => return status(429, Some(seconds)),
        Some(Fault::Refuse) => bail!("refused"),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Delay(time)) => tokio::time::sleep(time).await,
        Some(Fault::Expire) => return expired(),
        Some(Fault::LoseAnswer | Fault::Freeze) | None => {}
    }
    if let Some(sign_in) = &*shared.sign_in.lock() {
        let shown = request.headers().get(header::AUTHORIZATION);
        if shown.is_none_or(|shown| shown.as_bytes() != sign_in.basic.as_bytes()) {
            return status(401, None);
        }
        request.headers_mut().insert(header::AUTHORIZATION, sign_in.bearer.parse()?);
    }
    let generation = shared.generation.load(Ordering::SeqCst);
    let mut sender = backend.lock().await;
    if sender.as_ref().is_none_or(SendRequest::is_closed) {
        *sender = Some(connect(shared).await?);
    }
    let Some(way) = sender.as_mut() else { bail!("no connection") };
    way.ready().await?;
    let host = shared.backend.to_string();
    request.headers_mut().insert(header::HOST, host.parse()?);
    let response = way.send_request(request).await?;
    match fault {
        Some(Fault::LoseAnswer) => {
            response.into_body().collect().await?;
            bail!("the answer is lost");
        }
        Some(Fault::Freeze) => {
            shared.frozen.send_replace(true);
            std::future::pending::<()>().await;
        }
        _ => {}
    }
    if !is_watch {
        shared.thawed().await;
    }
    let (head, body) = response.into_parts();
    let body = Watched { inner: body, shared: shared.clone(), generation, is_watch, broken: false };
    Ok(Response::from_parts(head, BoxBody::new(body)))
}

impl Shared {
    fn fault(&self, asked: &Asked) -> Option<Fault> {
        let mut rules = self.rules.lock();
        let rule = rules.iter_mut().find(|rule| rule.left > 0 && (rule.matches)(asked))?;
        rule.left -= 1;
        self.hit.fetch_add(1, Ordering::SeqCst);
        Some(rule.fault)
    }

    async fn thawed(&self) {
        // The sender lives as long as this, so that there is always an answer.
        let _ = self.frozen.subscribe().wait_for(|frozen| !frozen).await;
    }
}

fn whole(body: String) -> BoxBody<Bytes, anyhow::Error> {
    BoxBody::new(Full::new(Bytes::from(body)).map_err(|never| match never {}))
}

/// A refusal as an API server words it.
fn status(code: u16, retry_after: Option<u32>) -> Result<Answer> {
    let reason = match code {
        401 => "Unauthorized",
        409 => "Conflict",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    };
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": if code == 401 { reason.to_owned() } else { format!("the fault proxy answers {code}") },
        "reason": reason, "code": code,
        "details": {"retryAfterSeconds": retry_after},
    });
    let mut response = Response::builder()
        .status(StatusCode::from_u16(code)?)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(seconds) = retry_after {
        response = response.header(header::RETRY_AFTER, seconds);
    }
    Ok(response.body(whole(body.to_string()))?)
}

fn expired() -> Result<Answer> {
    let event = json!({"type": "ERROR", "object": {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "too old resource version", "reason": "Expired", "code": 410,
    }});
    let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
    Ok(response.body(whole(format!("{event}\n")))?)
}

/// A body on its way.
struct Watched {
    inner: Incoming,
    shared: Arc<Shared>,
    generation: u64,
    is_watch: bool,
    broken: bool,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = anyhow::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, anyhow::Error>>> {
        if self.broken {
            return Poll::Ready(Some(Err(anyhow::anyhow!("the watch is cut"))));
        }
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(context));
        let frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        let old = self.shared.generation.load(Ordering::SeqCst) != self.generation;
        if self.is_watch
            && old
            && let Some(data) = frame.data_ref()
        {
            self.broken = true;
            self.shared.cut.fetch_add(1, Ordering::SeqCst);
            let half = data.slice(..data.len() / 2);
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        Poll::Ready(Some(Ok(frame)))
    }
}
