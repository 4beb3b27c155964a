//! What charts ask of the destination, and that they are rendered again when it changes.

use windlass_object::json;
use windlass_testkit::available;

use super::world::World;

const TEMPLATE: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: seen}
data:
  one: {{ (lookup "v1" "ConfigMap" .Release.Namespace "input").data | default dict | toJson | quote }}
  missing: {{ lookup "v1" "ConfigMap" .Release.Namespace "missing" | toJson | quote }}
  all: {{ range (lookup "v1" "ConfigMap" .Release.Namespace "").items }}{{ if hasPrefix "input" .metadata.name }}{{ .kind }}/{{ .metadata.name }} {{ end }}{{ end }}
  own: {{ (lookup "v1" "Secret" .Release.Namespace "own").data | default dict | toJson | quote }}
  foreign: {{ lookup "v1" "Secret" .Values.control "windlass-installation" | toJson | quote }}
  secrets: {{ range (lookup "v1" "Secret" "" "").items }}{{ .metadata.namespace }}/{{ .metadata.name }} {{ end }}
  space: {{ (lookup "v1" "Namespace" "" .Release.Namespace).kind | default "none" }}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_looks_up_what_its_project_permits() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let world = World::start("lookup").await;
    let demo = world.unique();
    world.commit(&[
        ("app/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"),
        ("app/templates/seen.yaml", TEMPLATE),
    ]);
    world.kubectl(&["create", "secret", "generic", "own", "--from-literal=a=b"]);
    world.create(&demo, "app", json!({"automated": {}}), true).await;
    let control = json!({"spec": {"source": {"helm": {"valuesObject": {
        "control": world.control_namespace(),
    }}}}});
    world.patch(&demo, &control).await;
    let data = |field: &str| {
        let path = format!("jsonpath={{.data.{field}}}");
        world.kubectl(&["get", "cm", "seen", "--ignore-not-found", "-o", &path])
    };
    world.eventually("delivered", || data("own") == r#"{"a":"Yg=="}"#).await;
    assert_eq!(data("one"), "{}");
    assert_eq!(data("missing"), "{}");
    assert_eq!(data("foreign"), "{}", "a Secret of another namespace");
    assert_eq!(data("secrets"), format!("{demo}/own"));
    assert_eq!(data("space"), "Namespace");
    assert_eq!(data("all"), "");

    // What was looked up comes, changes and goes; nobody asks for anything.
    world.kubectl(&["create", "configmap", "input", "--from-literal=x=1"]);
    world.synced_until(&demo, "it is seen", || data("one") == r#"{"x":"1"}"#).await;
    assert_eq!(data("all"), "ConfigMap/input");
    world.kubectl(&["patch", "cm", "input", "--type=merge", "-p", r#"{"data":{"x":"2"}}"#]);
    world.synced_until(&demo, "its change is seen", || data("one") == r#"{"x":"2"}"#).await;
    world.kubectl(&["create", "configmap", "input-2"]);
    let both = "ConfigMap/input ConfigMap/input-2";
    world.synced_until(&demo, "the second is seen", || data("all") == both).await;
    world.kubectl(&["delete", "cm", "input"]);
    world.synced_until(&demo, "it is gone", || data("one") == "{}").await;

    // The project permits no cluster-wide kinds any more, nor config maps.
    world.project(&json!({"spec": {
        "clusterResourceWhitelist": [],
        "namespaceResourceBlacklist": [{"group": "", "kind": "Secret"}],
    }}));
    let less = || data("space") == "none" && data("own") == "{}";
    world.synced_until(&demo, "less is seen", less).await;
    world.delete(&demo).await;
    world.until_gone(&demo).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_kind_renders_again() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let world = World::start("new-kind").await;
    let demo = world.unique();
    let group = format!("{demo}.test");
    let template = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: seen}}\ndata:\n  \
         has: {{{{ .Capabilities.APIVersions.Has \"{group}/v1/Thing\" | quote }}}}\n  \
         found: {{{{ len (lookup \"{group}/v1\" \"Thing\" .Release.Namespace \"\").items | quote }}}}\n"
    );
    world.commit(&[
        ("app/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"),
        ("app/templates/seen.yaml", &template),
    ]);
    world.create(&demo, "app", json!({"automated": {}}), true).await;
    let data = |field: &str| {
        let path = format!("jsonpath={{.data.{field}}}");
        world.kubectl(&["get", "cm", "seen", "--ignore-not-found", "-o", &path])
    };
    world.eventually("delivered", || data("has") == "false").await;
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("things.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things", "singular": "thing"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            }}],
        },
    });
    world.apply(&definition);
    world.synced_until(&demo, "it renders again", || data("has") == "true").await;
    let thing = json!({
        "apiVersion": format!("{group}/v1"), "kind": "Thing", "metadata": {"name": "a"},
    });
    world.apply(&thing);
    world.synced_until(&demo, "the new kind is looked up", || data("found") == "1").await;
    world.kubectl(&["delete", "crd", &format!("things.{group}")]);
    world.synced_until(&demo, "the kind is gone", || data("has") == "false").await;
    world.delete(&demo).await;
    world.until_gone(&demo).await;
}
