//! A real OpenSSH server with keys of its own.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::port::free_port;
use crate::process::{Process, run};
use crate::programs::peer;
use crate::wait::wait_for;

/// A running `sshd` that lets the current user in with one key. Ends when dropped.
#[derive(Debug)]
pub struct Sshd {
    port: u16,
    user: String,
    dir: TempDir,
    _process: Process,
}

impl Sshd {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When `sshd` (Debian: openssh-server) is missing or does not start.
    pub fn start() -> Result<Self> {
        Self::start_with("")
    }

    /// [`Sshd::start`] with more lines for its configuration.
    ///
    /// # Errors
    /// As [`Sshd::start`].
    pub fn start_with(lines: &str) -> Result<Self> {
        let sshd = peer("sshd")?;
        let dir = tempfile::tempdir()?;
        let port = free_port()?;
        for name in ["host", "client"] {
            run(Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", "windlass-test", "-f"])
                .arg(dir.path().join(name)))?;
        }
        fs::copy(dir.path().join("client.pub"), dir.path().join("authorized_keys"))?;
        let config = dir.path().join("sshd_config");
        fs::write(
            &config,
            format!(
                "ListenAddress 127.0.0.1\nPort {port}\nHostKey {dir}/host\nPidFile none\n\
                 AuthorizedKeysFile {dir}/authorized_keys\nStrictModes no\nUsePAM no\n\
                 PasswordAuthentication no\nKbdInteractiveAuthentication no\n\
                 PermitRootLogin prohibit-password\nMaxStartups 100\n{lines}\n",
                dir = dir.path().display(),
            ),
        )?;
        let user = run(Command::new("id").arg("-un"))?.trim().to_owned();
        if user == "root" {
            fs::create_dir_all("/run/sshd").context("make sshd's empty directory")?;
        }
        let mut process = Process::start(
            &sshd,
            [Path::new("-D"), Path::new("-e"), Path::new("-f"), &config],
            &dir.path().join("sshd.log"),
        )?;
        wait_for("sshd listens", Duration::from_secs(90), || {
            process.check()?;
            Ok(TcpStream::connect(("127.0.0.1", port)).ok())
        })?;
        Ok(Self { port, user, dir, _process: process })
    }

    /// The address of the repository in the directory `path`.
    pub fn url(&self, path: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, path.display())
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The client's private key, OpenSSH PEM.
    ///
    /// # Errors
    /// When the file is gone.
    pub fn private_key(&self) -> Result<String> {
        Ok(fs::read_to_string(self.private_key_file())?)
    }

    /// The file of the client's private key.
    pub fn private_key_file(&self) -> PathBuf {
        self.dir.path().join("client")
    }

    /// The line for `known_hosts` that is true for this server.
    ///
    /// # Errors
    /// When the file is gone.
    pub fn known_hosts(&self) -> Result<String> {
        let key = fs::read_to_string(self.dir.path().join("host.pub"))?;
        Ok(format!("[127.0.0.1]:{} {key}", self.port))
    }
}
