//! Trust in https hosts, and certificates shown to them.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use windlass_source::{ClientCertificate, Reason, Repository, Tls};
use windlass_testkit::{GitHttpOptions, GitRepository};

use crate::bench::{bench, reason, serve};

#[tokio::test(flavor = "multi_thread")]
async fn trusts_what_is_configured() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    repo.commit("one", &[("a", "1")]).unwrap();
    let server = serve(dir.path(), GitHttpOptions { tls: true, ..Default::default() });
    let b = bench(dir.path(), |_| {});
    let plain = Repository::anonymous(server.url("app.git"));
    assert_eq!(reason(b.sources.resolve(&plain, "main").await), Reason::TlsFailed);
    let tls = Tls { ca: server.authority(), ..Tls::default() };
    let trusted = Repository { tls, ..plain.clone() };
    assert_eq!(b.files(&trusted, "main").await.len(), 1);
    let other = serve(dir.path(), GitHttpOptions { tls: true, ..Default::default() });
    let tls = Tls { ca: other.authority(), ..Tls::default() };
    let wrong = Repository { tls, ..plain.clone() };
    assert_eq!(reason(b.sources.resolve(&wrong, "main").await), Reason::TlsFailed);
    let tls = Tls { ca: Some("nonsense".into()), ..Tls::default() };
    let broken = Repository { tls, ..plain.clone() };
    assert_eq!(reason(b.sources.resolve(&broken, "main").await), Reason::TlsFailed);
    let insecure = Repository { tls: Tls { insecure: true, ..Tls::default() }, ..plain };
    assert_eq!(b.files(&insecure, "main").await.len(), 1);
}

/// Ends TLS in front of `to` with a certificate that is its own authority, and lets in only who
/// shows a certificate of `clients`.
async fn front(to: String, clients: CertificateDer<'static>) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    // As `openssl req -x509` makes them: an authority that signs nothing but itself.
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(clients).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let to = to.trim_start_matches("http://").trim_end_matches('/').to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, to) = (acceptor.clone(), to.clone());
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = tokio::net::TcpStream::connect(&to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (url, certificate.pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_a_client_certificate_and_trusts_a_pinned_one() {
    let dir = tempfile::tempdir().unwrap();
    let repo = GitRepository::create(dir.path(), "app").unwrap();
    repo.commit("one", &[("a", "1")]).unwrap();
    let server = serve(dir.path(), GitHttpOptions::default());
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["client".to_owned()]).unwrap();
    let client = params.signed_by(&key, &authority).unwrap();
    let (url, pinned) = front(server.url(""), authority.der().clone()).await;
    let b = bench(dir.path(), |_| {});
    let shown = ClientCertificate { certificate: client.pem(), key: key.serialize_pem().into() };
    let tls = Tls { ca: Some(pinned.clone()), client: Some(shown), insecure: false };
    let with = Repository { tls, ..Repository::anonymous(format!("{url}app.git")) };
    assert_eq!(b.files(&with, "main").await.len(), 1);
    let tls = Tls { ca: Some(pinned), ..Tls::default() };
    let without = Repository { tls, ..with.clone() };
    let error = b.sources.resolve(&without, "main").await.unwrap_err();
    assert!(matches!(error.reason(), Reason::TlsFailed | Reason::Unreachable), "{error}");
    let key = "nonsense".into();
    let broken = with.tls.client.clone().map(|c| ClientCertificate { key, ..c });
    let broken = Repository { tls: Tls { client: broken, ..with.tls.clone() }, ..with };
    let error = b.sources.resolve(&broken, "main").await.unwrap_err();
    assert!(error.to_string().contains("tlsClientCertKey"), "{error}");
}
