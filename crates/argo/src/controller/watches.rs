//! What the controller watches in its own namespace.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::runtime::watcher::{self, Event};
use tokio_util::sync::CancellationToken;
use windlass_object::{Object, Value};
use windlass_source::credentials::{SecretData, SecretKind, Settings as Repositories};
use windlass_source::known_hosts::KnownHosts;

use super::actor;
use super::apps::{AppKey, Updated};
use super::clusters::Described;
use super::context::{Context, application_resource, object, read, resource};
use super::settings::Settings;
use crate::types::{AppProject, GROUP, VERSION};

const SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Watches until told to stop.
pub(crate) async fn run(context: &Arc<Context>, stop: &CancellationToken) {
    let projects = resource(GROUP, VERSION, "AppProject", "appprojects");
    let configs = resource("", "v1", "ConfigMap", "configmaps");
    let secrets = resource("", "v1", "Secret", "secrets");
    // Projects and settings first: an application judged without them would be judged wrongly.
    let ready = tokio::sync::Barrier::new(4);
    tokio::join!(
        collect(Follow::new(context, &projects, "", stop), &ready, take_projects),
        collect(Follow::new(context, &configs, "", stop), &ready, take_configs),
        collect(Follow::new(context, &secrets, SECRET_TYPE, stop), &ready, take_secrets),
        async {
            tokio::select! {
                _ = ready.wait() => {}
                () = stop.cancelled() => return,
            }
            applications(Follow::new(context, &application_resource(), "", stop)).await;
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
    fn new(
        context: &Arc<Context>,
        kind: &ApiResource,
        label: &str,
        stop: &CancellationToken,
    ) -> Self {
        let api: Api<DynamicObject> =
            Api::namespaced_with(context.client.clone(), &context.namespace, kind);
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

async fn applications(mut follow: Follow) {
    let mut seen: Vec<AppKey> = Vec::new();
    while let Some(event) = follow.next().await {
        let (context, stop) = (&follow.context, &follow.stop);
        match event {
            Event::Init => seen.clear(),
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
    }
}

fn take_application(
    context: &Arc<Context>,
    found: &DynamicObject,
    stop: &CancellationToken,
) -> Option<AppKey> {
    let app = Arc::new(read(found)?);
    let key = AppKey::of(&app);
    match context.apps.update(&app) {
        Updated::New => {
            actor::start(context, app.clone(), stop);
            context.wake_dependents(None, Some(&app));
        }
        Updated::Known(old) => {
            context.wake_dependents(Some(&old), Some(&app));
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
                if let Some(cluster) = Described::of(&data) {
                    clusters.insert(cluster.server.clone(), cluster);
                }
            }
            _ => {}
        }
    }
    context.clusters.describe(clusters);
    let old = context.repositories();
    context.set_repositories(Repositories {
        secrets: repositories,
        known_hosts: old.known_hosts.clone(),
        tls_certificates: old.tls_certificates.clone(),
        without_submodules: old.without_submodules,
    });
}
