//! Child processes that never outlive the test.
//!
//! A child is started under a small shell that holds the reading end of a pipe. When the writing
//! end closes, because the value was dropped or because the test process was killed, the shell
//! ends its whole process group. When the program itself ends first, the shell ends too.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::usage::{Usage, members};
use crate::wait::wait_for;

const GUARD: &str = r#"( "$@"; kill -KILL 0 ) & read -r _; kill -KILL 0"#;

/// A running program; dropping it ends it and all that it started.
#[derive(Debug)]
pub struct Process {
    name: String,
    guard: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program` with its output going to the file `log`.
    ///
    /// # Errors
    /// When the log cannot be written or no shell can be started.
    pub fn start<I, S>(program: &Path, arguments: I, log: &Path) -> Result<Self>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let output =
            File::create(log).with_context(|| format!("write the log {}", log.display()))?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
        Ok(Self { name: name.into_owned(), guard, log: log.to_path_buf() })
    }

    /// Fails when the program has ended, with the end of its log.
    ///
    /// # Errors
    /// When it no longer runs.
    pub fn check(&mut self) -> Result<()> {
        anyhow::ensure!(
            self.guard.try_wait()?.is_none(),
            "{} ended; its log says:\n{}",
            self.name,
            tail(&self.log)
        );
        Ok(())
    }

    /// What it and all that it started have used so far. Programs that have ended count as far as
    /// their parent waited for them.
    pub fn usage(&self) -> Usage {
        Usage::of_group(self.guard.id())
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
        // A killed program holds its files and ports until the kernel has come to it.
        let gone = || Ok(members(self.guard.id()).next().is_none().then_some(()));
        let _ = wait_for("it is gone", Duration::from_secs(30), gone);
    }
}

/// A command that runs `program` with a bound on its address space and on its processor time: what
/// takes more dies, by an error of its own or by a signal.
pub fn bounded(program: &Path, bytes: u64, seconds: u64) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", r#"ulimit -v "$1"; ulimit -t "$2"; shift 2; exec "$@""#, "bounded"])
        .args([(bytes / 1024).to_string(), seconds.to_string()])
        .arg(program);
    command
}

/// The last lines of a log, for error messages.
pub(crate) fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// Runs a command to its end and returns its standard output.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("start {command:?}"))?;
    anyhow::ensure!(
        output.status.success(),
        "{command:?} gave {}: {}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout),
    );
    String::from_utf8(output.stdout).context("output that is no UTF-8")
}
