//! `argocd admin cluster namespaces`.

use std::collections::BTreeSet;

use clap::Subcommand;
use windlass_tree::Glob;

use super::super::super::cluster::view;
use super::super::super::kube::Data;
use super::super::super::secrets::Secrets;
use crate::cli::app::{Connection, Flags, Stored};
use crate::cli::columns::{align, line};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Show which namespaces of each cluster applications are delivered to.
///
/// Examples:
///   windlass admin cluster namespaces
///   windlass admin cluster namespaces enable-namespaced-mode 'https://*' --max-namespace-count 5
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let clusters be managed in just these namespaces.
    ///
    /// Examples:
    ///   windlass admin cluster namespaces enable-namespaced-mode 'https://*' \
    ///       --max-namespace-count 5 --dry-run=false
    #[command(verbatim_doc_comment)]
    EnableNamespacedMode(Enable),
    /// Let clusters be managed whole.
    ///
    /// Examples:
    ///   windlass admin cluster namespaces disable-namespaced-mode 'https://*' --dry-run=false
    #[command(verbatim_doc_comment)]
    DisableNamespacedMode(Disable),
}

#[derive(Debug, clap::Args)]
struct Enable {
    /// Addresses of clusters, a glob.
    pattern: String,
    /// Only tell what would be done.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    dry_run: bool,
    /// Objects of the cluster are managed too.
    #[arg(long)]
    cluster_resources: bool,
    /// Only clusters with so many namespaces at most.
    #[arg(long, default_value_t = 0)]
    max_namespace_count: usize,
}

#[derive(Debug, clap::Args)]
struct Disable {
    /// Addresses of clusters, a glob.
    pattern: String,
    /// Only tell what would be done.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    dry_run: bool,
}

/// Namespaces that a line shows.
const SHOWN: usize = 4;

/// Runs the command.
pub(super) async fn run(flags: &Flags, args: &Args) -> anyhow::Result<()> {
    let connection = Connection::open(flags).await?;
    let secrets = Secrets::new(&connection, "cluster");
    let applications = connection.list(None, "").await?;
    let mut lines = vec![line(["CLUSTER", "NAMESPACES"])];
    for cluster in view::all(&secrets).await? {
        let mut used: Vec<String> = used(&applications, &cluster).into_iter().collect();
        // The shortest first.
        used.sort_by_key(String::len);
        match &args.command {
            None => {
                let more = used.len() > SHOWN;
                let shown = used[..used.len().min(SHOWN)].join(",");
                let total = if more { format!(" (total {})", used.len()) } else { String::new() };
                lines.push(vec![cluster.text("server").to_owned(), shown + &total]);
            }
            Some(Command::EnableNamespacedMode(how)) => {
                let fits = !used.is_empty() && used.len() <= how.max_namespace_count;
                if fits && matches(&how.pattern, &cluster)? {
                    let list = used.join(" ");
                    let server = cluster.text("server").to_owned();
                    let told = format!("Setting cluster {server} namespaces to [{list}]...");
                    change(&secrets, cluster, &told, how.dry_run, |data| {
                        data.set("namespaces", &used.join(","));
                        data.remove("clusterResources");
                        if how.cluster_resources {
                            data.set("clusterResources", "true");
                        }
                    })
                    .await?;
                }
            }
            Some(Command::DisableNamespacedMode(how)) => {
                if !cluster.namespaces().is_empty() && matches(&how.pattern, &cluster)? {
                    let server = cluster.text("server").to_owned();
                    let told = format!("Disabling namespaced mode for cluster {server}...");
                    let whole = |data: &mut Data| data.remove("namespaces");
                    change(&secrets, cluster, &told, how.dry_run, whole).await?;
                }
            }
        }
    }
    if args.command.is_none() { output::print(&align(&lines)) } else { Ok(()) }
}

fn matches(pattern: &str, cluster: &view::Cluster) -> anyhow::Result<bool> {
    let glob = Glob::new(pattern).map_err(|error| Failure::generic(format!("{error}")))?;
    Ok(glob.matches(cluster.text("server")))
}

/// The namespaces of what is delivered to a cluster; of an application with no objects yet, its own.
pub(super) fn used(applications: &[Stored], cluster: &view::Cluster) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for stored in applications {
        let app = &stored.app;
        if !cluster.is_destination(&app.spec.destination) {
            continue;
        }
        if app.status.resources.is_empty() {
            found.insert(app.spec.destination.namespace.clone());
        }
        let namespaces = app.status.resources.iter().map(|resource| resource.key().namespace);
        found.extend(namespaces.filter(|namespace| !namespace.is_empty()));
    }
    found
}

/// Changes what a cluster's secret says, unless it is only to be told.
async fn change(
    secrets: &Secrets,
    cluster: view::Cluster,
    told: &str,
    rehearsal: bool,
    change: impl FnOnce(&mut Data),
) -> anyhow::Result<()> {
    output::print(told)?;
    if rehearsal {
        return output::print_line("done (dry run)");
    }
    let server = cluster.text("server").to_owned();
    let Some(mut entry) = cluster.entry else {
        return Err(Failure::generic(format!(
            "no secret is of {server}: add it with `argocd cluster add CONTEXT --in-cluster`"
        )));
    };
    change(&mut entry.data);
    secrets.replace(&entry).await?;
    output::print_line("done")
}
