//! `argocd admin cluster generate-spec`.

use secrecy::SecretString;
use windlass_object::json;

use super::super::super::cluster::add::{Account, Definition, choose};
use super::super::super::secrets::{ARGOCD, LABEL, MANAGED_BY};
use super::super::print::Written;
use crate::cli::app::Flags;
use crate::cli::failure::Failure;

/// Print the secret that `cluster add` would make of a context of the kubeconfig.
///
/// Nothing is made on the cluster. Without a token its place is held by `bearer-token`.
///
/// Examples:
///   windlass admin cluster generate-spec my-cluster --bearer-token "$TOKEN"
///   windlass admin cluster generate-spec my-cluster --generate-bearer-token -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    definition: Definition,
    /// Token to sign in with.
    #[arg(long, default_value = "bearer-token", hide_default_value = true)]
    bearer_token: SecretString,
    /// Take the token of the service account, which is there.
    #[arg(long)]
    generate_bearer_token: bool,
    #[command(flatten)]
    output: Written,
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, args: &Args) -> anyhow::Result<()> {
    let context = args.definition.context();
    if context.is_empty() {
        return choose(flags.kubeconfig());
    }
    args.definition.check()?;
    if !args.definition.is_known(flags.kubeconfig())? {
        return Err(Failure::fatal(format!("Context {context} does not exist in kubeconfig")));
    }
    let account = if args.generate_bearer_token {
        Account::Known
    } else {
        Account::Token(args.bearer_token.clone())
    };
    let mut described = args.definition.describe(flags.kubeconfig(), &account).await?;
    described.labels[LABEL] = json!("cluster");
    described.annotations[MANAGED_BY] = json!(ARGOCD);
    args.output.print(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": described.secret,
            "labels": described.labels,
            "annotations": described.annotations,
        },
        "stringData": described.data.string_data(),
    }))
}
