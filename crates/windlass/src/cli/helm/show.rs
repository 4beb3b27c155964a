//! `windlass helm show`.

use clap::Subcommand;
use windlass_charts::metadata;
use windlass_gotemplate::fmt;
use windlass_helm::Chart;
use windlass_object::jsonpath::Template;
use windlass_object::{Map, Value, yaml};

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
    ///   helm show values team/shop --jsonpath '{.image.tag}'
    #[command(verbatim_doc_comment)]
    #[command(override_usage = "helm show values [CHART] [flags]")]
    Values(ValuesArgs),
}

/// What all of them take.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A directory, an archive, or a chart that lies elsewhere.
    chart: String,
    #[command(flatten)]
    remote: Flags,
}

/// What `values` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ValuesArgs {
    #[command(flatten)]
    chart: Args,
    /// Print the values that these paths lead to, in kubectl's notation.
    #[arg(long, value_name = "TEMPLATE", default_value = "", hide_default_value = true)]
    jsonpath: String,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let (Command::All(args)
    | Command::Chart(args)
    | Command::Crds(args)
    | Command::Readme(args)
    | Command::Values(ValuesArgs { chart: args, .. })) = command;
    let chart = locate::chart(&args.chart, &args.remote, locate::Versions::Any)?;
    if let Command::Values(ValuesArgs { jsonpath, .. }) = command
        && !jsonpath.is_empty()
    {
        return super::print(&by_path(jsonpath, chart.values.as_map())?);
    }
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

/// What the template prints; nothing where a path leads nowhere, as from Helm.
fn by_path(template: &str, values: &Map<String, Value>) -> anyhow::Result<String> {
    let read = Template::parse(template)
        .map_err(|error| anyhow::anyhow!("error parsing jsonpath {template}: {error}"))?;
    let scalar = |value: &Value| match value {
        Value::Number(number) => fmt::shortest(number.as_f64().unwrap_or_default()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(read.print(&Value::Object(values.clone()), &scalar).unwrap_or_default())
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
