//! `windlass helm show`.

use clap::Subcommand;
use windlass_charts::metadata;
use windlass_helm::Chart;
use windlass_object::yaml;

use super::{locate, remote::Flags};

/// Show what a chart says of itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show Chart.yaml, values.yaml, README and crds/.
    ///
    /// Examples:
    ///   helm show all charts/shop
    #[command(verbatim_doc_comment)]
    #[command(override_usage = "helm show all [CHART] [flags]")]
    All(Args),
    /// Show Chart.yaml.
    ///
    /// Examples:
    ///   helm show chart oci://registry.example.com/charts/shop --version 1.2.3
    #[command(verbatim_doc_comment)]
    #[command(override_usage = "helm show chart [CHART] [flags]")]
    Chart(Args),
    /// Show the files of crds/.
    ///
    /// Examples:
    ///   helm show crds charts/shop
    #[command(verbatim_doc_comment)]
    #[command(override_usage = "helm show crds [CHART] [flags]")]
    Crds(Args),
    /// Show README.
    ///
    /// Examples:
    ///   helm show readme team/shop
    #[command(verbatim_doc_comment)]
    #[command(override_usage = "helm show readme [CHART] [flags]")]
    Readme(Args),
    /// Show values.yaml.
    ///
    /// Examples:
    ///   helm show values team/shop --version 1.2.3
    #[command(verbatim_doc_comment)]
    #[command(override_usage = "helm show values [CHART] [flags]")]
    Values(Args),
}

/// What all of them take.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A directory, an archive, or a chart that lies elsewhere.
    chart: String,
    #[command(flatten)]
    remote: Flags,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let (Command::All(args)
    | Command::Chart(args)
    | Command::Crds(args)
    | Command::Readme(args)
    | Command::Values(args)) = command;
    let chart = locate::chart(&args.chart, &args.remote, locate::Versions::Any)?;
    let all = matches!(command, Command::All(_));
    let mut text = String::new();
    if all || matches!(command, Command::Chart(_)) {
        text.push_str(&yaml::to_string(&metadata::to_value(&chart.metadata)));
        text.push('\n');
    }
    let begin = |text: &mut String| {
        if all {
            text.push_str("---\n");
        }
    };
    if all || matches!(command, Command::Values(_)) {
        values(&chart, &mut text, begin);
    }
    if all || matches!(command, Command::Readme(_)) {
        let is_readme = |name: &str| {
            ["readme.md", "readme.txt", "readme"].iter().any(|n| n.eq_ignore_ascii_case(name))
        };
        if let Some(readme) = chart.files.iter().find(|file| is_readme(&file.name)) {
            begin(&mut text);
            text.push_str(&readme.text());
            text.push('\n');
        }
    }
    if all || matches!(command, Command::Crds(_)) {
        crds(&chart, &mut text);
    }
    super::print(&text)
}

fn values(chart: &Chart, text: &mut String, begin: impl Fn(&mut String)) {
    let Some(file) = chart.raw.iter().find(|file| file.name == "values.yaml") else { return };
    begin(text);
    text.push_str(&file.text());
    text.push('\n');
}

/// The files of `crds/`, the top chart's first.
fn crds(chart: &Chart, text: &mut String) {
    for file in chart.crds() {
        if !file.data.starts_with(b"---") {
            text.push_str("---\n");
        }
        text.push_str(&file.text());
        text.push('\n');
    }
    for dependency in &chart.dependencies {
        crds(dependency, text);
    }
}
