//! Projects as they are stored. A project is kept as the value it is, so that fields which nothing
//! here knows are not lost.

use windlass_argo::types::AppProject;
use windlass_object::{Object, Value, json};

use super::super::kube::{Store, projects};
use super::super::prompt;
use super::validate;
use crate::cli::app::{Connection, Stored};
use crate::cli::failure::Failure;

/// The projects of a control namespace.
pub(super) struct Projects<'a> {
    pub(super) connection: &'a Connection,
    store: Store,
}

/// One project.
#[derive(Clone, Debug)]
pub(super) struct Project {
    pub(super) value: Value,
}

impl<'a> Projects<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, store: Store::new(connection, projects()) }
    }

    /// A project, its tokens in order.
    pub(super) async fn get(&self, name: &str) -> anyhow::Result<Project> {
        let mut project = Project { value: self.store.get(name).await? };
        validate::normalize_tokens(&mut project);
        Ok(project)
    }

    pub(super) async fn find(&self, name: &str) -> anyhow::Result<Option<Project>> {
        Ok(self.store.find(name).await?.map(|value| Project { value }))
    }

    pub(super) async fn list(&self) -> anyhow::Result<Vec<Project>> {
        let all = self.store.list("").await?;
        Ok(all.into_iter().map(|value| Project { value }).collect())
    }

    pub(super) async fn create(&self, project: &Project) -> anyhow::Result<()> {
        self.store.create(&project.value).await.map(|_| ())
    }

    /// Stores a changed project, if it is valid and no application loses its place by it.
    pub(super) async fn update(&self, mut project: Project) -> anyhow::Result<()> {
        validate::normalize_policies(&mut project);
        validate::normalize_tokens(&mut project);
        project.drop_empty();
        validate::validate(&project)?;
        self.keeps_applications(&project).await?;
        self.replace(&project).await
    }

    /// Stores a changed project as it is.
    pub(super) async fn replace(&self, project: &Project) -> anyhow::Result<()> {
        self.store.replace(&project.value).await.map(|_| ())
    }

    pub(super) async fn applications(&self, project: &str) -> anyhow::Result<Vec<Stored>> {
        let mut all = self.connection.list(None, "").await?;
        all.retain(|stored| stored.app.project() == project);
        Ok(all)
    }

    async fn keeps_applications(&self, new: &Project) -> anyhow::Result<()> {
        let applications = self.applications(new.name()).await?;
        if applications.is_empty() {
            return Ok(());
        }
        let old = self.get(new.name()).await?.typed()?;
        let new = new.typed()?;
        let clusters = crate::cli::app::clusters(self.connection).await?;
        let (mut sources, mut destinations) = (0, 0);
        for stored in &applications {
            let spec = &stored.app.spec;
            let url = spec.effective_sources().first().map(|s| s.repo_url.clone());
            let url = url.unwrap_or_default();
            if windlass_argo::permits_source(&old, &url)
                && !windlass_argo::permits_source(&new, &url)
            {
                sources += 1;
            }
            let to = &spec.destination;
            let local = [("in-cluster".to_owned(), "https://kubernetes.default.svc".to_owned())];
            let known = clusters.iter().map(|c| (c.name.clone(), c.server.clone()));
            let Some((name, server)) = known.chain(local).find(|(name, server)| {
                if to.name.is_empty() { *server == to.server } else { *name == to.name }
            }) else {
                // A cluster that is not there: the application is in error already.
                continue;
            };
            let fits = |project: &AppProject| {
                windlass_argo::permits_destination(project, &name, &server, &to.namespace)
            };
            if fits(&old) && !fits(&new) {
                destinations += 1;
            }
        }
        let mut parts = Vec::new();
        for (count, what) in [(sources, "source"), (destinations, "destination")] {
            if count > 0 {
                parts.push(format!("{count} applications {what} became invalid"));
            }
        }
        if parts.is_empty() {
            return Ok(());
        }
        let parts = parts.join(" and ");
        Err(Failure::generic(format!("as a result of project update {parts}")))
    }

    /// Deletes a project that no application is of.
    pub(super) async fn delete(&self, name: &str) -> anyhow::Result<()> {
        if name == "default" {
            let text = format!("name '{name}' is reserved and cannot be deleted");
            return Err(Failure::generic(text));
        }
        self.store.get(name).await?;
        let count = self.applications(name).await?.len();
        if count > 0 {
            return Err(Failure::generic(format!("project is referenced by {count} applications")));
        }
        self.store.delete(name).await
    }

    /// Asks before what cannot be undone.
    pub(super) fn confirm(&self, question: &str) -> anyhow::Result<bool> {
        prompt::confirm(self.connection.prompts, question)
    }
}

impl Project {
    /// A new one.
    pub(super) fn new(name: &str) -> Self {
        let value = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": {"name": name}, "spec": {},
        });
        Self { value }
    }

    pub(super) fn name(&self) -> &str {
        self.value["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// A text of the spec; empty if it is not there.
    pub(super) fn text(&self, field: &str) -> &str {
        self.value["spec"][field].as_str().unwrap_or_default()
    }

    /// A list of the spec; empty if it is not there.
    pub(super) fn items(&self, field: &str) -> &[Value] {
        self.value["spec"][field].as_array().map_or(&[], Vec::as_slice)
    }

    /// The texts of a list of the spec.
    pub(super) fn texts(&self, field: &str) -> Vec<&str> {
        self.items(field).iter().filter_map(Value::as_str).collect()
    }

    /// A list of the spec, made if it is not there.
    pub(super) fn items_mut(&mut self, field: &str) -> &mut Vec<Value> {
        list(&mut self.value["spec"][field])
    }

    /// Takes away empty lists and descriptions, as Argo CD's types do when they are written.
    pub(super) fn drop_empty(&mut self) {
        fn clean(value: &mut Value) {
            match value {
                Value::Object(map) => {
                    map.values_mut().for_each(clean);
                    // An empty list of allowed kinds is not the same as none.
                    map.retain(|key, v| {
                        !v.is_null()
                            && (*v != json!([]) || key == "namespaceResourceWhitelist")
                            && (*v != json!("") || key != "description")
                    });
                }
                Value::Array(items) => items.iter_mut().for_each(clean),
                _ => {}
            }
        }
        clean(&mut self.value["spec"]);
    }

    /// The project with its types.
    pub(super) fn typed(&self) -> anyhow::Result<AppProject> {
        Ok(AppProject::from_object(&Object::try_from(self.value.clone())?)?)
    }

    /// The place of a role.
    pub(super) fn role(&self, name: &str) -> anyhow::Result<usize> {
        let found = self.items("roles").iter().position(|role| role["name"] == name);
        found.ok_or_else(|| {
            let project = self.name();
            Failure::generic(format!("role '{name}' does not exist in project '{project}'"))
        })
    }

    /// What the roles allow, as a policy: beside their rules each may see the project.
    pub(super) fn policies(&self) -> String {
        let project = self.name();
        let mut lines = Vec::new();
        for role in self.items("roles") {
            let name = role["name"].as_str().unwrap_or_default();
            lines.push(format!("p, proj:{project}:{name}, projects, get, {project}, allow"));
            lines.extend(strings(&role["policies"]).map(str::to_owned));
            let groups = strings(&role["groups"]);
            lines.extend(groups.map(|group| format!("g, {group}, proj:{project}:{name}")));
        }
        lines.join("\n")
    }
}

/// The list that a value is, made if it is none.
pub(super) fn list(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = json!([]);
    }
    match value {
        Value::Array(items) => items,
        _ => unreachable!("made a list above"),
    }
}

/// The texts of a list.
pub(super) fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}
