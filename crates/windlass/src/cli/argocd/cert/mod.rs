//! `argocd cert`: certificates of repositories' hosts, and keys of those reached by SSH.

mod add_ssh;
mod add_tls;
mod certificate;
mod list;
mod rm;
mod store;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::app::Connection;
use store::Certificates;

/// What `cert` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    AddSsh(add_ssh::Args),
    AddTls(add_tls::Args),
    List(list::Args),
    Rm(rm::Args),
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, command: Command) -> anyhow::Result<ExitCode> {
    let certificates = Certificates::new(connection);
    match command {
        Command::AddSsh(args) => add_ssh::run(&certificates, &args).await,
        Command::AddTls(args) => add_tls::run(&certificates, &args).await,
        Command::List(args) => list::run(&certificates, &args).await,
        Command::Rm(args) => rm::run(connection, &certificates, &args).await,
    }
}
