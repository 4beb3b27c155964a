//! The Applications that are known, and who waits for news of each.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use parking_lot::RwLock;
use tokio::sync::Notify;
use tokio_util::sync::DropGuard;

use crate::dependencies::{self, Name};
use crate::types::{ANNOTATION_REFRESH, Application, OperationPhase};

/// Names an Application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AppKey {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl AppKey {
    pub(crate) fn of(app: &Application) -> Self {
        Self { namespace: app.namespace().to_owned(), name: app.name().to_owned() }
    }

    /// From the name with which an application marks its objects.
    pub(crate) fn of_instance(instance: &str, control_namespace: &str) -> Self {
        let (namespace, name) = instance.split_once('_').unwrap_or((control_namespace, instance));
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

impl fmt::Display for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// How much of an application is to be looked at anew. More includes less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Level {
    /// Only what a child of its objects changes: the summary.
    Tree = 1,
    /// Live state, against the manifests that are known.
    Live = 2,
    /// Which revision is wanted, as far as that is known.
    Revision = 3,
    /// Which revision is wanted, by asking the repository.
    Refresh = 4,
    /// Everything, without caches.
    Hard = 5,
}

impl Level {
    fn of(number: u8) -> Option<Self> {
        [Self::Tree, Self::Live, Self::Revision, Self::Refresh, Self::Hard]
            .into_iter()
            .find(|level| *level as u8 == number)
    }
}

/// Tells one application's actor what to look at. Signals that come before it listens add up.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    level: AtomicU8,
    notify: Notify,
}

impl Signal {
    pub(crate) fn raise(&self, level: Level) {
        self.level.fetch_max(level as u8, Ordering::AcqRel);
        self.notify.notify_one();
    }

    /// What has been asked for, if anything.
    pub(crate) fn take(&self) -> Option<Level> {
        Level::of(self.level.swap(0, Ordering::AcqRel))
    }

    /// Waits until something is asked for; it may have been taken already.
    pub(crate) async fn raised(&self) {
        self.notify.notified().await;
    }
}

struct Entry {
    app: Arc<Application>,
    signal: Arc<Signal>,
    _stop: DropGuard,
}

impl Entry {
    fn replace(&mut self, app: &Arc<Application>, metadata: &[&str]) -> Arc<Application> {
        if let Some(level) = attention(&self.app, app, metadata) {
            self.signal.raise(level);
        }
        std::mem::replace(&mut self.app, app.clone())
    }
}

/// Metadata that matters when somebody else changes it. The first the actor changes itself.
const WATCHED: [&str; 4] = ["annotations", "labels", "deletionTimestamp", "finalizers"];

/// All Applications.
#[derive(Default)]
pub(crate) struct Apps {
    entries: RwLock<HashMap<AppKey, Entry>>,
    /// Who waits for whom, of those that wait for anybody.
    waiting: RwLock<HashMap<AppKey, Vec<Name>>>,
}

/// What an update meant.
pub(crate) enum Updated {
    /// The application is new: it needs an actor.
    New,
    /// It is known; its actor has been told if it must look. What it was before.
    Known(Arc<Application>),
}

impl Apps {
    pub(crate) fn get(&self, key: &AppKey) -> Option<Arc<Application>> {
        self.entries.read().get(key).map(|entry| entry.app.clone())
    }

    pub(crate) fn add(&self, app: Arc<Application>, signal: Arc<Signal>, stop: DropGuard) {
        self.note(&app);
        let entry = Entry { app, signal, _stop: stop };
        self.entries.write().insert(AppKey::of(&entry.app), entry);
    }

    /// Keeps in mind for whom an application waits.
    fn note(&self, app: &Application) {
        let (key, names) = (AppKey::of(app), dependencies::names(app));
        if names.is_empty() {
            if self.waiting.read().contains_key(&key) {
                self.waiting.write().remove(&key);
            }
        } else {
            self.waiting.write().insert(key, names);
        }
    }

    /// Wakes the applications that wait for one, directly.
    pub(crate) fn wake_dependents(&self, name: &Name) {
        let waiting = self.waiting.read();
        let hit = waiting.iter().filter(|(_, names)| names.contains(name));
        let keys: Vec<AppKey> = hit.map(|(key, _)| key.clone()).collect();
        drop(waiting);
        for key in keys {
            self.raise(&key, Level::Live);
        }
    }

    /// Takes a newer version of an application in.
    pub(crate) fn update(&self, app: &Arc<Application>) -> Updated {
        let mut entries = self.entries.write();
        let Some(entry) = entries.get_mut(&AppKey::of(app)) else { return Updated::New };
        if is_older(app, &entry.app) {
            return Updated::Known(entry.app.clone());
        }
        self.note(app);
        Updated::Known(entry.replace(app, &WATCHED))
    }

    /// Takes in the answer to what the actor itself wrote. That is no news to it, but somebody else
    /// may have written just before.
    pub(crate) fn written(&self, app: &Arc<Application>) -> Option<Arc<Application>> {
        let mut entries = self.entries.write();
        let entry = entries.get_mut(&AppKey::of(app))?;
        (!is_older(app, &entry.app)).then(|| entry.replace(app, &WATCHED[1..]))
    }

    pub(crate) fn remove(&self, key: &AppKey) -> Option<Arc<Application>> {
        self.waiting.write().remove(key);
        self.entries.write().remove(key).map(|entry| entry.app)
    }

    /// All applications, in no order.
    pub(crate) fn all(&self) -> Vec<Arc<Application>> {
        self.entries.read().values().map(|entry| entry.app.clone()).collect()
    }

    /// Whether something holds for any of them.
    pub(crate) fn any(&self, holds: impl Fn(&Application) -> bool) -> bool {
        self.entries.read().values().any(|entry| holds(&entry.app))
    }

    pub(crate) fn keys(&self) -> Vec<AppKey> {
        self.entries.read().keys().cloned().collect()
    }

    pub(crate) fn raise(&self, key: &AppKey, level: Level) {
        if let Some(entry) = self.entries.read().get(key) {
            entry.signal.raise(level);
        }
    }

    /// Tells all applications of which something holds; answers how many.
    pub(crate) fn raise_where(&self, level: Level, holds: impl Fn(&Application) -> bool) -> usize {
        let entries = self.entries.read();
        let hit = entries.values().filter(|entry| holds(&entry.app));
        hit.map(|entry| entry.signal.raise(level)).count()
    }
}

/// Resource versions are numbers that grow; of equal ones the later told is no news.
fn is_older(app: &Application, than: &Application) -> bool {
    let number = |app: &Application| app.resource_version().parse::<u64>().ok();
    app.uid() == than.uid()
        && matches!((number(app), number(than)), (Some(new), Some(old)) if new <= old)
}

/// What an object asks for by itself: a refresh.
pub(crate) fn asked(app: &Application) -> Option<Level> {
    match app.annotation(ANNOTATION_REFRESH)? {
        "hard" => Some(Level::Hard),
        _ => Some(Level::Refresh),
    }
}

/// What a change of the object asks for, looking at some of its metadata.
fn attention(old: &Application, new: &Application, watched: &[&str]) -> Option<Level> {
    if let Some(level) = asked(new) {
        return Some(level);
    }
    let terminating = |app: &Application| {
        app.status.operation_state.as_ref().is_some_and(|s| s.phase == OperationPhase::Terminating)
    };
    if old.uid() != new.uid() || old.spec != new.spec {
        return Some(Level::Revision);
    }
    let metadata = |app: &Application, field: &str| app.metadata.get(field).cloned();
    let changed = (new.operation.is_some() && old.operation != new.operation)
        || (terminating(new) && !terminating(old))
        || watched.iter().any(|field| metadata(old, field) != metadata(new, field));
    changed.then_some(Level::Live)
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    #[test]
    fn signals_add_up() {
        let signal = Signal::default();
        signal.raise(Level::Revision);
        signal.raise(Level::Tree);
        assert_eq!(signal.take(), Some(Level::Revision));
        assert_eq!(signal.take(), None);
    }

    #[test]
    fn only_what_matters_wakes_an_actor() {
        let app = |more: serde_json::Value| -> Application {
            let mut value =
                json!({"metadata": {"name": "a", "uid": "1"}, "spec": {"project": "p"}});
            for (key, inner) in more.as_object().unwrap() {
                value[key] = inner.clone();
            }
            serde_json::from_value(value).unwrap()
        };
        let plain = app(json!({}));
        let status = app(json!({"status": {"sync": {"status": "Synced"}}}));
        assert_eq!(attention(&plain, &status, &WATCHED), None);
        let spec = app(json!({"spec": {"project": "q"}}));
        assert_eq!(attention(&plain, &spec, &WATCHED), Some(Level::Revision));
        let refresh = app(json!({"metadata": {"name": "a", "uid": "1",
            "annotations": {"argocd.argoproj.io/refresh": "hard"}}}));
        assert_eq!(attention(&plain, &refresh, &WATCHED), Some(Level::Hard));
        let operation = app(json!({"operation": {"sync": {}}}));
        assert_eq!(attention(&plain, &operation, &WATCHED), Some(Level::Live));
        assert_eq!(AppKey::of_instance("ns_a", "argocd").to_string(), "ns/a");
        assert_eq!(AppKey::of_instance("a", "argocd").to_string(), "argocd/a");
    }
}
