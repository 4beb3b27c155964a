//! `windlass helm repo`.

mod add;
mod index;
mod list;
mod remove;
mod update;

use clap::Subcommand;

pub(crate) use update::update;

/// Add, list, remove, update and index chart repositories.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(add::Args),
    Index(index::Args),
    #[command(alias = "ls")]
    List(list::Args),
    #[command(alias = "rm")]
    Remove(remove::Args),
    #[command(alias = "up")]
    Update(update::Args),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Add(args) => add::run(args),
        Command::Index(args) => index::run(args),
        Command::List(args) => list::run(args),
        Command::Remove(args) => remove::run(args),
        Command::Update(args) => update::run(args),
    }
}
