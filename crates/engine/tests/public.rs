//! Argo CD's own test data, read from its repository: what its tests expect of the manifests of
//! `gitops-engine/pkg/{diff,health}/testdata` and `controller/testdata`. None of it is kept here.
//!
//! ```sh
//! git clone https://github.com/argoproj/argo-cd /tmp/argo-cd
//! WINDLASS_ARGOCD_SOURCE=/tmp/argo-cd cargo test -p windlass-engine --test public
//! ```

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_engine::diff::{self, Mode};
use windlass_engine::health::{BuiltInOnly, of};
use windlass_engine::ignore::{Jq, Rule, Rules};
use windlass_engine::normalize::Normalizer;
use windlass_engine::tracking::Tracking;
use windlass_object::{Object, Value};
use windlass_schema::Schemas;

/// A clone of the repository, bare or not.
struct Source;

impl Source {
    fn find() -> Option<Self> {
        let place = std::env::var_os("WINDLASS_ARGOCD_SOURCE");
        if place.is_none() {
            println!("skipped: WINDLASS_ARGOCD_SOURCE names no clone of argoproj/argo-cd");
        }
        place.map(|_| Self)
    }

    fn object(&self, path: &str) -> Object {
        support::object(&windlass_testkit::argocd_file(path).unwrap().expect("a clone is named"))
    }

    fn diff_data(&self, name: &str) -> Object {
        self.object(&format!("gitops-engine/pkg/diff/testdata/{name}"))
    }

    fn controller_data(&self, name: &str) -> Object {
        self.object(&format!("controller/testdata/{name}.yaml"))
    }
}

/// Compares and gives the fields that differ.
fn differences(target: &Object, live: &Object, mode: &Mode, rules: &Rules) -> Vec<String> {
    with_settings(rules, false, |settings| {
        let diff = diff::diff(Some(target), Some(live), mode, settings).unwrap();
        let told = diff.differences(Some(live), &[]);
        assert_eq!(diff.modified, !told.is_empty(), "{target:?}");
        told.into_iter().map(|difference| difference.path).collect()
    })
}

fn with_settings<T>(
    rules: &Rules,
    aggregated_roles: bool,
    work: impl FnOnce(&diff::Settings<'_>) -> T,
) -> T {
    let (schemas, tracking) = (Schemas::builtin(), Tracking::default());
    let normalizer = Normalizer { ignore: rules, aggregated_roles, ..Normalizer::default() };
    work(&diff::Settings { schemas: &schemas, normalizer, tracking: &tracking })
}

#[test]
fn three_way() {
    let Some(source) = Source::find() else { return };
    let check = |name: &str, expected: &[&str], change: &dyn Fn(&mut Object, &mut Object)| {
        let mut target = source.diff_data(&format!("{name}-config.json"));
        let mut live = source.diff_data(&format!("{name}-live.json"));
        change(&mut target, &mut live);
        let found = differences(&target, &live, &Mode::ThreeWay, &Rules::default());
        assert_eq!(found, expected, "{name}");
    };
    for name in [
        "elasticsearch",
        "deployment",
        "mutatingwebhookconfig",
        "spinnaker-sa",
        "wordpress",
        "grafana-clusterrole",
        "sealedsecret",
        "endpoints",
    ] {
        check(name, &[], &|_, _| {});
    }
    check(
        "elasticsearch",
        &[".metadata.labels.chart", ".metadata.labels.foo", ".metadata.labels.release"],
        &|target, _| {
            target.set(&["metadata", "labels", "foo"], "bar");
            target.set(&["metadata", "labels", "chart"], "elasticsearch-1.7.1");
            target.remove(&["metadata", "labels", "release"]);
        },
    );
    check("wordpress", &[".data.smtp-password", ".data.wordpress-password"], &|target, live| {
        for key in ["wordpress-password", "smtp-password"] {
            target.set(&["data", key], "++++++++");
            live.set(&["data", key], "++++++++++++");
        }
    });
    let (target, live) = (
        source.diff_data("aggr-clusterrole-config.json"),
        source.diff_data("aggr-clusterrole-live.json"),
    );
    for ignored in [true, false] {
        let modified = with_settings(&Rules::default(), ignored, |settings| {
            diff::diff(Some(&target), Some(&live), &Mode::ThreeWay, settings).unwrap().modified
        });
        assert_eq!(modified, !ignored, "aggregated roles");
    }
}

#[test]
fn structured_merge() {
    let Some(source) = Source::find() else { return };
    let predicted = |config: &str, live: &str| {
        let (target, live) = (source.diff_data(config), source.diff_data(live));
        with_settings(&Rules::default(), false, |settings| {
            diff::diff(Some(&target), Some(&live), &Mode::StructuredMerge, settings).unwrap()
        })
    };
    let ports = |object: &Option<Object>| {
        let ports = object.as_ref().unwrap().get(&["spec", "ports"]).unwrap();
        ports.as_array().unwrap().len()
    };
    let diff = predicted("smd-service-config.yaml", "smd-service-live.yaml");
    for side in [&diff.predicted, &diff.live] {
        let side = side.as_ref().unwrap();
        assert_eq!(side.get(&["spec", "internalTrafficPolicy"]).unwrap(), "Cluster");
        assert!(side.annotation("kubectl.kubernetes.io/last-applied-configuration").is_none());
    }
    let diff = predicted("smd-service-config-2-ports.yaml", "smd-service-live.yaml");
    assert_eq!(ports(&diff.predicted), 2);
    let diff = predicted("smd-service-config.yaml", "smd-service-live-with-type.yaml");
    assert_eq!(diff.predicted.unwrap().get(&["spec", "type"]).unwrap(), "ClusterIP");
    let diff = predicted("smd-service-config-ports.yaml", "smd-service-live.yaml");
    assert_eq!(ports(&diff.predicted), 5);
    assert!(!predicted("smd-deploy-config.yaml", "smd-deploy-live.yaml").modified);
}

#[test]
fn server_side() {
    let Some(source) = Source::find() else { return };
    let compared = |name: &str, config: &str, live: &str, include_webhooks: bool, rules: &Rules| {
        let target = source.diff_data(&format!("{config}-config.yaml"));
        let live = source.diff_data(&format!("{live}-live.yaml"));
        let answer = Arc::new(source.diff_data(&format!("{name}-predicted-live.json")));
        let mode = Mode::ServerSide { answer, include_webhooks };
        let diff = with_settings(rules, false, |settings| {
            diff::diff(Some(&target), Some(&live), &mode, settings).unwrap()
        });
        assert!(diff.modified, "{name}");
        (diff.predicted.unwrap().into_value(), diff.live.unwrap().into_value())
    };
    let none = Rules::default();
    let plain = |name: &str| compared(name, name, name, false, &none);
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);

    let (predicted, live) = plain("ssd-service");
    assert_eq!(predicted["spec"]["internalTrafficPolicy"], "Cluster");
    assert_eq!(live["spec"]["internalTrafficPolicy"], "Cluster");
    assert!(predicted["metadata"]["labels"]["event"].is_null(), "a webhook's label");
    let (predicted, _) = compared("ssd-service", "ssd-service", "ssd-service", true, &none);
    assert!(!predicted["metadata"]["labels"]["event"].is_null(), "a webhook's label");

    let affinity = rules(&[("", "Service", &["/spec/sessionAffinity"], &[], &[])]);
    let (predicted, live) = compared("ssd-service", "ssd-service", "ssd-service", false, &affinity);
    // Filled in on both sides, once it is taken out.
    assert_eq!(predicted["spec"]["sessionAffinity"], live["spec"]["sessionAffinity"]);
    assert!(predicted["spec"].get("selector").is_some());

    let (predicted, live) = plain("smd-deploy2");
    for side in [&predicted, &live] {
        let containers = &side["spec"]["template"]["spec"]["containers"];
        assert_eq!(count(containers), 1);
        let requests = &containers[0]["resources"]["requests"];
        assert_eq!((&requests["cpu"], &requests["memory"]), (&"500m".into(), &"512Mi".into()));
    }

    let (predicted, live) = plain("ssd-deploy-nested");
    let first = |object: &Value| object["spec"]["template"]["spec"]["containers"][0].clone();
    assert_eq!((count(&first(&predicted)["ports"]), count(&first(&live)["ports"])), (2, 1));
    assert_eq!((count(&first(&predicted)["env"]), count(&first(&live)["env"])), (2, 1));
    assert_eq!(first(&predicted)["env"][1]["name"], "ENV_VAR2");

    let (predicted, live) = plain("ssd-deploy-with-manual-apply");
    assert_eq!((count(&first(&predicted)["ports"]), count(&first(&live)["ports"])), (2, 1));
    assert_eq!(first(&predicted)["ports"][1]["containerPort"], 40);

    let (predicted, live) =
        compared("ssd-svc-no-label", "ssd-svc-no-label", "ssd-svc-label", false, &none);
    assert!(predicted["metadata"]["labels"].get("delete-me").is_none());
    assert!(live["metadata"]["labels"].get("delete-me").is_some());

    let (predicted, live) = plain("ssd-deploy-composite-key");
    assert_eq!(count(&predicted["spec"]["template"]["spec"]["containers"]), 2);
    assert_eq!((count(&first(&predicted)["ports"]), count(&first(&live)["ports"])), (3, 2));
    for port in first(&predicted)["ports"].as_array().unwrap() {
        assert_eq!(port["protocol"], "TCP", "{port}");
    }

    let (predicted, live) = plain("ssd-configmap");
    let keys = |object: &Value| object["data"].as_object().unwrap().len();
    assert_eq!((keys(&predicted), keys(&live)), (2, 3));
}

/// Group, kind, pointers, jq paths, managers.
type Line<'a> = (&'a str, &'a str, &'a [&'a str], &'a [&'a str], &'a [&'a str]);

fn rules(lines: &[Line<'_>]) -> Rules {
    let rule = |(group, kind, pointers, paths, managers): &Line<'_>| Rule {
        group: (*group).into(),
        kind: (*kind).into(),
        name: String::new(),
        namespace: String::new(),
        pointers: pointers.iter().map(|pointer| pointer.parse().unwrap()).collect(),
        paths: paths.iter().map(|path| Arc::new(Jq::compile(path, Jq::BOUND).unwrap())).collect(),
        managers: managers.iter().map(|&manager| manager.into()).collect(),
    };
    Rules { rules: lines.iter().map(rule).collect(), problem: None }
}

#[test]
fn ignored_fields_are_respected() {
    let Some(source) = Source::find() else { return };
    let respected = |target: &Object, live: &Object, lines: &[Line<'_>]| {
        with_settings(&rules(lines), false, |settings| {
            diff::respect_ignored(target, live, settings).into_value()
        })
    };
    let (target, live) =
        (source.controller_data("target-deployment"), source.controller_data("live-deployment"));
    let version = |object: &Value| object["metadata"]["annotations"]["iksm-version"].clone();
    let janitor: Line<'_> = ("*", "*", &[], &[], &["janitor"]);
    assert_eq!(version(&respected(&target, &live, &[janitor])), "2.0");
    assert_eq!(version(&respected(&target, &live, &[])), "1.0");
    let both = respected(
        &target,
        &live,
        &[("apps", "Deployment", &["/spec/replicas"], &[], &[]), janitor],
    );
    assert_eq!((version(&both), &both["spec"]["replicas"]), ("2.0".into(), &4.into()));
    let mut without = live.clone();
    without.remove(&["metadata", "annotations", "iksm-version"]);
    let pointer = "/metadata/annotations/iksm-version";
    let gone = respected(&target, &without, &[("apps", "Deployment", &[pointer], &[], &[])]);
    assert!(version(&gone).is_null());
    let mut running = live.clone();
    running.set(&["status", "operationState", "phase"], "Running");
    let status = respected(&target, &running, &[("*", "*", &["/status"], &[], &[])]);
    assert!(status.get("status").is_none());

    let path = ".spec.template.spec.containers[] | select(.name == \"guestbook-ui\")";
    let entries = source.controller_data("target-deployment-new-entries");
    let kept = respected(&entries, &live, &[("apps", "Deployment", &[], &[path], &[])]);
    assert_eq!(kept["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 2);

    let (target, live) =
        (source.controller_data("target-httpproxy"), source.controller_data("live-httpproxy"));
    let first = |object: &Value| {
        object["spec"]["routes"][0]["rateLimitPolicy"]["global"]["descriptors"][0].clone()
    };
    for path in [".spec.routes[]", ".spec.routes[].rateLimitPolicy.global.descriptors[].entries[]"]
    {
        let line: Line<'_> = ("projectcontour.io", "HTTPProxy", &[], &[path], &[]);
        let descriptor = first(&respected(&target, &live, &[line]));
        assert_eq!(descriptor["entries"].as_array().unwrap().len(), 1, "{path}: {descriptor}");
        let header = &descriptor["entries"][0]["requestHeader"];
        assert_eq!(header["headerName"], "sample-header", "{path}");
        assert_eq!(header["descriptorKey"], "sample-key", "{path}");
    }

    let (target, live) = (
        source.controller_data("target-deployment-env-vars"),
        source.controller_data("live-deployment-env-vars"),
    );
    let path = ".spec.template.spec.containers[].env[] | select(.name == \"SOME_ENV_VAR\")";
    let value = respected(&target, &live, &[("apps", "Deployment", &[], &[path], &[])]);
    let variables = &value["spec"]["template"]["spec"]["containers"][0]["env"];
    let told: BTreeMap<&str, &str> = variables
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| (variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap()))
        .collect();
    let expected = [
        ("SOME_ENV_VAR", "some_value"),
        ("SOME_OTHER_ENV_VAR", "some_other_value"),
        ("YET_ANOTHER_ENV_VAR", "yet_another_value"),
    ];
    assert_eq!(told, BTreeMap::from(expected));

    let (target, live) = (
        source.controller_data("additional-image-replicas-deployment"),
        source.controller_data("minimal-image-replicas-deployment"),
    );
    let image = ".spec.template.spec.containers[].image";
    let value = respected(
        &target,
        &live,
        &[
            ("apps", "Deployment", &["/spec/replicas"], &[], &[]),
            ("apps", "Deployment", &[], &[image], &[]),
        ],
    );
    assert_eq!(value["metadata"]["labels"]["appProcess"], "web");
    assert_eq!(value["spec"]["replicas"], 1);
    let container = &value["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "alpine:3");
    assert_eq!(container["resources"]["requests"]["cpu"], "400m");
    assert_eq!(container["env"][0]["value"], "here");

    let (target, live) =
        (source.controller_data("simple-app-target"), source.controller_data("simple-app-live"));
    let paths: &[&str] = &[".spec.servers[1].enabled", ".spec.servers[0].port"];
    let value = respected(&target, &live, &[("example.com", "SimpleApp", &[], paths, &[])]);
    let servers = &value["spec"]["servers"];
    let told = |at: usize| (&servers[at]["name"], &servers[at]["port"], &servers[at]["enabled"]);
    assert_eq!(told(0), (&"server1".into(), &8081.into(), &true.into()));
    assert_eq!(told(1), (&"server2".into(), &9090.into(), &true.into()));

    let (target, live) =
        (source.controller_data("target-rollout"), source.controller_data("live-rollout"));
    let path = ".spec.template.spec.containers[] | select(.name == \"init\") | .image";
    let value = respected(&target, &live, &[("argoproj.io", "Rollout", &[], &[path], &[])]);
    let containers = &value["spec"]["template"]["spec"]["containers"];
    assert_eq!(containers[0]["image"], "init-container:v1");
    assert_eq!(containers[1]["image"], "main-container:v1");

    let (target, live) = (
        source.controller_data("target-child-application"),
        source.controller_data("live-child-application"),
    );
    let path: &[&str] = &[".spec.syncPolicy.automated"];
    let value = respected(&target, &live, &[("argoproj.io", "Application", &[], path, &[])]);
    assert_eq!(value["spec"]["source"]["targetRevision"], "0.45.28");
}

#[test]
fn one_label_of_a_selector_is_respected() {
    let Some(source) = Source::find() else { return };
    let (target, live) = (source.controller_data("target-pdb"), source.controller_data("live-pdb"));
    let respected = |target: &Object, live: &Object, pointer: &str| {
        let rules = rules(&[("policy", "PodDisruptionBudget", &[pointer], &[], &[])]);
        let value = with_settings(&rules, false, |settings| {
            diff::respect_ignored(target, live, settings).into_value()
        });
        value["spec"]["selector"].clone()
    };
    let version = "/spec/selector/matchLabels/version";
    let mut expected = support::value("{matchLabels: {version: v1, app: myapp-v2}}");
    assert_eq!(respected(&target, &live, version), expected);
    let mut tracked = live.clone();
    tracked.set(&["spec", "selector", "matchLabels", "track"], "stable");
    assert_eq!(respected(&target, &tracked, version), expected);
    let expressions = support::value("[{key: tier, operator: In, values: [frontend]}]");
    let mut more = target.clone();
    more.set(&["spec", "selector", "matchExpressions"], expressions.clone());
    expected["matchExpressions"] = expressions;
    assert_eq!(respected(&more, &live, version), expected);
    let whole = respected(&target, &live, "/spec/selector");
    assert_eq!(whole["matchLabels"], support::value("{app: myapp, version: v1}"));
}

#[test]
fn health() {
    let Some(source) = Source::find() else { return };
    let cases = "
        deployment-progressing Progressing, deployment-suspended Suspended, deployment-degraded Degraded,
        statefulset Healthy, statefulset-ondelete Healthy, daemonset-ondelete Healthy,
        pvc-bound Healthy, pvc-pending Progressing,
        svc-clusterip Healthy, svc-loadbalancer Healthy, svc-loadbalancer-unassigned Progressing,
        svc-loadbalancer-nonemptylist Healthy,
        ingress Healthy, ingress-unassigned Progressing, ingress-nonemptylist Healthy,
        job-running Progressing, job-failed Degraded, job-succeeded Healthy, job-suspended Suspended,
        hpa-v2-healthy Healthy, hpa-v2-degraded Degraded, hpa-v2-progressing Progressing,
        hpa-v1-degraded Degraded, hpa-v1-degraded-failedgetobjectmetric Degraded, hpa-v1-healthy Healthy,
        hpa-v1-healthy-toofew Healthy, hpa-v1-progressing Progressing,
        hpa-v1-progressing-with-no-annotations Progressing,
        pod-pending Progressing, pod-running-not-ready Progressing, pod-crashloop Degraded,
        pod-imagepullbackoff Degraded, pod-error Degraded, pod-running-restart-always Healthy,
        pod-running-restart-never Progressing, pod-running-restart-never-with-ignore-annotation Healthy,
        pod-running-restart-never-hook-with-ignore-annotation Progressing,
        pod-running-restart-never-with-ignore-annotation-backoff Degraded,
        pod-running-restart-onfailure Progressing, pod-failed Degraded, pod-succeeded Healthy,
        pod-deletion Progressing,
        application-healthy none, application-degraded none,
        apiservice-v1-true Healthy, apiservice-v1-false Progressing,
        apiservice-v1beta1-true Healthy, apiservice-v1beta1-false Progressing";
    for case in cases.split(',') {
        let (name, expected) = case.trim().split_once(' ').unwrap();
        let object = source.object(&format!("gitops-engine/pkg/health/testdata/{name}.yaml"));
        let found = of(&object, &BuiltInOnly).unwrap();
        let found = found.map_or("none".to_owned(), |health| health.status.to_string());
        assert_eq!(found, expected, "{name}");
    }
}
