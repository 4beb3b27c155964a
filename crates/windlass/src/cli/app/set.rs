//! `windlass app set`.

use std::process::ExitCode;

use windlass_object::{json, patch};

use super::connection::Connection;
use super::options::AppOptions;
use crate::cli::failure::Failure;

/// Change an application's settings.
///
/// Examples:
///   windlass app set guestbook --revision v2
///   windlass app set guestbook --sync-policy automated --auto-prune --self-heal
///   windlass app set guestbook --sync-option '!Prune=false'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
    #[command(flatten)]
    options: AppOptions,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    if args.options.is_empty() {
        return Err(Failure::fatal("Please set at least one option to update"));
    }
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let stored = connection.get(&name).await?;
    let mut spec = stored.app.spec.clone();
    args.options.apply(&mut spec)?;
    let change =
        patch::create_merge_patch(&json!({"spec": stored.app.spec}), &json!({"spec": spec}));
    if change != json!({}) {
        let mut change = change;
        change["metadata"] = json!({"resourceVersion": stored.app.resource_version()});
        connection.patch(&name, &change).await?;
    }
    Ok(ExitCode::SUCCESS)
}
