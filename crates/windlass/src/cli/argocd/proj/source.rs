//! `argocd proj add-source` and `remove-source`.

use windlass_object::json;
use windlass_source::address;

use super::store::Projects;
use crate::cli::output;

/// Permit a repository.
///
/// Examples:
///   windlass proj add-source shop https://example.com/shop.git
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Add {
    /// Name of the project.
    project: String,
    /// Address of the repository.
    url: String,
}

/// Take a repository away.
///
/// Examples:
///   windlass proj remove-source shop https://example.com/shop.git
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Remove {
    /// Name of the project.
    project: String,
    /// Address of the repository.
    url: String,
}

impl Add {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.project).await?;
        let same = |known: &str| {
            known == "*" || address::normalize(known) == address::normalize(&self.url)
        };
        if let Some(known) = project.texts("sourceRepos").into_iter().find(|known| same(known)) {
            let text = format!("Source repository '{known}' already allowed in project");
            return output::print_line(&text);
        }
        project.items_mut("sourceRepos").push(json!(self.url));
        projects.update(project).await
    }
}

impl Remove {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.project).await?;
        let sources = project.items_mut("sourceRepos");
        let Some(at) = sources.iter().position(|known| *known == self.url) else {
            let text = format!("Source repository '{}' does not exist in project", self.url);
            return output::print_line(&text);
        };
        sources.remove(at);
        projects.update(project).await
    }
}
