//! What goes wrong, and where.

use std::fmt;

/// A place in a file, counted from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

/// A program cannot be read, or fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    /// What, in the words of go-jsonnet where it has some.
    pub message: String,
    /// Where, the innermost place first: of calls and fields that led there only the nearest.
    pub trace: Vec<(String, Place)>,
}

/// Places that are told of one error.
const TOLD: usize = 8;

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), trace: Vec::new() }
    }

    pub(crate) fn at(file: &str, place: Place, message: impl Into<String>) -> Self {
        Self { message: message.into(), trace: vec![(file.to_owned(), place)] }
    }

    pub(crate) fn within(mut self, file: &str, place: Place) -> Self {
        let here = (file.to_owned(), place);
        if self.trace.len() < TOLD && self.trace.last() != Some(&here) {
            self.trace.push(here);
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (i, (file, place)) in self.trace.iter().enumerate() {
            let word = if i == 0 { " at" } else { ", from" };
            write!(f, "{word} {file}:{}:{}", place.line, place.column)?;
        }
        Ok(())
    }
}
