//! `argocd proj add-destination` and `remove-destination`.

use windlass_object::json;

use super::store::Projects;
use crate::cli::failure::Failure;

/// Permit a destination.
///
/// Examples:
///   windlass proj add-destination shop https://kubernetes.default.svc shop
///   windlass proj add-destination shop in-cluster shop --name
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Add {
    /// Name of the project.
    project: String,
    /// Address, or with --name the name, of the cluster.
    destination: String,
    /// Namespace.
    namespace: String,
    /// The destination is a name.
    #[arg(long)]
    name: bool,
}

/// Take a destination away.
///
/// Examples:
///   windlass proj remove-destination shop https://kubernetes.default.svc shop
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Remove {
    /// Name of the project.
    project: String,
    /// Address of the cluster.
    cluster: String,
    /// Namespace.
    namespace: String,
}

impl Add {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.project).await?;
        let field = if self.name { "name" } else { "server" };
        let (to, namespace) = (self.destination.as_str(), self.namespace.as_str());
        let destinations = project.items_mut("destinations");
        let is = |d: &serde_json::Value, field: &str, text: &str| {
            d[field].as_str().unwrap_or_default() == text
        };
        if !to.is_empty()
            && destinations.iter().any(|d| is(d, "namespace", namespace) && is(d, field, to))
        {
            return Err(Failure::fatal("Specified destination is already defined in project"));
        }
        destinations.push(json!({field: to, "namespace": namespace}));
        projects.update(project).await
    }
}

impl Remove {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.project).await?;
        let destinations = project.items_mut("destinations");
        let wanted = [("namespace", &self.namespace), ("server", &self.cluster)];
        let found = destinations.iter().position(|destination| {
            wanted.iter().all(|(field, text)| destination[field].as_str().unwrap_or("") == **text)
        });
        let Some(at) = found else {
            return Err(Failure::fatal("Specified destination does not exist in project"));
        };
        destinations.remove(at);
        projects.update(project).await
    }
}
