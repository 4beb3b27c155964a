//! An application that is being deleted takes its objects with it, if its finalizer says so, and
//! runs its hooks of deletion.
//!
//! Each stage has a finalizer, and a stage that is over takes its finalizer away: what is left to
//! do is told by the finalizers alone, whoever goes on with it.
//!
//! ```text
//! pre-delete-finalizer           PreDelete hooks run; while they fail nothing is deleted
//! resources-finalizer            the objects go, wave by wave
//! post-delete-finalizer          PostDelete hooks run
//! pre-delete-finalizer/cleanup   what PreDelete hooks left goes, if their delete policy says so
//! post-delete-finalizer/cleanup  likewise of PostDelete hooks
//! ```

mod hooks;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use windlass_cluster::{Cluster, DeleteOptions, Error, Propagation};
use windlass_engine::hook::{self, DeletionHook};
use windlass_engine::policy::{Deletion, DeletionSettings, is_confirmed, next_deletion};
use windlass_engine::state::{self, ConditionType};
use windlass_engine::targets::Targets;
use windlass_engine::tracking::instance_name;
use windlass_object::{Object, ResourceKey, Value, json};

use super::apps::{AppKey, Level};
use super::compare::Subject;
use super::context::Context;
use super::retry::Backoff;
use super::status::{self, Also};
use crate::types::{
    Application, FINALIZER_BACKGROUND, FINALIZER_FOREGROUND, FINALIZER_POST_DELETE,
    FINALIZER_PRE_DELETE, FINALIZER_RESOURCES, GROUP,
};

const APPROVED: &str = "argocd.argoproj.io/deletion-approved";
const CLEANUP: &str = "/cleanup";
/// How often finalizers are written anew at once when somebody else's write came between.
const CONFLICTS: usize = 5;

/// One look at a deletion. Answers when to look again if nothing happens: one that failed is not tried
/// again at once, whatever happens.
pub(crate) async fn advance(
    context: &Arc<Context>,
    key: &AppKey,
    app: &Application,
    attempts: &mut Backoff,
) -> Option<Duration> {
    app.finalizers().next()?;
    if let Some(wait) = attempts.left(Instant::now()).filter(|wait| !wait.is_zero()) {
        return Some(wait);
    }
    // What failed may be right in Git by now.
    let level = if attempts.has_failed() { Level::Refresh } else { Level::Revision };
    let message = delete(context, key, app, level).await.err()?;
    attempts.failed(Instant::now());
    let now = Timestamp::now();
    let current = context.apps.get(key)?;
    let mut next = current.status.clone();
    let found = status::condition(&state::Condition::new(ConditionType::DeletionError, message));
    status::set_conditions(&mut next, &[ConditionType::DeletionError], vec![found], now);
    status::write(context, key, &current, next, Also::default(), now).await;
    attempts.left(Instant::now())
}

async fn delete(
    context: &Arc<Context>,
    key: &AppKey,
    app: &Application,
    level: Level,
) -> Result<(), String> {
    let Ok((server, _)) = context.clusters.find(&app.spec.destination) else {
        // The cluster is no longer known: there is nothing that could be deleted.
        return release(context, key, app, &is_ours).await;
    };
    if !app.finalizers().any(is_ours) {
        return Ok(());
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
    let instance = instance_name(app.name(), app.namespace(), &context.namespace);
    let settings = context.settings();
    let subject = Subject {
        context,
        app,
        instance: &instance,
        cluster,
        project: &project,
        settings: &settings,
    };
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let began = app.metadata.get("deletionTimestamp").and_then(Value::as_str).and_then(time);
    let began = began.unwrap_or(Timestamp::UNIX_EPOCH);
    let has = |wanted: &str| app.finalizers().any(|finalizer| finalizer == wanted);
    if has(FINALIZER_PRE_DELETE) {
        let ran = hooks::run(context, &subject, DeletionHook::PreDelete, began, level).await;
        return match ran.map_err(|error| format!("error executing pre-delete hooks: {error}"))? {
            true => release(context, key, app, &|f| f == FINALIZER_PRE_DELETE).await,
            false => Ok(()),
        };
    }
    if app.is_cascaded() {
        return match objects_are_gone(&subject, began).await? {
            true => release(context, key, app, &is_of_resources).await,
            false => Ok(()),
        };
    }
    if has(FINALIZER_POST_DELETE) {
        return match hooks::run(context, &subject, DeletionHook::PostDelete, began, level).await? {
            true => release(context, key, app, &|f| f == FINALIZER_POST_DELETE).await,
            false => Ok(()),
        };
    }
    for (finalizer, moment) in [
        (FINALIZER_PRE_DELETE, DeletionHook::PreDelete),
        (FINALIZER_POST_DELETE, DeletionHook::PostDelete),
    ] {
        let finalizer = format!("{finalizer}{CLEANUP}");
        if has(&finalizer) {
            return match hooks::clean_up(&subject, moment).await? {
                true => release(context, key, app, &|f| f == finalizer).await,
                false => Ok(()),
            };
        }
    }
    // A stage's finalizer that no version knows would keep the application for ever.
    release(context, key, app, &is_ours).await
}

/// Deletes the objects of the next wave; answers whether none is left.
async fn objects_are_gone(subject: &Subject<'_>, began: Timestamp) -> Result<bool, String> {
    let app = subject.app;
    let option = |name: &str| {
        let prefix = format!("{name}=");
        let policy = app.spec.sync_policy.as_ref()?;
        policy.sync_options.iter().find_map(|option| option.strip_prefix(&prefix))
    };
    let settings = DeletionSettings {
        key: ResourceKey::new(GROUP, "Application", app.namespace(), app.name()),
        delete_default: option("Delete"),
        prune_default: option("Prune"),
        confirmed: is_confirmed(app.annotation(APPROVED), began),
    };
    let live: Vec<Arc<Object>> = subject.managed().map(|(_, object)| object).collect();
    let doomed = match next_deletion(&live, &settings) {
        Deletion::Done => return Ok(true),
        Deletion::Await(_) | Deletion::Confirm(_) => return Ok(false),
        Deletion::Delete(objects) => objects,
    };
    let background = app.finalizers().any(|f| f == FINALIZER_BACKGROUND);
    let propagation = if background { Propagation::Background } else { Propagation::Foreground };
    let deletions = doomed.iter().map(|object| remove(subject.cluster, object, propagation));
    for result in futures::future::join_all(deletions).await {
        result.map_err(|error| error.to_string())?;
    }
    Ok(false)
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

fn is_of_resources(finalizer: &str) -> bool {
    [FINALIZER_RESOURCES, FINALIZER_FOREGROUND, FINALIZER_BACKGROUND].contains(&finalizer)
}

fn is_ours(finalizer: &str) -> bool {
    is_of_resources(finalizer)
        || [FINALIZER_PRE_DELETE, FINALIZER_POST_DELETE].iter().any(|f| finalizer.starts_with(f))
}

/// Takes finalizers away. As in Argo CD the last one takes the place of one that goes.
async fn release(
    context: &Context,
    key: &AppKey,
    app: &Application,
    goes: &(dyn Fn(&str) -> bool + Sync),
) -> Result<(), String> {
    let mut kept: Vec<&str> = app.finalizers().collect();
    while let Some(at) = kept.iter().position(|finalizer| goes(finalizer)) {
        kept.swap_remove(at);
    }
    set_finalizers(context, key, app, &kept).await.map_err(|error| error.to_string())
}

/// Gives an application that has hooks of deletion the finalizers by which they run, and takes
/// them away when Git has no such hooks any more.
pub(crate) async fn expect_hooks(
    context: &Context,
    key: &AppKey,
    app: &Application,
    targets: &Targets,
) {
    let wanted = |moment: DeletionHook| {
        let mut hooks = targets.deletion_hooks.iter().chain(&targets.objects);
        hooks.any(|object| hook::runs_at(object, moment))
    };
    let wanted = [
        (wanted(DeletionHook::PreDelete), FINALIZER_PRE_DELETE),
        (wanted(DeletionHook::PostDelete), FINALIZER_POST_DELETE),
    ];
    if let Err(error) = expect(context, key, app, &wanted).await {
        tracing::debug!(app = %key, error, "finalizers cannot be written; it will be tried again");
        context.apps.raise(key, Level::Live);
    }
}

/// Others write as well, so that the newest is read again when something came between.
async fn expect(
    context: &Context,
    key: &AppKey,
    app: &Application,
    wanted: &[(bool, &str)],
) -> Result<(), String> {
    let mut read = None;
    for _ in 0..CONFLICTS {
        let app = read.as_ref().unwrap_or(app);
        if app.is_terminating() {
            return Ok(());
        }
        let mut finalizers: Vec<String> = app.finalizers().map(str::to_owned).collect();
        for (wanted, run) in wanted {
            for finalizer in [(*run).to_owned(), format!("{run}{CLEANUP}")] {
                match finalizers.iter().position(|found| *found == finalizer) {
                    None if *wanted => finalizers.push(finalizer),
                    Some(at) if !wanted => {
                        finalizers.swap_remove(at);
                    }
                    _ => {}
                }
            }
        }
        let finalizers: Vec<&str> = finalizers.iter().map(String::as_str).collect();
        match set_finalizers(context, key, app, &finalizers).await {
            Err(kube::Error::Api(answer)) if answer.code == 409 => {}
            answer => return answer.map_err(|error| error.to_string()),
        }
        match context.read(key).await.map_err(|error| error.to_string())? {
            Some(app) => read = Some(app),
            None => return Ok(()),
        }
    }
    Err(format!("it was changed {CONFLICTS} times meanwhile"))
}

async fn set_finalizers(
    context: &Context,
    key: &AppKey,
    app: &Application,
    finalizers: &[&str],
) -> Result<(), kube::Error> {
    if app.finalizers().eq(finalizers.iter().copied()) {
        return Ok(());
    }
    // The version makes a concurrent change of the finalizers a conflict.
    let patch = json!({"metadata": {
        "finalizers": if finalizers.is_empty() { Value::Null } else { json!(finalizers) },
        "resourceVersion": app.resource_version(),
    }});
    match context.patch(key, &patch).await {
        Ok(()) => Ok(()),
        Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
        Err(error) => Err(error),
    }
}
