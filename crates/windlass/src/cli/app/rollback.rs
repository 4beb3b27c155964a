//! `windlass app rollback`.

use std::process::ExitCode;

use windlass_argo::types::{Application, RevisionHistory};
use windlass_object::json;

use super::connection::Connection;
use super::wait::{Goal, Report, watch};
use crate::cli::failure::Failure;

/// Sync an application to what an earlier deployment was.
///
/// Examples:
///   windlass app rollback guestbook
///   windlass app rollback guestbook 3 --prune
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// Number of the deployment, as `app history` shows it; otherwise the one before the last.
    id: Option<String>,
    /// Delete objects that the deployment did not have.
    #[arg(long)]
    prune: bool,
    /// Give up waiting after so many seconds; 0 is never.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    timeout: u64,
    /// Output format.
    #[arg(long, short, value_parser = ["wide", "json", "yaml", "tree", "tree=detailed", ""], default_value = "wide")]
    output: String,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let id = match &args.id {
        None => None,
        Some(text) => Some(text.parse::<i64>().map_err(|_| {
            Failure::generic(format!("strconv.Atoi: parsing {text:?}: invalid syntax"))
        })?),
    };
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let stored = connection.get(&name).await?;
    let app = &stored.app;
    let entry = deployment(app, id)?;
    if app.is_terminating() {
        return Err(Failure::generic("application is deleting"));
    }
    if app.spec.is_automated() {
        let text = "rollback cannot be initiated when auto-sync is enabled";
        return Err(Failure::generic(text));
    }
    if app.operation.is_some() {
        return Err(Failure::generic("another operation is already in progress"));
    }
    let options = app.spec.sync_policy.as_ref().map(|p| p.sync_options.clone()).unwrap_or_default();
    let mut sync = json!({
        "revision": entry.revision,
        "prune": args.prune,
        "syncOptions": options,
        "syncStrategy": {"apply": {}},
    });
    let entry = json!(entry);
    for field in ["source", "sources", "revisions"] {
        if !entry[field].is_null() {
            sync[field] = entry[field].clone();
        }
    }
    let operation = json!({"initiatedBy": {}, "sync": sync});
    connection.begin(&name, &operation).await?;
    let goal = Goal { operation: true, ..Goal::default() };
    let report = Report { output: &args.output, operation: true, refresh: true };
    watch(connection, &name, &goal, args.timeout, &report).await?;
    Ok(ExitCode::SUCCESS)
}

/// The deployment that is meant.
fn deployment(app: &Application, id: Option<i64>) -> anyhow::Result<&RevisionHistory> {
    let history = &app.status.history;
    let name = app.name();
    match id {
        None => match history.len().checked_sub(2) {
            Some(at) => Ok(&history[at]),
            None => Err(Failure::generic(format!(
                "application '{name}' should have at least two successful deployments"
            ))),
        },
        Some(id) => history.iter().find(|entry| entry.id == id).ok_or_else(|| {
            Failure::generic(format!(
                "application '{name}' does not have deployment id '{id}' in history"
            ))
        }),
    }
}
