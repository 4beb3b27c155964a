//! `windlass helm create`: a chart to begin with.
//!
//! The starter is our own, with the files, labels and values that people know from Helm's.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use windlass_charts::metadata;
use windlass_helm::Metadata;
use windlass_object::yaml;

use super::{environment, locate, package};

/// What stands for the chart's name in a starter.
const NAME: &str = "<CHARTNAME>";
const LONGEST: usize = 250;

macro_rules! starter {
    ($($path:literal),*) => { &[$(($path, include_str!(concat!("starter/", $path)))),*] };
}

/// In the order in which Helm writes them.
const STARTER: &[(&str, &str)] = starter![
    "Chart.yaml",
    "values.yaml",
    ".helmignore",
    "templates/ingress.yaml",
    "templates/httproute.yaml",
    "templates/deployment.yaml",
    "templates/service.yaml",
    "templates/serviceaccount.yaml",
    "templates/hpa.yaml",
    "templates/NOTES.txt",
    "templates/_helpers.tpl",
    "templates/tests/test-connection.yaml"
];

/// Create a chart with what most charts have.
///
/// Examples:
///   helm create shop
///   helm create charts/shop --starter /srv/starters/service
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(override_usage = "helm create NAME [flags]")]
pub(crate) struct Args {
    /// The chart's name, or the path to its directory.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// A chart to begin with, in Helm's data directory or by its absolute path.
    #[arg(short = 'p', long, default_value = "", hide_default_value = true)]
    starter: String,
    /// Which generation of charts: v2.
    #[arg(long, default_value = "v2", hide = true)]
    chart_api_version: String,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let [name] = &args.names[..] else {
        bail!("\"helm create\" requires 1 argument\n\nUsage:  helm create NAME [flags]");
    };
    super::print(&format!("Creating {name}\n"))?;
    match args.chart_api_version.as_str() {
        "v2" | "" => {}
        "v3" => bail!(
            "this feature has been marked as experimental and is not enabled by default. Please \
             set HELM_EXPERIMENTAL_CHART_V3=1 in your environment to use this feature"
        ),
        other => bail!("unsupported chart API version: {other} (supported: v2, v3)"),
    }
    let path = Path::new(name);
    // As Go's path/filepath takes them apart.
    let base = path
        .components()
        .next_back()
        .map_or_else(|| ".".to_owned(), |last| last.as_os_str().to_string_lossy().into_owned());
    let parent = if name.ends_with('/') { path } else { path.parent().unwrap_or(path) };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    if !args.starter.is_empty() {
        return from_starter(&base, parent, &args.starter);
    }
    check_name(&base)?;
    let parent = std::path::absolute(parent)?.components().collect::<PathBuf>();
    match std::fs::metadata(&parent) {
        Err(_) => bail!("stat {}: no such file or directory", parent.display()),
        Ok(meta) if !meta.is_dir() => bail!("no such directory {}", parent.display()),
        Ok(_) => {}
    }
    let dir = parent.join(&base);
    not_a_file(&dir)?;
    for (path, text) in STARTER {
        let file = dir.join(path);
        if file.exists() {
            super::print(&format!(
                "WARNING: File {:?} already exists. Overwriting.\n",
                file.display().to_string()
            ))?;
        }
        write(&file, text.replace(NAME, &base).as_bytes())?;
    }
    std::fs::create_dir_all(dir.join("charts"))?;
    Ok(())
}

fn check_name(name: &str) -> anyhow::Result<()> {
    if name.is_empty() || name.len() > LONGEST {
        bail!("chart name must be between 1 and {LONGEST} characters");
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        bail!("chart name must match the regular expression \"^[a-zA-Z0-9._-]+$\"");
    }
    Ok(())
}

fn not_a_file(dir: &Path) -> anyhow::Result<()> {
    if std::fs::metadata(dir).is_ok_and(|meta| !meta.is_dir()) {
        bail!("file {} already exists and is not a directory", dir.display());
    }
    Ok(())
}

fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    }
    std::fs::write(file, bytes).with_context(|| file.display().to_string())
}

/// A copy of somebody's chart under another name.
fn from_starter(name: &str, parent: &Path, starter: &str) -> anyhow::Result<()> {
    let place = match Path::new(starter).is_absolute() {
        true => PathBuf::from(starter),
        false => environment::data_home().join("starters").join(starter),
    };
    if !place.exists() {
        let shown = place.display();
        bail!("could not load {shown}: stat {shown}: no such file or directory");
    }
    let chart = locate::local(place.to_str().context("the path is not UTF-8")?)
        .with_context(|| format!("could not load {}", place.display()))?;
    let about = Metadata {
        name: name.to_owned(),
        description: "A Helm chart for Kubernetes".to_owned(),
        kind: "application".to_owned(),
        version: "0.1.0".to_owned(),
        app_version: "0.1.0".to_owned(),
        api_version: "v2".to_owned(),
        ..Metadata::default()
    };
    check_name(name)?;
    let dir = parent.join(name);
    not_a_file(&dir)?;
    let renamed = |data: &[u8]| String::from_utf8_lossy(data).replace(NAME, name).into_bytes();
    write(&dir.join("Chart.yaml"), yaml::to_string(&metadata::to_value(&about)).as_bytes())?;
    for file in chart.raw.iter().filter(|file| file.name == "values.yaml") {
        write(&dir.join(&file.name), &renamed(&file.data))?;
    }
    for file in chart.raw.iter().filter(|file| file.name == "values.schema.json") {
        write(&dir.join(&file.name), &file.data)?;
    }
    for file in &chart.templates {
        write(&dir.join(&file.name), &renamed(&file.data))?;
    }
    for file in &chart.files {
        write(&dir.join(&file.name), &file.data)?;
    }
    for dependency in &chart.dependencies {
        let archive = windlass_charts::pack(dependency, package::seconds()?)?;
        let file = format!("{}-{}.tgz", dependency.name(), dependency.metadata.version);
        write(&dir.join("charts").join(file), &archive)?;
    }
    Ok(())
}
