//! The release binary of Windlass, as a process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use windlass_testkit::{Process, free_port, wait_for};

/// A running `windlass up --kubeconfig`.
pub(crate) struct Windlass {
    /// The process.
    pub(crate) process: Process,
    /// Address that takes webhooks.
    pub(crate) server: String,
    _dir: tempfile::TempDir,
}

impl Windlass {
    /// Starts it, and waits until it is ready.
    pub(crate) fn start(kubeconfig: &Path, namespace: &str) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let server = format!("127.0.0.1:{}", free_port()?);
        let log = dir.path().join("log");
        let arguments: Vec<OsString> = vec![
            format!("WINDLASS_CACHE={}", dir.path().join("cache").display()).into(),
            binary()?.into(),
            "up".into(),
            "--kubeconfig".into(),
            kubeconfig.into(),
            format!("--namespace={namespace}").into(),
            format!("--http-listen={server}").into(),
            "--takeover".into(),
        ];
        let mut process = Process::start(Path::new("/usr/bin/env"), arguments, &log)?;
        wait_for("windlass is ready", Duration::from_secs(60), || {
            process.check()?;
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            Ok(text.contains("ready after").then_some(()))
        })?;
        Ok(Self { process, server, _dir: dir })
    }
}

/// Beside this program: both are built for release in one go.
pub(crate) fn binary() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let path = here.with_file_name("windlass");
    path.exists().then_some(path).context("build it first: cargo build --release -p windlass")
}
