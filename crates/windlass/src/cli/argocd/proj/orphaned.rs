//! `argocd proj add-orphaned-ignore` and `remove-orphaned-ignore`.

use windlass_object::{Value, json};

use super::store::{Projects, list};
use crate::cli::failure::Failure;

/// Which orphans do not count.
#[derive(Debug, clap::Args)]
struct Pattern {
    /// Name of the project.
    project: String,
    /// API group.
    group: String,
    /// Kind.
    kind: String,
    /// Pattern of names.
    #[arg(long, default_value = "")]
    name: String,
}

/// Let orphans of a kind not count.
///
/// Examples:
///   windlass proj add-orphaned-ignore shop apps Deployment --name 'web-*'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Add {
    #[command(flatten)]
    pattern: Pattern,
}

/// Let orphans of a kind count again.
///
/// Examples:
///   windlass proj remove-orphaned-ignore shop apps Deployment --name 'web-*'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Remove {
    #[command(flatten)]
    pattern: Pattern,
}

impl Pattern {
    fn is(&self, known: &Value) -> bool {
        [("group", &self.group), ("kind", &self.kind), ("name", &self.name)]
            .iter()
            .all(|(field, text)| known[field].as_str().unwrap_or_default() == **text)
    }

    fn value(&self) -> Value {
        let mut value = json!({});
        for (field, text) in [("group", &self.group), ("kind", &self.kind), ("name", &self.name)] {
            if !text.is_empty() {
                value[field] = json!(text);
            }
        }
        value
    }
}

impl Add {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.pattern.project).await?;
        let ignored = list(&mut project.value["spec"]["orphanedResources"]["ignore"]);
        if ignored.iter().any(|known| self.pattern.is(known)) {
            return Err(Failure::fatal(
                "Specified resource is already defined in the orphaned ignore list of project",
            ));
        }
        ignored.push(self.pattern.value());
        projects.update(project).await
    }
}

impl Remove {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.pattern.project).await?;
        if project.value["spec"]["orphanedResources"].is_null() {
            return Err(Failure::fatal(
                "Specified resource does not exist in the orphaned ignore list of project",
            ));
        }
        let ignored = list(&mut project.value["spec"]["orphanedResources"]["ignore"]);
        let Some(at) = ignored.iter().position(|known| self.pattern.is(known)) else {
            return Err(Failure::fatal(
                "Specified resource does not exist in the orphaned ignore of project",
            ));
        };
        ignored.remove(at);
        projects.update(project).await
    }
}
