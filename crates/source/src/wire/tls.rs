//! Trust in https hosts as Argo CD has it: the certificates configured for a host replace the
//! system's, and a certificate that is configured itself is trusted even if it is no authority.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use secrecy::ExposeSecret as _;

use crate::{SourceError, Tls};

/// The configuration for `tls`; `None` where the client's own default says it all.
pub(super) fn config(url: &str, tls: &Tls) -> Result<Option<ClientConfig>, SourceError> {
    if tls.ca.is_none() && !tls.insecure {
        return Ok(None);
    }
    let wrong = |why: String| SourceError::TlsFailed { url: url.to_owned(), why };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(e.to_string()))?;
    let trust = match &tls.ca {
        Some(pem) if !tls.insecure => {
            let pinned = certificates(pem)
                .map_err(|e| wrong(format!("a certificate of argocd-tls-certs-cm: {e}")))?;
            Trust::new(pinned, provider).map_err(|e| wrong(e.to_string()))?
        }
        _ => Trust { pinned: Vec::new(), inner: None, provider },
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(trust));
    let mut config = match &tls.client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let chain = certificates(&client.certificate)
                .map_err(|e| wrong(format!("tlsClientCertData: {e}")))?;
            let key = PrivateKeyDer::from_pem_slice(client.key.expose_secret().as_bytes())
                .map_err(|_| wrong("tlsClientCertKey is not a private key in PEM".to_owned()))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|e| wrong(format!("tlsClientCertKey: {e}")))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(config))
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match all {
        Ok(all) if all.is_empty() => Err("holds no certificate in PEM".to_owned()),
        other => other.map_err(|e| e.to_string()),
    }
}

/// Trusts chains to `pinned` and `pinned` themselves; without an inner verifier, everyone.
#[derive(Debug)]
struct Trust {
    pinned: Vec<CertificateDer<'static>>,
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl Trust {
    fn new(
        pinned: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(pinned.iter().cloned());
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()?;
        Ok(Self { pinned, inner: Some(inner), provider })
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        inner.verify_server_cert(end_entity, intermediates, name, ocsp, now).or_else(|error| {
            if !self.pinned.contains(end_entity) {
                return Err(error);
            }
            let parsed = ParsedCertificate::try_from(end_entity)?;
            rustls::client::verify_server_name(&parsed, name)?;
            Ok(ServerCertVerified::assertion())
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
