//! What templates wrote: cut into documents, hooks told from the rest, put in order.

mod head;
mod order;
mod split;

use std::collections::BTreeMap;

pub(crate) use split::split;

use crate::error::Error;
use crate::log::{Level, Log, Notice};
use crate::path;
use head::Head;

/// One document that a chart installs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The template that wrote it, with its chart: `CHART/templates/FILE`.
    pub path: String,
    /// Its text, as it was written.
    pub text: String,
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
}

/// One document that runs at certain times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The document.
    pub manifest: Manifest,
    /// When it runs: `pre-install`, `test`, …
    pub events: Vec<String>,
    /// Order among hooks of one event.
    pub weight: i64,
    /// When it is deleted.
    pub delete_policies: Vec<String>,
    /// When its logs are shown.
    pub output_log_policies: Vec<String>,
}

impl Hook {
    /// Whether `helm test` runs it.
    pub fn is_test(&self) -> bool {
        self.events.iter().any(|e| e == "test")
    }
}

/// A file of `crds/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crd {
    /// Its path with its chart.
    pub path: String,
    /// Its text, which no template engine saw.
    pub text: String,
}

const HOOK: &str = "helm.sh/hook";
const EVENTS: [&str; 9] = [
    "pre-install",
    "post-install",
    "pre-delete",
    "post-delete",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "test",
];

/// Cuts and orders what the templates wrote, by their paths.
pub(crate) fn sort(
    files: &BTreeMap<String, String>,
    log: &Log,
) -> Result<(Vec<Manifest>, Vec<Hook>), Error> {
    let (mut manifests, mut hooks) = (Vec::new(), Vec::new());
    for (file, content) in files {
        if path::base(file).starts_with('_') {
            continue;
        }
        for text in split(content) {
            let head = Head::read(text).map_err(|reason| Error::Manifest {
                path: file.clone(),
                excerpt: excerpt(file, text, &reason),
                reason,
                output: unsorted(files),
            })?;
            let Head { api_version, kind, name, annotations } = head;
            let manifest =
                Manifest { path: file.clone(), text: text.to_owned(), api_version, kind, name };
            let Some(wanted) = annotations.get(HOOK) else {
                manifests.push(manifest);
                continue;
            };
            let events: Option<Vec<String>> = wanted.split(',').map(event).collect();
            let Some(events) = events else {
                let notice = Notice::new(Level::Info, "skipping unknown hooks");
                let notice = notice.with("hookTypes", wanted);
                log.add(Notice { file: Some(file.clone()), ..notice });
                continue;
            };
            let list = |key: &str| {
                let text = annotations.get(key).map(|v| v.split(','));
                text.into_iter().flatten().map(|v| v.trim().to_lowercase()).collect()
            };
            let weight = annotations.get("helm.sh/hook-weight").and_then(|w| w.parse().ok());
            hooks.push(Hook {
                manifest,
                events,
                weight: weight.unwrap_or(0),
                delete_policies: list("helm.sh/hook-delete-policy"),
                output_log_policies: list("helm.sh/hook-output-log-policy"),
            });
        }
    }
    manifests.sort_by(|a, b| order::compare(&a.kind, &b.kind));
    hooks.sort_by(|a, b| order::compare(&a.manifest.kind, &b.manifest.kind));
    Ok((manifests, hooks))
}

fn event(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let text = if text == "test-success" { "test" } else { &*text };
    EVENTS.contains(&text).then(|| text.to_owned())
}

/// Lines before and behind the one that is wrong.
const AROUND: usize = 2;

/// The lines of a document about the one that its error names, or its first ones.
fn excerpt(file: &str, text: &str, reason: &str) -> Vec<String> {
    let named = reason.split_once("line ").and_then(|(_, rest)| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse::<usize>().ok()
    });
    let line = named.unwrap_or(1);
    let mut out = vec![format!("{file} wrote")];
    let first = line.saturating_sub(AROUND).max(1);
    for (number, text) in (1..).zip(text.lines()).skip(first - 1).take(line + AROUND + 1 - first) {
        let mark = if named == Some(number) { '>' } else { ' ' };
        out.push(format!("{mark}{number:4} | {text}"));
    }
    out
}

/// What `--debug` shows where a document is no YAML.
fn unsorted(files: &BTreeMap<String, String>) -> String {
    let files = files.iter().filter(|(_, content)| !content.trim().is_empty());
    files.map(|(path, content)| format!("---\n# Source: {path}\n{content}\n")).collect()
}
