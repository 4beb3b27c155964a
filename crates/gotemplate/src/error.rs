//! What can go wrong, in Go's words.

use std::fmt;
use std::sync::Arc;

/// A template that cannot be parsed. Prints as Go prints it: `template: NAME:LINE: MESSAGE`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {name}:{line}: {message}")]
pub struct ParseError {
    /// Name under which the text was parsed.
    pub name: Arc<str>,
    /// Line in the text, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// A bound of [`crate::Limits`] that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Too many steps.
    Steps,
    /// Too much output.
    Output,
    /// Too many values in one collection.
    Size,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steps => "the template takes too many steps",
            Self::Output => "the template writes too much",
            Self::Size => "a value of the template grows too large",
        })
    }
}

/// A template that failed while it ran.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecError {
    /// Prints as Go prints it: `template: NAME:LINE:COLUMN: executing "TEMPLATE" at <NODE>: CAUSE`.
    #[error("template: {location}: executing {template:?} at <{node}>: {cause}")]
    At {
        /// `NAME:LINE:COLUMN`; the column counts bytes from 0, as Go's does.
        location: String,
        /// Name of the template that was executing.
        template: Arc<str>,
        /// The node's source, as Go prints it.
        node: String,
        /// Why.
        cause: Cause,
    },
    /// The template asked for does not exist or is empty.
    #[error("{0}")]
    Template(String),
}

/// Why a node failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// In words.
    #[error("{0}")]
    Message(String),
    /// A function failed in words.
    #[error("error calling {function}: {message}")]
    Call {
        /// The function's name.
        function: String,
        /// Its message.
        message: String,
    },
    /// A function that runs templates failed in one of them.
    #[error("error calling {function}: {before}{source}")]
    Nested {
        /// The function's name.
        function: String,
        /// What the function says before the failure inside.
        before: String,
        /// The failure inside.
        source: Box<ExecError>,
    },
    /// A bound was reached.
    #[error("{0}")]
    Limit(Limit),
}

impl ExecError {
    /// The failure at the bottom of the calls: where a person should look first.
    pub fn innermost(&self) -> &Self {
        match self {
            Self::At { cause: Cause::Nested { source, .. }, .. } => source.innermost(),
            other => other,
        }
    }

    /// The bound that was reached, if that is what it was.
    pub fn limit(&self) -> Option<Limit> {
        match self.innermost() {
            Self::At { cause: Cause::Limit(limit), .. } => Some(*limit),
            _ => None,
        }
    }
}
