//! `argocd gpg get`.

use super::super::format::Format;
use super::keys::{Keys, id};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Show a public key.
///
/// Examples:
///   windlass gpg get 4AEE18F83AFDEB23
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Id or fingerprint.
    key: Option<String>,
    /// Output format: json, yaml or wide.
    #[arg(long, short, default_value = "wide")]
    output: String,
}

/// Runs the command.
pub(super) async fn run(keys: &Keys, args: &Args) -> anyhow::Result<()> {
    let Some(key) = &args.key else { return Err(Failure::generic("Missing KEYID argument")) };
    let id = id(key)?;
    let mut all = keys.all().await?;
    let Some(key) = all.remove(&id) else {
        return Err(Failure::generic(format!("no such key: {key}")));
    };
    match Format::read(&args.output, &["wide"])? {
        Format::Value(notation) => output::print_value(&key.value(true), notation),
        Format::Named(_) => {
            let subtype = key.subtype.to_ascii_uppercase();
            output::print(&format!(
                "Key ID:          {}\nKey fingerprint: {}\nKey subtype:     {subtype}\nKey owner:  \
                 \u{20}    {}\nKey data follows until EOF:\n{}\n",
                key.id, key.fingerprint, key.owner, key.data
            ))
        }
    }
}
