//! `windlass app confirm-deletion`.

use std::process::ExitCode;

use jiff::Timestamp;
use windlass_argo::types::time;
use windlass_object::json;

use super::connection::Connection;
use crate::cli::output;

/// Confirms deletion/pruning of an application resources.
///
/// Examples:
///   windlass app confirm-deletion guestbook
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
    let annotation = json!({"argocd.argoproj.io/deletion-approved": time::print(Timestamp::now())});
    connection.patch(&name, &json!({"metadata": {"annotations": annotation}})).await?;
    output::print_line(&format!("Application '{}' updated successfully", name.name))?;
    Ok(ExitCode::SUCCESS)
}
