//! `argocd repo`: repositories.

mod add;
mod connect;
mod get;
mod list;
mod rm;
mod view;

use std::process::ExitCode;

use clap::Subcommand;

use super::secrets::Secrets;
use crate::cli::app::Connection;
pub(super) use add::{differing, fields};

pub(crate) use add::Definition;

/// What `repo` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(Box<add::Args>),
    Get(get::Args),
    List(list::Args),
    Rm(rm::Args),
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, command: Command) -> anyhow::Result<ExitCode> {
    let secrets = Secrets::new(connection, "repository");
    match command {
        Command::Add(args) => add::run(connection, &secrets, &args).await?,
        Command::Get(args) => get::run(connection, &secrets, &args).await?,
        Command::List(args) => list::run(connection, &secrets, &args).await?,
        Command::Rm(args) => rm::run(connection, &secrets, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
