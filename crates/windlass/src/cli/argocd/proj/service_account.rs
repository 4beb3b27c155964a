//! `argocd proj add-destination-service-account` and `remove-destination-service-account`.

use windlass_object::{Value, json};

use super::store::Projects;
use crate::cli::failure::Failure;

/// Name the account that syncs to a destination.
///
/// Examples:
///   windlass proj add-destination-service-account shop https://kubernetes.default.svc shop deployer
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Add {
    /// Name of the project.
    project: String,
    /// Address of the cluster.
    cluster: String,
    /// Namespace of the destination.
    namespace: String,
    /// Name of the service account.
    service_account: String,
    /// Namespace of the service account.
    #[arg(long, default_value = "", value_name = "NAMESPACE")]
    service_account_namespace: String,
}

/// Take an account away.
///
/// Examples:
///   windlass proj remove-destination-service-account shop https://kubernetes.default.svc shop deployer
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Remove {
    /// Name of the project.
    project: String,
    /// Address of the cluster.
    cluster: String,
    /// Namespace of the destination.
    namespace: String,
    /// Name of the service account, as the project has it.
    service_account: String,
}

fn value(server: &str, namespace: &str, account: &str) -> Value {
    json!({"server": server, "namespace": namespace, "defaultServiceAccount": account})
}

fn is(known: &Value, wanted: &Value) -> bool {
    ["server", "namespace", "defaultServiceAccount"].iter().all(|field| {
        known[field].as_str().unwrap_or_default() == wanted[field].as_str().unwrap_or_default()
    })
}

impl Add {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        for (what, text) in [
            ("service-account-namespace", &self.service_account_namespace),
            ("ServiceAccount", &self.service_account),
        ] {
            if text.contains('*') {
                return Err(Failure::fatal(format!(
                    "{what} for DestinationServiceAccount must not contain wildcards"
                )));
            }
        }
        let account = match self.service_account_namespace.as_str() {
            "" => self.service_account.clone(),
            namespace => format!("{namespace}:{}", self.service_account),
        };
        let wanted = value(&self.cluster, &self.namespace, &account);
        let mut project = projects.get(&self.project).await?;
        let accounts = project.items_mut("destinationServiceAccounts");
        let counts = !self.cluster.is_empty() && !account.is_empty();
        if counts && accounts.iter().any(|known| is(known, &wanted)) {
            return Err(Failure::fatal(
                "Specified destination service account is already defined in project",
            ));
        }
        accounts.push(wanted);
        projects.update(project).await
    }
}

impl Remove {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.project).await?;
        let wanted = value(&self.cluster, &self.namespace, &self.service_account);
        let accounts = project.items_mut("destinationServiceAccounts");
        let count = accounts.len();
        accounts.retain(|known| !is(known, &wanted));
        if accounts.len() == count {
            return Err(Failure::fatal(
                "Specified destination service account does not exist in project",
            ));
        }
        projects.update(project).await
    }
}
