//! Single objects of a cluster: from the mirror where it has them, else asked for; and what
//! answers to changes give the mirror.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use windlass_object::{GroupKind, GroupVersionKind, Object, ResourceKey};

use crate::connection::{Cluster, DISCOVERY_PAUSE};
use crate::decode::decode;
use crate::discovery::ApiKind;
use crate::error::Error;
use crate::http::Call;
use crate::progress::State;

/// How long a kind that is defined may take until it is served.
const SERVED: Duration = Duration::from_secs(3);

impl Cluster {
    /// An object, whole, in a version: from memory when it is managed and mirrored in that version,
    /// else asked for. In a version that is not served it is looked for in the preferred one.
    ///
    /// # Errors
    /// As the API answers; an object that is not there is none, not an error.
    pub async fn live(&self, key: &ResourceKey, version: &str) -> Result<Option<Object>, Error> {
        let group_kind = key.group_kind();
        let node = self.get(key);
        if node.is_none() && self.is_mirrored(&group_kind) {
            return Ok(None);
        }
        let mut gvk = GroupVersionKind::new(&key.group, version, &key.kind);
        let kinds = self.kinds();
        if kinds.get(&gvk).is_none() {
            let Some(kind) = kinds.preferred(&group_kind) else { return Ok(None) };
            gvk = kind.gvk();
        }
        let mirrored = node.filter(|node| node.api().version == gvk.version);
        if let Some(object) = mirrored.and_then(|node| node.object()) {
            return Ok(Some(object));
        }
        self.fetch(&gvk, &key.namespace, &key.name).await
    }

    /// Sends a change and takes the answer into the mirror, so that whoever made the change sees
    /// it there before the watch tells of it.
    pub(crate) async fn write(&self, kind: &Arc<ApiKind>, call: &Call) -> Result<Object, Error> {
        let body = self.transport().send(call).await?;
        if !call.query.iter().any(|(name, _)| *name == "dryRun") {
            self.mirror(kind, &body)?;
        }
        self.readable(kind, &body)
    }

    /// The answer to a change, decoded.
    pub(crate) fn readable<'a, T: Deserialize<'a>>(
        &self,
        kind: &ApiKind,
        body: &'a [u8],
    ) -> Result<T, Error> {
        serde_json::from_slice(body).map_err(|error| Error::Answer {
            what: format!("a change of {}", kind.gvk()),
            message: error.to_string(),
        })
    }

    /// Takes an object into the mirror, if its kind is mirrored in this version.
    pub(crate) fn mirror(&self, kind: &Arc<ApiKind>, body: &[u8]) -> Result<(), Error> {
        let watches = &self.shared().watches;
        let known = |(known, _): &(GroupKind, String)| *known == kind.group_kind();
        if !self.kinds().preferred(&kind.group_kind()).is_some_and(|p| p == kind)
            || !watches.progress.states.lock().keys().any(known)
        {
            return Ok(());
        }
        let raw: &serde_json::value::RawValue = self.readable(kind, body)?;
        let decoded = decode(raw, kind, &*watches.tracker).map_err(|error| Error::Answer {
            what: format!("a change of {}", kind.gvk()),
            message: error.to_string(),
        })?;
        watches.store.upsert(kind, decoded);
        Ok(())
    }

    /// Whether what is not known of a kind is not there.
    pub(crate) fn is_mirrored(&self, kind: &GroupKind) -> bool {
        let states = self.shared().watches.progress.states.lock();
        let mut any = false;
        for ((known, namespace), state) in &*states {
            if known == kind {
                any = true;
                if !namespace.is_empty() || !matches!(state, State::Complete) {
                    return false;
                }
            }
        }
        any
    }

    /// All objects of a kind in a namespace, or with an empty one in all, as the API has them: at
    /// most `limit`.
    ///
    /// # Errors
    /// As the API answers, and when there are more.
    pub async fn list(
        &self,
        kind: &ApiKind,
        namespace: &str,
        limit: usize,
    ) -> Result<Vec<Object>, Error> {
        #[derive(serde::Deserialize)]
        struct List {
            #[serde(default)]
            metadata: Meta,
            items: Option<Vec<serde_json::Value>>,
        }
        #[derive(Default, serde::Deserialize)]
        struct Meta {
            #[serde(default, rename = "continue")]
            next: String,
        }
        let path = kind.collection(namespace);
        let call = Call::get(path.as_str()).query("limit", limit.to_string());
        let List { metadata, items } = self.transport().json(&call).await?;
        if !metadata.next.is_empty() {
            let message = format!("there are more than {limit} objects");
            return Err(Error::Answer { what: path, message });
        }
        let gvk = kind.gvk();
        let items = items.unwrap_or_default().into_iter().filter_map(|mut item| {
            // Within a list the API leaves these out.
            let fields = item.as_object_mut()?;
            fields.entry("apiVersion").or_insert_with(|| gvk.api_version().into());
            fields.entry("kind").or_insert_with(|| gvk.kind.clone().into());
            Object::try_from(item).ok()
        });
        Ok(items.collect())
    }

    /// Asks the API for an object.
    ///
    /// # Errors
    /// As the API answers; an object that is not there is none.
    pub async fn fetch(
        &self,
        gvk: &GroupVersionKind,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Object>, Error> {
        let kind = self.kind(gvk).await?;
        match self.transport().object(&Call::get(kind.path(namespace, name))).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A kind that is served; asks the API anew when it is not known.
    ///
    /// # Errors
    /// When it is not served.
    pub async fn kind(&self, gvk: &GroupVersionKind) -> Result<Arc<ApiKind>, Error> {
        if let Some(kind) = self.kinds().get(gvk) {
            return Ok(kind.clone());
        }
        let began = Instant::now();
        loop {
            self.shared().discover_again().await?;
            let kinds = self.kinds();
            if let Some(kind) = kinds.get(gvk) {
                return Ok(kind.clone());
            }
            // What has just been defined takes a moment to be served.
            if !self.is_defined(&gvk.group) || began.elapsed() > SERVED {
                return Err(Error::no_such_kind(gvk, &kinds.versions(&gvk.group_kind())));
            }
            tokio::time::sleep(DISCOVERY_PAUSE / 2).await;
        }
    }

    /// Whether any CustomResourceDefinition is of the group.
    fn is_defined(&self, group: &str) -> bool {
        let definitions = GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition");
        let suffix = format!(".{group}");
        !group.is_empty() && self.store().any_named(&definitions, |name| name.ends_with(&suffix))
    }
}
