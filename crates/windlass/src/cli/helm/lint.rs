//! `windlass helm lint`.

use std::path::Path;

use anyhow::{Context, bail};
use windlass_helm::{KubeVersion, Lint, Log, Message, Schemas, Severity, Values};
use windlass_tree::{DirectoryTree, TreePath};

use super::{Global, pull, template, values};

/// Examine charts for possible issues.
///
/// Examples:
///   helm lint charts/shop
///   helm lint charts/shop --strict --values production.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Charts: directories or archives.
    #[arg(value_name = "PATH")]
    charts: Vec<String>,
    /// Fail on warnings.
    #[arg(long)]
    strict: bool,
    /// Examine the charts in charts/ too.
    #[arg(long)]
    with_subcharts: bool,
    /// Print only warnings and errors.
    #[arg(long)]
    quiet: bool,
    /// Do not check values against values.schema.json.
    #[arg(long)]
    skip_schema_validation: bool,
    /// Kubernetes' version.
    #[arg(long, default_value = "", hide_default_value = true)]
    kube_version: String,
    #[command(flatten)]
    values: values::Args,
}

/// What came of one chart.
enum Linted {
    Messages(Vec<Message>),
    Failed(String),
}

/// Runs the command.
pub(crate) fn run(args: &Args, global: &Global) -> anyhow::Result<()> {
    if args.charts.is_empty() {
        bail!("\"helm lint\" requires at least 1 argument\n\nUsage:  helm lint PATH [flags]");
    }
    let version = match args.kube_version.as_str() {
        "" => None,
        text => Some(KubeVersion::parse(text)?),
    };
    let mut charts = args.charts.clone();
    if args.with_subcharts {
        for chart in &args.charts {
            let dir = Path::new(chart).join("charts");
            // As Go joins paths: without a leading `./`.
            let plain = dir.components().filter(|part| *part != std::path::Component::CurDir);
            below(&plain.collect::<std::path::PathBuf>(), &mut charts);
        }
    }
    let values = args.values.values()?;
    let worst = if args.strict { Severity::Warning } else { Severity::Error };
    let (mut failed, mut odd, mut text) = (0, 0, String::new());
    for chart in &charts {
        let linted = one(chart, args, global, version.as_ref(), &values)?;
        let messages: &[Message] = match &linted {
            Linted::Messages(messages) => messages,
            Linted::Failed(_) => &[],
        };
        let bad =
            matches!(linted, Linted::Failed(_)) || messages.iter().any(|m| m.severity >= worst);
        let is_odd = bad || messages.iter().any(|m| m.severity > Severity::Info);
        odd += usize::from(is_odd);
        if args.quiet && !is_odd {
            continue;
        }
        text.push_str(&format!("==> Linting {chart}\n"));
        if let Linted::Failed(error) = &linted {
            text.push_str(&format!("Error {error}\n"));
        }
        for message in messages.iter().filter(|m| !args.quiet || m.severity > Severity::Info) {
            text.push_str(&format!("{message}\n"));
        }
        failed += usize::from(bad);
        text.push('\n');
    }
    super::print(&text)?;
    let summary = format!("{} chart(s) linted, {failed} chart(s) failed", charts.len());
    if failed > 0 {
        bail!(summary);
    }
    if !args.quiet || odd > 0 {
        super::print(&format!("{summary}\n"))?;
    }
    Ok(())
}

fn one(
    chart: &str,
    args: &Args,
    global: &Global,
    version: Option<&KubeVersion>,
    values: &Values,
) -> anyhow::Result<Linted> {
    let temporary;
    let mut dir = std::path::absolute(chart)?;
    if chart.ends_with(".tgz") || chart.ends_with(".tar.gz") {
        let Ok(archive) = std::fs::read(chart) else {
            return Ok(Linted::Failed(format!(
                "unable to open tarball: open {chart}: no such file or directory"
            )));
        };
        temporary = tempfile::tempdir()?;
        if let Err(error) = pull::expand(&archive, temporary.path()) {
            return Ok(Linted::Failed(format!("unable to extract tarball: {error:#}")));
        }
        let first = std::fs::read_dir(temporary.path())?.next().context("an empty archive")?;
        dir = first?.path();
    }
    if !dir.join("Chart.yaml").exists() {
        let shown = Path::new(chart).join("Chart.yaml");
        return Ok(Linted::Failed(format!(
            "unable to check Chart.yaml file in chart: stat {}: no such file or directory",
            shown.display()
        )));
    }
    let shown = dir.components().collect::<std::path::PathBuf>().display().to_string();
    let full = dir.canonicalize()?;
    let at =
        TreePath::new(full.to_str().context("the path is not UTF-8")?.trim_start_matches('/'))?;
    let namespace = global.namespace();
    let log = Log::default();
    let mut lint = Lint {
        tree: &DirectoryTree::new("/"),
        at: &at,
        shown: &shown,
        values,
        namespace: &namespace,
        kube_version: version.cloned(),
        skip_schema_validation: args.skip_schema_validation,
        schemas: Schemas::default(),
        log: log.clone(),
        environment: template::environment()?,
    };
    let messages = loop {
        let messages = lint.run();
        if !super::schemas::fetch(&mut lint.schemas) {
            break messages;
        }
        drop(log.take());
    };
    super::log(&log);
    Ok(Linted::Messages(messages))
}

/// The charts below a directory, as Helm walks it.
fn below(dir: &Path, charts: &mut Vec<String>) {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let mut all: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    all.sort();
    for path in all {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let shown = path.display().to_string();
        if path.is_dir() {
            below(&path, charts);
        } else if name == "Chart.yaml" {
            charts.push(dir.display().to_string());
        } else if name.ends_with(".tgz") || name.ends_with(".tar.gz") {
            charts.push(shown);
        }
    }
}
