//! Writing answers to standard output.

use std::io::{self, Write};

use serde::Serialize;
use windlass_object::{Value, yaml};

/// Writes text. A reader that has gone away ends the output, not the command.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

/// Writes text of an endless output: without a reader the command ends too.
pub(crate) fn print_or_end(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes a line.
pub(crate) fn print_line(text: &str) -> anyhow::Result<()> {
    print(&format!("{text}\n"))
}

/// A value for programs to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    Json,
    Yaml,
}

/// Writes a value as JSON, indented by two, or as YAML.
pub(crate) fn print_value(value: &impl Serialize, notation: Notation) -> anyhow::Result<()> {
    let value: Value = serde_json::to_value(value)?;
    match notation {
        Notation::Json => print_line(&serde_json::to_string_pretty(&value)?),
        Notation::Yaml => print(&yaml::to_string(&value)),
    }
}

/// Writes to standard error.
pub(crate) fn warn(text: &str) {
    // Standard error that is gone leaves nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
