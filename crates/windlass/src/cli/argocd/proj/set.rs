//! `argocd proj set`.

use super::options::Options;
use super::store::Projects;
use crate::cli::failure::Failure;

/// Change what a project allows.
///
/// Examples:
///   windlass proj set shop --description "the shop" --orphaned-resources-warn
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the project.
    project: String,
    #[command(flatten)]
    options: Options,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let mut project = projects.get(&args.project).await?;
    if args.options.apply(&mut project)? == 0 {
        return Err(Failure::fatal("Please set at least one option to update"));
    }
    projects.update(project).await
}
