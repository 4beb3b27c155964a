//! `argocd repo get`.

use windlass_source::address;

use super::super::format::Format;
use super::super::secrets::Secrets;
use super::add::unknown;
use super::{list, view};
use crate::cli::app::Connection;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Show a repository.
///
/// Examples:
///   windlass repo get https://example.com/apps.git
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Address of the repository.
    url: String,
    /// Project of the repository.
    #[arg(long)]
    project: Option<String>,
    /// Output format: json, yaml, wide or url.
    #[arg(long, short, default_value = "wide")]
    output: String,
    /// `hard` asks the repository anew, which is done anyway.
    #[arg(long, default_value = "")]
    refresh: String,
}

/// Runs the command.
pub(super) async fn run(
    connection: &Connection,
    secrets: &Secrets,
    args: &Args,
) -> anyhow::Result<()> {
    list::check_refresh(&args.refresh)?;
    let format = list::read_format(&args.output)?;
    let mut all = list::all(connection, secrets).await?;
    let wanted = args.project.as_deref().unwrap_or_default();
    all.retain(|value| address::same(value["repo"].as_str().unwrap_or_default(), &args.url));
    if all.is_empty() {
        return Err(Failure::generic(format!("repo '{}' not found", args.url)));
    }
    // Without a project the only one of its address is meant.
    if !(all.len() == 1 && wanted.is_empty()) {
        all.retain(|value| value["project"].as_str().unwrap_or_default() == wanted);
    }
    let Some(found) = all.first() else { return Err(unknown(&args.url, wanted)) };
    match format {
        Format::Value(notation) => output::print_value(found, notation),
        Format::Named("url") => output::print_line(found["repo"].as_str().unwrap_or_default()),
        Format::Named(_) => output::print(&view::table(&all)),
    }
}
