//! `argocd proj role`: roles of a project.

mod create;
mod delete;
mod get;
mod group;
mod list;
mod policy;
mod token;

use clap::Subcommand;

use super::store::Projects;

/// What `proj role` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    AddGroup(group::Add),
    AddPolicy(policy::Add),
    Create(create::Args),
    #[command(alias = "token-create")]
    CreateToken(token::Create),
    Delete(delete::Args),
    #[command(aliases = ["token-delete", "remove-token"])]
    DeleteToken(token::Delete),
    Get(get::Args),
    List(list::Args),
    #[command(aliases = ["list-token", "token-list"])]
    ListTokens(token::List),
    RemoveGroup(group::Remove),
    RemovePolicy(policy::Remove),
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, command: Command) -> anyhow::Result<()> {
    match command {
        Command::AddGroup(args) => args.run(projects).await,
        Command::AddPolicy(args) => args.run(projects).await,
        Command::Create(args) => create::run(projects, &args).await,
        Command::CreateToken(args) => args.run(projects).await,
        Command::Delete(args) => delete::run(projects, &args).await,
        Command::DeleteToken(args) => args.run(projects).await,
        Command::Get(args) => get::run(projects, &args).await,
        Command::List(args) => list::run(projects, &args).await,
        Command::ListTokens(args) => args.run(projects).await,
        Command::RemoveGroup(args) => args.run(projects).await,
        Command::RemovePolicy(args) => args.run(projects).await,
    }
}
