//! `argocd proj windows delete`.

use super::super::store::Projects;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Delete a sync window.
///
/// Examples:
///   windlass proj windows delete shop 0
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the project.
    project: String,
    /// Number of the window, as `windows list` shows it.
    id: String,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let id = super::number(&args.id)?;
    let mut project = projects.get(&args.project).await?;
    let windows = project.items_mut("syncWindows");
    if id >= windows.len() {
        return Err(Failure::generic(format!("window with id '{}' not found", args.id)));
    }
    windows.remove(id);
    if !projects.confirm("Are you sure you want to delete sync window? [y/n]")? {
        return output::print_line("The command to delete the sync window was cancelled");
    }
    projects.update(project).await
}
