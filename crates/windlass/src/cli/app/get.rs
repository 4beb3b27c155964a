//! `windlass app get`.

use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;

use super::connection::{Connection, Stored};
use super::set::position;
use super::wait::{Goal, wait_until};
use super::{health, repositories, status, tree};
use crate::cli::failure::Failure;
use crate::cli::output::{self, Notation};

/// Show an application.
///
/// Examples:
///   windlass app get guestbook
///   windlass app get guestbook --refresh -o tree
///   windlass app get guestbook -o yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// Output format.
    #[arg(long, short, default_value = "wide")]
    output: String,
    /// Compare with Git anew first.
    #[arg(long)]
    refresh: bool,
    /// Render and compare anew first.
    #[arg(long)]
    hard_refresh: bool,
    /// Show the last operation too.
    #[arg(long)]
    show_operation: bool,
    /// Show the parameters of a chart too.
    #[arg(long)]
    show_params: bool,
    /// Place of the source whose parameters are meant, from 1.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "N")]
    source_position: i64,
    /// Name of the source whose parameters are meant.
    #[arg(long, value_name = "NAME")]
    source_name: Option<String>,
    /// How long to wait for the refresh, in seconds; 0 is without end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    timeout: u64,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let mut stored = connection.get(&name).await?;
    if args.refresh || args.hard_refresh {
        let how = if args.hard_refresh { "hard" } else { "normal" };
        connection.refresh(&name, how).await?;
        let goal = Goal { refreshed: true, ..Goal::default() };
        let timeout = match args.timeout {
            0 => Duration::MAX,
            seconds => Duration::from_secs(seconds),
        };
        // As argocd: what the refresh did not bring in time is shown as it is.
        let refreshed = wait_until(connection, &name, &goal, timeout, &mut |_| Ok(())).await?;
        stored = match refreshed.into_stored() {
            Some(stored) => stored,
            None => connection.get(&name).await?,
        };
    }
    let source_name = args.source_name.as_deref().filter(|name| !name.is_empty());
    if source_name.is_some() {
        position(&stored.app, args.source_position, source_name)?;
    }
    stored = health::complete(connection, stored).await?;
    output::print(&show(connection, &stored, &args).await?)?;
    Ok(ExitCode::SUCCESS)
}

async fn show(connection: &Connection, stored: &Stored, args: &Args) -> anyhow::Result<String> {
    let app = &stored.app;
    match args.output.as_str() {
        "json" => {
            output::print_value(&stored.object, Notation::Json)?;
            return Ok(String::new());
        }
        "yaml" => {
            output::print_value(&stored.object, Notation::Yaml)?;
            return Ok(String::new());
        }
        "wide" | "" | "tree" | "tree=detailed" => {}
        other => return Err(Failure::usage(format!("unknown output format: {other}"))),
    }
    let url = repositories::page(connection, app).await;
    let mut out = status::summary(app, url.as_deref());
    if !app.status.conditions.is_empty() {
        out.push('\n');
        out.push_str(&status::conditions(app));
        out.push('\n');
    }
    if args.show_operation
        && let Some(state) = &app.status.operation_state
    {
        out.push('\n');
        out.push_str(&status::operation(state, Timestamp::now()));
    }
    if args.show_params {
        let name = args.source_name.as_deref().filter(|name| !name.is_empty());
        let position = position(app, args.source_position, name)?.unwrap_or(0);
        let source = app.spec.effective_sources().get(position);
        if let Some(helm) = source.and_then(|source| source.helm.as_ref()) {
            out.push_str(&status::parameters(helm));
        }
    }
    if app.status.resources.is_empty() {
        return Ok(out);
    }
    out.push('\n');
    match args.output.as_str() {
        "tree" => out.push_str(&tree::show(connection, app, tree::Detail::Plain).await?),
        "tree=detailed" => {
            out.push_str(&tree::show(connection, app, tree::Detail::Detailed).await?);
        }
        _ => out.push_str(&status::resources(app)),
    }
    Ok(out)
}
