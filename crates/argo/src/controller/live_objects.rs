//! The destination as the charts of an application look things up in it.
//!
//! What is asked for is told from then on when it changes, and how it was seen is kept: a look at
//! the application tells by that whether its manifests are still up to date.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use windlass_cluster::{Cluster, Interest, Seen};
use windlass_object::{GroupVersionKind, Object, ResourceKey};

use crate::lookup::{MAX_LIST, Objects};

/// What was looked up, as it was then.
pub(crate) type Looked = Vec<(ResourceKey, Seen)>;

/// A destination that is looked at.
pub(crate) struct LiveObjects<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) interest: Arc<Interest>,
    looked: Mutex<Looked>,
}

impl fmt::Debug for LiveObjects<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveObjects").finish_non_exhaustive()
    }
}

impl<'a> LiveObjects<'a> {
    /// For the application whose objects are marked with a name.
    pub(crate) fn new(cluster: &'a Cluster, instance: &str) -> Self {
        let interest = Arc::new(cluster.interest(instance));
        Self { cluster, interest, looked: Mutex::default() }
    }

    /// What was looked up so far.
    pub(crate) fn looked(self) -> Looked {
        self.looked.into_inner()
    }

    fn note(&self, key: ResourceKey, found: &[Object]) {
        self.looked.lock().push((key, Seen::of(found)));
    }
}

fn key(gvk: &GroupVersionKind, namespace: &str, name: &str) -> ResourceKey {
    ResourceKey::new(&gvk.group, &gvk.kind, namespace, name)
}

impl Objects for LiveObjects<'_> {
    fn namespaced<'a>(
        &'a self,
        gvk: &'a GroupVersionKind,
    ) -> BoxFuture<'a, Result<Option<bool>, String>> {
        // A kind that comes later is told as well.
        self.interest.add_kinds();
        let known = self.cluster.kinds().get(gvk).map(|kind| kind.namespaced);
        async move { Ok(known) }.boxed()
    }

    fn get<'a>(
        &'a self,
        gvk: &'a GroupVersionKind,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Object>, String>> {
        async move {
            let key = key(gvk, namespace, name);
            self.interest.add(&key);
            let found = self.cluster.fetch(gvk, namespace, name).await;
            let found = found.map_err(|error| error.to_string())?;
            self.note(key, found.as_slice());
            Ok(found)
        }
        .boxed()
    }

    fn list<'a>(
        &'a self,
        gvk: &'a GroupVersionKind,
        namespace: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Object>, String>> {
        async move {
            let key = key(gvk, namespace, "");
            self.interest.add(&key);
            let kinds = self.cluster.kinds();
            let Some(kind) = kinds.get(gvk) else { return Ok(Vec::new()) };
            let found = self.cluster.list(kind, namespace, MAX_LIST).await;
            let found = found.map_err(|error| error.to_string())?;
            self.note(key, &found);
            Ok(found)
        }
        .boxed()
    }
}
