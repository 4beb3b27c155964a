//! Argo CD's own test data, read from a clone of its repository; none of it is kept here.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use regex::Regex;

/// A file of the clone, bare or not, of <https://github.com/argoproj/argo-cd> that
/// `WINDLASS_ARGOCD_SOURCE` names; none where it names no clone.
///
/// # Errors
/// When the clone has no such file, or not as text.
pub fn argocd_file(path: &str) -> Result<Option<String>> {
    let Some(source) = std::env::var_os("WINDLASS_ARGOCD_SOURCE") else { return Ok(None) };
    let mut git = Command::new("git");
    let out = git.arg("-C").arg(source).args(["show", &format!("HEAD:{path}")]).output()?;
    ensure!(out.status.success(), "{path}: {}", String::from_utf8_lossy(&out.stderr));
    Ok(Some(String::from_utf8(out.stdout)?))
}

/// What the pattern finds in the table of one Go test of such a file, a line's groups each; nothing
/// where there is no clone.
///
/// # Errors
/// As [`argocd_file`], and when there are not as many lines as `least`.
pub fn argocd_table(
    path: &str,
    test: &str,
    pattern: &str,
    least: usize,
) -> Result<Vec<Vec<String>>> {
    let Some(text) = argocd_file(path)? else { return Ok(Vec::new()) };
    let begin = text.find(&format!("func {test}(")).with_context(|| format!("no {test}"))?;
    let end = text[begin..].find("\n}\n").with_context(|| format!("{test} does not end"))?;
    let texts = |found: regex::Captures<'_>| -> Vec<String> {
        found.iter().skip(1).flatten().map(|part| part.as_str().to_owned()).collect()
    };
    let lines: Vec<_> =
        Regex::new(pattern)?.captures_iter(&text[begin..begin + end]).map(texts).collect();
    ensure!(lines.len() >= least, "{test}: {} lines", lines.len());
    Ok(lines)
}
