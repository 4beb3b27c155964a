//! `argocd repo get`.

use windlass_source::address;

use super::super::format::Format;
use super::super::secrets::Secrets;
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
    let wanted = args.project.as_deref().filter(|p| !p.is_empty());
    all.retain(|value| {
        let project = value["project"].as_str().unwrap_or_default();
        address::same(value["repo"].as_str().unwrap_or_default(), &args.url)
            && wanted.is_none_or(|wanted| wanted == project)
    });
    let Some(found) = all.first() else {
        return Err(Failure::generic(format!("repo '{}' not found", args.url)));
    };
    if all.len() > 1 {
        let url = &args.url;
        return Err(Failure::generic(format!(
            "repository not found for url '{url}' and project '': {} are, name one by --project",
            all.len()
        )));
    }
    match format {
        Format::Value(notation) => output::print_value(found, notation),
        Format::Named("url") => output::print_line(found["repo"].as_str().unwrap_or_default()),
        Format::Named(_) => output::print(&view::table(&all)),
    }
}
