//! `argocd proj windows add`.

use windlass_object::json;

use super::super::store::Projects;
use super::super::validate;
use crate::cli::failure::Failure;

/// Add a sync window.
///
/// Examples:
///   windlass proj windows add shop --kind allow --schedule "0 22 * * *" --duration 1h --applications '*'
///   windlass proj windows add shop --kind deny --schedule "0 0 24 12 *" --duration 48h --clusters in-cluster
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the project.
    project: String,
    /// allow or deny.
    #[arg(long, short, default_value = "")]
    kind: String,
    /// When it opens: five fields of cron, such as "0 22 * * *".
    #[arg(long, default_value = "")]
    schedule: String,
    /// How long it is open, such as 1h.
    #[arg(long, default_value = "")]
    duration: String,
    /// Applications, globs.
    #[arg(long, value_delimiter = ',')]
    applications: Vec<String>,
    /// Destination namespaces, globs.
    #[arg(long, value_delimiter = ',')]
    namespaces: Vec<String>,
    /// Destination clusters, globs.
    #[arg(long, value_delimiter = ',')]
    clusters: Vec<String>,
    /// A person may sync in spite of it.
    #[arg(long)]
    manual_sync: bool,
    /// Time zone of the schedule, such as America/New_York.
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    /// All that is listed must match, not any of it.
    #[arg(long)]
    use_and_operator: bool,
    /// Description.
    #[arg(long, default_value = "")]
    description: String,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let mut project = projects.get(&args.project).await?;
    if args.kind.is_empty() || args.schedule.is_empty() || args.duration.is_empty() {
        return Err(Failure::generic(
            "cannot create window: require kind, schedule, duration and one or more of \
             applications, namespaces and clusters",
        ));
    }
    let mut window = json!({
        "kind": args.kind, "schedule": args.schedule, "duration": args.duration,
        "timeZone": super::update::zone(&args.time_zone),
    });
    for (field, names) in [
        ("applications", &args.applications),
        ("namespaces", &args.namespaces),
        ("clusters", &args.clusters),
    ] {
        if !names.is_empty() {
            window[field] = json!(names);
        }
    }
    for (field, set) in [("manualSync", args.manual_sync), ("andOperator", args.use_and_operator)] {
        if set {
            window[field] = json!(true);
        }
    }
    if !args.description.is_empty() {
        window["description"] = json!(args.description);
    }
    validate::window(&window).map_err(Failure::generic)?;
    project.items_mut("syncWindows").push(window);
    projects.update(project).await
}
