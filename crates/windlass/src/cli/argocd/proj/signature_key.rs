//! `argocd proj add-signature-key` and `remove-signature-key`.

use windlass_object::json;

use super::options::is_key_id;
use super::store::Projects;
use crate::cli::failure::Failure;

/// Accept commits that a GnuPG key has signed.
///
/// Examples:
///   windlass proj add-signature-key shop 4AEE18F83AFDEB23
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Add {
    /// Name of the project.
    project: String,
    /// Id of the key.
    key_id: String,
}

/// Take a GnuPG key away.
///
/// Examples:
///   windlass proj remove-signature-key shop 4AEE18F83AFDEB23
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Remove {
    /// Name of the project.
    project: String,
    /// Id of the key.
    key_id: String,
}

impl Add {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let key = &self.key_id;
        if !is_key_id(key) {
            return Err(Failure::fatal(format!("{key} is not a valid GnuPG key ID")));
        }
        let mut project = projects.get(&self.project).await?;
        let keys = project.items_mut("signatureKeys");
        if keys.iter().any(|known| known["keyID"] == *key) {
            return Err(Failure::fatal("Specified signature key is already defined in project"));
        }
        keys.push(json!({"keyID": key}));
        projects.update(project).await
    }
}

impl Remove {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.project).await?;
        let keys = project.items_mut("signatureKeys");
        let Some(at) = keys.iter().position(|known| known["keyID"] == self.key_id) else {
            let text = "Specified signature key is not configured for project";
            return Err(Failure::fatal(text));
        };
        keys.remove(at);
        projects.update(project).await
    }
}
