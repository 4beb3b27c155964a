//! `argocd proj edit`.

use windlass_object::{Value, yaml};

use super::super::editor;
use super::store::Projects;
use crate::cli::failure::Failure;

/// Edit a project's spec with $EDITOR.
///
/// Examples:
///   windlass proj edit shop
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the project.
    project: String,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let mut project = projects.get(&args.project).await?;
    let before = yaml::to_string(&project.value["spec"]);
    let Some(edited) = editor::edit(&before)? else { return Ok(()) };
    let spec = yaml::parse_one(edited.as_bytes(), &yaml::Options::default());
    project.value["spec"] = match spec {
        Ok(spec @ Value::Object(_)) => spec,
        Ok(_) => return Err(Failure::generic("the edited text is no spec of a project")),
        Err(error) => return Err(Failure::generic(format!("the edited text is no YAML: {error}"))),
    };
    projects.update(project).await
}
