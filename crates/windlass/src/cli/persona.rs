//! The names under which the binary behaves as another tool, and how such a tool is spoken to.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use super::pflag::{self, Ended, Why};

/// Tools whose command line is a command of ours: a binary of that name is that command.
const PERSONAS: [&str; 3] = ["argocd", "helm", "kustomize"];

/// The arguments as our own command line takes them: `helm …` is `windlass helm …`.
pub(crate) fn arguments(given: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut given = given.into_iter();
    let program = given.next().unwrap_or_else(|| "windlass".into());
    let name = Path::new(&program).file_stem().and_then(|n| n.to_str()).unwrap_or_default();
    // Argo CD's releases are named after what they run on.
    let name = name.split_once("-linux-").map_or(name, |(tool, _)| tool);
    let persona = PERSONAS.iter().find(|p| **p == name).map(OsString::from);
    std::iter::once(OsString::from("windlass")).chain(persona).chain(given).collect()
}

/// A tool's own command line. `Err` is how the process ends: it was wrong, or asked for help.
pub(crate) fn parse<T: Parser>(tool: &str, arguments: &[OsString]) -> Result<T, ExitCode> {
    pflag::read(tool, arguments).map_err(|ended| match ended {
        Ended::Wrong(text) => {
            let failed = fail(&text, &[]);
            let miscounted = text.starts_with("unexpected argument");
            if tool == "argocd" && miscounted && is_diff(arguments) {
                ExitCode::from(2)
            } else {
                failed
            }
        }
        Ended::Help { text, why } => {
            // Commands that both have are written once; their examples name who is asked.
            let text = if tool == "argocd" {
                text.replace("  windlass ", "  argocd ").replace("| windlass ", "| argocd ")
            } else {
                text
            };
            let done = print(&text).is_ok();
            // Of these tools only argocd takes half a command line for a failure, but for its root
            // and what is for administrators.
            let is_admin = arguments.iter().any(|argument| argument == "admin");
            let is_root = arguments.iter().all(|a| a.as_encoded_bytes().starts_with(b"-"));
            match why {
                _ if !done => ExitCode::FAILURE,
                Why::Asked => ExitCode::SUCCESS,
                Why::Group if tool != "argocd" || is_admin || is_root => ExitCode::SUCCESS,
                // There a 1 would mean a difference.
                Why::Missing if is_diff(arguments) => ExitCode::from(2),
                Why::Group | Why::Missing => ExitCode::FAILURE,
            }
        }
    })
}

/// Whether it is `argocd app diff`.
fn is_diff(arguments: &[OsString]) -> bool {
    let mut words = arguments.iter().filter(|word| !word.as_encoded_bytes().starts_with(b"-"));
    words.next().is_some_and(|word| word == "app")
        && words.next().is_some_and(|word| word == "diff")
}

/// Tells an error as Go's tools do, with what we know beyond it.
pub(crate) fn fail(text: &str, advice: &[String]) -> ExitCode {
    let mut out = std::io::stderr().lock();
    // Standard error that is gone leaves nobody to tell.
    let _ = writeln!(out, "Error: {text}");
    for line in advice {
        let _ = writeln!(out, "  {line}");
    }
    ExitCode::FAILURE
}

/// Writes to standard output, every byte as it is. A reader that has gone away ends the output.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &[&str], want: &[&str]) {
        assert_eq!(arguments(given.iter().map(OsString::from)), want);
    }

    #[test]
    fn by_the_name_of_the_binary() {
        check(&["/usr/bin/helm", "template", "x"], &["windlass", "helm", "template", "x"]);
        check(&["argocd-linux-amd64", "version"], &["windlass", "argocd", "version"]);
        check(&["./windlass", "up"], &["windlass", "up"]);
        check(&[], &["windlass"]);
    }
}
