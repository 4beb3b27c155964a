//! `argocd proj role create`.

use windlass_object::json;

use super::super::store::Projects;
use crate::cli::output;

/// Create a role.
///
/// Examples:
///   windlass proj role create shop developer --description "who may sync"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the project.
    project: String,
    /// Name of the role.
    role: String,
    /// Description.
    #[arg(long, default_value = "")]
    description: String,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let mut project = projects.get(&args.project).await?;
    let name = &args.role;
    if project.role(name).is_ok() {
        return output::print_line(&format!("Role '{name}' already exists"));
    }
    let mut role = json!({"name": name});
    if !args.description.is_empty() {
        role["description"] = json!(args.description);
    }
    project.items_mut("roles").push(role);
    projects.update(project).await?;
    output::print_line(&format!("Role '{name}' created"))
}
