//! `argocd account list`.

use super::accounts::all;
use crate::cli::app::Connection;
use crate::cli::columns::{align, line};
use crate::cli::failure::Failure;
use crate::cli::output::{self, Notation};

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
    match args.output.as_str() {
        "json" => output::print_value(&accounts, Notation::Json),
        "yaml" => output::print_value(&accounts, Notation::Yaml),
        "name" => {
            let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
            output::print_line(&names.join("\n"))
        }
        "wide" | "" => {
            let mut lines = vec![line(["NAME", "ENABLED", "CAPABILITIES"])];
            lines.extend(accounts.into_iter().map(|account| {
                let capabilities = account.capabilities.join(", ");
                vec![account.name, account.enabled.to_string(), capabilities]
            }));
            output::print(&align(&lines))
        }
        other => Err(Failure::generic(format!("unknown output format: {other}"))),
    }
}
