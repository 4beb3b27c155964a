//! `kustomize cfg`: looks at manifests in a directory.

mod count;

use clap::Subcommand;

/// Commands for reading and writing configuration
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Count(count::Args),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    match &args.command {
        Command::Count(args) => count::run(args),
    }
}
