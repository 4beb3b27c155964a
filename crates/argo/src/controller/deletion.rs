//! An application that is being deleted takes its objects with it, if its finalizer says so.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use windlass_cluster::{Cluster, DeleteOptions, Error, Propagation};
use windlass_engine::policy::{Deletion, DeletionSettings, is_confirmed, next_deletion};
use windlass_engine::state::{self, ConditionType};
use windlass_engine::tracking::instance_name;
use windlass_object::{Object, ResourceKey, Value, json};

use super::apps::AppKey;
use super::context::Context;
use super::project::permits_kind;
use super::status::{self, Also};
use crate::types::{
    AppProject, Application, FINALIZER_BACKGROUND, FINALIZER_FOREGROUND, FINALIZER_RESOURCES, GROUP,
};

const APPROVED: &str = "argocd.argoproj.io/deletion-approved";
const HOOK_FINALIZERS: [&str; 2] =
    ["pre-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io"];
/// How soon a deletion that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// One look at a deletion. Answers when to look again if nothing happens.
pub(crate) async fn advance(
    context: &Arc<Context>,
    key: &AppKey,
    app: &Application,
) -> Option<Duration> {
    app.finalizers().next()?;
    match delete(context, key, app).await {
        Ok(()) => None,
        Err(message) => {
            let now = Timestamp::now();
            let mut next = app.status.clone();
            let found = state::Condition::new(ConditionType::DeletionError, message);
            let found = status::condition(&found);
            let kind = found.kind.clone();
            status::set_conditions(&mut next, &[kind], vec![found], now);
            status::write(context, key, app, next, Also::default(), now).await;
            Some(RETRY)
        }
    }
}

async fn delete(context: &Arc<Context>, key: &AppKey, app: &Application) -> Result<(), String> {
    let Ok((server, _)) = context.clusters.find(&app.spec.destination) else {
        // The cluster is no longer known: there is nothing that could be deleted.
        return release(context, key, app).await;
    };
    if !app.is_cascaded() {
        return release(context, key, app).await;
    }
    let Some(project) = context.project(app.project()) else {
        return Err(format!(
            "Application referencing project {} which does not exist",
            app.project()
        ));
    };
    let connected = context.clusters.connect(context, &server)?;
    let cluster = &connected.cluster;
    cluster.synced().await.map_err(|error| error.to_string())?;
    let option = |name: &str| {
        let prefix = format!("{name}=");
        let policy = app.spec.sync_policy.as_ref()?;
        policy.sync_options.iter().find_map(|option| option.strip_prefix(&prefix))
    };
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let began = app.metadata.get("deletionTimestamp").and_then(Value::as_str).and_then(time);
    let settings = DeletionSettings {
        key: ResourceKey::new(GROUP, "Application", app.namespace(), app.name()),
        delete_default: option("Delete"),
        prune_default: option("Prune"),
        confirmed: began.is_some_and(|began| is_confirmed(app.annotation(APPROVED), began)),
    };
    let instance = instance_name(app.name(), app.namespace(), &context.namespace);
    let live = objects(cluster, &instance, &project);
    let doomed = match next_deletion(&live, &settings) {
        Deletion::Done => return release(context, key, app).await,
        Deletion::Await(_) | Deletion::Confirm(_) => return Ok(()),
        Deletion::Delete(objects) => objects,
    };
    let background = app.finalizers().any(|f| f == FINALIZER_BACKGROUND);
    let propagation = if background { Propagation::Background } else { Propagation::Foreground };
    let deletions = doomed.iter().map(|object| remove(cluster, object, propagation));
    for result in futures::future::join_all(deletions).await {
        result.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn remove(cluster: &Cluster, object: &Object, propagation: Propagation) -> Result<(), Error> {
    let options = DeleteOptions {
        propagation: Some(propagation),
        uid: Some(object.uid().to_owned()).filter(|uid| !uid.is_empty()),
        ..DeleteOptions::default()
    };
    match cluster.delete(&object.gvk(), object.namespace(), object.name(), &options).await {
        Err(error) if error.is_not_found() => Ok(()),
        result => result,
    }
}

/// All that the application manages but what its project does not let it touch.
fn objects(cluster: &Cluster, instance: &str, project: &AppProject) -> Vec<Arc<Object>> {
    let nodes = cluster.of_application(instance).into_iter().filter(|node| {
        let key = node.key();
        permits_kind(project, &key.group_kind(), &key.name, node.api().namespaced)
    });
    nodes.filter_map(|node| node.object()).map(Arc::new).collect()
}

/// Lets the application go.
async fn release(context: &Context, key: &AppKey, app: &Application) -> Result<(), String> {
    let ours = |finalizer: &str| {
        [FINALIZER_RESOURCES, FINALIZER_FOREGROUND, FINALIZER_BACKGROUND].contains(&finalizer)
            || HOOK_FINALIZERS.iter().any(|f| finalizer.starts_with(f))
    };
    let kept: Vec<&str> = app.finalizers().filter(|f| !ours(f)).collect();
    if kept.len() == app.finalizers().count() {
        return Ok(());
    }
    // The version makes a concurrent change of the finalizers a conflict.
    let patch = json!({"metadata": {
        "finalizers": if kept.is_empty() { Value::Null } else { json!(kept) },
        "resourceVersion": app.resource_version(),
    }});
    match context.patch(key, &patch).await {
        Ok(()) => Ok(()),
        Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
