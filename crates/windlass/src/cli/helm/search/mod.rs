//! `windlass helm search`.

mod repo;

use clap::Subcommand;

/// Search for charts.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Repo(repo::Args),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Repo(args) => repo::run(args),
    }
}
