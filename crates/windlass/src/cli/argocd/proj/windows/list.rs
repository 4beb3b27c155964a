//! `argocd proj windows list`.

use jiff::Timestamp;
use windlass_engine::policy::Window;
use windlass_object::Value;

use super::super::super::format::Format;
use super::super::store::{Projects, strings};
use crate::cli::columns::{align, line};
use crate::cli::output;

/// List sync windows.
///
/// Examples:
///   windlass proj windows list shop
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
    let project = projects.get(&args.project).await?;
    let windows = project.items("syncWindows");
    match Format::read(&args.output, &["wide"])? {
        Format::Value(notation) => output::print_value(&windows, notation),
        Format::Named(_) => {
            let mut lines = vec![line([
                "ID",
                "STATUS",
                "KIND",
                "SCHEDULE",
                "DURATION",
                "APPLICATIONS",
                "NAMESPACES",
                "CLUSTERS",
                "MANUALSYNC",
                "TIMEZONE",
                "",
            ])];
            let now = Timestamp::now();
            lines.extend(windows.iter().enumerate().map(|(id, window)| row(id, window, now)));
            output::print(&align(&lines))
        }
    }
}

fn row(id: usize, window: &Value, now: Timestamp) -> Vec<String> {
    let text = |field: &str| window[field].as_str().unwrap_or_default().to_owned();
    let names = |field: &str| match strings(&window[field]).collect::<Vec<_>>().join(",") {
        names if names.is_empty() => "-".to_owned(),
        names => names,
    };
    let read = Window {
        schedule: text("schedule"),
        duration: text("duration"),
        time_zone: text("timeZone"),
        ..Window::default()
    };
    let open = read.is_open(now).unwrap_or_default();
    let manual = window["manualSync"] == true;
    vec![
        id.to_string(),
        if open { "Active" } else { "Inactive" }.to_owned(),
        text("kind"),
        text("schedule"),
        text("duration"),
        names("applications"),
        names("namespaces"),
        names("clusters"),
        if manual { "Enabled" } else { "Disabled" }.to_owned(),
        text("timeZone"),
        String::new(),
    ]
}
