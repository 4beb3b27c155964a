//! `argocd proj role delete`.

use super::super::store::Projects;
use crate::cli::output;

/// Delete a role.
///
/// Examples:
///   windlass proj role delete shop developer
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the project.
    project: String,
    /// Name of the role.
    role: String,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let mut project = projects.get(&args.project).await?;
    let name = &args.role;
    let Ok(at) = project.role(name) else {
        return output::print_line(&format!("Role '{name}' does not exist in project"));
    };
    project.items_mut("roles").swap_remove(at);
    if !projects.confirm(&format!("Are you sure you want to delete '{name}' role? [y/n]"))? {
        return output::print_line(&format!("The command to delete role '{name}' was cancelled."));
    }
    projects.update(project).await?;
    output::print_line(&format!("Role '{name}' deleted"))
}
