//! `argocd repocreds rm`.

use super::super::prompt;
use super::super::secrets::Secrets;
use crate::cli::app::Connection;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Remove credentials.
///
/// Examples:
///   windlass repocreds rm https://example.com/team/
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// What the addresses begin with.
    #[arg(required = true)]
    urls: Vec<String>,
}

/// Runs the command.
pub(super) async fn run(
    connection: &Connection,
    secrets: &Secrets,
    args: &Args,
) -> anyhow::Result<()> {
    for url in &args.urls {
        let question = format!("Are you sure you want to remove '{url}'? [y/n] ");
        if !prompt::confirm(connection.prompts, &question)? {
            output::print_line(&format!("The command to remove '{url}' was cancelled."))?;
            continue;
        }
        let found = secrets.list().await?.into_iter().find(|e| e.data.text("url") == *url);
        let Some(entry) = found else {
            let text = format!("repository credentials '{url}' not found");
            return Err(Failure::generic(text));
        };
        secrets.delete(&entry).await?;
        output::print_line(&format!("Repository credentials for '{url}' removed"))?;
    }
    Ok(())
}
