//! `argocd cluster get`.

use super::super::format::Format;
use super::super::secrets::Secrets;
use super::view::{self, Cluster};
use crate::cli::app::Connection;
use crate::cli::output;

/// Show clusters.
///
/// Examples:
///   windlass cluster get https://12.34.567.89
///   windlass cluster get in-cluster -o wide
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Names or addresses of the clusters.
    #[arg(required = true)]
    clusters: Vec<String>,
    /// Output format: json, yaml, wide or server.
    #[arg(long, short, default_value = "yaml")]
    output: String,
}

/// Runs the command.
pub(super) async fn run(
    connection: &Connection,
    secrets: &Secrets,
    args: &Args,
) -> anyhow::Result<()> {
    let format = Format::read(&args.output, &["wide", "server"])?;
    let mut all = Vec::new();
    for wanted in &args.clusters {
        all.push(view::choose(view::looked_at(connection, secrets).await?, wanted)?);
    }
    match format {
        Format::Value(notation) => {
            let values: Vec<_> = all.iter().map(|cluster| &cluster.value).collect();
            match values.as_slice() {
                [one] => output::print_value(one, notation),
                all => output::print_value(&all, notation),
            }
        }
        Format::Named("server") => {
            all.iter().try_for_each(|cluster| output::print_line(cluster.text("server")))
        }
        Format::Named(_) => all.iter().try_for_each(|cluster| output::print(&details(cluster))),
    }
}

fn details(cluster: &Cluster) -> String {
    let namespaces = match cluster.namespaces().join(", ") {
        names if names.is_empty() => "all namespaces".to_owned(),
        names => names,
    };
    let name = match cluster.text("name") {
        "" => "-",
        name => name,
    };
    let version = cluster.text("serverVersion");
    format!(
        "Cluster information\n\n  Server URL:            {}\n  Server Name:           {name}\n  \
         Server Version:        {version}\n  Namespaces:        \t {namespaces}\n\nTLS configuration\n\n  \
         Client cert:           false\n  Cert validation:       {}\n\nAuthentication\n\n  \
         Basic authentication:  false\n  oAuth authentication:  false\n  AWS authentication:    \
         {}\n\nDisable compression: {}\n\nUse proxy: {}\n\n",
        cluster.text("server"),
        !cluster.has(&["tlsClientConfig", "insecure"]),
        cluster.has(&["awsAuthConfig"]),
        cluster.has(&["disableCompression"]),
        cluster.has(&["proxyUrl"]),
    )
}
