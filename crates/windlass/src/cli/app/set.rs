//! `windlass app set`.

use std::process::ExitCode;

use windlass_argo::types::Application;
use windlass_object::{json, patch};

use super::connection::Connection;
use super::options::AppOptions;
use super::validation::validate;
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
    /// Place of the source, from 1, where there are several.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "N")]
    source_position: i64,
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
    let named = args.options.source_name();
    let position = position(&stored.app, args.source_position, named)?.unwrap_or(0);
    let mut app = stored.app.clone();
    let kind = app.status.source_type.clone();
    args.options.apply(&mut app.spec, position, &kind)?;
    validate(connection, &app, args.options.validates()).await?;
    let change =
        patch::create_merge_patch(&json!({"spec": stored.app.spec}), &json!({"spec": app.spec}));
    if change != json!({}) {
        let mut change = change;
        change["metadata"] = json!({"resourceVersion": stored.app.resource_version()});
        connection.patch(&name, &change).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Which source is meant, counted from 0; none where there is only one.
pub(super) fn position(
    app: &Application,
    position: i64,
    name: Option<&str>,
) -> anyhow::Result<Option<usize>> {
    if name.is_some() && position != -1 {
        let text = "Only one of source-position and source-name can be specified.";
        return Err(Failure::generic(text));
    }
    let sources = &app.spec.sources;
    let position = match name {
        Some(name) => match sources.iter().position(|source| source.name == name) {
            Some(at) => at + 1,
            None => return Err(Failure::fatal(format!("Unknown source name '{name}'"))),
        },
        None => usize::try_from(position).unwrap_or(0),
    };
    if sources.is_empty() {
        return Ok(None);
    }
    if position == 0 {
        return Err(Failure::generic(
            "Source position should be specified and must be greater than 0 for applications \
             with multiple sources",
        ));
    }
    if position > sources.len() {
        return Err(Failure::generic(
            "Source position should be less than the number of sources in the application",
        ));
    }
    Ok(Some(position - 1))
}
