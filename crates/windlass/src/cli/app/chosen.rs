//! Which of an application's objects a command is about: `--kind`, `--resource-name` and so on.

use windlass_object::{Object, ResourceKey};

use super::connection::Connection;
use super::kinds::Kinds;
use crate::cli::failure::Failure;

/// Objects of an application.
#[derive(Debug, clap::Args)]
pub(super) struct Chosen {
    /// Name of the application.
    name: String,
    /// Kind of the object.
    #[arg(long)]
    kind: String,
    /// Group of the object; empty for kinds without a group.
    #[arg(long)]
    group: Option<String>,
    /// Namespace of the object.
    #[arg(long, default_value = "")]
    namespace: String,
    /// Name of the object.
    #[arg(long, default_value = "")]
    resource_name: String,
    /// All that fit, if there are several.
    #[arg(long)]
    all: bool,
    /// Project of the application.
    #[arg(long)]
    project: Option<String>,
}

impl Chosen {
    /// The objects that are there.
    pub(super) async fn find(
        &self,
        connection: &Connection,
    ) -> anyhow::Result<(Kinds, Vec<Object>)> {
        let name = connection.name(&self.name, None);
        let app = connection.get(&name).await?.app;
        if self.project.as_ref().is_some_and(|project| project != app.project()) {
            return Err(Failure::generic(format!(
                "application {} is not of the project {}",
                name.name,
                self.project.as_deref().unwrap_or_default()
            )));
        }
        let keys = app.status.resources.iter().filter(|r| self.fits(&r.key()));
        let keys: Vec<_> = keys.map(|r| (r.key(), r.version.clone())).collect();
        let kinds = Kinds::discover(&connection.client).await?;
        let found = kinds.fetch_all(keys).await?;
        if found.is_empty() {
            return Err(Failure::generic("no matching resource found"));
        }
        if found.len() > 1 && !self.all {
            return Err(Failure::generic(
                "multiple resources match inputs, use the --all flag to patch multiple resources",
            ));
        }
        if found.iter().any(|object| object.group() != found[0].group()) {
            return Err(Failure::fatal(
                "Ambiguous resource group. Use flag --group to specify resource group explicitly.",
            ));
        }
        Ok((kinds, found))
    }

    fn fits(&self, key: &ResourceKey) -> bool {
        let is = |wanted: &str, given: &str| wanted.is_empty() || wanted == given;
        key.kind == self.kind
            && self.group.as_ref().is_none_or(|group| *group == key.group)
            && is(&self.namespace, &key.namespace)
            && is(&self.resource_name, &key.name)
    }
}
