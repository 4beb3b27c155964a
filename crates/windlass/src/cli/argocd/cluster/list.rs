//! `argocd cluster list`.

use super::super::format::Format;
use super::super::secrets::Secrets;
use super::view::{self, Cluster};
use crate::cli::app::Connection;
use crate::cli::columns::{align, line};
use crate::cli::output;

/// List clusters.
///
/// Examples:
///   windlass cluster list
///   windlass cluster list -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Output format: json, yaml, wide or server.
    #[arg(long, short, default_value = "wide")]
    output: String,
}

/// Runs the command.
pub(super) async fn run(
    connection: &Connection,
    secrets: &Secrets,
    args: &Args,
) -> anyhow::Result<()> {
    let format = Format::read(&args.output, &["wide", "server"])?;
    let all = view::looked_at(connection, secrets).await?;
    match format {
        Format::Value(notation) => {
            let values: Vec<_> = all.iter().map(|cluster| &cluster.value).collect();
            output::print_value(&values, notation)
        }
        Format::Named("server") => {
            all.iter().try_for_each(|cluster| output::print_line(cluster.text("server")))
        }
        Format::Named(_) => {
            let head = ["SERVER", "NAME", "VERSION", "STATUS", "MESSAGE", "PROJECT"];
            let mut lines = vec![line(head)];
            lines.extend(all.iter().map(row));
            output::print(&align(&lines))
        }
    }
}

fn row(cluster: &Cluster) -> Vec<String> {
    let server = match cluster.namespaces().len() {
        0 => cluster.text("server").to_owned(),
        count => format!("{} ({count} namespaces)", cluster.text("server")),
    };
    let [name, version, project] =
        ["name", "serverVersion", "project"].map(|field| cluster.text(field).to_owned());
    let state = &cluster.value["connectionState"];
    let state = |field: &str| state[field].as_str().unwrap_or_default().to_owned();
    vec![server, name, version, state("status"), state("message"), project]
}
