//! `argocd repocreds`: credentials for all repositories whose address begins so.

mod add;
mod list;
mod rm;

use std::process::ExitCode;

use clap::Subcommand;

use super::secrets::Secrets;
use crate::cli::app::Connection;

/// What `repocreds` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(Box<add::Args>),
    List(list::Args),
    Rm(rm::Args),
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, command: Command) -> anyhow::Result<ExitCode> {
    let secrets = Secrets::new(connection, "repo-creds");
    match command {
        Command::Add(args) => add::run(&secrets, &args).await?,
        Command::List(args) => list::run(&secrets, &args).await?,
        Command::Rm(args) => rm::run(connection, &secrets, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
