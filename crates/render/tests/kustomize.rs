//! Overlays as applications give them.

#![allow(clippy::unwrap_used)]
#![allow(clippy::needless_pass_by_value)] // Tables read better without references.

use serde_json::{Value, json};
use windlass_render::{Blocks, Given, Need, Outcome, Rendered, Spec, render};
use windlass_tree::{GivenTree, MemoryTree, TreePath};

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx:1.0
";

fn tree() -> MemoryTree {
    let mut tree = MemoryTree::default();
    tree.insert("base/kustomization.yaml", "resources: [deployment.yaml]\n");
    tree.insert("base/deployment.yaml", DEPLOYMENT);
    tree.insert("overlay/kustomization.yaml", "resources: [../base]\ncommonLabels: {tier: a}\n");
    tree.insert(
        "part/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -part\n",
    );
    tree
}

fn spec(kustomize: &Value) -> Spec {
    let blocks = Blocks {
        kustomize: Some(serde_json::from_value(kustomize.clone()).unwrap()),
        ..Blocks::default()
    };
    let mut spec = Spec::for_application(TreePath::new("overlay").unwrap(), blocks, "app");
    spec.environment.insert("ARGOCD_APP_NAME".into(), "app".into());
    spec
}

fn done(tree: &MemoryTree, spec: &Spec) -> Rendered {
    match render(tree, spec, &Given::at("abc", 0)) {
        Outcome::Done(rendered) => rendered,
        Outcome::Needs(needs) => panic!("{needs:?}"),
    }
}

/// What the one object of the overlay holds with these options.
#[track_caller]
fn check(kustomize: Value, pointer: &str, want: Value) {
    let rendered = done(&tree(), &spec(&kustomize));
    assert!(rendered.diagnostics.is_empty(), "{:?}", rendered.diagnostics);
    let [manifest] = &rendered.manifests[..] else { panic!("{:?}", rendered.manifests) };
    let object = serde_json::to_value(&manifest.object).unwrap();
    assert_eq!(object.pointer(pointer), Some(&want), "{kustomize}");
}

#[test]
fn every_option_of_an_application() {
    let image = "/spec/template/spec/containers/0/image";
    check(json!({}), "/metadata/labels/tier", json!("a"));
    check(json!({"namePrefix": "p-", "nameSuffix": "-s"}), "/metadata/name", json!("p-web-s"));
    check(json!({"images": ["nginx:2.0"]}), image, json!("nginx:2.0"));
    check(json!({"images": ["nginx=other/nginx:3"]}), image, json!("other/nginx:3"));
    check(
        json!({"images": ["nginx=other/nginx@sha256:00"]}),
        image,
        json!("other/nginx@sha256:00"),
    );
    check(json!({"images": ["nginx:$ARGOCD_APP_REVISION"]}), image, json!("nginx:abc"));
    check(json!({"replicas": [{"name": "web", "count": 3}]}), "/spec/replicas", json!(3));
    check(json!({"replicas": [{"name": "web", "count": "4"}]}), "/spec/replicas", json!(4));
    check(json!({"namespace": "prod"}), "/metadata/namespace", json!("prod"));
    let labels = json!({"commonLabels": {"app.kubernetes.io/part-of": "$ARGOCD_APP_NAME"}});
    check(labels, "/spec/selector/matchLabels/app.kubernetes.io~1part-of", json!("app"));
    let labels = json!({"commonLabels": {"x": "y"}, "labelWithoutSelector": true});
    check(labels, "/spec/selector/matchLabels", json!({"app": "web", "tier": "a"}));
    let labels = json!({
        "commonLabels": {"x": "y"}, "labelWithoutSelector": true, "labelIncludeTemplates": true,
    });
    check(labels.clone(), "/spec/template/metadata/labels/x", json!("y"));
    check(labels, "/spec/selector/matchLabels", json!({"app": "web", "tier": "a"}));
    let labels = json!({"commonLabels": {"tier": "b"}, "forceCommonLabels": true});
    check(labels, "/metadata/labels/tier", json!("b"));
    let annotations = json!({"commonAnnotations": {"a": "$ARGOCD_APP_NAME"}});
    check(annotations, "/metadata/annotations/a", json!("$ARGOCD_APP_NAME"));
    let annotations = json!({
        "commonAnnotations": {"a": "$ARGOCD_APP_NAME"}, "commonAnnotationsEnvsubst": true,
    });
    check(annotations, "/metadata/annotations/a", json!("app"));
    let patch = json!({"patches": [{
        "target": {"kind": "Deployment"},
        "patch": "- op: replace\n  path: /metadata/name\n  value: renamed\n",
        "options": {"allowNameChange": true},
    }]});
    check(patch, "/metadata/name", json!("renamed"));
    check(json!({"components": ["../part"]}), "/metadata/name", json!("web-part"));
    let some = json!({"components": ["../part", "../none"], "ignoreMissingComponents": true});
    check(some, "/metadata/name", json!("web-part"));
}

/// What is said of a bad overlay.
#[track_caller]
fn refused((path, text): (&str, &str), kustomize: Value, want: &str) {
    let mut tree = tree();
    tree.insert(path, text);
    let rendered = done(&tree, &spec(&kustomize));
    let [diagnostic] = &rendered.diagnostics[..] else { panic!("{:?}", rendered.diagnostics) };
    let text = diagnostic.to_string();
    assert!(text.contains(want), "{text}");
}

#[test]
fn errors_say_where() {
    let same = ("elsewhere", "");
    refused(same, json!({"commonLabels": {"tier": "b"}}), "tier");
    refused(same, json!({"components": ["../none"]}), "../none has no match");
    refused(("base/deployment.yaml", "a: [\n"), json!({}), "base/deployment.yaml:");
    refused(
        ("overlay/kustomization.yaml", "resource: []\n"),
        json!({}),
        "overlay/kustomization.yaml: `kustomize build <path to cached source>/overlay` failed exit \
         status 1: Error: invalid Kustomization: json: unknown field \"resource\"",
    );
    refused(
        ("overlay/kustomization.yaml", "resources: [../none]\n"),
        json!({}),
        "lstat <path to cached source>/none: no such file or directory",
    );
}

#[test]
fn build_options_let_files_be_read_from_beside() {
    let mut tree = tree();
    tree.insert("overlay/kustomization.yaml", "resources: [../base/deployment.yaml]\n");
    let mut spec = spec(&json!({}));
    let refused = done(&tree, &spec);
    assert!(refused.diagnostics[0].to_string().contains("is not in or below"));
    spec.kustomize_build_options = "--load-restrictor LoadRestrictionsNone".to_owned();
    assert!(done(&tree, &spec).diagnostics.is_empty());
}

#[test]
fn remote_bases_are_asked_for() {
    let mut tree = tree();
    tree.insert(
        "overlay/kustomization.yaml",
        "namePrefix: r-\nresources:\n- https://example.com/org/repo//base?ref=v1\n",
    );
    let spec = spec(&json!({}));
    let Outcome::Needs(needs) = render(&tree, &spec, &Given::at("abc", 0)) else { panic!() };
    let need = Need::Tree {
        repository: "https://example.com/org/repo".to_owned(),
        revision: "v1".to_owned(),
    };
    assert_eq!(needs, std::slice::from_ref(&need));
    let mut given = Given::at("abc", 0);
    let remote = GivenTree { revision: "c".repeat(40), tree: std::sync::Arc::new(self::tree()) };
    given.insert_tree(need, remote);
    let Outcome::Done(rendered) = render(&tree, &spec, &given) else { panic!() };
    assert!(rendered.diagnostics.is_empty(), "{:?}", rendered.diagnostics);
    assert_eq!(rendered.manifests[0].object.name(), "r-web");
}

#[test]
fn what_was_read_is_recorded() {
    let mut tree = tree();
    let spec = spec(&json!({"namespace": "x"}));
    let rendered = done(&tree, &spec);
    tree.insert("elsewhere", "x");
    assert!(rendered.read.still_holds(&tree));
    tree.insert("overlay/kustomization.yaml", "resources: [../base]\n");
    assert!(!rendered.read.still_holds(&tree));
}
