//! `-o`, as argocd's commands take it.

use crate::cli::failure::Failure;
use crate::cli::output::Notation;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// For programs.
    Value(Notation),
    /// One of the command's own; the first is the one for people.
    Named(&'static str),
}

impl Format {
    /// Reads the flag; an empty one is the first of `named`.
    pub(super) fn read(text: &str, named: &[&'static str]) -> anyhow::Result<Self> {
        match text {
            "json" => Ok(Self::Value(Notation::Json)),
            "yaml" => Ok(Self::Value(Notation::Yaml)),
            "" => Ok(Self::Named(named.first().copied().unwrap_or_default())),
            other => match named.iter().find(|name| **name == other) {
                Some(name) => Ok(Self::Named(name)),
                None => Err(Failure::generic(format!("unknown output format: {other}"))),
            },
        }
    }
}
