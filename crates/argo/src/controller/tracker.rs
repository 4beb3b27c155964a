//! What a mirrored object is to the controller.

use std::collections::BTreeSet;

use windlass_cluster::{Identity, Tracker};
use windlass_engine::annotation::{INSTALLATION_ID, TRACKING_ID};
use windlass_engine::health::{self, BuiltInOnly};
use windlass_engine::state::{Health, HealthCode};
use windlass_engine::tracking::{Method, Tracking, TrackingId};
use windlass_object::Object;

const LINK_PREFIX: &str = "link.argocd.argoproj.io/";
const IGNORE_DEFAULT_LINKS: &str = "argocd.argoproj.io/ignore-default-links";

/// Finds the application by the tracking mark.
pub(crate) struct ByMark(pub(crate) Tracking);

impl Tracker for ByMark {
    fn application(&self, identity: &Identity<'_>) -> Option<String> {
        let found = if self.0.method == Method::Label {
            identity.labels.get(self.0.label.as_str()).map(ToString::to_string)
        } else {
            let ours = self.0.installation.is_empty()
                || identity
                    .annotations
                    .get(INSTALLATION_ID)
                    .is_some_and(|id| **id == self.0.installation);
            ours.then(|| identity.annotations.get(TRACKING_ID))
                .flatten()
                .and_then(|text| TrackingId::parse(text))
                .map(|id| id.application)
        };
        found.filter(|app| !app.is_empty())
    }

    fn health(&self, object: &Object) -> Option<Health> {
        health::of(object, &BuiltInOnly)
            .unwrap_or_else(|error| Some(Health::new(HealthCode::Unknown, error.to_string())))
    }

    fn links(&self, object: &Object) -> BTreeSet<String> {
        let annotations = object.get(&["metadata", "annotations"]).and_then(|v| v.as_object());
        let links =
            annotations.into_iter().flatten().filter(|(key, _)| key.starts_with(LINK_PREFIX));
        links
            .filter_map(|(_, value)| value.as_str())
            .filter(|link| is_web(link))
            .map(Into::into)
            .collect()
    }

    fn default_links(&self, object: &Object) -> bool {
        object.annotation(IGNORE_DEFAULT_LINKS) != Some("true")
    }
}

/// `url` or `title|url`; only what a browser may safely follow.
fn is_web(link: &str) -> bool {
    let url = link.split_once('|').map_or(link, |(_, url)| url);
    url.starts_with("http://") || url.starts_with("https://")
}
