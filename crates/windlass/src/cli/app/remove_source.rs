//! `windlass app remove-source`.

use std::process::ExitCode;

use windlass_object::json;

use super::connection::Connection;
use crate::cli::argocd::prompt;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Take a source from an application that has several.
///
/// Examples:
///   windlass app remove-source guestbook --source-position 2
///   windlass app remove-source guestbook --source-name extra
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// Place of the source, from 1.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "N")]
    source_position: i64,
    /// Name of the source.
    #[arg(long, default_value = "", value_name = "NAME")]
    source_name: String,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let by_name = !args.source_name.is_empty();
    if !by_name && args.source_position <= 0 {
        return Err(Failure::generic("Value of source-position must be greater than 0"));
    }
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let stored = connection.get(&name).await?;
    if by_name && args.source_position != -1 {
        let text = "Only one of source-position and source-name can be specified.";
        return Err(Failure::generic(text));
    }
    let value = stored.object.to_value();
    let mut sources = value["spec"]["sources"].as_array().cloned().unwrap_or_default();
    let at = if by_name {
        let wanted = &args.source_name;
        let found = sources.iter().position(|source| source["name"] == *wanted);
        found.ok_or_else(|| Failure::fatal(format!("Unknown source name '{wanted}'")))?
    } else {
        usize::try_from(args.source_position - 1).unwrap_or(usize::MAX)
    };
    match sources.len() {
        0 => {
            let text = "Application does not have multiple sources configured";
            return Err(Failure::generic(text));
        }
        1 => return Err(Failure::generic("Cannot remove the only source remaining in the app")),
        count if at >= count => {
            let at = args.source_position;
            return Err(Failure::generic(format!("Application does not have source at {at}\n")));
        }
        _ => sources.remove(at),
    };
    let question = "Are you sure you want to delete the source? [y/n]";
    if !prompt::confirm(connection.prompts, question)? {
        output::print_line("The command to delete the source was cancelled")?;
        return Ok(ExitCode::SUCCESS);
    }
    let change = json!({
        "metadata": {"resourceVersion": stored.app.resource_version()},
        "spec": {"sources": sources},
    });
    connection.patch(&name, &change).await?;
    output::print_line(&format!("Application '{}' updated successfully", name.name))?;
    Ok(ExitCode::SUCCESS)
}
