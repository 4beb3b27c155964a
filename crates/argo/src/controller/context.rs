//! What all of the controller shares.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams};
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, watch};
use windlass_charts::Charts;
use windlass_engine::ignore::Jq;
use windlass_object::{Object, Value};
use windlass_openpgp::Keyring;
use windlass_render::RenderCache;
use windlass_schema::Schemas;
use windlass_source::Sources;
use windlass_source::credentials::Settings as Repositories;

use super::ControllerOptions;
use super::apps::{AppKey, Apps, Level};
use super::clusters::Clusters;
use super::events::{self, Events, Reason};
use super::metrics::Metrics;
use super::namespaces::Namespaces;
use super::projects;
use super::settings::Settings;
use super::signatures;
use crate::dependencies::{self, Hold, Name};
use crate::installation::InstallationKey;
use crate::types::{AppProject, Application, GROUP, VERSION};

/// Applications of one cluster to which something new is delivered at once.
pub(crate) const AT_WORK: usize = 32;
/// Others of it that are looked at, and healed, at once.
pub(crate) const LOOKED_AT: usize = 16;
/// Paths of ignored fields that are kept.
const PATHS: usize = 1000;
/// Tries of a change of an Application that fails in passing, and the first pause; it doubles.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest wait for the answer to one.
const ANSWER: Duration = Duration::from_secs(30);
/// Renders that are kept.
pub(crate) const RENDERS: usize = 10_000;

pub(crate) struct Context {
    pub(crate) client: kube::Client,
    pub(crate) namespace: String,
    pub(crate) key: InstallationKey,
    pub(crate) sources: Sources,
    pub(crate) charts: Arc<Charts>,
    pub(crate) renders: RenderCache,
    pub(crate) schemas: Schemas,
    settings: ArcSwap<Settings>,
    repositories: ArcSwap<Repositories>,
    /// Projects as they are written, and with what global projects add.
    written: ArcSwap<BTreeMap<String, Arc<AppProject>>>,
    projects: ArcSwap<BTreeMap<String, Arc<AppProject>>>,
    /// Keys of those who sign commits.
    pub(crate) keyring: ArcSwap<Keyring>,
    /// Whether signatures are verified at all: Argo CD's `ARGOCD_GPG_ENABLED`.
    pub(crate) verifies: bool,
    /// The data that the keys were read from.
    keys: Mutex<BTreeMap<String, String>>,
    /// Told when a project that is being deleted may be free of applications.
    pub(crate) vacated: Notify,
    /// Namespaces beside the controller's own whose Applications are looked at.
    pub(crate) application_namespaces: watch::Sender<Namespaces>,
    pub(crate) clusters: Clusters,
    pub(crate) apps: Apps,
    pub(crate) events: Events,
    pub(crate) metrics: Metrics,
    /// Paths of ignored fields that were read before, and why some cannot be.
    paths: Mutex<HashMap<String, Result<Arc<Jq>, String>>>,
    /// Bounds the work that keeps a processor busy.
    pub(crate) rendering: Semaphore,
}

impl Context {
    pub(crate) fn new(options: ControllerOptions, metrics: Metrics) -> Self {
        let ControllerOptions {
            client,
            config,
            sources,
            charts,
            namespace,
            queries_per_second,
            key,
        } = options;
        let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            namespace,
            key,
            sources,
            charts,
            renders: RenderCache::new(RENDERS),
            schemas: Schemas::builtin(),
            settings: ArcSwap::from_pointee(Settings::read(&BTreeMap::new(), &BTreeMap::new())),
            repositories: ArcSwap::default(),
            written: ArcSwap::default(),
            projects: ArcSwap::default(),
            keyring: ArcSwap::default(),
            verifies: !std::env::var("ARGOCD_GPG_ENABLED")
                .is_ok_and(|word| ["false", "no"].contains(&word.to_ascii_lowercase().as_str())),
            keys: Mutex::default(),
            vacated: Notify::new(),
            application_namespaces: watch::Sender::new(Namespaces::default()),
            clusters: Clusters::new(client.clone(), config, queries_per_second),
            apps: Apps::default(),
            events: Events::start(client.clone()),
            metrics,
            paths: Mutex::default(),
            rendering: Semaphore::new(processors),
            client,
        }
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    pub(crate) fn repositories(&self) -> Arc<Repositories> {
        self.repositories.load_full()
    }

    /// A jq path of ignored fields, read once.
    pub(crate) fn jq(&self, path: &str) -> Result<Arc<Jq>, String> {
        let mut paths = self.paths.lock();
        if let Some(known) = paths.get(path) {
            return known.clone();
        }
        if paths.len() >= PATHS {
            paths.clear();
        }
        let bound = self.settings.load().jq_bound;
        let read = Jq::compile(path, bound).map(Arc::new).map_err(|error| error.to_string());
        paths.insert(path.to_owned(), read.clone());
        read
    }

    pub(crate) fn project(&self, name: &str) -> Option<Arc<AppProject>> {
        self.projects.load().get(name).cloned()
    }

    /// Records an event on an application.
    pub(crate) fn record(&self, app: &Application, reason: Reason, warning: bool, message: &str) {
        let project = self.project(app.project());
        let labels = events::labels(app, project.as_deref(), &self.settings.load().event_labels);
        self.events.record(app, &labels, reason, warning, message);
    }

    pub(crate) fn set_settings(&self, settings: Settings) {
        let old = self.settings();
        if *old == settings {
            return;
        }
        for problem in &settings.problems {
            tracing::warn!("setting ignored: {problem}");
        }
        for told in settings.unread.iter().filter(|told| !old.unread.contains(told)) {
            tracing::warn!("{told}");
        }
        let mirror = old.filter != settings.filter
            || old.tracking != settings.tracking
            || old.ignore_updates != settings.ignore_updates
            || old.jq_bound != settings.jq_bound
            || old.respect_rbac != settings.respect_rbac
            || old.customizations != settings.customizations;
        self.charts.allow(settings.artifacts.clone());
        self.sources.bound_requests(settings.git_timeout);
        self.clusters.enable_in_cluster(settings.in_cluster);
        let namespaces = settings.application_namespaces.clone();
        self.application_namespaces.send_if_modified(|known| {
            let changed = *known != namespaces;
            *known = namespaces;
            changed
        });
        if old.refresh != settings.refresh && !settings.refresh.is_zero() {
            self.sources.keep_refs(settings.refresh);
        }
        let globals = old.global_projects != settings.global_projects;
        let bound = old.jq_bound != settings.jq_bound;
        self.settings.store(Arc::new(settings));
        if bound {
            self.paths.lock().clear();
        }
        if globals {
            self.merge_projects();
        }
        if mirror {
            self.clusters.forget();
        }
        self.apps.raise_where(Level::Revision, |_| true);
    }

    /// Keys of those who sign commits, as their config map has them.
    pub(crate) fn set_keys(&self, data: BTreeMap<String, String>) {
        let mut known = self.keys.lock();
        if *known == data {
            return;
        }
        let (ring, problems) = signatures::keyring(&data);
        for problem in problems {
            tracing::warn!("argocd-gpg-keys-cm: a key is left out: {problem}");
        }
        self.keyring.store(Arc::new(ring));
        *known = data;
        self.apps.raise_where(Level::Revision, |_| true);
    }

    pub(crate) fn set_repositories(&self, repositories: Repositories) {
        self.repositories.store(Arc::new(repositories));
        self.apps.raise_where(Level::Revision, |_| true);
    }

    pub(crate) fn set_projects(&self, projects: BTreeMap<String, Arc<AppProject>>) {
        self.written.store(Arc::new(projects));
        self.merge_projects();
        self.vacated.notify_one();
    }

    fn merge_projects(&self) {
        let merged = projects::effective(&self.written.load(), &self.settings().global_projects);
        let old = self.projects.swap(Arc::new(merged));
        let now = self.projects.load();
        // Which signatures are asked for, and what charts look up, depend on the project too.
        let is_other = |app: &Application| old.get(app.project()) != now.get(app.project());
        self.apps.raise_where(Level::Revision, is_other);
    }

    /// Projects as they are written.
    pub(crate) fn written_projects(&self) -> Arc<BTreeMap<String, Arc<AppProject>>> {
        self.written.load_full()
    }

    /// Wakes the applications that go to a cluster.
    pub(crate) fn raise_cluster(&self, server: &str) {
        self.apps.raise_where(Level::Live, |app| {
            self.clusters.find(&app.spec.destination).is_ok_and(|(found, _)| found == server)
        });
    }

    fn applications(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &application_resource())
    }

    /// Merges a patch into an Application and takes the answer in. What fails in passing is tried
    /// again: a merge done twice is as done once.
    pub(crate) async fn patch(&self, key: &AppKey, patch: &Value) -> Result<(), kube::Error> {
        let conditional = patch["metadata"].get("resourceVersion").is_some();
        let ends = patch.get("operation").is_some_and(Value::is_null);
        let request = self.apps.get(key).and_then(|app| app.operation.clone());
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        let answer = loop {
            let error = match self.patch_once(key, patch).await {
                Ok(answer) => break answer,
                Err(error) => error,
            };
            // If it was done after all, a request that has come since is not to be taken away.
            let now = || self.apps.get(key).and_then(|app| app.operation.clone());
            if attempt >= TRIES || !passes(&error, conditional) || (ends && now() != request) {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            attempt += 1;
        };
        if let Some(app) = read(&answer) {
            let app = Arc::new(app);
            if let Some(old) = self.apps.written(&app) {
                self.wake_dependents(Some(&old), Some(&app));
            }
        }
        Ok(())
    }

    /// An Application as the API has it now; none if it is gone or cannot be understood.
    pub(crate) async fn read(&self, key: &AppKey) -> Result<Option<Application>, kube::Error> {
        let answer = self.applications(&key.namespace).get_opt(&key.name).await?;
        Ok(answer.as_ref().and_then(read))
    }

    async fn patch_once(&self, key: &AppKey, patch: &Value) -> Result<DynamicObject, kube::Error> {
        let (api, parameters) = (self.applications(&key.namespace), PatchParams::default());
        let merge = Patch::Merge(patch);
        let answer = api.patch(&key.name, &parameters, &merge);
        match tokio::time::timeout(ANSWER, answer).await {
            Ok(answer) => answer,
            Err(_) => {
                let message = format!("no answer within {} s", ANSWER.as_secs());
                Err(kube::Error::Service(message.into()))
            }
        }
    }

    /// What keeps a sync of an application, whose newest commit is this, waiting for others.
    pub(crate) fn holds(&self, app: &Application, revision: &str) -> Vec<Hold> {
        let find = |name: &Name| {
            self.apps.get(&AppKey { namespace: name.namespace.clone(), name: name.name.clone() })
        };
        dependencies::holds(app, revision, &find)
    }

    /// Wakes the applications that wait for one, if it now stands otherwise.
    pub(crate) fn wake_dependents(&self, old: Option<&Application>, new: Option<&Application>) {
        let standing = |app: &Application| {
            let status = &app.status;
            (status.sync.status, status.health.status, status.sync.revision.clone())
        };
        if old.map(standing) == new.map(standing)
            && old.map(dependencies::names) == new.map(dependencies::names)
        {
            return;
        }
        if let Some(app) = new.or(old) {
            self.apps.wake_dependents(&Name::of(app));
        }
    }
}

/// Whether a change that failed may succeed later. What depends on a version does not, in a conflict.
fn passes(error: &kube::Error, conditional: bool) -> bool {
    match error {
        kube::Error::Api(answer) => match answer.code {
            409 => !conditional,
            code => matches!(code, 429 | 500 | 502 | 503 | 504),
        },
        kube::Error::Service(_) | kube::Error::HyperError(_) => true,
        _ => false,
    }
}

/// How Applications are addressed.
pub(crate) fn application_resource() -> ApiResource {
    resource(GROUP, VERSION, "Application", "applications")
}

/// How a kind is addressed.
pub(crate) fn resource(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    let gvk = kube::core::GroupVersionKind::gvk(group, version, kind);
    ApiResource::from_gvk_with_plural(&gvk, plural)
}

/// As an object of ours.
pub(crate) fn object(dynamic: &DynamicObject) -> Option<Object> {
    Object::try_from(serde_json::to_value(dynamic).ok()?).ok()
}

/// As an Application; one that cannot be read is told and passed over.
pub(crate) fn read(dynamic: &DynamicObject) -> Option<Application> {
    let object = object(dynamic)?;
    match Application::from_object(&object) {
        Ok(app) => Some(app),
        Err(error) => {
            tracing::warn!(namespace = object.namespace(), name = object.name(), %error,
                "an Application cannot be read: correct it, its CustomResourceDefinition is too lax");
            None
        }
    }
}
