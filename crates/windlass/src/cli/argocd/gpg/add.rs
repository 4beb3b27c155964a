//! `argocd gpg add`.

use super::keys::{Keys, read};
use crate::cli::app::read_text;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Add a public key that commits may be signed with.
///
/// Examples:
///   gpg --armor --export KEYID | windlass gpg add --from -
///   windlass gpg add --from key.asc
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// File with the key, in armour.
    #[arg(long, short, default_value = "", value_name = "FILE")]
    from: String,
}

/// Runs the command.
pub(super) async fn run(keys: &Keys, args: &Args) -> anyhow::Result<()> {
    if args.from.is_empty() {
        return Err(Failure::generic("--from is mandatory"));
    }
    let text = read_text(&args.from)?;
    if text.trim().is_empty() {
        return Err(Failure::generic("submitted key data is empty"));
    }
    let given = read(&text)?;
    let known = keys.all().await?;
    let (skipped, new): (Vec<_>, Vec<_>) =
        given.into_iter().partition(|key| known.contains_key(&key.id));
    if !new.is_empty() {
        keys.add(&new).await?;
    }
    let mut told = format!("Created {} key(s) from input file", new.len());
    if !skipped.is_empty() {
        let count = skipped.len();
        told.push_str(&format!(", and {count} key(s) were skipped because they exist already"));
    }
    output::print_line(&format!("{told}."))
}
