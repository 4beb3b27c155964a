//! `argocd admin initial-password`.

use std::process::ExitCode;

use secrecy::ExposeSecret as _;

use super::super::kube::{Data, Store, core};
use crate::cli::app::{Connection, Flags};
use crate::cli::output;

/// Print the password with which one first signs in to an API server of Argo CD.
///
/// Examples:
///   windlass admin initial-password
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {}

/// Runs the command.
pub(super) async fn run(flags: &Flags, _args: &Args) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(flags).await?;
    let secret = Store::new(&connection, core("Secret")).get("argocd-initial-admin-secret").await?;
    let password = Data::of(&secret).secret("password");
    // To print it is what is asked for.
    output::print_line(password.expose_secret())?;
    output::print_line(
        "\n This password must be only used for first time login. We strongly recommend you update \
         the password using `argocd account update-password`.",
    )?;
    Ok(ExitCode::SUCCESS)
}
