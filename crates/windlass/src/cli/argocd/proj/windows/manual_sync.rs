//! `argocd proj windows enable-manual-sync` and `disable-manual-sync`.

use windlass_object::json;

use super::super::store::Projects;

/// A window.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the project.
    project: String,
    /// Number of the window, as `windows list` shows it.
    id: String,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args, enabled: bool) -> anyhow::Result<()> {
    let id = super::number(&args.id)?;
    let mut project = projects.get(&args.project).await?;
    if let Some(window) =
        project.items_mut("syncWindows").get_mut(id).and_then(|w| w.as_object_mut())
    {
        window.remove("manualSync");
        if enabled {
            window.insert("manualSync".to_owned(), json!(true));
        }
    }
    projects.update(project).await
}
