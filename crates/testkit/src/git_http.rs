//! `git http-backend` behind a small HTTP server, with sign-in, TLS, and faults on demand.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use parking_lot::Mutex;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::certificates::Authority;

/// What the client must present.
#[derive(Debug, Clone, Default)]
pub enum Login {
    /// Nothing.
    #[default]
    None,
    /// A name and a password.
    Basic(String, String),
    /// A token.
    Bearer(String),
}

/// How a [`GitHttp`] answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Answer {
    /// As a Git server does.
    #[default]
    Serve,
    /// Never: the connection stays open.
    Hang,
    /// With this status.
    Status(u16),
}

/// Options of [`GitHttp::start`].
#[derive(Debug, Clone, Default)]
pub struct GitHttpOptions {
    /// What the client must present.
    pub login: Login,
    /// Serves TLS with a certificate of an authority of its own.
    pub tls: bool,
}

/// A running server of all repositories below a directory. Ends when dropped.
#[derive(Debug)]
pub struct GitHttp {
    address: SocketAddr,
    authority: Option<Authority>,
    state: Arc<State>,
    runtime: Option<Runtime>,
}

#[derive(Debug)]
struct State {
    root: PathBuf,
    login: Login,
    answer: Mutex<Answer>,
    requests: Mutex<Vec<String>>,
}

impl GitHttp {
    /// Serves the bare repositories below `root` on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port, certificate or thread can be had.
    pub fn start(root: &Path, options: GitHttpOptions) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("git-http")
            .enable_all()
            .build()?;
        let authority = options.tls.then(Authority::new).transpose()?;
        let tls = authority.as_ref().map(acceptor).transpose()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            root: root.to_path_buf(),
            login: options.login,
            answer: Mutex::default(),
            requests: Mutex::default(),
        });
        runtime.spawn(accept(listener, tls, state.clone()));
        Ok(Self { address, authority, state, runtime: Some(runtime) })
    }

    /// The address of the repository at `path` below the root, such as `app.git`.
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/{path}", self.address)
    }

    /// The certificate of its authority, PEM; nothing without TLS.
    pub fn authority(&self) -> Option<String> {
        self.authority.as_ref().map(Authority::pem)
    }

    /// Changes how it answers from now on.
    pub fn answer(&self, answer: Answer) {
        *self.state.answer.lock() = answer;
    }

    /// All requests so far, as `METHOD PATH?QUERY`.
    pub fn requests(&self) -> Vec<String> {
        self.state.requests.lock().clone()
    }
}

impl Drop for GitHttp {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background(); // also legal inside an asynchronous test
        }
    }
}

fn acceptor(authority: &Authority) -> Result<TlsAcceptor> {
    let signed = authority.sign(&["127.0.0.1", "localhost"])?;
    let key = rustls::pki_types::PrivateKeyDer::try_from(signed.key.serialize_der())
        .map_err(anyhow::Error::msg)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![signed.certificate.der().clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, state) = (tls.clone(), state.clone());
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| {
                let state = state.clone();
                async move { Ok::<_, Infallible>(respond(&state, request).await) }
            });
            let builder = auto::Builder::new(TokioExecutor::new());
            // A client that goes away in the middle is no concern of the test server.
            let _ = match tls {
                None => builder.serve_connection(TokioIo::new(stream), service).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => builder.serve_connection(TokioIo::new(stream), service).await,
                    Err(_) => return,
                },
            };
        });
    }
}

async fn respond(state: &State, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    state.requests.lock().push(format!("{} {target}", request.method()));
    let answer = *state.answer.lock();
    match answer {
        Answer::Serve => {}
        Answer::Hang => std::future::pending().await,
        Answer::Status(code) => return plain(status(code), "as the test asked"),
    }
    let wanted = match &state.login {
        Login::None => None,
        Login::Basic(user, password) => {
            let pair = format!("{user}:{password}");
            Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
        }
        Login::Bearer(token) => Some(format!("Bearer {token}")),
    };
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if wanted.is_some() && wanted.as_deref() != given {
        let mut response = plain(StatusCode::UNAUTHORIZED, "sign in");
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, http::HeaderValue::from_static("Basic realm=\"git\""));
        return response;
    }
    backend(&state.root, request)
        .await
        .unwrap_or_else(|error| plain(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error:#}")))
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())));
    *response.status_mut() = status;
    response
}

/// Runs the CGI program (RFC 3875) on one request.
async fn backend(root: &Path, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let header =
        |name| head.headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let mut command = tokio::process::Command::new("git");
    command
        .args(["-c", "safe.directory=*", "http-backend"])
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header(CONTENT_TYPE).unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("REMOTE_USER", "test")
        .env("REMOTE_ADDR", "127.0.0.1");
    if let Some(protocol) = header(http::HeaderName::from_static("git-protocol")) {
        command.env("GIT_PROTOCOL", protocol);
    }
    if let Some(encoding) = header(CONTENT_ENCODING) {
        command.env("HTTP_CONTENT_ENCODING", encoding);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .context("start git http-backend")?;
    let mut input = child.stdin.take().context("the child has a standard input")?;
    let write = async move {
        // The backend may answer without reading all of it.
        let _ = input.write_all(&body).await;
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), write);
    let output = output?.stdout;
    let end = output
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .context("git http-backend gave no header")?;
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(&output[end + 4..])));
    for line in std::str::from_utf8(&output[..end])?.split("\r\n") {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().unwrap_or_default().parse()?;
            *response.status_mut() = status(code);
        } else {
            response.headers_mut().append(http::HeaderName::try_from(name)?, value.parse()?);
        }
    }
    Ok(response)
}
