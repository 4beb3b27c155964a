//! `argocd proj windows update`.

use jiff::tz::TimeZone;
use windlass_object::json;

use super::super::store::Projects;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Change a sync window.
///
/// Examples:
///   windlass proj windows update shop 0 --duration 2h
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the project.
    project: String,
    /// Number of the window, as `windows list` shows it.
    id: String,
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
    /// Time zone of the schedule, such as America/New_York.
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    /// Description.
    #[arg(long, default_value = "")]
    description: String,
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let id = super::number(&args.id)?;
    let mut project = projects.get(&args.project).await?;
    if let Some(window) = project.items_mut("syncWindows").get_mut(id) {
        let texts = [
            ("schedule", &args.schedule),
            ("duration", &args.duration),
            ("description", &args.description),
        ];
        let lists = [
            ("applications", &args.applications),
            ("namespaces", &args.namespaces),
            ("clusters", &args.clusters),
        ];
        if texts.iter().all(|(_, t)| t.is_empty()) && lists.iter().all(|(_, l)| l.is_empty()) {
            return Err(Failure::generic(
                "cannot update: require one or more of schedule, duration, application, namespace, \
                 cluster or description",
            ));
        }
        for (field, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
            window[field] = json!(text);
        }
        for (field, names) in lists.iter().filter(|(_, names)| !names.is_empty()) {
            window[field] = json!(names);
        }
        window["timeZone"] = json!(zone(&args.time_zone));
    }
    projects.update(project).await
}

/// The time zone, or UTC for one that is not known.
pub(super) fn zone(name: &str) -> &str {
    if name.is_empty() {
        return "UTC";
    }
    if TimeZone::get(name).is_err() {
        output::warn(&format!(
            "warning: Invalid time zone {name} specified. Using UTC as default time zone"
        ));
        return "UTC";
    }
    name
}
