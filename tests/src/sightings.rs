//! Who was ever there: the identities of all objects of a kind, by a watch beside the story.

use std::collections::BTreeSet;
use std::sync::Arc;

use kube::api::{Api, DynamicObject, WatchEvent, WatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use parking_lot::Mutex;

/// All objects of a kind in a namespace that were ever there since the start, until it is dropped.
pub struct Sightings {
    seen: Arc<Mutex<BTreeSet<(String, String)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Sightings {
    pub(crate) fn start(
        runtime: &tokio::runtime::Runtime,
        client: kube::Client,
        gvk: &GroupVersionKind,
        namespace: &str,
    ) -> Self {
        let api: Api<DynamicObject> =
            Api::namespaced_with(client, namespace, &ApiResource::from_gvk(gvk));
        let seen: Arc<Mutex<BTreeSet<_>>> = Arc::default();
        let task = runtime.spawn(follow(api, seen.clone()));
        Self { seen, task }
    }

    /// How many objects, told apart by uid, had a name that begins so.
    pub fn count(&self, prefix: &str) -> usize {
        self.seen.lock().iter().filter(|(name, _)| name.starts_with(prefix)).count()
    }
}

impl Drop for Sightings {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// From the first version on, so that nothing is missed; after a break from where it was.
async fn follow(api: Api<DynamicObject>, seen: Arc<Mutex<BTreeSet<(String, String)>>>) {
    use futures::TryStreamExt as _;
    let mut version = "0".to_owned();
    loop {
        if let Ok(events) = api.watch(&WatchParams::default(), &version).await {
            let mut events = std::pin::pin!(events);
            while let Ok(Some(event)) = events.try_next().await {
                let (WatchEvent::Added(object)
                | WatchEvent::Modified(object)
                | WatchEvent::Deleted(object)) = event
                else {
                    continue;
                };
                let meta = object.metadata;
                version = meta.resource_version.unwrap_or(version);
                if let (Some(name), Some(uid)) = (meta.name, meta.uid) {
                    seen.lock().insert((name, uid));
                }
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
