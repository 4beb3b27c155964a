//! `argocd admin settings rbac`.

mod can;
mod policy;
mod validate;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::app::Flags;

/// What `admin settings rbac` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Can(can::Args),
    Validate(validate::Args),
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Can(args) => can::run(flags, &args).await,
        Command::Validate(args) => validate::run(flags, &args).await,
    }
}
