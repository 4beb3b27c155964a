//! `argocd proj create`.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use windlass_object::{Value, json, yaml};

use super::options::Options;
use super::store::{Project, Projects};
use super::validate;
use crate::cli::failure::{Failure, go_words};

/// Create a project.
///
/// Examples:
///   windlass proj create shop --dest https://kubernetes.default.svc,shop --src https://example.com/shop.git
///   windlass proj create --file project.yaml --upsert
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Change a project that is there and differs.
    #[arg(long)]
    upsert: bool,
    #[command(flatten)]
    definition: Definition,
}

/// A project as a file or flags describe it.
#[derive(Debug, clap::Args)]
pub(crate) struct Definition {
    /// Name of the project.
    #[arg(required_unless_present = "file")]
    project: Option<String>,
    /// File or address of a manifest; `-` is standard input.
    #[arg(long, short)]
    pub(crate) file: Option<String>,
    #[command(flatten)]
    options: Options,
}

impl Definition {
    async fn read(&self) -> anyhow::Result<Project> {
        let mut project = match &self.file {
            None => Project::new(self.project.as_deref().unwrap_or_default()),
            Some(file) => read(file, self.project.as_deref()).await?,
        };
        self.options.apply(&mut project)?;
        Ok(project)
    }

    /// The project, as it is said.
    pub(crate) async fn project(&self) -> anyhow::Result<Value> {
        let mut project = self.read().await?;
        project.drop_empty();
        Ok(project.value)
    }
}

/// Runs the command.
pub(super) async fn run(projects: &Projects<'_>, args: &Args) -> anyhow::Result<()> {
    let mut project = args.definition.read().await?;
    validate::normalize_policies(&mut project);
    project.drop_empty();
    validate::validate(&project)?;
    match projects.find(project.name()).await? {
        None => projects.create(&project).await,
        Some(mut known) => {
            known.drop_empty();
            if known.value["spec"] == project.value["spec"] {
                return Ok(());
            }
            if !args.upsert {
                let keys = differing(&known.value["spec"], &project.value["spec"]).join(",");
                return Err(Failure::generic(format!(
                    "existing project spec is different; use upsert flag to force update; \
                     difference in keys {keys:?}"
                )));
            }
            known.value["spec"] = project.value["spec"].take();
            projects.replace(&known).await
        }
    }
}

async fn read(file: &str, name: Option<&str>) -> anyhow::Result<Project> {
    let text = if file == "-" {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text).context("unable to read manifest from stdin")?;
        text
    } else if file.starts_with("http://") || file.starts_with("https://") {
        fetch(file).await.context("error reading proj from uri")?
    } else {
        std::fs::read(Path::new(file)).map_err(|error| {
            let why = go_words(&error);
            Failure::generic(format!("error reading proj from uri: open {file}: {why}"))
        })?
    };
    let value = yaml::parse_one(&text, &yaml::Options::default())
        .with_context(|| format!("error reading proj from uri: {file}"))?;
    if !value.is_object() {
        return Err(Failure::generic(format!("error reading proj from uri: {file} is no object")));
    }
    let mut project = Project { value };
    project.value["apiVersion"] = json!("argoproj.io/v1alpha1");
    project.value["kind"] = json!("AppProject");
    if let Some(metadata) = project.value["metadata"].as_object_mut() {
        metadata.remove("namespace");
    }
    match name {
        Some(name) if name != project.name() => Err(Failure::generic(format!(
            "project name '{name}' does not match project spec metadata.name '{}'",
            project.name()
        ))),
        _ => Ok(project),
    }
}

/// What is at an address; its size is bound.
async fn fetch(url: &str) -> anyhow::Result<Vec<u8>> {
    const LIMIT: usize = 10 << 20;
    let mut response = reqwest::get(url).await?.error_for_status()?;
    let mut text = Vec::new();
    while let Some(part) = response.chunk().await? {
        text.extend_from_slice(&part);
        if text.len() > LIMIT {
            return Err(Failure::generic(format!("{url} has more than {LIMIT} bytes")));
        }
    }
    Ok(text)
}

/// The fields that differ.
fn differing(old: &Value, new: &Value) -> Vec<String> {
    let empty = serde_json::Map::new();
    let (old, new) = (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
    let mut keys: Vec<String> = old.keys().chain(new.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    keys.retain(|key| old.get(key) != new.get(key));
    keys
}
