//! `argocd proj`: projects. One command, one file; a file holds what adds and what removes.

mod create;
mod delete;
mod destination;
mod edit;
mod get;
mod list;
mod options;
mod orphaned;
mod resource;
mod role;
mod service_account;
mod set;
mod signature_key;
mod source;
mod source_namespace;
mod store;
mod validate;
mod windows;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::app::Connection;
use store::Projects;

pub(crate) use create::Definition;

/// What `proj` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    AddDestination(destination::Add),
    AddDestinationServiceAccount(service_account::Add),
    AddOrphanedIgnore(orphaned::Add),
    AddSignatureKey(signature_key::Add),
    AddSource(source::Add),
    AddSourceNamespace(source_namespace::Add),
    AllowClusterResource(resource::AllowCluster),
    AllowNamespaceResource(resource::AllowNamespace),
    Create(create::Args),
    Delete(delete::Args),
    DenyClusterResource(resource::DenyCluster),
    DenyNamespaceResource(resource::DenyNamespace),
    Edit(edit::Args),
    Get(get::Args),
    List(list::Args),
    RemoveDestination(destination::Remove),
    RemoveDestinationServiceAccount(service_account::Remove),
    RemoveOrphanedIgnore(orphaned::Remove),
    RemoveSignatureKey(signature_key::Remove),
    RemoveSource(source::Remove),
    RemoveSourceNamespace(source_namespace::Remove),
    /// Manage a project's roles.
    #[command(subcommand)]
    Role(role::Command),
    Set(set::Args),
    /// Manage a project's sync windows.
    #[command(subcommand)]
    Windows(windows::Command),
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, command: Command) -> anyhow::Result<ExitCode> {
    let projects = Projects::new(connection);
    match command {
        Command::AddDestination(args) => args.run(&projects).await?,
        Command::AddDestinationServiceAccount(args) => args.run(&projects).await?,
        Command::AddOrphanedIgnore(args) => args.run(&projects).await?,
        Command::AddSignatureKey(args) => args.run(&projects).await?,
        Command::AddSource(args) => args.run(&projects).await?,
        Command::AddSourceNamespace(args) => args.run(&projects).await?,
        Command::AllowClusterResource(args) => args.run(&projects).await?,
        Command::AllowNamespaceResource(args) => args.run(&projects).await?,
        Command::Create(args) => create::run(&projects, &args).await?,
        Command::Delete(args) => delete::run(&projects, &args).await?,
        Command::DenyClusterResource(args) => args.run(&projects).await?,
        Command::DenyNamespaceResource(args) => args.run(&projects).await?,
        Command::Edit(args) => edit::run(&projects, &args).await?,
        Command::Get(args) => get::run(&projects, &args).await?,
        Command::List(args) => list::run(&projects, &args).await?,
        Command::RemoveDestination(args) => args.run(&projects).await?,
        Command::RemoveDestinationServiceAccount(args) => args.run(&projects).await?,
        Command::RemoveOrphanedIgnore(args) => args.run(&projects).await?,
        Command::RemoveSignatureKey(args) => args.run(&projects).await?,
        Command::RemoveSource(args) => args.run(&projects).await?,
        Command::RemoveSourceNamespace(args) => args.run(&projects).await?,
        Command::Role(command) => role::run(&projects, command).await?,
        Command::Set(args) => set::run(&projects, &args).await?,
        Command::Windows(command) => windows::run(&projects, command).await?,
    }
    Ok(ExitCode::SUCCESS)
}
