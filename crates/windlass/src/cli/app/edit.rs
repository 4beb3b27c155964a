//! `windlass app edit`.

use std::process::ExitCode;

use windlass_object::patch::create_merge_patch;
use windlass_object::{Value, json, yaml};

use super::connection::Connection;
use super::validation::validate;
use crate::cli::argocd::editor;
use crate::cli::failure::Failure;

/// Edit an application's spec with $EDITOR.
///
/// Examples:
///   windlass app edit guestbook
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
    let stored = connection.get(&name).await?;
    let value = stored.object.to_value();
    let spec = &value["spec"];
    let Some(edited) = editor::edit(&yaml::to_string(spec))? else {
        return Ok(ExitCode::SUCCESS);
    };
    let new = match yaml::parse_one(edited.as_bytes(), &yaml::Options::default()) {
        Ok(new @ Value::Object(_)) => new,
        Ok(_) => return Err(Failure::generic("the edited text is no spec of an application")),
        Err(error) => return Err(Failure::generic(format!("the edited text is no YAML: {error}"))),
    };
    let mut app = stored.app.clone();
    app.spec = serde_json::from_value(new.clone())
        .map_err(|error| Failure::generic(format!("the edited text is no spec: {error}")))?;
    validate(connection, &app, true).await?;
    let change = json!({
        "metadata": {"resourceVersion": stored.app.resource_version()},
        "spec": create_merge_patch(spec, &new),
    });
    connection.patch(&name, &change).await?;
    Ok(ExitCode::SUCCESS)
}
