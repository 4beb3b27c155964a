//! `argocd proj windows`: sync windows of a project.

mod add;
mod delete;
mod list;
mod manual_sync;
mod update;

use clap::Subcommand;

use super::store::Projects;
use crate::cli::failure::Failure;

/// What `proj windows` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(add::Args),
    Delete(delete::Args),
    /// Let nobody sync in spite of a window.
    ///
    /// Examples:
    ///   windlass proj windows disable-manual-sync shop 0
    #[command(verbatim_doc_comment)]
    DisableManualSync(manual_sync::Args),
    /// Let a person sync in spite of a window.
    ///
    /// Examples:
    ///   windlass proj windows enable-manual-sync shop 0
    #[command(verbatim_doc_comment)]
    EnableManualSync(manual_sync::Args),
    List(list::Args),
    Update(update::Args),
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Add(args) => add::run(projects, &args).await,
        Command::Delete(args) => delete::run(projects, &args).await,
        Command::DisableManualSync(args) => manual_sync::run(projects, &args, false).await,
        Command::EnableManualSync(args) => manual_sync::run(projects, &args, true).await,
        Command::List(args) => list::run(projects, &args).await,
        Command::Update(args) => update::run(projects, &args).await,
    }
}

/// The number of a window, as `windows list` shows it.
fn number(text: &str) -> anyhow::Result<usize> {
    let number: i64 = text
        .parse()
        .map_err(|_| Failure::generic(format!("strconv.Atoi: parsing {text:?}: invalid syntax")))?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}
