//! `windlass app history`.

use std::process::ExitCode;

use windlass_argo::types::RevisionHistory;

use super::connection::Connection;
use super::status;
use crate::cli::columns::{align, line};
use crate::cli::output;

/// Show an application's past deliveries.
///
/// Examples:
///   windlass app history guestbook
///   windlass app history guestbook -o id
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// Output format.
    #[arg(long, short, value_parser = ["wide", "id", ""], default_value = "wide")]
    output: String,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let history = connection.get(&name).await?.app.status.history;
    if args.output == "id" {
        for delivery in &history {
            output::print_line(&delivery.id.to_string())?;
        }
    } else {
        output::print(&table(&history))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One table a repository, in the order in which they first appear.
fn table(history: &[RevisionHistory]) -> String {
    let mut repositories: Vec<(&str, Vec<Vec<String>>)> = Vec::new();
    for delivery in history {
        let single = [(&delivery.source, delivery.revision.as_str())];
        let several = delivery
            .sources
            .iter()
            .enumerate()
            .map(|(i, source)| (source, delivery.revisions.get(i).map_or("", String::as_str)));
        let sources: Vec<_> =
            if delivery.sources.is_empty() { single.into() } else { several.collect() };
        for (source, commit) in sources {
            let mut revision = source.target_revision.clone();
            if let Some(short) = commit.get(..7) {
                revision = format!("{revision} ({short})");
            }
            let cells = vec![delivery.id.to_string(), status::time(delivery.deployed_at), revision];
            match repositories.iter_mut().find(|(url, _)| *url == source.repo_url) {
                Some((_, lines)) => lines.push(cells),
                None => repositories.push((&source.repo_url, vec![cells])),
            }
        }
    }
    let mut lines = Vec::new();
    for (i, (url, deliveries)) in repositories.into_iter().enumerate() {
        if i > 0 {
            lines.push(line([""]));
        }
        lines.push(line(["SOURCE", url]));
        lines.push(line(["ID", "DATE", "REVISION"]));
        lines.extend(deliveries);
    }
    align(&lines)
}
