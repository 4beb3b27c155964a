//! `argocd cluster set`.

use windlass_object::json;

use super::super::secrets::{Entry, Secrets};
use super::add::pairs;
use super::view;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Change what is said of a cluster.
///
/// Examples:
///   windlass cluster set production --name live --namespace '*'
///   windlass cluster set production --label region=eu --annotation owner=team-a
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the cluster.
    cluster: String,
    /// Its new name.
    #[arg(long)]
    name: Option<String>,
    /// Namespaces that are managed; `*` is all.
    #[arg(long)]
    namespace: Vec<String>,
    /// Labels instead of those that are there.
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Annotations instead of those that are there.
    #[arg(long, value_name = "KEY=VALUE")]
    annotation: Vec<String>,
}

/// Runs the command.
pub(super) async fn run(secrets: &Secrets, args: &Args) -> anyhow::Result<()> {
    let name = args.name.as_deref().filter(|name| !name.is_empty());
    let nothing = name.is_none()
        && [&args.namespace, &args.label, &args.annotation].iter().all(|list| list.is_empty());
    if nothing {
        return output::print("Specify the cluster field to be updated.\n");
    }
    let cluster = view::find(secrets, &args.cluster).await?;
    let Some(mut entry) = cluster.entry else {
        return Err(Failure::generic(format!(
            "{} is the cluster of Argo CD itself and has no secret: add one with this address first",
            args.cluster
        )));
    };
    if let Some(name) = name {
        entry.data.set("name", name);
    }
    if !args.namespace.is_empty() {
        let all = args.namespace == ["*"];
        let named = if all { String::new() } else { args.namespace.join(",") };
        entry.data.insert("namespaces", &named);
    }
    for (field, given) in [("labels", &args.label), ("annotations", &args.annotation)] {
        if !given.is_empty() {
            replace(&mut entry, field, given)?;
        }
    }
    secrets.replace(&entry).await?;
    output::print_line(&format!("Cluster '{}' updated.", args.cluster))
}

fn replace(entry: &mut Entry, field: &str, given: &[String]) -> anyhow::Result<()> {
    *entry.metadata_mut(field) = json!(pairs(given)?);
    Ok(())
}
