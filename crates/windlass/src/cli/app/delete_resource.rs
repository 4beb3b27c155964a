//! `windlass app delete-resource`.

use std::process::ExitCode;

use super::chosen::Chosen;
use super::connection::Connection;
use crate::cli::argocd::prompt;
use crate::cli::output;

/// Delete objects of an application from the cluster.
///
/// Examples:
///   windlass app delete-resource guestbook --kind ConfigMap --resource-name settings
///   windlass app delete-resource guestbook --group apps --kind Deployment --all
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    chosen: Chosen,
    /// Do not wait for what runs in it to end.
    #[arg(long)]
    force: bool,
    /// Leave the objects that it owns.
    #[arg(long)]
    orphan: bool,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let (kinds, found) = args.chosen.find(connection).await?;
    for object in &found {
        let (group, kind) = (object.group(), object.kind());
        let (namespace, name) = (object.namespace(), object.name());
        let question =
            format!("Are you sure you want to delete {group}/{kind} {namespace}/{name} ? [y/n]");
        if !prompt::confirm(connection.prompts, &question)? {
            output::print_line(&format!(
                "The command to delete {group}/{kind} {namespace}/{name} was cancelled."
            ))?;
            continue;
        }
        kinds.delete(object, args.force, args.orphan).await?;
        output::warn(&format!("info: Resource '{name}' deleted"));
    }
    Ok(ExitCode::SUCCESS)
}
