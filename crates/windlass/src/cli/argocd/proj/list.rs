//! `argocd proj list`.

use super::super::format::Format;
use super::get::orphaned;
use super::store::{Project, Projects};
use crate::cli::columns::{align, line};
use crate::cli::output;

/// List projects.
///
/// Examples:
///   windlass proj list
///   windlass proj list -o name
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Output format: json, yaml, wide or name.
    #[arg(long, short, default_value = "wide")]
    output: String,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let format = Format::read(&args.output, &["wide", "name"])?;
    let all = projects.list().await?;
    match format {
        Format::Value(notation) => {
            let values: Vec<_> = all.iter().map(|p| &p.value).collect();
            output::print_value(&values, notation)
        }
        Format::Named("name") => {
            all.iter().try_for_each(|project| output::print_line(project.name()))
        }
        Format::Named(_) => {
            let mut lines = vec![line([
                "NAME",
                "DESCRIPTION",
                "DESTINATIONS",
                "SOURCES",
                "CLUSTER-RESOURCE-WHITELIST",
                "NAMESPACE-RESOURCE-BLACKLIST",
                "SIGNATURE-KEYS",
                "ORPHANED-RESOURCES",
                "DESTINATION-SERVICE-ACCOUNTS",
            ])];
            lines.extend(all.iter().map(row));
            output::print(&align(&lines))
        }
    }
}

fn row(project: &Project) -> Vec<String> {
    let some =
        |field: &str, fields: &[&str], separator: &str, many: &str| match project.items(field) {
            [] => "<none>".to_owned(),
            [one] if !fields.is_empty() => {
                let texts = fields.iter().map(|field| one[*field].as_str().unwrap_or_default());
                texts.collect::<Vec<_>>().join(separator)
            }
            items => format!("{} {many}", items.len()),
        };
    let sources = match project.texts("sourceRepos").as_slice() {
        [] => "<none>".to_owned(),
        [one] => (*one).to_owned(),
        all => format!("{} repos", all.len()),
    };
    let accounts = ["server", "namespace", "defaultServiceAccount"];
    vec![
        project.name().to_owned(),
        project.text("description").to_owned(),
        some("destinations", &["server", "namespace"], ",", "destinations"),
        sources,
        some("clusterResourceWhitelist", &["group", "kind"], "/", "resources"),
        some("namespaceResourceBlacklist", &[], "", "resources"),
        some("signatureKeys", &[], "", "key(s)"),
        orphaned(project),
        some("destinationServiceAccounts", &accounts, ",", "destinationServiceAccounts"),
    ]
}
