//! One cluster for all test processes of a run.
//!
//! Every process that uses it holds a shared lock on `cluster/users`; the system releases it when
//! the process ends, however it ends. The script that started the servers waits for the exclusive
//! lock, lingers so that the next test binary finds the cluster running, and then ends everything.
//! The script and the servers hold `cluster/alive`, so whether it runs is never a guess.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use parking_lot::Mutex;

use crate::kubernetes::{Disk, Kubernetes, Parts, prepare};
use crate::programs::peers_dir;
use crate::wait::wait_for;

/// How long the cluster stays when the last user is gone.
const LINGER_SECONDS: u32 = 30;
const READY: Duration = Duration::from_secs(180);

/// The running cluster of this test run; the first caller starts it. It stays for other test
/// processes and ends by itself some seconds after the last of them.
///
/// # Errors
/// When a program is missing or the cluster does not become ready.
pub fn kubernetes() -> Result<&'static Kubernetes> {
    static CLUSTER: OnceLock<(Kubernetes, File)> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    let _one = STARTING.lock();
    if let Some((cluster, _)) = CLUSTER.get() {
        return Ok(cluster);
    }
    let started = join()?;
    Ok(&CLUSTER.get_or_init(|| started).0)
}

fn dir() -> PathBuf {
    peers_dir().join("cluster")
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .with_context(|| format!("open the lock {}", path.display()))
}

fn join() -> Result<(Kubernetes, File)> {
    let dir = dir();
    std::fs::create_dir_all(&dir).with_context(|| format!("make {}", dir.display()))?;
    let starting = open(&dir.join("starting"))?;
    starting.lock()?;
    let users = open(&dir.join("users"))?;
    users.lock_shared()?; // waits while an old cluster is being ended
    if !is_running()? {
        let _ = std::fs::remove_file(dir.join("ready"));
        let script = prepare(&dir, Parts::Full, Disk::Forgetful)?;
        // Whoever asks whether it runs holds the lock for a blink: that is waited for.
        let script = format!(
            "exec 9>alive\nflock -w 10 9 || exit 1\n{script}\nwhile :; do\n\
             exec 8>users; flock -x 8; flock -u 8\nsleep {LINGER_SECONDS}\n\
             if flock -xn 8; then break; fi\ndone\nkill -KILL 0\n"
        );
        let log = File::create(dir.join("start.log"))?;
        Command::new("sh")
            .args(["-c", &script])
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .context("start the cluster")
            .and_then(|child| Ok(std::fs::write(dir.join("group"), child.id().to_string())?))?;
        wait_for("the shared cluster's script runs", READY, || Ok(is_running()?.then_some(())))?;
    }
    let cluster = Kubernetes::at(&dir);
    wait_for("the shared cluster is ready", READY, || {
        let ready = cluster.is_ready();
        Ok((ready || !is_running()?).then_some(ready))
    })
    .and_then(|ready| if ready { Ok(()) } else { bail!("the shared cluster ended while starting") })
    .with_context(|| cluster.logs())?;
    Ok((cluster, users))
}

/// Whether the shared cluster's servers run.
///
/// # Errors
/// When the lock file cannot be opened.
pub fn is_running() -> Result<bool> {
    let dir = dir();
    if !dir.exists() {
        return Ok(false);
    }
    match open(&dir.join("alive"))?.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Ends the shared cluster, whoever uses it.
///
/// # Errors
/// When it cannot be ended.
pub fn stop_shared() -> Result<()> {
    if !is_running()? {
        return Ok(());
    }
    let group = std::fs::read_to_string(dir().join("group"))?;
    let status =
        Command::new("kill").args(["-KILL", "--", &format!("-{}", group.trim())]).status()?;
    if !status.success() {
        bail!("the cluster's process group {} could not be ended", group.trim());
    }
    wait_for(
        "the cluster has ended",
        Duration::from_secs(60),
        || Ok((!is_running()?).then_some(())),
    )
}
