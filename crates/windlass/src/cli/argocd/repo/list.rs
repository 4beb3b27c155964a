//! `argocd repo list`.

use windlass_object::Value;

use super::super::format::Format;
use super::super::secrets::Secrets;
use super::view;
use crate::cli::app::{Connection, repository_settings};
use crate::cli::failure::Failure;
use crate::cli::output;

/// List repositories, and whether they can be reached.
///
/// Examples:
///   windlass repo list
///   windlass repo list -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Output format: json, yaml, wide or url.
    #[arg(long, short, default_value = "wide")]
    output: String,
    /// `hard` asks the repositories anew, which is done anyway.
    #[arg(long, default_value = "")]
    refresh: String,
}

/// Runs the command.
pub(super) async fn run(
    connection: &Connection,
    secrets: &Secrets,
    args: &Args,
) -> anyhow::Result<()> {
    check_refresh(&args.refresh)?;
    let format = read_format(&args.output)?;
    let all = all(connection, secrets).await?;
    show(&all, format)
}

/// All repositories as they are shown.
pub(super) async fn all(connection: &Connection, secrets: &Secrets) -> anyhow::Result<Vec<Value>> {
    let settings = repository_settings(connection).await?;
    let mut all = Vec::new();
    for entry in secrets.list().await? {
        all.push(view::value(&entry, &settings).await);
    }
    all.sort_by_key(|value| {
        let text = |field: &str| value[field].as_str().unwrap_or_default();
        format!("{}/{}", text("project"), text("repo"))
    });
    Ok(all)
}

pub(super) fn check_refresh(text: &str) -> anyhow::Result<()> {
    if ["", "hard"].contains(&text) {
        return Ok(());
    }
    Err(Failure::generic(format!("unknown refresh value: {text}. Supported values: hard")))
}

pub(super) fn read_format(text: &str) -> anyhow::Result<Format> {
    Format::read(text, &["wide", "url"]).map_err(|_| {
        Failure::generic(format!(
            "unknown output format: {text}. Supported formats: yaml|json|url|wide"
        ))
    })
}

fn show(all: &[Value], format: Format) -> anyhow::Result<()> {
    match format {
        Format::Value(notation) => output::print_value(&all, notation),
        Format::Named("url") => all
            .iter()
            .try_for_each(|value| output::print_line(value["repo"].as_str().unwrap_or_default())),
        Format::Named(_) => output::print(&view::table(all)),
    }
}
