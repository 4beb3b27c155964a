//! Against a real Kubernetes: what is applied here must be what kubectl applies.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // As in all tests; helpers are not told apart.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use windlass_cluster::{
    ApplyOptions, ChangeKind, Cluster, ConnectOptions, DeleteOptions, DryRun, Identity, KindFilter,
    Outcome, RespectRbac, Tracker,
};
use windlass_engine::state::Health;
use windlass_object::{GroupVersionKind, Object, ResourceKey, Value, json};
use windlass_testkit::{Kubernetes, available, kubernetes};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Objects with the label `app` are the application's.
struct ByLabel;

impl Tracker for ByLabel {
    fn application(&self, identity: &Identity<'_>) -> Option<String> {
        identity.labels.get("app").map(ToString::to_string)
    }

    fn health(&self, _: &Object) -> Option<Health> {
        None
    }

    fn links(&self, _: &Object) -> BTreeSet<String> {
        BTreeSet::new()
    }
}

async fn connect(kubernetes: &Kubernetes) -> Cluster {
    let text = std::fs::read_to_string(kubernetes.kubeconfig()).unwrap();
    let kubeconfig = kube::config::Kubeconfig::from_yaml(&text).unwrap();
    let config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await.unwrap();
    let options = ConnectOptions {
        server: "https://kubernetes.default.svc".into(),
        namespaces: Vec::new(),
        cluster_resources: true,
        filter: KindFilter::default(),
        respect_rbac: RespectRbac::Off,
        queries_per_second: None,
        tracker: Arc::new(ByLabel),
    };
    let cluster = Cluster::connect_config(config, options).unwrap();
    cluster.synced().await.unwrap();
    cluster
}

fn object(value: Value) -> Object {
    Object::try_from(value).unwrap()
}

fn kubectl_apply(
    kubernetes: &Kubernetes,
    namespace: &str,
    object: &Object,
    more: &[&str],
) -> String {
    let mut command = kubernetes.kubectl_command().unwrap();
    command.args(["apply", "-n", namespace, "--field-manager=argocd-controller"]);
    let mut child = command
        .args(more)
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_string(object).unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

/// The object without what differs from one namespace and moment to another.
fn plain(object: Option<Object>, namespace: &str) -> Value {
    let mut object = object.unwrap();
    object.remove(&["status"]);
    for field in ["uid", "resourceVersion", "creationTimestamp"] {
        object.remove(&["metadata", field]);
    }
    // Written by the deployment controller when it comes to it.
    object.remove(&["metadata", "annotations", "deployment.kubernetes.io/revision"]);
    for field in ["clusterIP", "clusterIPs"] {
        object.remove(&["spec", field]);
    }
    let mut value = object.into_value();
    if let Some(fields) = value["metadata"]["managedFields"].as_array_mut() {
        fields.retain(|entry| entry["manager"] == "argocd-controller");
        for entry in fields {
            entry["time"] = Value::Null;
        }
    }
    serde_json::from_str(&value.to_string().replace(namespace, "NAMESPACE")).unwrap()
}

fn deployment(more: &Value) -> Object {
    let mut value = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"app": "demo"}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [
                    {"name": "a", "image": "a:1", "env": [{"name": "X", "value": "<1>"}]},
                    {"name": "b", "image": "b:1", "ports": [{"containerPort": 80}]},
                ]},
            },
        },
    });
    windlass_merge(&mut value, more);
    object(value)
}

fn windlass_merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                windlass_merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn applies_as_kubectl_does() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let kubernetes = kubernetes().unwrap();
    let cluster = connect(kubernetes).await;
    let (ours, theirs) =
        (kubernetes.namespace("ours").unwrap(), kubernetes.namespace("theirs").unwrap());
    let config = |data: Value, labels: Value| {
        object(json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "settings", "labels": labels}, "data": data,
        }))
    };
    let steps = [
        (config(json!({"a": "1", "b": "<&>"}), json!({"app": "demo", "x": "y"})), Outcome::Created),
        (config(json!({"a": "2"}), json!({"app": "demo"})), Outcome::Configured),
        (config(json!({"a": "2"}), json!({"app": "demo"})), Outcome::Unchanged),
        (deployment(&json!({})), Outcome::Created),
        (deployment(&json!({})), Outcome::Unchanged),
        (
            deployment(&json!({"spec": {"replicas": null, "template": {"spec": {"containers": [
                {"name": "b", "image": "b:2"}, {"name": "c", "image": "c:1"},
            ]}}}})),
            Outcome::Configured,
        ),
        (
            object(json!({
                "apiVersion": "v1", "kind": "Service",
                "metadata": {"name": "web", "labels": {"app": "demo"}},
                "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}, {"port": 81, "name": "b"}]},
            })),
            Outcome::Created,
        ),
    ];
    for (i, (step, expected)) in steps.iter().enumerate() {
        let mut mine = step.clone();
        mine.set(&["metadata", "namespace"], ours.name());
        let result = cluster.apply(&mine, &ApplyOptions::default()).await;
        // kubectl refuses what the server refuses, too.
        let said = kubectl_apply(kubernetes, theirs.name(), step, &[]);
        match result {
            Ok(applied) => assert_eq!(applied.outcome, *expected, "step {i}: {said}"),
            Err(error) => {
                assert!(said.is_empty(), "step {i}: kubectl said {said}, we {error}");
                continue;
            }
        }
        let gvk = step.gvk();
        let mine = cluster.fetch(&gvk, ours.name(), step.name()).await.unwrap();
        let other = cluster.fetch(&gvk, theirs.name(), step.name()).await.unwrap();
        assert_eq!(plain(mine, ours.name()), plain(other, theirs.name()), "step {i}");
    }
    // Server-side, with the fields of the client-side apply taken over.
    let mut mine = steps[1].0.clone();
    mine.set(&["metadata", "namespace"], ours.name());
    let applied = cluster.server_side_apply(&mine, DryRun::None, None).await.unwrap();
    assert_eq!(applied.outcome, Outcome::ServerSideApplied);
    kubectl_apply(kubernetes, theirs.name(), &steps[1].0, &["--server-side", "--force-conflicts"]);
    let other = cluster.fetch(&mine.gvk(), theirs.name(), mine.name()).await.unwrap();
    assert_eq!(plain(Some(applied.object), ours.name()), plain(other, theirs.name()));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_at_once_and_with_their_author() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let kubernetes = kubernetes().unwrap();
    let cluster = connect(kubernetes).await;
    let namespace = kubernetes.namespace("changes").unwrap();
    let key = ResourceKey::new("", "ConfigMap", namespace.name(), "c");
    let config = object(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": namespace.name(), "labels": {"app": namespace.name()}},
        "data": {"a": "1"},
    }));
    cluster.apply(&config, &ApplyOptions::default()).await.unwrap();
    // The answer is in the mirror at once.
    let node = cluster.get(&key).expect("written through");
    assert_eq!(node.application().map(|a| &**a), Some(namespace.name()));
    assert_eq!(node.object().unwrap().str_at(&["data", "a"]), "1");
    next_change(&cluster, &key).await;

    let patch = r#"{"data":{"a":"2"}}"#;
    kubernetes.kubectl(&["patch", "configmap", "c", "-n", namespace.name(), "-p", patch]).unwrap();
    let change = next_change(&cluster, &key).await;
    assert_eq!(change.kind, ChangeKind::Modified);
    assert_eq!(change.by.map(|by| by.manager), Some("kubectl-patch".into()));
    assert_eq!(cluster.get(&key).unwrap().object().unwrap().str_at(&["data", "a"]), "2");

    let gvk = GroupVersionKind::new("", "v1", "ConfigMap");
    cluster.delete(&gvk, namespace.name(), "c", &DeleteOptions::default()).await.unwrap();
    assert!(cluster.get(&key).is_none());
    assert_eq!(next_change(&cluster, &key).await.kind, ChangeKind::Deleted);
    assert!(cluster.live(&key, "v1").await.unwrap().is_none());
}

async fn next_change(cluster: &Cluster, key: &ResourceKey) -> windlass_cluster::Change {
    let wait = async {
        loop {
            let found = cluster.changes().next().await.into_iter().find(|c| c.key == *key);
            if let Some(change) = found {
                return change;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("a change is told")
}

#[tokio::test(flavor = "multi_thread")]
async fn new_kinds_are_found_and_children_belong_to_their_owners() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let kubernetes = kubernetes().unwrap();
    let cluster = connect(kubernetes).await;
    let namespace = kubernetes.namespace("kinds").unwrap();
    let group = format!("{}.example.com", namespace.name());
    let crd = object(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("things.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            }}}],
        },
    }));
    cluster.apply(&crd, &ApplyOptions::default()).await.unwrap();
    cluster.await_definition(crd.name()).await;
    let thing = |spec: Value| {
        object(json!({
            "apiVersion": format!("{group}/v1"), "kind": "Thing",
            "metadata": {"name": "t", "namespace": namespace.name(), "labels": {"app": namespace.name()}},
            "spec": spec,
        }))
    };
    let apply = async {
        loop {
            match cluster.apply(&thing(json!({"a": 1, "l": [1]})), &ApplyOptions::default()).await {
                Ok(applied) => return applied,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, apply).await.expect("the kind is served");
    let applied =
        cluster.apply(&thing(json!({"l": [2, 3]})), &ApplyOptions::default()).await.unwrap();
    assert_eq!(applied.outcome, Outcome::Configured);
    assert_eq!(applied.object.get(&["spec"]), Some(&json!({"l": [2, 3]})));

    let mut web = deployment(&json!({"spec": {"replicas": 1}}));
    web.set(&["metadata", "namespace"], namespace.name());
    web.set_label("app", namespace.name());
    cluster.apply(&web, &ApplyOptions::default()).await.unwrap();
    let images = async {
        loop {
            let roots = cluster.of_application(namespace.name());
            let tree = cluster.tree(roots);
            let images: BTreeSet<String> =
                tree.iter().flat_map(|n| n.node.images().iter().cloned()).collect();
            if tree.len() >= 4 && !images.is_empty() {
                return images;
            }
            cluster.changes().next().await;
        }
    };
    let images = tokio::time::timeout(PATIENCE, images).await.expect("pods appear");
    assert_eq!(images, BTreeSet::from(["a:1".to_owned(), "b:1".to_owned()]));
    let gvk = crd.gvk();
    cluster.delete(&gvk, "", crd.name(), &DeleteOptions::default()).await.unwrap();
}

/// That others write an object all the time does not keep its finalizers on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn finalizers_go_while_others_write() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let kubernetes = kubernetes().unwrap();
    let namespace = kubernetes.namespace("finalizers").unwrap();
    let space = namespace.name().to_owned();
    let cluster = connect(kubernetes).await;
    let kind = GroupVersionKind::new("", "v1", "ConfigMap");
    let held = json!({"metadata": {"finalizers": ["example.com/a", "example.com/b"]}});
    let made = object(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "namespace": space},
    }));
    cluster.create(&made, DryRun::None).await.unwrap();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (cluster, kind, space) = (cluster.clone(), kind.clone(), space.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    let patch = json!({"data": {format!("w{writer}"): n.to_string()}});
                    let written = cluster.merge_patch(&kind, &space, "held", &patch).await;
                    assert!(written.is_ok(), "{written:?}");
                }
            })
        })
        .collect();
    for _ in 0..20 {
        cluster.merge_patch(&kind, &space, "held", &held).await.unwrap();
        let one = |finalizer: &str| finalizer == "example.com/a";
        cluster.remove_finalizers(&kind, &space, "held", &one).await.unwrap();
        let live = cluster.fetch(&kind, &space, "held").await.unwrap().unwrap();
        assert_eq!(live.finalizers().collect::<Vec<_>>(), ["example.com/b"]);
        cluster.remove_finalizers(&kind, &space, "held", &|_| true).await.unwrap();
        let live = cluster.fetch(&kind, &space, "held").await.unwrap().unwrap();
        assert_eq!(live.finalizers().count(), 0);
        cluster.remove_finalizers(&kind, &space, "held", &|_| true).await.unwrap();
    }
    for writer in writers {
        writer.abort();
    }
}
