//! Small Git repositories for tests, made by the real `git`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process::run;

/// A bare repository with a work tree beside it to commit from. Identities and times are pinned,
/// so equal commits have equal ids.
#[derive(Debug)]
pub struct GitRepository {
    bare: PathBuf,
    work: PathBuf,
}

impl GitRepository {
    /// Makes `ROOT/NAME.git` (branch `main`, no commit) and the work tree `ROOT/NAME.work`.
    ///
    /// # Errors
    /// When `git` is missing or fails.
    pub fn create(root: &Path, name: &str) -> Result<Self> {
        let bare = root.join(format!("{name}.git"));
        let work = root.join(format!("{name}.work"));
        run(git().args(["init", "-q", "--bare", "-b", "main"]).arg(&bare))?;
        for (key, value) in
            [("http.receivepack", "true"), ("uploadpack.allowAnySHA1InWant", "true")]
        {
            run(git().arg("-C").arg(&bare).args(["config", key, value]))?;
        }
        run(git().args(["init", "-q", "-b", "main"]).arg(&work))?;
        run(git().arg("-C").arg(&work).args(["remote", "add", "origin"]).arg(&bare))?;
        Ok(Self { bare, work })
    }

    /// The bare repository's directory.
    pub fn path(&self) -> &Path {
        &self.bare
    }

    /// The work tree.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// Its `file://` address.
    pub fn url(&self) -> String {
        format!("file://{}", self.bare.display())
    }

    /// Writes the files (path, content), commits everything and pushes; returns the commit id.
    ///
    /// # Errors
    /// When a file cannot be written or git fails.
    pub fn commit(&self, message: &str, files: &[(&str, &str)]) -> Result<String> {
        for (path, content) in files {
            let file = self.work.join(path);
            if let Some(parent) = file.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(file, content)?;
        }
        self.git(&["add", "-A"])?;
        self.git(&["commit", "-q", "--allow-empty", "-m", message])?;
        self.git(&["push", "-q", "origin", "HEAD"])?;
        Ok(self.git(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// The same with a signature of the commit, in armour; commits are the same each time, so it can
    /// be known before.
    ///
    /// # Errors
    /// As [`GitRepository::commit`].
    pub fn commit_signed(
        &self,
        message: &str,
        files: &[(&str, &str)],
        signature: &str,
    ) -> Result<String> {
        for (path, content) in files {
            std::fs::write(self.work.join(path), content)?;
        }
        self.git(&["add", "-A"])?;
        self.git(&["commit", "-q", "--allow-empty", "-m", message])?;
        let commit = self.git(&["cat-file", "commit", "HEAD"])?;
        let (head, message) = commit.split_once("\n\n").context("a commit has a message")?;
        let signature = signature.trim_end().replace('\n', "\n ");
        let file = self.work.join(".git/signed-commit");
        std::fs::write(&file, format!("{head}\ngpgsig {signature}\n\n{message}"))?;
        let file = file.display().to_string();
        let signed = self.git(&["hash-object", "-t", "commit", "-w", &file])?;
        self.git(&["update-ref", "HEAD", signed.trim()])?;
        self.git(&["push", "-q", "origin", "HEAD"])?;
        Ok(signed.trim().to_owned())
    }

    /// Removes the paths, commits and pushes; returns the commit id.
    ///
    /// # Errors
    /// When git fails.
    pub fn remove(&self, message: &str, paths: &[&str]) -> Result<String> {
        for path in paths {
            self.git(&["rm", "-rq", path])?;
        }
        self.commit(message, &[])
    }

    /// Runs git in the work tree and returns its standard output.
    ///
    /// # Errors
    /// When it ends with another status than 0.
    pub fn git(&self, arguments: &[&str]) -> Result<String> {
        run(git().arg("-C").arg(&self.work).args(arguments))
    }
}

fn git() -> Command {
    let mut command = Command::new("git");
    for person in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{person}_NAME"), "Windlass Test")
            .env(format!("GIT_{person}_EMAIL"), "test@windlass.dev")
            .env(format!("GIT_{person}_DATE"), "2026-01-01T00:00:00Z");
    }
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(["-c", "protocol.file.allow=always"]);
    command
}
