//! An application's objects against its cluster.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use support::{Kinds, objects};
use windlass_engine::compare::{Comparison, LiveObjects, Settings, compare};
use windlass_engine::diff::{self, Mode};
use windlass_engine::health::BuiltInOnly;
use windlass_engine::ignore::{Rule, Rules};
use windlass_engine::normalize::Normalizer;
use windlass_engine::sync::NamespaceMetadata;
use windlass_engine::targets::{self, Targets};
use windlass_engine::tracking::{Method, Tracking, TrackingId, instance_name};
use windlass_object::{Object, ResourceKey};
use windlass_schema::Schemas;

const CONTROL: &str = "argocd";

struct App {
    tracking: Tracking,
    incomplete: bool,
    namespace_metadata: Option<NamespaceMetadata>,
    mode: Mode,
    schemas: Schemas,
}

impl Default for App {
    fn default() -> Self {
        Self {
            tracking: Tracking::default(),
            incomplete: false,
            namespace_metadata: None,
            mode: Mode::ThreeWay,
            schemas: Schemas::builtin(),
        }
    }
}

impl App {
    fn targets(&self, manifests: &str) -> Targets {
        targets::prepare(
            objects(manifests),
            &targets::Context {
                instance: "app",
                namespace: "ns",
                tracking: &self.tracking,
                kinds: &Kinds::default(),
                excluded: &|kind| kind.kind == "Lease",
            },
        )
    }

    fn compare(&self, targets: &Targets, live: &LiveObjects) -> Comparison {
        let settings = Settings {
            name: "app",
            instance: "app",
            qualified_name: "argocd/app",
            key: ResourceKey::new("argoproj.io", "Application", CONTROL, "app"),
            namespace: "ns",
            namespace_metadata: self.namespace_metadata.as_ref(),
            namespace_metadata_changed: false,
            incomplete: self.incomplete,
            prune_default: None,
            delete_default: None,
            kinds: &Kinds::default(),
            permitted: &|_, name, _| name != "forbidden",
            health: &BuiltInOnly,
            diff: diff::Settings {
                schemas: &self.schemas,
                normalizer: Normalizer::default(),
                tracking: &self.tracking,
            },
            mode: &|_, _| self.mode.clone(),
        };
        compare(targets, live, &settings)
    }

    /// What the cluster holds after these manifests were applied.
    fn applied(&self, manifests: &str) -> LiveObjects {
        let targets = self.targets(manifests);
        targets
            .objects
            .iter()
            .map(|target| {
                let mut live = (**target).clone();
                let applied = target.to_value().to_string();
                live.set_annotation("kubectl.kubernetes.io/last-applied-configuration", &applied);
                live.set(&["metadata", "uid"], format!("uid-{}-{}", live.kind(), live.name()));
                (live.key(), Arc::new(live))
            })
            .collect()
    }
}

fn change(live: &mut LiveObjects, name: &str, change: impl Fn(&mut Object)) {
    for object in live.values_mut().filter(|o| o.name() == name) {
        let mut changed = (**object).clone();
        change(&mut changed);
        *object = Arc::new(changed);
    }
}

/// One line an object, the application's status, and conditions.
fn told(comparison: &Comparison) -> String {
    let mut text = format!("{} {}\n", comparison.sync, comparison.health.status);
    for resource in &comparison.resources {
        let s = &resource.status;
        let mut line = format!(
            "{} {} {}",
            s.key(),
            s.status.map_or("-", |s| s.as_str()),
            s.health.as_ref().map_or("-", |h| h.status.as_str()),
        );
        if s.requires_pruning {
            line += " prune";
        }
        if s.hook {
            line += " hook";
        }
        if s.sync_wave != 0 {
            line += &format!(" wave={}", s.sync_wave);
        }
        text.push_str(&line);
        text.push('\n');
    }
    for condition in &comparison.conditions {
        text.push_str(&format!("{}: {}\n", condition.kind, condition.message));
    }
    text
}

#[track_caller]
fn check(comparison: &Comparison, expected: &str) {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect()
    };
    assert_eq!(lines(&told(comparison)), lines(expected));
}

const APP: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, annotations: {argocd.argoproj.io/sync-wave: '-1'}}
data: {a: '1', b: '2'}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
";

#[test]
fn what_was_applied_is_in_sync() {
    let app = App::default();
    let comparison = app.compare(&app.targets(APP), &app.applied(APP));
    check(
        &comparison,
        "Synced Healthy
         /ConfigMap/ns/settings Synced - wave=-1
         /Service/ns/web Synced Healthy
         rbac.authorization.k8s.io/ClusterRole//reader Synced -",
    );
}

#[test]
fn what_is_not_there_is_missing() {
    let app = App::default();
    let comparison = app.compare(&app.targets(APP), &LiveObjects::new());
    check(
        &comparison,
        "OutOfSync Missing
         /ConfigMap/ns/settings OutOfSync Missing wave=-1
         /Service/ns/web OutOfSync Missing
         rbac.authorization.k8s.io/ClusterRole//reader OutOfSync Missing",
    );
}

#[test]
fn drift_is_told_by_field_and_manager() {
    let app = App::default();
    let mut live = app.applied(APP);
    change(&mut live, "settings", |object| {
        object.set(&["data", "a"], "drifted");
        object.set(&["data", "mine"], "added by somebody, not ours to remove");
        object.set(
            &["metadata", "managedFields"],
            // All that the controller had went to another in the same second.
            support::value(
                "- {manager: argocd-controller, operation: Update, time: '2026-01-02T00:00:00Z', fieldsV1: {'f:data': {}}}
- {manager: kubectl-edit, operation: Update, time: '2026-01-02T00:00:00Z', fieldsV1: {'f:data': {'f:a': {}}}}",
            ),
        );
    });
    change(&mut live, "web", |object| {
        object
            .set(&["spec", "ports"], support::value("[{name: http, port: 80, targetPort: 9090}]"));
    });
    let comparison = app.compare(&app.targets(APP), &live);
    assert_eq!(comparison.sync.as_str(), "OutOfSync");
    let mut told = String::new();
    for resource in &comparison.resources {
        for d in resource.diff.differences(resource.live.as_deref(), &[]) {
            let show = |v: Option<windlass_object::Value>| v.map_or("-".into(), |v| v.to_string());
            let owner = d.owner.map_or_else(
                || "-".to_owned(),
                |o| format!("{} {}", o.manager, o.since.map_or("-".into(), |t| t.to_string())),
            );
            told += &format!("{} {} -> {} {owner}\n", d.path, show(d.live), show(d.desired));
        }
    }
    assert_eq!(
        told,
        ".data.a \"drifted\" -> \"1\" kubectl-edit 2026-01-02T00:00:00Z\n\
         .spec.ports[name=\"http\"].targetPort 9090 -> 8080 -\n"
    );
}

#[test]
fn what_git_dropped_is_to_be_pruned() {
    let app = App::default();
    let mut live = app.applied(APP);
    let targets = app.targets("");
    check(
        &app.compare(&targets, &live),
        "OutOfSync Healthy
         /ConfigMap/ns/settings OutOfSync - prune
         /Service/ns/web OutOfSync Healthy prune
         rbac.authorization.k8s.io/ClusterRole//reader OutOfSync - prune",
    );
    for name in ["settings", "web", "reader"] {
        change(&mut live, name, |object| {
            object.set_annotation("argocd.argoproj.io/compare-options", "IgnoreExtraneous");
        });
    }
    assert_eq!(app.compare(&targets, &live).sync.as_str(), "Synced");
}

#[test]
fn nothing_is_superfluous_when_manifests_are_missing() {
    let app = App { incomplete: true, ..App::default() };
    let live = app.applied(APP);
    let one = APP.split("---").next().unwrap();
    check(
        &app.compare(&app.targets(one), &live),
        "Unknown Healthy
         /ConfigMap/ns/settings Synced - wave=-1
         /Service/ns/web Unknown Healthy
         rbac.authorization.k8s.io/ClusterRole//reader Unknown -",
    );
}

#[test]
fn another_applications_object_is_a_warning() {
    let app = App::default();
    let mut live = app.applied(APP);
    change(&mut live, "web", |object| {
        object.set_annotation("argocd.argoproj.io/tracking-id", "other_app:/Service:ns/web");
    });
    let comparison = app.compare(&app.targets(APP), &live);
    check(
        &comparison,
        "OutOfSync Healthy
         /ConfigMap/ns/settings Synced - wave=-1
         /Service/ns/web OutOfSync Healthy
         rbac.authorization.k8s.io/ClusterRole//reader Synced -
         SharedResourceWarning: Service/web is part of applications argocd/app and other/app",
    );
}

#[test]
fn a_copy_that_kept_its_mark_is_not_ours() {
    let app = App::default();
    let mut live = app.applied(APP);
    let mut copy = (**live.values().find(|o| o.name() == "settings").unwrap()).clone();
    copy.set(&["metadata", "name"], "copy");
    copy.set(&["metadata", "uid"], "copy");
    live.insert(copy.key(), Arc::new(copy));
    let comparison = app.compare(&app.targets(APP), &live);
    check(
        &comparison,
        "Synced Healthy
         /ConfigMap/ns/copy - -
         /ConfigMap/ns/settings Synced - wave=-1
         /Service/ns/web Synced Healthy
         rbac.authorization.k8s.io/ClusterRole//reader Synced -",
    );
    assert_eq!(comparison.pairs(|_| true).len(), 3);
}

#[test]
fn repeated_excluded_forbidden_and_skipped_objects() {
    let app = App::default();
    let manifests = "
{apiVersion: v1, kind: ConfigMap, metadata: {name: twice}, data: {a: first}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: twice, namespace: ns}, data: {a: last}}
---
{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: l}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: forbidden}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: skipped, annotations: {argocd.argoproj.io/hook: Skip}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: before, annotations: {argocd.argoproj.io/hook: PreSync}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: after, annotations: {helm.sh/hook: post-delete}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: test, annotations: {helm.sh/hook: test}}}
";
    let targets = app.targets(manifests);
    assert_eq!(targets.deletion_hooks.len(), 1);
    let live =
        app.applied("{apiVersion: v1, kind: ConfigMap, metadata: {name: twice}, data: {a: last}}");
    let comparison = app.compare(&targets, &live);
    assert_eq!(comparison.hooks.len(), 1);
    check(
        &comparison,
        "OutOfSync Healthy
         /ConfigMap/ns/forbidden Unknown Missing
         /ConfigMap/ns/skipped - -
         /ConfigMap/ns/twice Synced -
         RepeatedResourceWarning: Resource /ConfigMap/ns/twice appeared 2 times among application resources.
         ExcludedResourceWarning: Resource coordination.k8s.io/Lease l is excluded in the settings",
    );
}

#[test]
fn a_live_hook_has_no_part_in_status() {
    let app = App::default();
    let hook = "{apiVersion: batch/v1, kind: Job, metadata: {name: before, annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/sync-wave: '3'}}, status: {conditions: [{type: Failed}]}}";
    let comparison = app.compare(&app.targets(hook), &app.applied(hook));
    check(&comparison, "Synced Healthy\nbatch/Job/ns/before - - prune hook wave=3");
}

#[test]
fn secrets_are_compared_and_never_shown() {
    let app = App::default();
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {password: hunter2, same: x}}";
    let targets = app.targets(secret);
    let mut live = app.applied(secret);
    change(&mut live, "s", |object| {
        object.fields_mut().remove("stringData");
        object.set(&["data", "password"], "aHVudGVyMg==");
        object.set(&["data", "same"], "eA==");
    });
    assert_eq!(app.compare(&targets, &live).sync.as_str(), "Synced");

    change(&mut live, "s", |object| object.set(&["data", "password"], "c2VjcmV0"));
    let comparison = app.compare(&targets, &live);
    assert_eq!(comparison.sync.as_str(), "OutOfSync");
    let resource = &comparison.resources[0];
    let differences = resource.diff.differences(resource.live.as_deref(), &[]);
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0].path, ".data.password");
    let values = (differences[0].desired.clone(), differences[0].live.clone());
    assert_eq!(values, (Some("++++++++".into()), Some("++++++++++++".into())));
}

#[test]
fn removal_counts_only_of_what_was_applied() {
    let app = App::default();
    let live = app.applied(APP);
    let less = APP.replace("data: {a: '1', b: '2'}", "data: {a: '1'}");
    assert_eq!(app.compare(&app.targets(&less), &live).sync.as_str(), "OutOfSync");
}

#[test]
fn custom_resources_compare_what_was_applied() {
    let app = App::default();
    let thing =
        "{apiVersion: example.com/v1, kind: Thing, metadata: {name: t}, spec: {list: [{a: 1}]}}";
    let mut live = app.applied(thing);
    change(&mut live, "t", |object| {
        object.set(&["spec", "list"], support::value("[{a: 1, defaulted: x}]"));
        object.set(&["spec", "added"], true);
        object.set(&["status", "phase"], "Ready");
    });
    assert_eq!(app.compare(&app.targets(thing), &live).sync.as_str(), "Synced");
    change(&mut live, "t", |object| object.set(&["spec", "list"], support::value("[{a: 2}]")));
    assert_eq!(app.compare(&app.targets(thing), &live).sync.as_str(), "OutOfSync");
}

#[test]
fn one_object_that_cannot_be_compared_hides_no_other() {
    let app = App::default();
    let bad = "{apiVersion: v1, kind: Service, metadata: {name: bad}, spec: {ports: [{name: lacks-its-key}]}}";
    let good =
        "{apiVersion: v1, kind: Service, metadata: {name: bad}, spec: {ports: [{port: 80}]}}";
    let mut live = app.applied(good);
    live.extend(app.applied(APP));
    let comparison = app.compare(&app.targets(&format!("{bad}\n---{APP}")), &live);
    assert_eq!(comparison.sync.as_str(), "Unknown", "{}", told(&comparison));
    assert_eq!(comparison.conditions.len(), 1, "{}", told(&comparison));
    let states: Vec<_> =
        comparison.resources.iter().map(|r| r.status.status.unwrap().as_str()).collect();
    assert_eq!(states, ["Synced", "Unknown", "Synced", "Synced"]);
}

#[test]
fn a_managed_namespace_is_not_superfluous() {
    let mut metadata = NamespaceMetadata::default();
    metadata.labels.insert("team".into(), "a".into());
    let app = App { namespace_metadata: Some(metadata), ..App::default() };
    let mut live = LiveObjects::new();
    let namespace = support::object(
        "{apiVersion: v1, kind: Namespace, metadata: {name: ns, labels: {team: a}, annotations: {argocd.argoproj.io/tracking-id: 'app:/Namespace:ns/ns'}}}",
    );
    live.insert(namespace.key(), Arc::new(namespace));
    let comparison = app.compare(&app.targets(""), &live);
    assert!(!comparison.resources[0].status.requires_pruning);
}

#[test]
fn tracking_in_its_three_forms() {
    let object = || {
        support::object(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ns}}",
        )
    };
    let long = "a".repeat(70);
    let check = |method, name: &str, annotation: Option<&str>, label: Option<&str>| {
        let tracking = Tracking { method, ..Tracking::default() };
        let mut marked = object();
        tracking.set(&mut marked, name, "ns").unwrap();
        assert_eq!(marked.annotation("argocd.argoproj.io/tracking-id"), annotation);
        assert_eq!(marked.label("app.kubernetes.io/instance"), label);
        assert_eq!(tracking.instance(&marked).as_deref(), Some(name));
    };
    check(Method::Annotation, "app", Some("app:apps/Deployment:ns/d"), None);
    check(Method::Label, "app", None, Some("app"));
    check(Method::Label, &long, None, Some(&long));
    check(Method::AnnotationAndLabel, "app", Some("app:apps/Deployment:ns/d"), Some("app"));
    let id = format!("{long}:apps/Deployment:ns/d");
    check(Method::AnnotationAndLabel, &long, Some(&id), Some(&long[..63]));

    let tracking = Tracking { method: Method::AnnotationAndLabel, ..Tracking::default() };
    let awkward = format!("a{}", "-".repeat(70));
    let mut marked = object();
    tracking.set(&mut marked, &awkward, "ns").unwrap();
    assert_eq!(marked.label("app.kubernetes.io/instance"), Some("a"));
    assert!(tracking.set(&mut marked, &"-".repeat(70), "ns").is_err());

    let ours = Tracking { installation: "one".into(), ..Tracking::default() };
    let mut marked = object();
    ours.set(&mut marked, "app", "ns").unwrap();
    assert_eq!(ours.instance(&marked).as_deref(), Some("app"));
    let theirs = Tracking { installation: "two".into(), ..Tracking::default() };
    assert_eq!(theirs.instance(&marked), None);

    assert_eq!(instance_name("app", CONTROL, CONTROL), "app");
    assert_eq!(instance_name("app", "team", CONTROL), "team_app");
    for bad in ["", "app", "app:apps", "app:a/b/c:ns/n", "app:a/b:ns/n/x", "app:ab:ns/n"] {
        assert_eq!(TrackingId::parse(bad), None, "{bad}");
    }
}

#[test]
fn ignored_fields_are_neither_compared_nor_touched() {
    let app = App::default();
    let rules = vec![Rule {
        group: "apps".into(),
        kind: "Dep*".into(),
        name: String::new(),
        namespace: String::new(),
        paths: Vec::new(),
        managers: Vec::new(),
        pointers: vec![
            "/spec/replicas".parse().unwrap(),
            "/spec/template/metadata/annotations".parse().unwrap(),
            "/spec/template/spec/containers/0/image".parse().unwrap(),
        ],
    }];
    let rules = Rules { rules, problem: None };
    let settings = diff::Settings {
        schemas: &app.schemas,
        normalizer: Normalizer { ignore: &rules, ..Normalizer::default() },
        tracking: &app.tracking,
    };
    let target = support::object(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ns}, spec: {replicas: 1, paused: true, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: 'x:1'}]}}}}",
    );
    let live = support::object(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ns}, spec: {replicas: 5, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}, annotations: {restarted: now}}, spec: {containers: [{name: c, image: 'x:2'}]}}}, status: {replicas: 5}}",
    );
    let diff = diff::diff(Some(&target), Some(&live), &Mode::ThreeWay, &settings).unwrap();
    let paths: Vec<String> =
        diff.differences(Some(&live), &[]).into_iter().map(|d| d.path).collect();
    assert_eq!(paths, [".spec.paused"]);

    let respectful = diff::respect_ignored(&target, &live, &settings);
    let mut expected = target.clone();
    expected.set(&["spec", "replicas"], 5);
    expected.set(&["spec", "template", "metadata", "annotations", "restarted"], "now");
    expected.set(
        &["spec", "template", "spec", "containers"],
        support::value("[{name: c, image: 'x:2'}]"),
    );
    assert_eq!(respectful.into_value(), expected.into_value());
}
