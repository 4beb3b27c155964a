//! An error that decides the exit code.

use std::fmt;

/// What argocd ends with where a request fails.
pub(crate) const GENERIC: u8 = 20;

/// An error with an exit code of its own; any other error ends with 1.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The command could not do what it was asked, as argocd's `FATA` lines.
    pub(crate) fn fatal(message: impl Into<String>) -> anyhow::Error {
        Self { code: 1, message: message.into() }.into()
    }

    /// A request failed.
    pub(crate) fn generic(message: impl Into<String>) -> anyhow::Error {
        Self { code: GENERIC, message: message.into() }.into()
    }

    /// The same error, with argocd's code where it has none of its own: in `app diff` a 1 means a
    /// difference.
    pub(crate) fn or_generic(error: anyhow::Error) -> anyhow::Error {
        if error.is::<Self>() { error } else { Self::generic(format!("{error:#}")) }
    }

    /// What the process ends with.
    pub(crate) fn code(&self) -> u8 {
        self.code
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
