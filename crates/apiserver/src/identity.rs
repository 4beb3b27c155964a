//! The server's secrets: its certificate authority, the administrator's token, the key of service
//! account tokens. They are made once and kept in the data directory, for its owner only.

use std::io::{ErrorKind, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;

use crate::OpenError;

const CA_CERTIFICATE: &str = "ca.crt";
const CA_KEY: &str = "ca.key";
const ADMIN_TOKEN: &str = "admin.token";
const TOKEN_KEY: &str = "service-accounts.key";
const SECRET_BYTES: usize = 32;

/// The secrets. Has no `Debug`.
pub(crate) struct Identity {
    ca_pem: String,
    ca_key: KeyPair,
    admin_token: String,
    token_secret: Vec<u8>,
}

/// Makes a directory that only its owner may enter.
pub(crate) fn make_private_dir(dir: &Path) -> Result<(), OpenError> {
    let made = std::fs::create_dir_all(dir);
    made.map_err(|source| OpenError::File { action: "make", path: dir.to_owned(), source })
}

impl Identity {
    /// From the data directory; what is not there is made. Without a directory all is made anew.
    pub(crate) fn load(dir: Option<&Path>) -> Result<Self, OpenError> {
        let place = dir.map_or_else(|| "memory".to_owned(), |dir| dir.display().to_string());
        let wrong = |why: String| OpenError::Certificate { place: place.clone(), why };
        let kept = match dir {
            Some(dir) => (read(&dir.join(CA_CERTIFICATE))?, read(&dir.join(CA_KEY))?),
            None => (None, None),
        };
        let (ca_pem, ca_key) = match kept {
            (Some(pem), Some(key)) => {
                (pem, KeyPair::from_pem(&key).map_err(|error| wrong(error.to_string()))?)
            }
            _ => {
                let (pem, key) = make_ca().map_err(|error| wrong(error.to_string()))?;
                if let Some(dir) = dir {
                    write(&dir.join(CA_KEY), &key.serialize_pem())?;
                    write(&dir.join(CA_CERTIFICATE), &pem)?;
                }
                (pem, key)
            }
        };
        let admin_token = secret(dir, ADMIN_TOKEN)?;
        let token_secret = secret(dir, TOKEN_KEY)?.into_bytes();
        Ok(Self { ca_pem, ca_key, admin_token, token_secret })
    }

    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    pub(crate) fn admin_token(&self) -> &str {
        &self.admin_token
    }

    pub(crate) fn token_secret(&self) -> &[u8] {
        &self.token_secret
    }

    /// TLS for an address, with a certificate that is made now.
    pub(crate) fn tls(
        &self,
        address: SocketAddr,
        names: &[String],
    ) -> Result<Arc<rustls::ServerConfig>, Box<dyn std::error::Error + Send + Sync>> {
        let dns = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
        let all = names.iter().map(String::as_str).chain(dns);
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        for ip in
            [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0u16, 0, 0, 0, 0, 0, 0, 1]), address.ip()]
        {
            params.subject_alt_names.push(SanType::IpAddress(ip));
        }
        for name in all {
            params.subject_alt_names.push(match name.parse::<IpAddr>() {
                Ok(ip) => SanType::IpAddress(ip),
                Err(_) => SanType::DnsName(name.try_into()?),
            });
        }
        let key = KeyPair::generate()?;
        let authority = ca_params();
        let issuer = Issuer::from_params(&authority, &self.ca_key);
        let certificate = params.signed_by(&key, &issuer)?;
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, private)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// A kubeconfig for the server at `address`.
    pub(crate) fn kubeconfig(&self, address: &str) -> String {
        let name = "windlass";
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": name,
            "clusters": [{"name": name, "cluster": {
                "server": format!("https://{address}"),
                "certificate-authority-data": STANDARD.encode(&self.ca_pem),
            }}],
            "contexts": [{"name": name, "context": {
                "cluster": name, "user": name, "namespace": "default",
            }}],
            "users": [{"name": name, "user": {"token": self.admin_token}}],
        });
        windlass_object::yaml::to_string(&config)
    }
}

/// The authority's certificate, but for its key.
fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "windlass-ca");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
    ];
    params
}

fn make_ca() -> Result<(String, KeyPair), rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = ca_params().self_signed(&key)?;
    Ok((certificate.pem(), key))
}

/// A kept secret, in hexadecimal.
fn secret(dir: Option<&Path>, name: &str) -> Result<String, OpenError> {
    let path = dir.map(|dir| dir.join(name));
    if let Some(kept) = path.as_deref().map(read).transpose()?.flatten() {
        let kept = kept.trim().to_owned();
        if kept.len() >= SECRET_BYTES {
            return Ok(kept);
        }
    }
    let mut bytes = [0; SECRET_BYTES];
    rand::fill(&mut bytes).map_err(|_| OpenError::File {
        action: "make",
        path: name.into(),
        source: std::io::Error::other("the system gives no random bytes"),
    })?;
    let secret = hex::encode(bytes);
    if let Some(path) = path {
        write(&path, &secret)?;
    }
    Ok(secret)
}

fn read(path: &Path) -> Result<Option<String>, OpenError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(OpenError::File { action: "read", path: path.to_owned(), source }),
    }
}

/// Writes a file that only its owner may read, whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), OpenError> {
    let write = || {
        let new = path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().map_err(|source| OpenError::File { action: "write", path: path.to_owned(), source })
}
