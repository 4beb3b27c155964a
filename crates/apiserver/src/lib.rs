//! The embedded Kubernetes API.
//!
//! [`ApiServer`] speaks what kube-apiserver 1.36 speaks: to `kubectl` over TLS, to a
//! [`kube::Client`] in the same process without a socket. Both pass the same authentication and
//! the same RBAC. It has no controllers: who wants garbage collected or Deployments played runs
//! them as clients.
//!
//! ```text
//! socket ─┐                                ┌ catalog    which resources there are, CRDs
//!         ├ http ─ auth ─ registry ────────┤ admission  what is special to a kind
//! client ─┘                 │              └ windlass_schema  types, merges, managed fields
//!                         store            memory, and a file that makes it last
//! ```

pub mod admission;
pub mod auth;
mod bootstrap;
pub mod catalog;
mod convert;
pub mod crd;
mod discovery;
mod field;
mod field_error;
pub mod http;
mod identity;
mod logs;
mod names;
pub mod openapi;
mod protobuf;
pub mod registry;
mod reviews;
mod selectors;
mod serve;
pub mod status;
pub mod store;
mod table;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderValue, Request, header};
use arc_swap::ArcSwap;
use kube::client::Body as ClientBody;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use auth::{Authenticator, Authorizer, TokenSigner};
pub use http::ApiService;
use http::Inner;
use identity::Identity;
use registry::Registry;
use store::{Store, StoreError};

/// How to open a server.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where everything is kept; none for a server that forgets when it ends.
    pub data_dir: Option<PathBuf>,
    /// More names and addresses that the certificate is for, besides those of this machine.
    pub names: Vec<String>,
}

/// Why a server cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the data directory cannot be used.
    #[error("cannot {action} {path}: {source}; check the directory's permissions")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A key or a certificate cannot be used.
    #[error(
        "cannot use the certificates in {place}: {why}; remove ca.crt and ca.key there to have new ones made"
    )]
    Certificate {
        /// Where they are.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// The objects that every cluster has cannot be made.
    #[error("cannot make the objects that every cluster has: {0}")]
    Bootstrap(String),
}

/// An embedded Kubernetes API. Clones share everything.
#[derive(Clone)]
pub struct ApiServer {
    inner: Arc<Inner>,
    identity: Arc<Identity>,
    names: Arc<Vec<String>>,
}

/// How often what is too old is forgotten.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

impl ApiServer {
    /// Opens a server: reads what is kept, and makes what every cluster has.
    ///
    /// # Errors
    /// When the data directory cannot be used, or is used by another process.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let dir = options.data_dir.as_deref();
        if let Some(dir) = dir {
            identity::make_private_dir(dir)?;
        }
        let identity = Identity::load(dir)?;
        let registry = Arc::new(Registry::new(Store::open(dir)?));
        registry.restore();
        bootstrap::run(&registry, identity.ca_pem()).await.map_err(OpenError::Bootstrap)?;
        let signer = TokenSigner::new(identity.token_secret());
        let admin = identity.admin_token().to_owned();
        let authenticator = Authenticator::new(Arc::clone(&registry), admin, signer);
        let inner = Inner {
            authorizer: Authorizer::new(Arc::clone(&registry)),
            authenticator,
            openapi: openapi::Documents::default(),
            address: ArcSwap::from_pointee("127.0.0.1:6443".to_owned()),
            registry,
        };
        Ok(Self {
            inner: Arc::new(inner),
            identity: Arc::new(identity),
            names: Arc::new(options.names),
        })
    }

    /// The API as a service. `stop` ends its watches.
    pub fn service(&self, stop: CancellationToken) -> ApiService {
        ApiService::new(Arc::clone(&self.inner), stop)
    }

    /// A client in this process, with the identity of the administrator.
    pub fn client(&self) -> kube::Client {
        let token = format!("Bearer {}", self.identity.admin_token());
        // A token is hexadecimal.
        let mut token =
            HeaderValue::from_str(&token).unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
        token.set_sensitive(true);
        let agent = HeaderValue::from_static(concat!("windlass/", env!("CARGO_PKG_VERSION")));
        let service = self.service(CancellationToken::new());
        let service = service.map_request(move |mut request: Request<ClientBody>| {
            let headers = request.headers_mut();
            headers.entry(header::AUTHORIZATION).or_insert_with(|| token.clone());
            headers.entry(header::USER_AGENT).or_insert_with(|| agent.clone());
            request
        });
        kube::Client::new(service, "default")
    }

    /// Serves over TLS until `stop`. Requests under way are finished, watches ended.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> std::io::Result<()> {
        let address = listener.local_addr()?;
        self.listens_at(address);
        let tls = self.identity.tls(address, &self.names).map_err(std::io::Error::other)?;
        let sweep = self.sweep(stop.clone());
        let serve = serve::run(listener, tls, self.service(stop.clone()), stop);
        let ((), result) = tokio::join!(sweep, serve);
        result
    }

    /// Tells the server where clients reach it, for what it tells them itself.
    pub fn listens_at(&self, address: SocketAddr) {
        let host = match address.ip() {
            ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
            std::net::IpAddr::V6(ip) => format!("[{ip}]"),
            ip => ip.to_string(),
        };
        self.inner.address.store(Arc::new(format!("{host}:{}", address.port())));
    }

    /// A kubeconfig of the administrator, with certificate and token in it. It is a secret.
    pub fn kubeconfig(&self) -> String {
        self.identity.kubeconfig(&self.inner.address.load())
    }

    /// Forgets what is too old, while nobody writes.
    async fn sweep(&self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(SWEEP_INTERVAL);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            self.inner.registry.store.trim();
            self.inner.registry.expire_events(jiff::Timestamp::now()).await;
        }
    }
}
