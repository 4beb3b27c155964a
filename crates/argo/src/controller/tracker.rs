//! What a mirrored object is to the controller.

use std::collections::BTreeSet;

use windlass_cluster::{Identity, Tracker};
use windlass_engine::annotation::{INSTALLATION_ID, TRACKING_ID};
use windlass_engine::health;
use windlass_engine::state::{Health, HealthCode};
use windlass_engine::tracking::{Method, Tracking, TrackingId};
use windlass_object::Object;

use super::updates::Updates;
use crate::customizations::Customizations;

const LINK_PREFIX: &str = "link.argocd.argoproj.io/";
const IGNORE_DEFAULT_LINKS: &str = "argocd.argoproj.io/ignore-default-links";

/// Finds the application by the tracking mark, and tells health by rules and settings.
pub(crate) struct ByMark {
    pub(crate) tracking: Tracking,
    pub(crate) customizations: Customizations,
    pub(crate) updates: Updates,
}

impl Tracker for ByMark {
    fn application(&self, identity: &Identity<'_>) -> Option<String> {
        let found = if self.tracking.method == Method::Label {
            identity.labels.get(self.tracking.label.as_str()).map(ToString::to_string)
        } else {
            let ours = self.tracking.installation.is_empty()
                || identity
                    .annotations
                    .get(INSTALLATION_ID)
                    .is_some_and(|id| **id == self.tracking.installation);
            ours.then(|| identity.annotations.get(TRACKING_ID))
                .flatten()
                .and_then(|text| TrackingId::parse(text))
                .map(|id| id.application)
        };
        found.filter(|app| !app.is_empty())
    }

    fn health(&self, object: &Object) -> Option<Health> {
        health::of(object, &self.customizations)
            .unwrap_or_else(|error| Some(Health::new(HealthCode::Unknown, error.to_string())))
    }

    fn digests(&self, identity: &Identity<'_>) -> bool {
        self.updates.concern(identity, self.application(identity).is_some())
    }

    fn digest(&self, object: Object) -> Option<u64> {
        self.updates.digest(object)
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
