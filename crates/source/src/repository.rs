//! A repository and how to get at it.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::credentials::Settings;
use crate::known_hosts::KnownHosts;
use crate::{SourceError, address};

/// A repository: its address, and all that decides whether and how its host lets one in.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The address as written.
    pub url: String,
    /// What to sign in with.
    pub credentials: Credentials,
    /// For https.
    pub tls: Tls,
    /// For ssh: the host keys to trust.
    pub known_hosts: Arc<KnownHosts>,
    /// For ssh: take any host key.
    pub insecure_host_key: bool,
    /// The way out.
    pub proxy: Option<Proxy>,
    /// Replace LFS pointers by what they point at.
    pub enable_lfs: bool,
    /// Show submodules as directories; otherwise they are empty.
    pub submodules: bool,
    /// Commits of history to fetch with a commit; `None` fetches as little as the job needs.
    pub depth: Option<u32>,
    /// What else is configured: finds the credentials of submodules on other hosts.
    pub settings: Arc<Settings>,
}

impl Repository {
    /// A repository that needs no credentials.
    pub fn anonymous(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            credentials: Credentials::None,
            tls: Tls::default(),
            known_hosts: Arc::default(),
            insecure_host_key: false,
            proxy: None,
            enable_lfs: false,
            submodules: true,
            depth: None,
            settings: Arc::default(),
        }
    }

    /// The address fit to be shown.
    pub fn shown(&self) -> String {
        address::sanitize(&self.url)
    }

    /// Digest of everything that the host may judge: two repositories of one address with the same
    /// digest are let in or refused together.
    pub(crate) fn admission(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        part(&address::canonical(&self.url));
        if matches!(self.credentials, Credentials::None | Credentials::Ssh { .. }) {
            part(address::user_information(&self.url));
        }
        match &self.credentials {
            Credentials::None => part("none"),
            Credentials::Basic { username, password } => {
                part("basic");
                part(username);
                part(password.expose_secret());
            }
            Credentials::Bearer(token) => {
                part("bearer");
                part(token.expose_secret());
            }
            Credentials::Ssh { private_key } => {
                part("ssh");
                part(private_key.expose_secret());
            }
            Credentials::GithubApp(app) => {
                part("app");
                part(&app.id.to_string());
                part(&app.installation.to_string());
                part(app.private_key.expose_secret());
                part(&app.base_url);
            }
            Credentials::NotSupported(what) => part(what),
        }
        part(self.tls.ca.as_deref().unwrap_or_default());
        part(self.tls.client.as_ref().map_or("", |c| c.key.expose_secret()));
        part(&format!("{} {}", self.tls.insecure, self.insecure_host_key));
        part(self.proxy.as_ref().map_or("", |p| p.url.expose_secret()));
        part(self.proxy.as_ref().map_or("", |p| &p.no_proxy));
        part(&self.known_hosts.digest());
        hash.finalize().into()
    }

    /// The repository of a submodule at `url`. What is configured for that address applies; else a
    /// submodule on the same host is read with this repository's own credentials, and one elsewhere
    /// with none.
    ///
    /// # Errors
    /// As [`Settings::repository`].
    pub(crate) fn submodule(&self, url: &str, project: &str) -> Result<Self, SourceError> {
        let mut sub = self.settings.repository(url, project)?;
        let same_host = match (address::Address::parse(url)?, address::Address::parse(&self.url)?) {
            (
                address::Address::Http { host: a, secure: s, .. },
                address::Address::Http { host: b, secure: t, .. },
            ) => a == b && s == t,
            (
                address::Address::Ssh { host: a, port: p, .. },
                address::Address::Ssh { host: b, port: q, .. },
            ) => a == b && p == q,
            _ => false,
        };
        if same_host && matches!(sub.credentials, Credentials::None) {
            let url = std::mem::take(&mut sub.url);
            sub = Self { url, ..self.clone() };
        }
        sub.enable_lfs = self.enable_lfs;
        sub.submodules = self.submodules;
        sub.depth = self.depth;
        Ok(sub)
    }
}

/// What to sign in with.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// Nothing, or what the address itself holds.
    #[default]
    None,
    /// HTTP basic authentication.
    Basic {
        /// May be empty for hosts that look at the password only.
        username: String,
        /// Password or token.
        password: SecretString,
    },
    /// HTTP bearer token.
    Bearer(SecretString),
    /// SSH private key in OpenSSH, PKCS#1 or PKCS#8 PEM form, not encrypted.
    Ssh {
        /// The PEM text.
        private_key: SecretString,
    },
    /// A GitHub App's installation.
    GithubApp(GithubApp),
    /// Named in a secret and not supported yet: the name of the key.
    NotSupported(&'static str),
}

/// A GitHub App's installation.
#[derive(Clone, Debug)]
pub struct GithubApp {
    /// The App's id.
    pub id: u64,
    /// Its installation in the organisation; 0 to look it up by the repository's owner.
    pub installation: u64,
    /// The App's private key, PEM.
    pub private_key: SecretString,
    /// Base of the API of GitHub Enterprise; empty for github.com.
    pub base_url: String,
}

/// How far to trust an https host, and what to show it.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Certificates to trust in place of the system's, PEM.
    pub ca: Option<String>,
    /// A certificate to show.
    pub client: Option<ClientCertificate>,
    /// Trust any certificate.
    pub insecure: bool,
}

/// A client certificate with its key, PEM.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The certificate chain.
    pub certificate: String,
    /// Its private key.
    pub key: SecretString,
}

/// A proxy; its address may hold a password.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// `http://`, `https://` or `socks5://` address.
    pub url: SecretString,
    /// Comma separated hosts that are reached without it.
    pub no_proxy: String,
}
