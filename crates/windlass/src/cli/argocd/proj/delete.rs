//! `argocd proj delete`.

use super::store::Projects;
use crate::cli::output;

/// Delete projects that no application is of.
///
/// Examples:
///   windlass proj delete shop
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Names of the projects.
    #[arg(required = true)]
    projects: Vec<String>,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    for name in &args.projects {
        if projects.confirm(&format!("Are you sure you want to delete {name}? [y/n]"))? {
            projects.delete(name).await?;
        } else {
            output::print_line(&format!("The command to delete {name} was cancelled."))?;
        }
    }
    Ok(())
}
