//! A real registry (Debian: docker-registry) that asks who comes.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::certificates::Authority;
use crate::port::free_port;
use crate::process::Process;
use crate::programs::peer;
use crate::token_server::{ISSUER, SERVICE};
use crate::wait::wait_for;

/// How a registry learns who comes.
#[derive(Clone, Copy, Debug)]
pub enum SignIn<'a> {
    /// By one user's password, which is given as bcrypt's hash of it.
    Password {
        /// Who.
        username: &'a str,
        /// The hash.
        bcrypt: &'a str,
    },
    /// By tokens of a [`crate::TokenServer`], which is reached at this address.
    Token(&'a str),
}

/// Options of [`DockerRegistry::start_with`].
#[derive(Clone, Copy, Debug)]
pub struct RegistryOptions<'a> {
    /// How it learns who comes.
    pub sign_in: SignIn<'a>,
    /// Serves TLS with a certificate of this authority, which signs tokens' keys, too.
    pub authority: &'a Authority,
    /// Whether clients must show a certificate of the authority.
    pub clients: bool,
}

/// A running registry. Ends when dropped.
#[derive(Debug)]
pub struct DockerRegistry {
    port: u16,
    _dir: TempDir,
    _process: Process,
}

impl DockerRegistry {
    /// Starts it without TLS on a free port for one user, whose password is given as bcrypt's hash
    /// of it.
    ///
    /// # Errors
    /// When `docker-registry` is missing or does not start.
    pub fn start(username: &str, bcrypt: &str) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let sign_in = sign_in(dir.path(), SignIn::Password { username, bcrypt })?;
        Self::run(dir, &sign_in, "")
    }

    /// Starts it with TLS on a free port.
    ///
    /// # Errors
    /// When `docker-registry` is missing or does not start, or a certificate cannot be made.
    pub fn start_with(options: &RegistryOptions<'_>) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let place = dir.path().display();
        let signed = options.authority.sign(&["127.0.0.1", "localhost"])?;
        fs::write(dir.path().join("tls.pem"), signed.certificate.pem())?;
        fs::write(dir.path().join("tls.key"), signed.key.serialize_pem())?;
        fs::write(dir.path().join("ca.pem"), options.authority.pem())?;
        let clients =
            if options.clients { format!(", clientcas: [{place}/ca.pem]") } else { String::new() };
        let tls = format!(", tls: {{certificate: {place}/tls.pem, key: {place}/tls.key{clients}}}");
        let sign_in = sign_in(dir.path(), options.sign_in)?;
        Self::run(dir, &sign_in, &tls)
    }

    fn run(dir: TempDir, sign_in: &str, tls: &str) -> Result<Self> {
        let program = peer("docker-registry")?;
        let port = free_port()?;
        let place = dir.path().display();
        let config = dir.path().join("config.yml");
        fs::write(
            &config,
            format!(
                "version: 0.1\nlog: {{level: error}}\n\
                 storage: {{filesystem: {{rootdirectory: {place}/data}}}}\n\
                 http: {{addr: '127.0.0.1:{port}'{tls}}}\nauth: {sign_in}\n"
            ),
        )?;
        let log = dir.path().join("registry.log");
        let mut process = Process::start(&program, [Path::new("serve"), &config], &log)?;
        wait_for("docker-registry listens", Duration::from_secs(90), || {
            process.check()?;
            Ok(TcpStream::connect(("127.0.0.1", port)).ok())
        })?;
        Ok(Self { port, _dir: dir, _process: process })
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// The `auth` of the registry's configuration.
fn sign_in(dir: &Path, how: SignIn<'_>) -> Result<String> {
    let place = dir.display();
    Ok(match how {
        SignIn::Password { username, bcrypt } => {
            fs::write(dir.join("htpasswd"), format!("{username}:{bcrypt}\n"))?;
            format!("{{htpasswd: {{realm: test, path: {place}/htpasswd}}}}")
        }
        SignIn::Token(address) => {
            format!(
                "{{token: {{realm: '{address}/token', service: {SERVICE}, issuer: {ISSUER}, \
                 rootcertbundle: {place}/ca.pem}}}}"
            )
        }
    })
}
