//! `argocd admin cluster stats` and `shards`. Argo CD reads the figures from its redis; here the clusters
//! are asked. One controller serves all of them: it is shard 0.

use windlass_argo::kind_filter;

use super::super::super::cluster::view::{self, Cluster};
use super::super::super::secrets::Secrets;
use super::namespaces::used;
use crate::cli::app::{Connection, Flags, Kinds, config_map};
use crate::cli::columns::{align, line};
use crate::cli::output;

/// Show of each cluster how much is in it and delivered to it.
///
/// Examples:
///   windlass admin cluster stats
///   windlass admin cluster stats --shard 0
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    choice: Choice,
}

/// Show how much each controller looks at: there is one, for all clusters.
///
/// Examples:
///   windlass admin cluster shards
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ShardsArgs {
    #[command(flatten)]
    choice: Choice,
}

#[derive(Debug, clap::Args)]
struct Choice {
    /// Only clusters of this shard; -1 is all.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    shard: i64,
    /// Number of controllers; here it is one, whatever is said.
    #[arg(long, default_value_t = 0, hide = true)]
    replicas: u32,
}

impl Choice {
    fn has_the_only_one(&self) -> bool {
        self.shard <= 0
    }
}

/// Objects of the kinds that are looked at; none where the cluster does not answer.
async fn objects(connection: &Connection, cluster: &Cluster) -> anyhow::Result<i64> {
    let filter = kind_filter(&config_map(connection, "argocd-cm").await?);
    let Ok(client) = cluster.client(connection) else { return Ok(0) };
    let Ok(kinds) = Kinds::discover(&client).await else { return Ok(0) };
    Ok(kinds.count(&filter, cluster.text("server")).await)
}

/// Runs `stats`.
pub(super) async fn clusters(flags: &Flags, args: &Args) -> anyhow::Result<()> {
    let connection = Connection::open(flags).await?;
    let secrets = Secrets::new(&connection, "cluster");
    let applications = connection.list(None, "").await?;
    let head =
        ["SERVER", "SHARD", "CONNECTION", "NAMESPACES COUNT", "APPS COUNT", "RESOURCES COUNT"];
    let mut lines = vec![line(head)];
    if args.choice.has_the_only_one() {
        for cluster in view::looked_at(&connection, &secrets).await? {
            let text = |value: usize| value.to_string();
            let apps = applications.iter();
            let apps = apps.filter(|s| cluster.is_destination(&s.app.spec.destination)).count();
            lines.push(vec![
                cluster.text("server").to_owned(),
                "0".to_owned(),
                cluster.connection().to_owned(),
                text(used(&applications, &cluster).len()),
                text(apps),
                objects(&connection, &cluster).await?.to_string(),
            ]);
        }
    }
    output::print(&align(&lines))
}

/// Runs `shards`.
pub(super) async fn shards(flags: &Flags, args: &ShardsArgs) -> anyhow::Result<()> {
    let connection = Connection::open(flags).await?;
    let secrets = Secrets::new(&connection, "cluster");
    let mut lines = vec![line(["SHARD", "RESOURCES COUNT"])];
    if args.choice.has_the_only_one() {
        let mut sum = 0;
        for cluster in view::all(&secrets).await? {
            sum += objects(&connection, &cluster).await?;
        }
        lines.push(line(["0", &format!("{sum} (100%)")]));
    }
    output::print(&align(&lines))
}
