//! `argocd repo rm`.

use super::super::prompt;
use super::super::secrets::Secrets;
use super::add::meant;
use crate::cli::app::Connection;
use crate::cli::output;

/// Remove repositories.
///
/// Examples:
///   windlass repo rm https://example.com/apps.git
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Addresses of the repositories.
    #[arg(required = true)]
    urls: Vec<String>,
    /// Project of the repositories.
    #[arg(long, default_value = "")]
    project: String,
}

/// Runs the command.
pub(super) async fn run(
    connection: &Connection,
    secrets: &Secrets,
    args: &Args,
) -> anyhow::Result<()> {
    for url in &args.urls {
        let question = format!("Are you sure you want to delete repository '{url}'? [y/n]");
        if !prompt::confirm(connection.prompts, &question)? {
            output::print_line(&format!("The command to delete '{url}' was cancelled."))?;
            continue;
        }
        let entry = meant(secrets.list().await?, url, &args.project)?;
        secrets.delete(&entry).await?;
        output::print_line(&format!("Repository '{url}' removed"))?;
    }
    Ok(())
}
