//! `windlass app`: the argocd command line's `app` commands in its core mode, straight to the
//! Kubernetes API. One command, one file.

mod actions;
mod add_source;
mod chosen;
mod comparison;
mod confirm_deletion;
mod connection;
mod create;
mod definition;
mod delete;
mod delete_resource;
mod diff;
mod edit;
mod get;
mod get_resource;
mod health;
mod history;
mod kinds;
mod list;
mod logs;
mod lookup;
mod manifests;
mod options;
mod orphaned;
mod patch;
mod patch_resource;
mod remove_source;
mod repositories;
mod resources;
mod revisions;
mod rollback;
mod selection;
mod set;
mod status;
mod sync;
mod terminate;
mod tree;
mod unset;
mod validation;
mod wait;
mod why;

use std::process::ExitCode;

use clap::Subcommand;

use super::failure::Failure;

pub(crate) use comparison::{JqBound, Wanted, compare, ignored, rendered};
pub(crate) use connection::{Connection, Flags, Stored, refused};
pub(crate) use definition::Definition;
pub(crate) use diff::show as show_difference;
pub(crate) use kinds::Kinds;
pub(crate) use options::read_text;
pub(crate) use repositories::{Mirrors, clusters, config_map, settings as repository_settings};
pub(crate) use revisions::{Asked, Revisions};
pub(crate) use wait::refresh_and_wait;

/// What `app` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Actions(actions::Args),
    ConfirmDeletion(confirm_deletion::Args),
    Create(create::Args),
    Delete(delete::Args),
    Diff(diff::Args),
    Get(get::Args),
    GetResource(get_resource::Args),
    History(history::Args),
    List(list::Args),
    Logs(logs::Args),
    Manifests(manifests::Args),
    Resources(resources::Args),
    Set(set::Args),
    Sync(sync::Args),
    TerminateOp(terminate::Args),
    AddSource(add_source::Args),
    DeleteResource(delete_resource::Args),
    Edit(edit::Args),
    Patch(patch::Args),
    PatchResource(patch_resource::Args),
    RemoveSource(remove_source::Args),
    Rollback(rollback::Args),
    Unset(unset::Args),
    Wait(wait::Args),
    Why(why::Args),
}

impl Command {
    /// Refuses what can be refused before anything is asked.
    ///
    /// # Errors
    /// When a value is none that the command takes.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if let Self::List(args) = self { args.check() } else { Ok(()) }
    }
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
        Command::GetResource(args) => get_resource::run(connection, args).await,
        Command::History(args) => history::run(connection, args).await,
        Command::List(args) => list::run(connection, args).await,
        Command::Logs(args) => logs::run(connection, args).await,
        Command::Manifests(args) => manifests::run(connection, args).await,
        Command::Resources(args) => resources::run(connection, args).await,
        Command::Set(args) => set::run(connection, args).await,
        Command::Sync(args) => sync::run(connection, args).await,
        Command::TerminateOp(args) => terminate::run(connection, args).await,
        Command::AddSource(args) => add_source::run(connection, args).await,
        Command::DeleteResource(args) => delete_resource::run(connection, args).await,
        Command::Edit(args) => edit::run(connection, args).await,
        Command::Patch(args) => patch::run(connection, args).await,
        Command::PatchResource(args) => patch_resource::run(connection, args).await,
        Command::RemoveSource(args) => remove_source::run(connection, args).await,
        Command::Rollback(args) => rollback::run(connection, args).await,
        Command::Unset(args) => unset::run(connection, args).await,
        Command::Wait(args) => wait::run(connection, args).await,
        Command::Why(args) => why::run(connection, args).await,
    };
    ended.map_err(Failure::or_generic)
}
