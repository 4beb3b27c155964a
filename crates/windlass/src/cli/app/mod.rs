//! `windlass app`: the argocd command line's `app` commands in its core mode, straight to the
//! Kubernetes API. One command, one file.

mod actions;
mod comparison;
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
mod manifests;
mod options;
mod repositories;
mod resources;
mod revisions;
mod selection;
mod set;
mod status;
mod sync;
mod tree;
mod wait;

use std::process::ExitCode;

use clap::Subcommand;

use super::failure::Failure;

pub(crate) use comparison::{Wanted, compare, rendered};
pub(crate) use connection::{Connection, Flags};
pub(crate) use revisions::Revisions;

/// Manage Applications, in the habits of the argocd command line.
///
/// Works on the Kubernetes API directly, as `argocd --core` does: no server, no login.
/// Exit codes are argocd's: 0 done, 1 not achieved, 2 wrong arguments, 20 a request failed.
///
/// Examples:
///   windlass app create guestbook --repo https://example.com/apps.git --path guestbook \
///       --dest-server https://kubernetes.default.svc --dest-namespace default
///   windlass app sync guestbook
///   windlass app wait guestbook --health --timeout 60
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Actions(actions::Args),
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
    Wait(wait::Args),
}

/// Runs the command.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    crate::cli::block_on(async {
        let connection = Connection::open(&args.connection).await?;
        match args.command {
            Command::Actions(args) => actions::run(&connection, args).await,
            Command::Create(args) => create::run(&connection, args).await,
            Command::Delete(args) => delete::run(&connection, args).await,
            Command::Diff(args) => diff::run(&connection, args).await,
            Command::Get(args) => get::run(&connection, args).await,
            Command::History(args) => history::run(&connection, args).await,
            Command::List(args) => list::run(&connection, args).await,
            Command::Logs(args) => logs::run(&connection, args).await,
            Command::Manifests(args) => manifests::run(&connection, args).await,
            Command::Resources(args) => resources::run(&connection, args).await,
            Command::Set(args) => set::run(&connection, args).await,
            Command::Sync(args) => sync::run(&connection, args).await,
            Command::Wait(args) => wait::run(&connection, args).await,
        }
    })
    .map_err(Failure::or_generic)
}
