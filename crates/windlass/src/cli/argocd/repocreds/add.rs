//! `argocd repocreds add`.

use windlass_object::json;

use super::super::access::Access;
use super::super::kube::Data;
use super::super::repo::{differing, fields};
use super::super::secrets::{Secrets, hash};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Add credentials for all repositories whose address begins so.
///
/// Examples:
///   windlass repocreds add https://example.com/team/ --username me --password "$PASSWORD"
///   windlass repocreds add git@example.com:team --ssh-private-key-path ~/.ssh/id_ed25519
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// What the addresses begin with.
    url: String,
    /// Address of a proxy.
    #[arg(long, default_value = "")]
    proxy_url: String,
    /// Change credentials that are there and differ.
    #[arg(long)]
    upsert: bool,
    #[command(flatten)]
    access: Access,
}

/// Runs the command.
pub(super) async fn run(secrets: &Secrets, args: &Args) -> anyhow::Result<()> {
    let url = &args.url;
    let mut data = Data::default();
    args.access.write(url, &mut data)?;
    data.set("proxy", &args.proxy_url);
    let name = format!("creds-{}", hash(&[url]));
    if !secrets.create(&name, &data, &json!({}), &json!({})).await? {
        let found = secrets.list().await?.into_iter().find(|e| e.data.text("url") == *url);
        let Some(mut entry) = found else {
            let text = format!("the secret {name} is there and is of other credentials");
            return Err(Failure::generic(text));
        };
        let differing = differing(&entry.data, &data);
        if !differing.is_empty() {
            if !args.upsert {
                return Err(Failure::generic(format!(
                    "existing repository credentials spec is different; use upsert flag to force \
                     update; difference in keys {:?}",
                    differing.join(",")
                )));
            }
            entry.data.replace(&data, fields());
            secrets.replace(&entry).await?;
        }
    }
    output::print_line(&format!("Repository credentials for '{url}' added"))
}
