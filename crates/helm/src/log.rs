//! What is legal and probably not meant: the lines that Helm writes to its log, as Go's `slog`
//! writes them.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use windlass_gotemplate::fmt::quote;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For those who look for a fault.
    Debug,
    /// Helm's older messages, warnings too.
    Info,
    /// A warning.
    Warning,
    /// The reason of a failure.
    Error,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How bad it is.
    pub level: Level,
    /// What.
    pub message: String,
    /// Names with values.
    pub fields: Vec<(&'static str, String)>,
    /// The template that it is about; Helm does not say it.
    pub file: Option<String>,
}

impl Notice {
    /// A line without fields.
    pub fn new(level: Level, message: impl Into<String>) -> Self {
        Self { level, message: message.into(), fields: Vec::new(), file: None }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The message and the fields for people, without a log's level.
    pub fn text(&self) -> String {
        let mut text = self.message.clone();
        for (name, value) in &self.fields {
            text.push_str(&format!(" {name}={}", quoted(value)));
        }
        if let Some(file) = &self.file {
            text.push_str(&format!(" in {file}"));
        }
        text
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warning => "WARN",
            Level::Error => "ERROR",
        };
        write!(f, "level={level} msg={}", quoted(&self.message))?;
        self.fields.iter().try_for_each(|(name, value)| write!(f, " {name}={}", quoted(value)))
    }
}

/// In quotes where `slog` has them.
fn quoted(text: &str) -> String {
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '=' | '\u{fffd}');
    if text.is_empty() || text.contains(bad) { quote(text) } else { text.to_owned() }
}

/// The log of one or more renders; clones are the same log.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<Notice>>>);

impl Log {
    pub(crate) fn add(&self, notice: Notice) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
    }

    pub(crate) fn info(&self, message: impl Into<String>) {
        self.add(Notice::new(Level::Info, message));
    }

    /// As [`Log::take`], for people, each once: one is told as often as values are laid over each
    /// other.
    pub fn take_texts(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let texts = self.take().into_iter().map(|notice| notice.text());
        texts.filter(|text| seen.insert(text.clone())).collect()
    }

    /// The lines so far, which it then no longer has.
    pub fn take(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(notice: &Notice, line: &str, text: &str) {
        assert_eq!((notice.to_string(), notice.text()), (line.to_owned(), text.to_owned()));
    }

    #[test]
    fn lines_are_quoted_as_slog_quotes_them() {
        let notice = |message| Notice::new(Level::Info, message);
        check(&notice("plain"), "level=INFO msg=plain", "plain");
        check(&notice(""), "level=INFO msg=\"\"", "");
        check(&notice("a\\b"), "level=INFO msg=a\\b", "a\\b");
        check(
            &Notice::new(Level::Warning, "two words").with("path", "m.x").with("error", "\"q\""),
            "level=WARN msg=\"two words\" path=m.x error=\"\\\"q\\\"\"",
            "two words path=m.x error=\"\\\"q\\\"\"",
        );
    }
}
