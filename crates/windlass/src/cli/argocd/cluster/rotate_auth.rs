//! `argocd cluster rotate-auth`.

use secrecy::{ExposeSecret as _, SecretString};
use windlass_object::{Value, json};

use super::super::secrets::Secrets;
use super::access::Claims;
use super::config;
use super::view::{self, LOCAL};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Give a cluster's service account a new token, and take the old one away.
///
/// The new token is tried before anything is changed.
///
/// Examples:
///   windlass cluster rotate-auth https://12.34.567.89
///   windlass cluster rotate-auth cluster-name
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name or address of the cluster.
    cluster: String,
}

/// Runs the command.
pub(super) async fn run(secrets: &Secrets, args: &Args) -> anyhow::Result<()> {
    let name = &args.cluster;
    let cluster = view::find(secrets, name).await?;
    let server = cluster.text("server").to_owned();
    if !cluster.has_token() {
        return Err(Failure::generic(format!(
            "Cluster '{server}' does not use bearer token authentication"
        )));
    }
    if server == LOCAL.1 {
        return Err(Failure::generic(format!(
            "{name} is the cluster of Argo CD itself: it is signed in to as this pod or kubeconfig \
             is, not with the token of its secret"
        )));
    }
    let token = cluster.credentials()["bearerToken"].as_str().unwrap_or_default();
    let claims = Claims::of(&SecretString::from(token))?;
    let Some(mut entry) = cluster.entry else {
        return Err(Failure::generic(format!("no secret is of {server}")));
    };
    let old = entry.data.client()?;
    let (secret, token) = claims.renew(&old).await?;
    let mut config: Value = serde_json::from_str(&entry.data.text("config"))?;
    config["bearerToken"] = json!(token.expose_secret());
    if let Some(tls) = config["tlsClientConfig"].as_object_mut() {
        tls.remove("keyData");
        tls.remove("certData");
    }
    entry.data.set("config", &config::text(&config));
    if entry.data.text("namespaces").is_empty() {
        entry.data.remove("namespaces");
    }
    let new = entry.data.client()?;
    if let Err(error) = new.apiserver_version().await {
        claims.forget(&old, &secret).await?;
        return Err(Failure::generic(format!(
            "failed to get server version with the new token, and the old one stays: {error}"
        )));
    }
    secrets.replace(&entry).await?;
    claims.replace(&new, &secret).await?;
    output::print_line(&format!("Cluster '{name}' rotated auth"))
}
