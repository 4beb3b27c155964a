//! `argocd cluster rotate-auth`.

use super::super::secrets::Secrets;
use super::view;
use crate::cli::failure::Failure;

/// Give a cluster's service account a new token: not there yet.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or address of the cluster.
    cluster: String,
}

/// Runs the command.
pub(super) async fn run(secrets: &Secrets, args: &Args) -> anyhow::Result<()> {
    let name = &args.cluster;
    let cluster = view::find(secrets, name).await?;
    if !cluster.has_token() {
        return Err(Failure::generic(format!(
            "Cluster '{name}' does not use bearer token authentication"
        )));
    }
    Err(Failure::generic(format!(
        "argocd cluster rotate-auth is not there yet in Windlass: nothing was done. Delete the secret \
         argocd-manager-long-lived-token in kube-system of the cluster and run `argocd cluster add \
         CONTEXT --name {name} --upsert`"
    )))
}
