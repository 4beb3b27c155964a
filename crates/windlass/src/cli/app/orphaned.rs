//! Objects in an application's namespace that belong to none, where its project watches for them.

use std::collections::{BTreeMap, BTreeSet};

use windlass_argo::types::{AppProject, Application, ResourceStatus};
use windlass_object::{Object, ResourceKey};

use super::connection::{AppName, Connection};
use super::repositories::config_map;

/// The orphans, and what came of them.
pub(super) async fn find(
    connection: &Connection,
    app: &Application,
) -> anyhow::Result<Vec<ResourceKey>> {
    let project = connection.find_project(app.project()).await?;
    let namespace = &app.spec.destination.namespace;
    let watches = |project: &AppProject| project.spec.orphaned_resources.is_some();
    let Some(project) = project.filter(|p| watches(p) && !namespace.is_empty()) else {
        return Ok(Vec::new());
    };
    let settings = config_map(connection, "argocd-cm").await?;
    let filter = windlass_argo::kind_filter(&settings);
    let tracking = windlass_argo::Settings::read(&settings, &BTreeMap::new()).tracking;
    let own: BTreeSet<ResourceKey> = app.status.resources.iter().map(ResourceStatus::key).collect();
    let mut by_owner: BTreeMap<String, Vec<Object>> = BTreeMap::new();
    let mut left = Vec::new();
    for object in connection.kinds().await?.in_namespace(namespace, &filter).await {
        match object.owner_references().into_iter().next() {
            Some(owner) => by_owner.entry(owner.uid).or_default().push(object),
            None if !own.contains(&object.key()) => left.push(object),
            None => {}
        }
    }
    let mut found = Vec::new();
    while let Some(object) = left.pop() {
        if !windlass_argo::counts_as_orphan(&project, &object.key()) {
            continue;
        }
        if let Some(instance) = tracking.instance(&object) {
            let other = instance.split_once('_');
            let (namespace, name) = other.unwrap_or((&connection.namespace, &instance));
            let other = AppName { namespace: namespace.to_owned(), name: name.to_owned() };
            if connection.find(&other).await?.is_some() {
                continue;
            }
        }
        left.extend(by_owner.remove(object.uid()).unwrap_or_default());
        found.push(object.key());
    }
    found.sort();
    Ok(found)
}
