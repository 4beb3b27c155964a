//! What the controller writes in place of a spec that says the same in more words.

use windlass_object::{Map, Value};

use super::{ApplicationSpec, DirectorySource, KustomizeSource, Source, SyncPolicy};

impl ApplicationSpec {
    /// A merge patch that leads to the form in which Argo CD keeps a spec once it was compared: the
    /// project is named, and blocks that say nothing are gone, so that whoever takes the last option of
    /// a renderer away no longer names that renderer. Blocks of several sources stay, as they do there.
    pub fn to_normal_form(&self) -> Map<String, Value> {
        let mut change = Map::new();
        if self.project.is_empty() {
            change.insert("project".into(), "default".into());
        }
        if self.sync_policy.as_ref().is_some_and(says_nothing) {
            change.insert("syncPolicy".into(), Value::Null);
        }
        let source = self.source.as_ref().filter(|_| !self.has_multiple_sources());
        let idle = source.map(idle_blocks).unwrap_or_default();
        if !idle.is_empty() {
            let blocks: Map<_, _> = idle.iter().map(|name| ((*name).into(), Value::Null)).collect();
            change.insert("source".into(), Value::Object(blocks));
        }
        change
    }
}

fn says_nothing(policy: &SyncPolicy) -> bool {
    policy.automated.is_none()
        && policy.sync_options.is_empty()
        && policy.retry.is_none()
        && policy.managed_namespace_metadata.is_none()
}

fn idle_blocks(source: &Source) -> Vec<&'static str> {
    let mut idle = Vec::new();
    if source.kustomize.as_ref().is_some_and(changes_nothing) {
        idle.push("kustomize");
    }
    if source.helm.as_ref().is_some_and(|helm| *helm == Default::default()) {
        idle.push("helm");
    }
    if source.directory.as_ref().is_some_and(|directory| *directory == DirectorySource::default()) {
        idle.push("directory");
    }
    idle
}

/// How labels and annotations are set counts for nothing where none are.
fn changes_nothing(overlay: &KustomizeSource) -> bool {
    let asks = KustomizeSource {
        force_common_labels: false,
        force_common_annotations: false,
        common_annotations_envsubst: false,
        label_without_selector: false,
        label_include_templates: false,
        ..overlay.clone()
    };
    asks == KustomizeSource::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    #[track_caller]
    fn check(spec: &Value, expected: &Value) {
        let spec: ApplicationSpec = serde_json::from_value(spec.clone()).unwrap();
        assert_eq!(Value::Object(spec.to_normal_form()), *expected);
    }

    #[test]
    fn what_says_nothing_goes() {
        check(&json!({"project": "p", "source": {"helm": {"releaseName": "r"}}}), &json!({}));
        check(&json!({}), &json!({"project": "default"}));
        check(
            &json!({"project": "p", "syncPolicy": {"syncOptions": []}}),
            &json!({"syncPolicy": null}),
        );
        check(&json!({"project": "p", "syncPolicy": {"automated": {}}}), &json!({}));
        check(
            &json!({"project": "p", "source": {"helm": {}, "directory": {"recurse": false, "jsonnet": {}}}}),
            &json!({"source": {"helm": null, "directory": null}}),
        );
        check(
            &json!({"project": "p", "source": {"kustomize": {"forceCommonLabels": true}, "directory": {"include": "*"}}}),
            &json!({"source": {"kustomize": null}}),
        );
        check(&json!({"project": "p", "sources": [{"helm": {}}]}), &json!({}));
    }
}
