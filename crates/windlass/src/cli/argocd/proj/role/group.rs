//! `argocd proj role add-group` and `remove-group`.

use windlass_object::json;

use super::super::store::{Projects, list};
use crate::cli::output;

/// Give a role to a group.
///
/// Examples:
///   windlass proj role add-group shop developer team-a
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Add {
    /// Name of the project.
    project: String,
    /// Name of the role.
    role: String,
    /// The group, as tokens name it.
    group: String,
}

/// Take a role from a group.
///
/// Examples:
///   windlass proj role remove-group shop developer team-a
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Remove {
    /// Name of the project.
    project: String,
    /// Name of the role.
    role: String,
    /// The group, as tokens name it.
    group: String,
}

impl Add {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.project).await?;
        let (group, name) = (&self.group, &self.role);
        let at = project.role(name)?;
        let groups = list(&mut project.items_mut("roles")[at]["groups"]);
        if groups.iter().any(|known| known == group) {
            let text = format!("Group '{group}' already present in role '{name}'");
            return output::print_line(&text);
        }
        groups.push(json!(group));
        projects.update(project).await?;
        output::print_line(&format!("Group '{group}' added to role '{name}'"))
    }
}

impl Remove {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let mut project = projects.get(&self.project).await?;
        let (group, name) = (&self.group, &self.role);
        let at = project.role(name)?;
        let groups = list(&mut project.items_mut("roles")[at]["groups"]);
        let Some(at) = groups.iter().position(|known| known == group) else {
            return output::print_line(&format!("Group '{group}' not present in role '{name}'"));
        };
        groups.remove(at);
        let question =
            format!("Are you sure you want to remove '{group}' group from role '{name}'? [y/n]");
        if !projects.confirm(&question)? {
            return output::print_line(&format!(
                "The command to remove group '{group}' from role '{name}' was cancelled."
            ));
        }
        projects.update(project).await?;
        output::print_line(&format!("Group '{group}' removed from role '{name}'"))
    }
}
