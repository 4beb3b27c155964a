//! `windlass app terminate-op`.

use std::process::ExitCode;

use windlass_object::json;

use super::connection::Connection;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Terminate running operation of an application.
///
/// Examples:
///   windlass app terminate-op guestbook
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let app = connection.get(&name).await?.app;
    let runs = app.status.operation_state.is_some_and(|state| !state.phase.is_completed());
    if !runs {
        return Err(Failure::generic("Unable to terminate operation. No operation is in progress"));
    }
    let patch = json!({"status": {"operationState": {"phase": "Terminating"}}});
    connection.patch(&name, &patch).await?;
    output::print_line(&format!("Application '{}' operation terminating", name.name))?;
    Ok(ExitCode::SUCCESS)
}
