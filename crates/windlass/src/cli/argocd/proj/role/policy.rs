//! `argocd proj role add-policy` and `remove-policy`.

use windlass_object::json;

use super::super::store::{Projects, list};
use super::super::validate::PROJECT_SCOPED;
use crate::cli::output;

/// A rule of a role.
#[derive(Debug, clap::Args)]
struct Rule {
    /// Name of the project.
    project: String,
    /// Name of the role.
    role: String,
    /// What may be done, such as get, create or sync.
    #[arg(long, short, default_value = "")]
    action: String,
    /// allow or deny.
    #[arg(long, short, default_value = "allow")]
    permission: String,
    /// Object within the project; `*` is any.
    #[arg(long, short, default_value = "")]
    object: String,
    /// To what: applications, logs, exec and so on.
    #[arg(long, short, default_value = "applications", value_parser = PROJECT_SCOPED)]
    resource: String,
}

/// Add a rule to a role.
///
/// Examples:
///   windlass proj role add-policy shop developer --action sync --permission allow --object '*'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Add {
    #[command(flatten)]
    rule: Rule,
}

/// Take a rule from a role.
///
/// Examples:
///   windlass proj role remove-policy shop developer --action sync --object '*'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Remove {
    #[command(flatten)]
    rule: Rule,
}

impl Rule {
    fn text(&self) -> String {
        let Self { project, role, action, permission, object, resource } = self;
        format!("p, proj:{project}:{role}, {resource}, {action}, {project}/{object}, {permission}")
    }
}

impl Add {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.rule.project).await?;
        let at = project.role(&self.rule.role)?;
        list(&mut project.items_mut("roles")[at]["policies"]).push(json!(self.rule.text()));
        projects.update(project).await
    }
}

impl Remove {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.rule.project).await?;
        let at = project.role(&self.rule.role)?;
        let text = self.rule.text();
        let policies = list(&mut project.items_mut("roles")[at]["policies"]);
        let Some(at) = policies.iter().position(|known| *known == text) else { return Ok(()) };
        policies.swap_remove(at);
        let question = format!("Are you sure you want to delete '{text}' policy? [y/n]");
        if !projects.confirm(&question)? {
            let text = format!("The command to delete policy '{text}' was cancelled.");
            return output::print_line(&text);
        }
        projects.update(project).await
    }
}
