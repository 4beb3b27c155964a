//! `argocd gpg list`.

use windlass_object::Value;

use super::super::format::Format;
use super::keys::Keys;
use crate::cli::columns::{align, line};
use crate::cli::output;

/// List the public keys that commits may be signed with.
///
/// Examples:
///   windlass gpg list -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Output format: json, yaml or wide.
    #[arg(long, short, default_value = "wide")]
    output: String,
}

/// Runs the command.
pub(super) async fn run(keys: &Keys, args: &Args) -> anyhow::Result<()> {
    let all = keys.all().await?;
    match Format::read(&args.output, &["wide"])? {
        Format::Value(notation) => {
            let all: Vec<Value> = all.values().map(|key| key.value(false)).collect();
            output::print_value(&all, notation)
        }
        Format::Named(_) => {
            let mut lines = vec![line(["KEYID", "TYPE", "IDENTITY"])];
            lines.extend(all.into_values().map(|key| {
                let subtype = key.subtype.to_ascii_uppercase();
                vec![key.id, subtype, key.owner]
            }));
            output::print(&align(&lines))
        }
    }
}
