//! Objects as files of a repository have them: what a cluster adds is left out.

use std::fs;

use windlass_object::Value;

use super::super::format::Format;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Notation};

/// How a made object is written, and where.
#[derive(Debug, clap::Args)]
pub(super) struct Output {
    /// Output format: json or yaml.
    #[arg(long, short, default_value = "yaml")]
    output: String,
    /// Write it into the file that --file names, and keep that as FILE.back.
    #[arg(long, short)]
    inline: bool,
}

/// Only the notation.
#[derive(Debug, clap::Args)]
pub(super) struct Written {
    /// Output format: json or yaml.
    #[arg(long, short, default_value = "yaml")]
    output: String,
}

impl Output {
    /// Writes it.
    pub(super) fn write(&self, object: Value, file: Option<&str>) -> anyhow::Result<()> {
        if !self.inline {
            return print(object, &self.output);
        }
        let Some(file) = file.filter(|file| !file.is_empty()) else {
            return Err(Failure::generic("the file path must be specified using flag '--file'"));
        };
        let text = text(object, &self.output)?;
        let back = format!("{file}.back");
        fs::rename(file, &back)
            .map_err(|error| Failure::generic(format!("rename {file} {back}: {error}")))?;
        fs::write(file, text).map_err(|error| Failure::generic(format!("open {file}: {error}")))
    }
}

impl Written {
    /// Writes it to standard output.
    pub(super) fn print(&self, object: Value) -> anyhow::Result<()> {
        print(object, &self.output)
    }
}

fn print(object: Value, format: &str) -> anyhow::Result<()> {
    output::print(&text(object, format)?)
}

fn text(mut object: Value, format: &str) -> anyhow::Result<String> {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("creationTimestamp");
        metadata.remove("namespace");
    }
    match (format, Format::read(format, &[])?) {
        (_, Format::Value(Notation::Json)) => {
            Ok(format!("{}\n", serde_json::to_string_pretty(&object)?))
        }
        (_, Format::Value(Notation::Yaml)) => Ok(windlass_object::yaml::to_string(&object)),
        (other, Format::Named(_)) => {
            Err(Failure::generic(format!("unknown output format: {other}")))
        }
    }
}
