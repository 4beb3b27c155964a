//! `argocd cluster`: the clusters that are delivered to.

mod access;
pub(super) mod add;
mod config;
mod get;
mod list;
mod rm;
mod rotate_auth;
mod set;
pub(super) mod view;

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;

use super::secrets::Secrets;
use crate::cli::app::Connection;

/// What `cluster` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(Box<add::Args>),
    Get(get::Args),
    List(list::Args),
    Rm(rm::Args),
    RotateAuth(rotate_auth::Args),
    Set(set::Args),
}

/// Runs the command.
///
/// A context to add is looked for in this kubeconfig, or the usual one.
pub(crate) async fn run(
    connection: &Connection,
    kubeconfig: Option<&Path>,
    command: Command,
) -> anyhow::Result<ExitCode> {
    let secrets = Secrets::new(connection, "cluster");
    match command {
        Command::Add(args) => add::run(connection, &secrets, kubeconfig, &args).await?,
        Command::Get(args) => get::run(connection, &secrets, &args).await?,
        Command::List(args) => list::run(connection, &secrets, &args).await?,
        Command::Rm(args) => rm::run(&secrets, kubeconfig, &args).await?,
        Command::RotateAuth(args) => rotate_auth::run(&secrets, &args).await?,
        Command::Set(args) => set::run(&secrets, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
