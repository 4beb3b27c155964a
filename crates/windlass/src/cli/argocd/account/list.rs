//! `argocd account list`.

use super::super::format::Format;
use super::accounts::all;
use crate::cli::app::Connection;
use crate::cli::columns::{align, line};
use crate::cli::output;

/// List the accounts.
///
/// Examples:
///   argocd account list
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli::argocd) struct Args {
    /// Output format: wide, name, json or yaml.
    #[arg(long, short, default_value = "wide")]
    output: String,
}

/// Runs the command.
pub(super) async fn run(connection: &Connection, args: &Args) -> anyhow::Result<()> {
    let accounts = all(connection).await?;
    match Format::read(&args.output, &["wide", "name"])? {
        Format::Value(notation) => output::print_value(&accounts, notation),
        Format::Named("name") => {
            let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
            output::print_line(&names.join("\n"))
        }
        Format::Named(_) => {
            let mut lines = vec![line(["NAME", "ENABLED", "CAPABILITIES"])];
            lines.extend(accounts.into_iter().map(|account| {
                let capabilities = account.capabilities.join(", ");
                vec![account.name, account.enabled.to_string(), capabilities]
            }));
            output::print(&align(&lines))
        }
    }
}
