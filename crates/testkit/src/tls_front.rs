//! TLS in front of a server that speaks plainly.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::certificates::Authority;

/// Accepts TLS and hands on what comes to another server. Ends when dropped.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl TlsFront {
    /// Starts on a free port of 127.0.0.1 in front of `backend`, `HOST:PORT`, with a certificate of
    /// `authority`; with `clients` only for those who show one of its certificates too.
    ///
    /// # Errors
    /// When no port, certificate or thread can be had.
    pub fn start(backend: &str, authority: &Authority, clients: bool) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tls-front")
            .enable_all()
            .build()?;
        let acceptor = acceptor(authority, clients)?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let backend = backend.to_owned();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, backend) = (acceptor.clone(), backend.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let Ok(mut behind) = TcpStream::connect(&backend).await else { return };
                    // A client that goes away in the middle is no concern of the test server.
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
                });
            }
        });
        Ok(Self { address, runtime: Some(runtime) })
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background(); // also legal inside an asynchronous test
        }
    }
}

fn acceptor(authority: &Authority, clients: bool) -> Result<TlsAcceptor> {
    let signed = authority.sign(&["127.0.0.1", "localhost"])?;
    let key = PrivateKeyDer::try_from(signed.key.serialize_der()).map_err(anyhow::Error::msg)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?;
    let builder = if clients {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.der())?;
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let config = builder.with_single_cert(vec![signed.certificate.der().clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
