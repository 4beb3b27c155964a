//! What the server does on its own.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use windlass_object::Object;

use super::{Call, DeleteOptions, Registry, Warnings};
use crate::auth::{MASTERS, UserInfo};
use crate::http::query::WriteOptions;

/// How long an event is kept after its last change.
const EVENT_LIFE: SignedDuration = SignedDuration::from_hours(1);

impl Registry {
    /// Puts the stored CRDs into service and notes what services hold, at opening.
    pub fn restore(self: &Arc<Self>) {
        let kinds = [("apiextensions.k8s.io", "customresourcedefinitions"), ("", "services")];
        for object in kinds.iter().flat_map(|(group, plural)| self.all(group, plural, "")) {
            let snapshot = self.catalog.snapshot();
            if let Some(resource) = snapshot.kind(&object.gvk()) {
                crate::admission::written(self, resource, None, Some(&object));
            }
        }
    }

    /// Deletes the events that nobody needs any more.
    pub async fn expire_events(self: &Arc<Self>, now: Timestamp) {
        let old = |event: &Object| {
            let times = ["lastTimestamp", "eventTime", "firstTimestamp"];
            let written = times.iter().map(|field| event.str_at(&[field])).find(|t| !t.is_empty());
            let made = event.str_at(&["metadata", "creationTimestamp"]);
            let last: Option<Timestamp> = written.unwrap_or(made).parse().ok();
            last.is_some_and(|last| now.duration_since(last) > EVENT_LIFE)
        };
        for event in self.all("", "events", "").iter().filter(|event| old(event)) {
            let expect = DeleteOptions {
                resource_version: Some(event.resource_version().to_owned()),
                ..DeleteOptions::default()
            };
            let deleted =
                self.on_own_behalf(event, async |call| call.delete(&expect).await.map(|_| ()));
            if let Err(error) = deleted.await {
                tracing::debug!(%error, "event not expired");
            }
        }
    }

    /// Replaces an object by one that was made of it.
    pub async fn overwrite(self: &Arc<Self>, object: &Object) -> Result<(), String> {
        let options =
            WriteOptions { field_manager: "kube-apiserver".to_owned(), ..WriteOptions::default() };
        self.on_own_behalf(object, async |call| {
            call.update(object.clone(), &options, &|| Ok(())).await.map(|_| ())
        })
        .await
    }

    /// Deletes an object.
    pub async fn remove(self: &Arc<Self>, object: &Object) -> Result<(), String> {
        let options =
            DeleteOptions { uid: Some(object.uid().to_owned()), ..DeleteOptions::default() };
        self.on_own_behalf(object, async |call| call.delete(&options).await.map(|_| ())).await
    }

    async fn on_own_behalf(
        self: &Arc<Self>,
        object: &Object,
        work: impl AsyncFnOnce(&Call<'_>) -> Result<(), crate::status::Status>,
    ) -> Result<(), String> {
        let snapshot = self.catalog.snapshot();
        let resource = snapshot
            .kind(&object.gvk())
            // The version that objects are stored in need not be served.
            .or_else(|| snapshot.resources().find(|r| r.group_kind() == object.group_kind()))
            .ok_or_else(|| format!("{} is not in the catalog", object.gvk()))?;
        let user = UserInfo::authenticated("system:apiserver", &[MASTERS]);
        let warnings = Warnings::default();
        let call = Call {
            registry: self,
            resource: Arc::clone(resource),
            subresource: "",
            namespace: object.namespace(),
            name: object.name(),
            user: &user,
            user_agent: "kube-apiserver",
            warnings: &warnings,
            now: Timestamp::now(),
        };
        work(&call).await.map_err(|status| status.message)
    }
}
