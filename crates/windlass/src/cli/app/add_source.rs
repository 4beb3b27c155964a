//! `windlass app add-source`.

use std::process::ExitCode;

use windlass_argo::types::Source;
use windlass_object::json;

use super::connection::Connection;
use super::options::AppOptions;
use super::validation::validate;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Add a source to an application that has several.
///
/// Examples:
///   windlass app add-source guestbook --repo https://example.com/values.git --ref values
///   windlass app add-source guestbook --repo https://example.com/apps.git --path extra --source-name extra
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
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let stored = connection.get(&name).await?;
    let value = stored.object.to_value();
    let mut sources = value["spec"]["sources"].as_array().cloned().unwrap_or_default();
    if sources.is_empty() {
        return Err(Failure::generic(format!(
            "Cannot add source: application {} does not have spec.sources defined",
            name.name
        )));
    }
    let mut source = Source::default();
    args.options.source.apply(&mut source)?;
    args.options.source.override_parameters(&mut source, "")?;
    sources.push(json!(source));
    let mut changed = stored.app.clone();
    changed.spec.sources.push(source);
    validate(connection, &changed, args.options.validates()).await?;
    let change = json!({
        "metadata": {"resourceVersion": stored.app.resource_version()},
        "spec": {"sources": sources},
    });
    connection.patch(&name, &change).await?;
    output::print_line(&format!("Application '{}' updated successfully", name.name))?;
    Ok(ExitCode::SUCCESS)
}
