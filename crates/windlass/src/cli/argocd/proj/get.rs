//! `argocd proj get`.

use windlass_object::Value;

use super::super::format::Format;
use super::super::kube::{Data, Store, core};
use super::store::{Project, Projects};
use super::validate;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Show a project.
///
/// Examples:
///   windlass proj get shop
///   windlass proj get shop -o yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the project.
    project: String,
    /// Output format: json, yaml or wide.
    #[arg(long, short, default_value = "wide")]
    output: String,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let Some(mut project) = projects.find(&args.project).await? else {
        let name = &args.project;
        return Err(Failure::generic(format!(
            "error getting app project {name:?}: appproject.argoproj.io {name:?} not found"
        )));
    };
    validate::normalize_tokens(&mut project);
    match Format::read(&args.output, &["wide"])? {
        Format::Value(notation) => output::print_value(&project.value, notation),
        Format::Named(_) => {
            let secrets = Store::new(projects.connection, core("Secret"));
            let mut scoped = [Vec::new(), Vec::new()];
            let kinds = [("repository", "url"), ("cluster", "server")];
            for ((kind, field), found) in kinds.iter().zip(&mut scoped) {
                let selector = format!("argocd.argoproj.io/secret-type={kind}");
                for secret in secrets.list(&selector).await? {
                    let data = Data::of(&secret);
                    if data.text("project") == args.project {
                        found.push(data.text(field));
                    }
                }
            }
            let [repositories, clusters] = scoped;
            output::print(&show(&project, repositories, clusters))
        }
    }
}

fn show(project: &Project, repositories: Vec<String>, clusters: Vec<String>) -> String {
    let joined = |field: &str, fields: [&str; 2], separator: &str| -> Vec<String> {
        let text = |item: &Value, field: &str| item[field].as_str().unwrap_or_default().to_owned();
        let items = project.items(field).iter();
        items.map(|i| [text(i, fields[0]), text(i, fields[1])].join(separator)).collect()
    };
    let texts = |field: &str| project.texts(field).into_iter().map(str::to_owned).collect();
    let keys = project.items("signatureKeys").iter();
    let keys: Vec<&str> = keys.filter_map(|key| key["keyID"].as_str()).collect();
    let keys = if keys.is_empty() { "<none>".to_owned() } else { keys.join(", ") };
    let lists: [(&str, Vec<String>); 7] = [
        ("Destinations:", joined("destinations", ["server", "namespace"], ",")),
        ("Repositories:", texts("sourceRepos")),
        ("Source Namespaces:", texts("sourceNamespaces")),
        ("Scoped Repositories:", repositories),
        ("Allowed Cluster Resources:", joined("clusterResourceWhitelist", ["group", "kind"], "/")),
        ("Scoped Clusters:", clusters),
        (
            "Denied Namespaced Resources:",
            joined("namespaceResourceBlacklist", ["group", "kind"], "/"),
        ),
    ];
    let mut out = String::new();
    let mut row = |name: &str, text: &str| out.push_str(&format!("{name:<29}{text}\n"));
    row("Name:", project.name());
    row("Description:", project.text("description"));
    for (name, items) in lists {
        row(name, items.first().map_or("<none>", String::as_str));
        items.iter().skip(1).for_each(|item| row("", item));
    }
    row("Signature keys:", &keys);
    row("Orphaned Resources:", &orphaned(project));
    out
}

/// Whether objects of nobody are watched for.
pub(super) fn orphaned(project: &Project) -> String {
    let settings = &project.value["spec"]["orphanedResources"];
    if settings.is_null() {
        return "disabled".to_owned();
    }
    let warn = settings["warn"] == true;
    match settings["ignore"].as_array().map_or(0, Vec::len) {
        0 => format!("enabled (warn={warn})"),
        ignored => format!("enabled (warn={warn}, ignored {ignored})"),
    }
}
