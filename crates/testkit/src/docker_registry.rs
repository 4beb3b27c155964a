//! A real registry (Debian: docker-registry) that asks for a user and a password.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::process::Process;
use crate::programs::peer;
use crate::wait::{free_port, wait_for};

/// A running registry without TLS. Ends when dropped.
#[derive(Debug)]
pub struct DockerRegistry {
    port: u16,
    _dir: TempDir,
    _process: Process,
}

impl DockerRegistry {
    /// Starts it on a free port for one user, whose password is given as bcrypt's hash of it.
    ///
    /// # Errors
    /// When `docker-registry` is missing or does not start.
    pub fn start(username: &str, bcrypt: &str) -> Result<Self> {
        let program = peer("docker-registry")?;
        let dir = tempfile::tempdir()?;
        let port = free_port()?;
        let place = dir.path().display();
        fs::write(dir.path().join("htpasswd"), format!("{username}:{bcrypt}\n"))?;
        let config = dir.path().join("config.yml");
        fs::write(
            &config,
            format!(
                "version: 0.1\nlog: {{level: error}}\n\
                 storage: {{filesystem: {{rootdirectory: {place}/data}}}}\n\
                 http: {{addr: '127.0.0.1:{port}'}}\n\
                 auth: {{htpasswd: {{realm: test, path: {place}/htpasswd}}}}\n"
            ),
        )?;
        let log = dir.path().join("registry.log");
        let mut process = Process::start(&program, [Path::new("serve"), &config], &log)?;
        wait_for("docker-registry listens", Duration::from_secs(20), || {
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
