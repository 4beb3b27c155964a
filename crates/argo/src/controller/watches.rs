//! What the controller watches in its own namespace.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams};
use kube::runtime::watcher::{self, Event};
use tokio_util::sync::CancellationToken;
use windlass_object::{Object, Value, json};
use windlass_source::credentials::{SecretData, SecretKind, Settings as Repositories};
use windlass_source::known_hosts::KnownHosts;

use super::actor;
use super::apps::{AppKey, Level, Updated};
use super::cluster_secret::Described;
use super::context::{Context, application_resource, object, read, resource};
use super::namespaces::Namespaces;
use super::settings::Settings;
use crate::types::{AppProject, Application, FINALIZER_RESOURCES, GROUP, VERSION};

const SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Watches until told to stop.
pub(crate) async fn run(context: &Arc<Context>, stop: &CancellationToken) {
    let projects = resource(GROUP, VERSION, "AppProject", "appprojects");
    let configs = resource("", "v1", "ConfigMap", "configmaps");
    let secrets = resource("", "v1", "Secret", "secrets");
    let own = Some(context.namespace.as_str());
    // Projects and settings first: an application judged without them would be judged wrongly.
    let ready = tokio::sync::Barrier::new(4);
    tokio::join!(
        collect(Follow::new(context, own, &projects, "", stop), &ready, take_projects),
        collect(Follow::new(context, own, &configs, "", stop), &ready, take_configs),
        collect(Follow::new(context, own, &secrets, SECRET_TYPE, stop), &ready, take_secrets),
        async {
            tokio::select! {
                _ = ready.wait() => {}
                () = stop.cancelled() => return,
            }
            applications(context, stop).await;
        },
        async {
            tokio::select! {
                () = release_projects(context) => {}
                () = stop.cancelled() => {}
            }
        },
        context.key.keep(&context.client, &context.namespace, stop),
    );
}

/// A watch that begins anew after every failure, until told to stop.
struct Follow {
    context: Arc<Context>,
    stop: CancellationToken,
    events: BoxStream<'static, Result<Event<DynamicObject>, watcher::Error>>,
    pause: Duration,
}

impl Follow {
    /// Of one namespace, or of all.
    fn new(
        context: &Arc<Context>,
        namespace: Option<&str>,
        kind: &ApiResource,
        label: &str,
        stop: &CancellationToken,
    ) -> Self {
        let client = context.client.clone();
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, kind),
            None => Api::all_with(client, kind),
        };
        let mut config = watcher::Config::default();
        if !label.is_empty() {
            config = config.labels(label);
        }
        let events = watcher::watcher(api, config).boxed();
        Self { context: context.clone(), stop: stop.clone(), events, pause: FIRST_PAUSE }
    }

    async fn next(&mut self) -> Option<Event<DynamicObject>> {
        loop {
            let next = tokio::select! {
                next = self.events.next() => next?,
                () = self.stop.cancelled() => return None,
            };
            match next {
                Ok(event) => {
                    self.pause = FIRST_PAUSE;
                    return Some(event);
                }
                Err(error) => {
                    tracing::warn!(%error, "watch failed");
                    tokio::select! {
                        () = tokio::time::sleep(self.pause) => {}
                        () = self.stop.cancelled() => return None,
                    }
                    self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}

/// Keeps a whole collection and passes it on whenever it changes.
async fn collect(
    mut follow: Follow,
    ready: &tokio::sync::Barrier,
    take: fn(&Context, &BTreeMap<String, Object>),
) {
    let mut all: BTreeMap<String, Object> = BTreeMap::new();
    let mut fresh: BTreeMap<String, Object> = BTreeMap::new();
    let mut waited = false;
    while let Some(event) = follow.next().await {
        match event {
            Event::Init => {
                fresh.clear();
                continue;
            }
            Event::InitApply(found) => {
                fresh.extend(object(&found).map(|o| (o.name().to_owned(), o)));
                continue;
            }
            Event::InitDone => all = std::mem::take(&mut fresh),
            Event::Apply(found) => all.extend(object(&found).map(|o| (o.name().to_owned(), o))),
            Event::Delete(found) => {
                all.remove(found.metadata.name.as_deref().unwrap_or_default());
            }
        }
        take(&follow.context, &all);
        if !waited {
            waited = true;
            tokio::select! {
                _ = ready.wait() => {}
                () = follow.stop.cancelled() => return,
            }
        }
    }
}

/// Follows the Applications of the namespaces that the settings name, which may change.
async fn applications(context: &Arc<Context>, stop: &CancellationToken) {
    let mut settings = context.application_namespaces.subscribe();
    while !stop.is_cancelled() {
        let others = settings.borrow_and_update().clone();
        let only = Some(context.namespace.as_str()).filter(|_| others.is_empty());
        let follow = Follow::new(context, only, &application_resource(), "", stop);
        tokio::select! {
            () = follow_applications(follow, &others) => return,
            changed = settings.changed() => if changed.is_err() { return },
        }
    }
}

async fn follow_applications(mut follow: Follow, others: &Namespaces) {
    let mut seen: HashSet<AppKey> = HashSet::new();
    let wanted = |found: &DynamicObject, context: &Context| {
        let namespace = found.metadata.namespace.as_deref().unwrap_or_default();
        namespace == context.namespace || others.contains(namespace)
    };
    while let Some(event) = follow.next().await {
        let (context, stop) = (&follow.context, &follow.stop);
        match event {
            Event::Init => seen.clear(),
            Event::InitApply(found) | Event::Apply(found) | Event::Delete(found)
                if !wanted(&found, context) => {}
            Event::InitApply(found) => seen.extend(take_application(context, &found, stop)),
            Event::InitDone => {
                for key in context.apps.keys().into_iter().filter(|key| !seen.contains(key)) {
                    forget(context, &key);
                }
            }
            Event::Apply(found) => {
                take_application(context, &found, stop);
            }
            Event::Delete(found) => {
                if let Some(app) = read(&found) {
                    forget(context, &AppKey::of(&app));
                }
            }
        }
    }
}

fn forget(context: &Context, key: &AppKey) {
    if let Some(app) = context.apps.remove(key) {
        context.metrics.forget(key);
        context.wake_dependents(Some(&app), None);
        context.vacated.notify_one();
    }
}

/// Lets go of projects that are being deleted once no application uses them any more.
async fn release_projects(context: &Context) {
    let kind = resource(GROUP, VERSION, "AppProject", "appprojects");
    let api: Api<DynamicObject> =
        Api::namespaced_with(context.client.clone(), &context.namespace, &kind);
    loop {
        context.vacated.notified().await;
        for project in context.written_projects().values() {
            let Some(kept) = project.finalizers_without(FINALIZER_RESOURCES) else { continue };
            if !project.is_terminating() || context.apps.any(|app| app.project() == project.name())
            {
                continue;
            }
            let patch = json!({"metadata": {
                "finalizers": kept, "resourceVersion": project.metadata.get("resourceVersion"),
            }});
            let patched =
                api.patch(project.name(), &PatchParams::default(), &Patch::Merge(&patch)).await;
            match patched {
                Ok(_) => {}
                Err(kube::Error::Api(answer)) if answer.code == 404 || answer.code == 409 => {}
                Err(error) => {
                    tracing::warn!(name = project.name(), %error, "a project cannot be released");
                }
            }
        }
    }
}

fn take_application(
    context: &Arc<Context>,
    found: &DynamicObject,
    stop: &CancellationToken,
) -> Option<AppKey> {
    let mut app: Application = read(found)?;
    // Nobody asks who wrote an Application, and it takes more room than all else.
    app.metadata.remove("managedFields");
    let app = Arc::new(app);
    let key = AppKey::of(&app);
    match context.apps.update(&app) {
        Updated::New => {
            actor::start(context, app.clone(), stop);
            context.wake_dependents(None, Some(&app));
        }
        Updated::Known(old) => {
            context.wake_dependents(Some(&old), Some(&app));
            if old.project() != app.project() {
                context.vacated.notify_one();
            }
        }
    }
    Some(key)
}

fn take_projects(context: &Context, all: &BTreeMap<String, Object>) {
    let projects = all.values().filter_map(|object| match AppProject::from_object(object) {
        Ok(project) => Some((project.name().to_owned(), Arc::new(project))),
        Err(error) => {
            tracing::warn!(name = object.name(), %error, "an AppProject cannot be read");
            None
        }
    });
    context.set_projects(projects.collect());
}

fn strings(object: Option<&Object>, field: &str) -> BTreeMap<String, String> {
    let data = object.and_then(|o| o.get(&[field])).and_then(Value::as_object);
    data.into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn take_configs(context: &Context, all: &BTreeMap<String, Object>) {
    let data = |name: &str| strings(all.get(name), "data");
    context.set_settings(Settings::read(&data("argocd-cm"), &data("argocd-cmd-params-cm")));
    context.set_keys(data("argocd-gpg-keys-cm"));
    let old = context.repositories();
    let hosts = data("argocd-ssh-known-hosts-cm");
    let known = hosts.get("ssh_known_hosts").map_or("", String::as_str);
    let submodules = data("argocd-cmd-params-cm").remove("reposerver.enable.git.submodule");
    let (hosts, bad) = KnownHosts::parse(known);
    if !bad.is_empty() {
        tracing::warn!(lines = ?bad, "argocd-ssh-known-hosts-cm: lines that cannot be read are left out");
    }
    let next = Repositories {
        secrets: old.secrets.clone(),
        known_hosts: Arc::new(hosts),
        tls_certificates: data("argocd-tls-certs-cm"),
        without_submodules: submodules.as_deref() == Some("false"),
    };
    let same = old.tls_certificates == next.tls_certificates
        && old.known_hosts.digest() == next.known_hosts.digest()
        && old.without_submodules == next.without_submodules;
    if !same {
        context.set_repositories(next);
    }
}

fn take_secrets(context: &Context, all: &BTreeMap<String, Object>) {
    let mut repositories = Vec::new();
    let mut clusters = BTreeMap::new();
    for secret in all.values() {
        let data: BTreeMap<String, Vec<u8>> = strings(Some(secret), "data")
            .into_iter()
            .filter_map(|(key, value)| Some((key, STANDARD.decode(value).ok()?)))
            .collect();
        let name = secret.name().to_owned();
        match secret.label(SECRET_TYPE) {
            Some("repository") => {
                repositories.push(SecretData { name, kind: SecretKind::Repository, data });
            }
            Some("repo-creds") => {
                repositories.push(SecretData { name, kind: SecretKind::RepoCreds, data });
            }
            Some("cluster") => {
                if let Some(mut cluster) = Described::of(&data) {
                    let labels = secret.get(&["metadata", "labels"]).and_then(Value::as_object);
                    let labels = labels.into_iter().flatten();
                    let text = |(key, value): (&String, &Value)| {
                        Some((key.clone(), value.as_str()?.to_owned()))
                    };
                    cluster.labels = labels.filter_map(text).collect();
                    clusters.insert(cluster.server.clone(), cluster);
                }
            }
            _ => {}
        }
    }
    let changed = context.clusters.describe(clusters);
    if !changed.is_empty() {
        context.apps.raise_where(Level::Live, |app| {
            let destination = &app.spec.destination;
            let server = destination.server.trim_end_matches('/');
            changed.iter().any(|other| {
                (!server.is_empty() && other.server == server)
                    || (!destination.name.is_empty() && other.name == destination.name)
            })
        });
    }
    let old = context.repositories();
    if old.secrets == repositories {
        return;
    }
    context.set_repositories(Repositories {
        secrets: repositories,
        known_hosts: old.known_hosts.clone(),
        tls_certificates: old.tls_certificates.clone(),
        without_submodules: old.without_submodules,
    });
}
