//! How long comparing takes: 500 applications of a Deployment, a Service and eight ConfigMaps.
//!
//! `cargo run --release -p windlass-engine --example compare_speed`

use std::sync::Arc;
use std::time::Instant;

use windlass_engine::compare::{LiveObjects, Settings, compare};
use windlass_engine::diff::{self, Mode};
use windlass_engine::health::BuiltInOnly;
use windlass_engine::normalize::Normalizer;
use windlass_engine::state::{ApiKinds, SyncStatusCode};
use windlass_engine::targets::{self, Context, Targets};
use windlass_engine::tracking::Tracking;
use windlass_object::{GroupKind, GroupVersionKind, Object, ResourceKey, json};
use windlass_schema::Schemas;

const APPLICATIONS: usize = 500;
const OBJECTS: usize = 10;

struct Namespaced;

impl ApiKinds for Namespaced {
    fn namespaced(&self, _: &GroupKind) -> Option<bool> {
        Some(true)
    }

    fn serves(&self, _: &GroupVersionKind) -> bool {
        true
    }
}

fn manifests(application: usize) -> Vec<Object> {
    let name = format!("app-{application}");
    let labels = json!({"app": name});
    let mut values = vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
            "replicas": 2, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{
                "name": "web", "image": "nginx:1", "ports": [{"containerPort": 80}],
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
                "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]}}}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 80}]}}),
    ];
    values.extend((2..OBJECTS).map(|i| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("{name}-{i}")},
            "data": {"key": "value", "file": "a line\n".repeat(20)}})
    }));
    values.into_iter().filter_map(|value| Object::try_from(value).ok()).collect()
}

fn applied(targets: &Targets) -> LiveObjects {
    let store = |target: &Arc<Object>| {
        let mut live = (**target).clone();
        let text = target.to_value().to_string();
        live.set_annotation("kubectl.kubernetes.io/last-applied-configuration", &text);
        live.set(&["metadata", "uid"], live.key().to_string());
        (live.key(), Arc::new(live))
    };
    targets.objects.iter().map(store).collect()
}

fn main() {
    let schemas = Schemas::builtin();
    let tracking = Tracking::default();
    let mut work = Vec::new();
    for i in 0..APPLICATIONS {
        let instance = format!("app-{i}");
        let context = Context {
            instance: &instance,
            namespace: "default",
            tracking: &tracking,
            kinds: &Namespaced,
            excluded: &|_| false,
        };
        let targets = targets::prepare(manifests(i), &context);
        let live = applied(&targets);
        work.push((instance, targets, live));
    }
    for mode in [Mode::ThreeWay, Mode::StructuredMerge] {
        let start = Instant::now();
        let mut synced = 0;
        for (instance, targets, live) in &work {
            let comparison = compare(
                targets,
                live,
                &Settings {
                    name: instance,
                    instance,
                    qualified_name: instance,
                    key: ResourceKey::new("argoproj.io", "Application", "argocd", instance),
                    namespace: "default",
                    namespace_metadata: None,
                    namespace_metadata_changed: false,
                    incomplete: false,
                    prune_default: None,
                    delete_default: None,
                    kinds: &Namespaced,
                    permitted: &|_, _, _| true,
                    health: &BuiltInOnly,
                    diff: diff::Settings {
                        schemas: &schemas,
                        normalizer: Normalizer::default(),
                        tracking: &tracking,
                    },
                    mode: &|_, _| mode.clone(),
                },
            );
            synced += usize::from(comparison.sync == SyncStatusCode::Synced);
        }
        let spent = start.elapsed();
        let each = spent.as_micros() as f64 / (APPLICATIONS * OBJECTS) as f64;
        #[allow(clippy::print_stdout)]
        {
            println!(
                "{mode:?}: {synced} of {APPLICATIONS} in sync, {spent:?}, {each:.1} us an object"
            );
        }
    }
}
