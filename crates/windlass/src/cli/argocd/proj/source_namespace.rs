//! `argocd proj add-source-namespace` and `remove-source-namespace`.

use windlass_object::json;

use super::store::Projects;
use crate::cli::output;

/// Let applications of a namespace be of the project.
///
/// Examples:
///   windlass proj add-source-namespace shop team-a
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Add {
    /// Name of the project.
    project: String,
    /// Namespace.
    namespace: String,
}

/// Take a namespace away.
///
/// Examples:
///   windlass proj remove-source-namespace shop team-a
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Remove {
    /// Name of the project.
    project: String,
    /// Namespace.
    namespace: String,
}

impl Add {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.project).await?;
        let known = project.texts("sourceNamespaces");
        if known.iter().any(|known| *known == "*" || *known == self.namespace) {
            return output::print_line("Source namespace '*' already allowed in project");
        }
        project.items_mut("sourceNamespaces").push(json!(self.namespace));
        projects.update(project).await
    }
}

impl Remove {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.project).await?;
        let known = project.items_mut("sourceNamespaces");
        let found = known.iter().position(|known| *known == self.namespace && *known != "*");
        let Some(at) = found else {
            let name = &self.namespace;
            return output::print_line(&format!(
                "Source namespace '{name}' does not exist in project or cannot be removed"
            ));
        };
        known.remove(at);
        projects.update(project).await
    }
}
