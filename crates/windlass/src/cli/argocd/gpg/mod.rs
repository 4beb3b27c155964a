//! `argocd gpg`: the GnuPG keys that commits may be signed with.

mod add;
mod get;
mod keys;
mod list;
mod rm;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::app::Connection;
use keys::Keys;

/// What `gpg` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(add::Args),
    Get(get::Args),
    List(list::Args),
    Rm(rm::Args),
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, command: Command) -> anyhow::Result<ExitCode> {
    let keys = Keys::new(connection);
    match command {
        Command::Add(args) => add::run(&keys, &args).await?,
        Command::Get(args) => get::run(&keys, &args).await?,
        Command::List(args) => list::run(&keys, &args).await?,
        Command::Rm(args) => rm::run(connection, &keys, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
