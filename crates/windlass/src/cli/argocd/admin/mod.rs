//! `argocd admin`: what an administrator needs, most of it without a cluster.

mod backup;
mod export;
mod import;
mod settings;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::app::Flags;

/// What `admin` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Export(export::Args),
    Import(import::Args),
    /// Check settings and find what is wrong with them.
    #[command(subcommand)]
    Settings(settings::Command),
}

impl Command {
    /// Whether it can do without a cluster.
    pub(super) fn is_offline(&self) -> bool {
        matches!(self, Self::Settings(_))
    }
}

/// Runs the command.
pub(crate) async fn run(flags: &Flags, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Export(args) => export::run(flags, &args).await,
        Command::Import(args) => import::run(flags, &args).await,
        Command::Settings(command) => settings::run(flags, command).await,
    }
}
