//! `argocd cluster rm`.

use std::io::{BufRead as _, Write as _};
use std::path::Path;

use super::super::secrets::Secrets;
use super::{access, view};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Remove clusters, and what gave access to them if the kubeconfig has a context of their name.
///
/// Examples:
///   windlass cluster rm https://12.34.567.89
///   windlass cluster rm cluster-name --yes
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Names or addresses of the clusters.
    #[arg(required = true)]
    clusters: Vec<String>,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// Runs the command.
pub(super) async fn run(
    secrets: &Secrets,
    kubeconfig: Option<&Path>,
    args: &Args,
) -> anyhow::Result<()> {
    let mut ask = !args.yes;
    for wanted in &args.clusters {
        if ask {
            match answer(wanted, args.clusters.len() > 1)?.as_str() {
                "y" => {}
                "a" => ask = false,
                _ => {
                    let text = format!("The command to remove '{wanted}' was cancelled.");
                    output::print_line(&text)?;
                    continue;
                }
            }
        }
        let cluster = view::find(secrets, wanted).await?;
        let Some(entry) = &cluster.entry else {
            return Err(Failure::generic(format!(
                "{wanted} is the cluster of Argo CD itself and has no secret"
            )));
        };
        secrets.delete(entry).await?;
        output::print_line(&format!("Cluster '{wanted}' removed"))?;
        access::remove(kubeconfig, cluster.text("name")).await?;
    }
    Ok(())
}

fn answer(name: &str, several: bool) -> anyhow::Result<String> {
    let (choice, more) = if several {
        (
            "[y/n/A] where 'A' is to remove all specified clusters without prompting. Any Apps \
          deploying to these clusters will go to health status Unknown. ",
            true,
        )
    } else {
        ("[y/n] ", false)
    };
    loop {
        output::print(&format!(
            "Are you sure you want to remove '{name}'? Any Apps deploying to this cluster will go \
             to health status Unknown.{choice}"
        ))?;
        std::io::stdout().flush()?;
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(Failure::generic("EOF"));
        }
        match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => return Ok("y".to_owned()),
            "n" | "no" => return Ok("n".to_owned()),
            "a" | "all" if more => return Ok("a".to_owned()),
            _ => {}
        }
    }
}
