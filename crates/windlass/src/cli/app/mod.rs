//! `windlass app`: the argocd command line's `app` commands in its core mode, straight to the
//! Kubernetes API. One command, one file.

mod actions;
mod comparison;
mod confirm_deletion;
mod connection;
mod create;
mod delete;
mod diff;
mod get;
mod health;
mod history;
mod kinds;
mod list;
mod logs;
mod lookup;
mod manifests;
mod options;
mod repositories;
mod resources;
mod revisions;
mod selection;
mod set;
mod status;
mod sync;
mod terminate;
mod tree;
mod wait;
mod why;

use std::process::ExitCode;

use clap::Subcommand;

use super::failure::Failure;

pub(crate) use comparison::{Wanted, compare, rendered};
pub(crate) use connection::{Connection, Flags, Stored, refused};
pub(crate) use repositories::clusters;
pub(crate) use revisions::Revisions;

/// What `app` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Actions(actions::Args),
    ConfirmDeletion(confirm_deletion::Args),
    Create(create::Args),
    Delete(delete::Args),
    Diff(diff::Args),
    Get(get::Args),
    History(history::Args),
    List(list::Args),
    Logs(logs::Args),
    Manifests(manifests::Args),
    Resources(resources::Args),
    Set(set::Args),
    Sync(sync::Args),
    TerminateOp(terminate::Args),
    Wait(wait::Args),
    Why(why::Args),
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, command: Command) -> anyhow::Result<ExitCode> {
    let ended = match command {
        Command::Actions(args) => actions::run(connection, args).await,
        Command::ConfirmDeletion(args) => confirm_deletion::run(connection, args).await,
        Command::Create(args) => create::run(connection, args).await,
        Command::Delete(args) => delete::run(connection, args).await,
        Command::Diff(args) => diff::run(connection, args).await,
        Command::Get(args) => get::run(connection, args).await,
        Command::History(args) => history::run(connection, args).await,
        Command::List(args) => list::run(connection, args).await,
        Command::Logs(args) => logs::run(connection, args).await,
        Command::Manifests(args) => manifests::run(connection, args).await,
        Command::Resources(args) => resources::run(connection, args).await,
        Command::Set(args) => set::run(connection, args).await,
        Command::Sync(args) => sync::run(connection, args).await,
        Command::TerminateOp(args) => terminate::run(connection, args).await,
        Command::Wait(args) => wait::run(connection, args).await,
        Command::Why(args) => why::run(connection, args).await,
    };
    ended.map_err(Failure::or_generic)
}
