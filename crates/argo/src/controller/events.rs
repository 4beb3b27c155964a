//! Events on Applications, as Argo CD records them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::api::{Api, PostParams};
use kube::core::{DynamicObject, GroupVersionKind as Gvk};
use tokio::sync::mpsc;
use windlass_object::{Value, json};
use windlass_tree::Glob;

use crate::types::{AppProject, Application, time};

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

    /// Records one, with these labels.
    pub(crate) fn record(
        &self,
        app: &Application,
        labels: &BTreeMap<String, String>,
        reason: Reason,
        warning: bool,
        message: &str,
    ) {
        let now = Timestamp::now();
        let stamp = time::print(now);
        let mut event = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {
                "name": format!("{}.{:x}", app.name(), now.as_nanosecond()),
                "namespace": app.namespace(),
                "annotations": {
                    "dest-server": app.spec.destination.server,
                    "dest-namespace": app.spec.destination.namespace,
                },
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
        if !labels.is_empty() {
            event["metadata"]["labels"] = json!(labels);
        }
        tracing::info!(app = app.name(), reason = ?reason, "{message}");
        let event = serde_json::from_value(event);
        if let Ok(event) = event
            && self.queue.try_send(event).is_err()
        {
            tracing::warn!(app = app.name(), "too many events wait to be written: one is dropped");
        }
    }
}

/// Labels of an application, and of its project where the application has not the same, that events
/// have: those that one of `included` names and none of `excluded`, globs.
pub(crate) fn labels(
    app: &Application,
    project: Option<&AppProject>,
    [included, excluded]: &[Vec<String>; 2],
) -> BTreeMap<String, String> {
    if included.is_empty() {
        return BTreeMap::new();
    }
    let fits = |patterns: &[String], label: &str| {
        patterns.iter().any(|p| Glob::new(p).is_ok_and(|glob| glob.matches(label)))
    };
    let of_project = project.and_then(|project| project.metadata.get("labels"));
    let all = [of_project, app.metadata.get("labels")];
    let all = all.into_iter().flatten().filter_map(Value::as_object).flatten();
    let wanted = all.filter(|(label, _)| fits(included, label) && !fits(excluded, label));
    wanted.filter_map(|(label, value)| Some((label.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_events_have() {
        let app = json!({"metadata": {"labels": {"team": "web", "env-a": "x", "other": "o"}}});
        let app: Application = serde_json::from_value(app).unwrap();
        let project = json!({"metadata": {"labels": {"team": "all", "env-b": "y"}}});
        let project: AppProject = serde_json::from_value(project).unwrap();
        let check = |included: &[&str], excluded: &[&str], wanted: &[(&str, &str)]| {
            let keys = [included, excluded].map(|keys| keys.iter().map(|k| (*k).into()).collect());
            let wanted = wanted.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            assert_eq!(labels(&app, Some(&project), &keys), wanted, "{included:?} {excluded:?}");
        };
        check(&[], &[], &[]);
        check(&["team"], &[], &[("team", "web")]);
        check(&["team", "env*"], &["*-a"], &[("team", "web"), ("env-b", "y")]);
    }
}
