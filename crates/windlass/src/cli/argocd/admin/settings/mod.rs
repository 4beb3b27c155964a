//! `argocd admin settings`.

mod rbac;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::app::Flags;

/// What `admin settings` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check who may do what.
    #[command(subcommand)]
    Rbac(rbac::Command),
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Rbac(command) => rbac::run(flags, command).await,
    }
}
