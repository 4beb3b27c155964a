//! `argocd admin settings`.

mod rbac;
mod resource_overrides;
mod source;
mod validate;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::app::{Flags, read_text};

/// Check settings and find what is wrong with them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    source: source::Source,
    #[command(subcommand)]
    command: Command,
}

/// What `admin settings` can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Check who may do what.
    #[command(subcommand)]
    Rbac(rbac::Command),
    /// See what settings make of an object.
    #[command(subcommand)]
    ResourceOverrides(resource_overrides::Command),
    Validate(validate::Args),
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Rbac(command) => rbac::run(flags, command).await,
        Command::ResourceOverrides(command) => {
            // The file is looked at before the settings.
            read_text(command.path())?;
            let config = args.source.config(flags).await?;
            resource_overrides::run(&config, &command)
        }
        Command::Validate(command) => {
            let config = args.source.config(flags).await?;
            validate::run(&config, &command)
        }
    }
}
