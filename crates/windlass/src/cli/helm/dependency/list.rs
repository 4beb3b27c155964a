//! `windlass helm dependency list`.

use std::path::{Component, Path, PathBuf};

use windlass_helm::{Chart, Dependency};
use windlass_semver::{Constraint, Version};

use crate::cli::helm::{locate, print, table};

/// List a chart's dependencies, and how they are.
///
/// Examples:
///   helm dependency list charts/shop
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(override_usage = "helm dependency list CHART [flags]")]
pub(crate) struct Args {
    /// The chart.
    #[arg(default_value = ".")]
    chart: String,
    /// The widest column.
    #[arg(long, default_value_t = 80)]
    max_col_width: usize,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let chart = locate::local(&args.chart)?;
    let charts = joined(Path::new(&args.chart), "charts");
    if !chart.metadata.lists_dependencies {
        return print(&format!("WARNING: no dependencies at {}\n", charts.display()));
    }
    let head = ["NAME", "VERSION", "REPOSITORY", "STATUS"];
    let mut rows: Vec<Vec<String>> = vec![head.iter().map(|h| (*h).to_owned()).collect()];
    for dependency in &chart.metadata.dependencies {
        rows.push(vec![
            dependency.name.clone(),
            dependency.version.clone(),
            dependency.repository.clone(),
            status(&charts, dependency, &chart).to_owned(),
        ]);
    }
    let mut text = table::print(&rows, args.max_col_width);
    text.push('\n');
    for file in files(&charts) {
        let archive = file.extension().is_some_and(|e| e == "tgz");
        if !file.is_dir() && !archive {
            continue;
        }
        let Some(name) = file.to_str() else { continue };
        match locate::local(name) {
            Err(_) => text.push_str(&format!("WARNING: {name:?} is not a chart.\n")),
            Ok(found) if chart.metadata.dependencies.iter().any(|d| d.name == found.name()) => {}
            Ok(_) => text.push_str(&format!("WARNING: {name:?} is not in Chart.yaml.\n")),
        }
    }
    print(&text)
}

/// What is called `name` in `dir`, as Go joins paths: without what leads nowhere.
fn joined(dir: &Path, name: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for component in dir.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(path.components().next_back(), Some(Component::Normal(_))) =>
            {
                path.pop();
            }
            component => path.push(component),
        }
    }
    path.join(name)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let mut all: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    all.sort();
    all
}

/// How a dependency is, in Helm's words.
fn status(charts: &Path, wanted: &Dependency, parent: &Chart) -> &'static str {
    let begin = format!("{}-", wanted.name);
    let archives: Vec<PathBuf> = files(charts)
        .into_iter()
        .filter(|file| {
            let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            name.starts_with(&begin) && name.ends_with(".tgz")
        })
        .collect();
    let of_version = |file: &&PathBuf| {
        let stem = file.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
        Version::parse_strict(stem.trim_start_matches(&begin)).is_ok()
    };
    let one = match archives.as_slice() {
        [] => None,
        [one] => Some(one),
        several => {
            let found: Vec<&PathBuf> = several.iter().filter(of_version).collect();
            match found.as_slice() {
                [] => None,
                [one] => Some(*one),
                _ => return "too many matches",
            }
        }
    };
    if let Some(file) = one {
        let chart = file.to_str().map(locate::local);
        let Some(Ok(chart)) = chart else { return "corrupt" };
        if chart.name() != wanted.name {
            return "misnamed";
        }
        return fits(&chart.metadata.version, &wanted.version).err().unwrap_or("ok");
    }
    match parent.dependencies.iter().rfind(|c| c.name() == wanted.name) {
        None => "missing",
        Some(chart) => fits(&chart.metadata.version, &wanted.version).err().unwrap_or("unpacked"),
    }
}

fn fits(version: &str, wanted: &str) -> Result<(), &'static str> {
    if version == wanted {
        return Ok(());
    }
    let range = Constraint::parse(wanted).map_err(|_| "invalid version")?;
    let version = Version::parse(version).map_err(|_| "invalid version")?;
    if range.matches(&version) { Ok(()) } else { Err("wrong version") }
}
