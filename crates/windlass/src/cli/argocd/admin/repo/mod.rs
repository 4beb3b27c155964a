//! `argocd admin repo`.

mod generate_spec;

use std::process::ExitCode;

use clap::Subcommand;

/// What `admin repo` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    GenerateSpec(Box<generate_spec::Args>),
}

/// Runs the command.
pub(super) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::GenerateSpec(args) => generate_spec::run(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}
