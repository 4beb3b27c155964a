//! `argocd gpg rm`.

use super::super::prompt;
use super::keys::Keys;
use crate::cli::app::Connection;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Remove a public key.
///
/// Examples:
///   windlass gpg rm 4AEE18F83AFDEB23
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Its id.
    key: Option<String>,
}

/// Runs the command.
pub(super) async fn run(connection: &Connection, keys: &Keys, args: &Args) -> anyhow::Result<()> {
    let Some(key) = &args.key else { return Err(Failure::generic("Missing KEYID argument")) };
    let question = format!("Are you sure you want to remove '{key}'? [y/n] ");
    if !prompt::confirm(connection.prompts, &question)? {
        return output::print_line(&format!(
            "The command to delete key with key ID '{key}' was cancelled."
        ));
    }
    if !keys.remove(key).await? {
        return Err(Failure::generic(format!("no such key configured: {key}")));
    }
    output::print_line(&format!("Deleted key with key ID {key}"))
}
