//! `argocd account get`.

use jiff::Timestamp;

use super::super::format::Format;
use super::accounts::{Account, all};
use crate::cli::app::Connection;
use crate::cli::columns::{align, line};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Show an account.
///
/// Examples:
///   argocd account get --account admin
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli::argocd) struct Args {
    /// Name of the account; nobody is signed in whose account it could be.
    #[arg(long, short, default_value = "")]
    account: String,
    /// Output format: wide, name, json or yaml.
    #[arg(long, short, default_value = "wide")]
    output: String,
}

/// Runs the command.
pub(super) async fn run(connection: &Connection, args: &Args) -> anyhow::Result<()> {
    let name = &args.account;
    let found = all(connection).await?.into_iter().find(|account| account.name == *name);
    let account = found.ok_or_else(|| {
        Failure::generic(format!("failed to get account {name}: account '{name}' does not exist"))
    })?;
    match Format::read(&args.output, &["wide", "name"])? {
        Format::Value(notation) => output::print_value(&account, notation),
        Format::Named("name") => output::print_line(&account.name),
        Format::Named(_) => output::print(&shown(&account, Timestamp::now())),
    }
}

fn shown(account: &Account, now: Timestamp) -> String {
    let mut text = String::new();
    for (name, value) in [
        ("Name:", account.name.clone()),
        ("Enabled:", account.enabled.to_string()),
        ("Capabilities:", account.capabilities.join(", ")),
    ] {
        text.push_str(&format!("{name:<20}{value}\n"));
    }
    text.push_str("\nTokens:\n");
    if account.tokens.is_empty() {
        return text + "NONE\n";
    }
    let time = |seconds: i64| {
        Timestamp::from_second(seconds)
            .map_or_else(|_| seconds.to_string(), |time| time.to_string())
    };
    let mut lines = vec![line(["ID", "ISSUED AT", "EXPIRING AT"])];
    for token in &account.tokens {
        let ends = match token.expires {
            0 => "never".to_owned(),
            end if end < now.as_second() => format!("{} (expired)", time(end)),
            end => time(end),
        };
        lines.push(vec![token.id.clone(), time(token.issued), ends]);
    }
    text + &align(&lines)
}
