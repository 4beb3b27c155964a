//! Events on Applications, as Argo CD records them.

use jiff::Timestamp;
use kube::api::{Api, PostParams};
use kube::core::{DynamicObject, GroupVersionKind as Gvk};
use tokio::sync::mpsc;
use windlass_object::json;

use crate::types::{Application, time};

/// Events that wait to be written; more than that are dropped, never waited for.
const WAITING: usize = 1024;

/// Why an event is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    OperationStarted,
    OperationCompleted,
    ResourceUpdated,
}

/// Takes events and writes them in the background.
#[derive(Clone)]
pub(crate) struct Events {
    queue: mpsc::Sender<DynamicObject>,
}

impl Events {
    /// Starts writing.
    pub(crate) fn start(client: kube::Client) -> Self {
        let (queue, mut waiting) = mpsc::channel::<DynamicObject>(WAITING);
        tokio::spawn(async move {
            let kind = kube::core::ApiResource::from_gvk_with_plural(
                &Gvk::gvk("", "v1", "Event"),
                "events",
            );
            while let Some(event) = waiting.recv().await {
                let namespace = event.metadata.namespace.clone().unwrap_or_default();
                let api: Api<DynamicObject> =
                    Api::namespaced_with(client.clone(), &namespace, &kind);
                if let Err(error) = api.create(&PostParams::default(), &event).await {
                    tracing::debug!(%error, "event not recorded");
                }
            }
        });
        Self { queue }
    }

    /// Records one.
    pub(crate) fn record(&self, app: &Application, reason: Reason, warning: bool, message: &str) {
        let now = Timestamp::now();
        let stamp = time::print(now);
        let event = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {
                "name": format!("{}.{:x}", app.name(), now.as_nanosecond()),
                "namespace": app.namespace(),
            },
            "involvedObject": {
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                "name": app.name(), "namespace": app.namespace(), "uid": app.uid(),
                "resourceVersion": app.resource_version(),
            },
            "source": {"component": "argocd-application-controller"},
            "firstTimestamp": stamp, "lastTimestamp": stamp, "count": 1,
            "type": if warning { "Warning" } else { "Normal" },
            "reason": format!("{reason:?}"),
            "message": message,
        });
        tracing::info!(app = app.name(), reason = ?reason, "{message}");
        let event = serde_json::from_value(event);
        if let Ok(event) = event
            && self.queue.try_send(event).is_err()
        {
            tracing::warn!(app = app.name(), "too many events wait to be written: one is dropped");
        }
    }
}
