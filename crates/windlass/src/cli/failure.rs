//! An error that decides the exit code.

use std::fmt;

/// What argocd ends with where a request fails.
pub(crate) const GENERIC: u8 = 20;

/// An error with an exit code of its own; any other error ends with 1.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    is_usage: bool,
}

impl Failure {
    /// The command could not do what it was asked, as argocd's `FATA` lines.
    pub(crate) fn fatal(message: impl Into<String>) -> anyhow::Error {
        Self { code: 1, message: message.into(), is_usage: false }.into()
    }

    /// A request failed.
    pub(crate) fn generic(message: impl Into<String>) -> anyhow::Error {
        Self { code: GENERIC, message: message.into(), is_usage: false }.into()
    }

    /// A value that the command does not take: for argocd a request that failed, for our own
    /// command line wrong usage.
    pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
        Self { code: GENERIC, message: message.into(), is_usage: true }.into()
    }

    /// The same error, with argocd's code where it has none of its own: in `app diff` a 1 means a
    /// difference.
    pub(crate) fn or_generic(error: anyhow::Error) -> anyhow::Error {
        if error.is::<Self>() { error } else { Self::generic(format!("{error:#}")) }
    }

    /// What argocd ends with.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Whether the command line was wrong.
    pub(crate) fn is_usage(&self) -> bool {
        self.is_usage
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// What Go calls the errors that people see.
pub(crate) fn go_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => error.to_string(),
    }
}
