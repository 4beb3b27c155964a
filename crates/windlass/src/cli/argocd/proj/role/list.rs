//! `argocd proj role list`.

use super::super::super::format::Format;
use super::super::store::Projects;
use crate::cli::columns::{align, line};
use crate::cli::output;

/// List roles.
///
/// Examples:
///   windlass proj role list shop
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the project.
    project: String,
    /// Output format: json, yaml, wide or name.
    #[arg(long, short, default_value = "wide")]
    output: String,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let project = projects.get(&args.project).await?;
    let roles = project.items("roles");
    let text =
        |role: &serde_json::Value, field: &str| role[field].as_str().unwrap_or_default().to_owned();
    match Format::read(&args.output, &["wide", "name"])? {
        Format::Value(notation) => output::print_value(&roles, notation),
        Format::Named("name") => {
            roles.iter().try_for_each(|r| output::print_line(&text(r, "name")))
        }
        Format::Named(_) => {
            let mut lines = vec![line(["ROLE-NAME", "DESCRIPTION"])];
            lines.extend(roles.iter().map(|r| vec![text(r, "name"), text(r, "description")]));
            output::print(&align(&lines))
        }
    }
}
