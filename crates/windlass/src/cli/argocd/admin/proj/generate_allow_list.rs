//! `argocd admin proj generate-allow-list`.

use windlass_object::{Value, json, yaml};

use crate::cli::app::{Connection, Flags, read_text};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Print a project that allows the kinds which a ClusterRole may create.
///
/// Examples:
///   windlass admin proj generate-allow-list role.yaml shop
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// File with the ClusterRole.
    cluster_role: String,
    /// Name of the project.
    project: String,
    /// File to write to; `-` is standard output.
    #[arg(long, short, default_value = "-")]
    out: String,
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, args: &Args) -> anyhow::Result<()> {
    let connection = Connection::open(flags).await?;
    let text = read_text(&args.cluster_role)
        .map_err(|error| Failure::generic(format!("error reading cluster role file: {error}")))?;
    let role = yaml::parse_one(text.as_bytes(), &yaml::Options::default()).map_err(|error| {
        Failure::generic(format!("error unmarshalling cluster role file yaml: {error}"))
    })?;
    let kinds = connection.kinds().await?;
    let mut allowed = Vec::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        let texts = |field: &str| -> Vec<String> {
            let all = rule[field].as_array().into_iter().flatten();
            all.filter_map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let creates = texts("verbs").iter().any(|verb| verb.eq_ignore_ascii_case("create"));
        let Some(group) = texts("apiGroups").into_iter().next().filter(|_| creates) else {
            continue;
        };
        for resource in texts("resources") {
            for kind in kinds.named(&group, &resource) {
                allowed.push(json!({"group": group, "kind": kind}));
            }
        }
    }
    let project: Value = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": args.project},
        "spec": {"namespaceResourceWhitelist": allowed},
        "status": {},
    });
    let text = yaml::to_string(&project);
    if args.out == "-" {
        return output::print(&text);
    }
    let out = &args.out;
    std::fs::write(out, text).map_err(|error| Failure::generic(format!("open {out}: {error}")))
}
