//! `windlass helm repo index`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use windlass_charts::{ChartVersion, Index, metadata};
use windlass_helm::Chart;
use windlass_object::{Value, yaml};

/// Generate an index file of the packaged charts in a directory.
///
/// Examples:
///   helm repo index dist --url https://charts.example.com
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(override_usage = "helm repo index [DIR] [flags]")]
pub(crate) struct Args {
    /// The directory.
    dir: PathBuf,
    /// Address of the repository.
    #[arg(long, default_value = "", hide_default_value = true)]
    url: String,
    /// Merge with this index; charts of the directory win.
    #[arg(long)]
    merge: Option<PathBuf>,
    /// Write JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let now = jiff::Timestamp::now();
    let mut index = Index { generated: now.to_string(), ..Index::default() };
    for path in archives(&args.dir)? {
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        // What is no chart is passed over.
        let Ok(chart) = Chart::from_archive(&bytes) else { continue };
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let parent = path.parent().and_then(|p| p.strip_prefix(&args.dir).ok());
        let parent = parent.and_then(Path::to_str).unwrap_or_default();
        let Value::Object(mut fields) = metadata::to_value(&chart.metadata) else { continue };
        fields.insert("created".to_owned(), now.to_string().into());
        let version = ChartVersion {
            version: chart.metadata.version.clone(),
            urls: vec![join(&args.url, parent, name)],
            digest: windlass_oci::digest(&bytes).replace("sha256:", ""),
            metadata: fields,
        };
        index.entries.entry(chart.metadata.name.clone()).or_default().push(version);
    }
    if let Some(path) = &args.merge {
        let other = match std::fs::read(path) {
            Ok(text) => Index::parse(&text)
                .with_context(|| format!("merge failed: error loading {}", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let empty = Index { generated: now.to_string(), ..Index::default() };
                write(&empty, path, args.json)?;
                empty
            }
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        index.merge(other);
    }
    index.sort();
    write(&index, &args.dir.join("index.yaml"), args.json)
}

fn write(index: &Index, path: &Path, json: bool) -> anyhow::Result<()> {
    let document = index.to_value();
    let text =
        if json { serde_json::to_string_pretty(&document)? } else { yaml::to_string(&document) };
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

/// The archives in a directory, and in those in it.
fn archives(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let list = |dir: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(dir).into_iter().flatten();
        let mut all: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        all.sort();
        all
    };
    let is_archive = |path: &PathBuf| path.extension().is_some_and(|e| e == "tgz");
    let here = list(dir);
    let below = here.iter().filter(|path| path.is_dir()).flat_map(|dir| list(dir));
    let below: Vec<PathBuf> = below.filter(is_archive).collect();
    Ok(here.into_iter().filter(is_archive).chain(below).collect())
}

/// The address of a file, whole if the repository's is known.
fn join(base: &str, parent: &str, name: &str) -> String {
    let parts = [base.trim_end_matches('/'), parent, name];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("/")
}
