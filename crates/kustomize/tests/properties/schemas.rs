//! Random field paths and schemas of custom kinds: `configurations`, `crds` and `openapi`.

use serde_json::{Value, json};

use crate::random::Random;

/// A file of `configurations`.
pub(crate) fn configuration(random: &mut Random) -> Value {
    match random.below(7) {
        0 => json!({"nameReference": [{"kind": "ConfigMap", "fieldSpecs": [
            {"kind": "Thing", "path": "spec/configMapName"}]}]}),
        1 => {
            json!({"images": [{"kind": "Thing", "path": "spec/podTemplate/spec/containers/image"}]})
        }
        2 => json!({"commonLabels": [{"kind": "Thing", "path": "spec/labels", "create": true}],
            "commonAnnotations": [{"kind": "Thing", "path": "spec/notes", "create": true}]}),
        3 => json!({"namespace": [{"kind": "Thing", "path": "spec/flagged/namespace",
            "create": random.percent(50)}, {"kind": "ClusterRoleBinding", "path": "roleRef/name"}]}),
        4 => json!({"nameReference": [
            {"kind": "Secret", "version": "v1", "fieldSpecs": [
                {"kind": "Thing", "path": "spec/list/v"}, {"kind": "Ingress", "path": "metadata/annotations/note"}]},
            {"kind": "Thing", "group": "example.com", "fieldSpecs": [
                {"kind": "ConfigMap", "path": "data/k"}, {"kind": "Thing", "path": "spec/text"}]}]}),
        5 => {
            json!({"templateLabels": [{"kind": "Thing", "path": "spec/podTemplate/metadata/labels",
            "create": true}], "nameSuffix": [{"path": "spec/text", "kind": "Thing"}]})
        }
        _ => json!({"namePrefix": [{"kind": "Thing", "path": "metadata/name"}],
            "replicas": [{"kind": "Thing", "path": "spec/number"}],
            "varReference": [{"kind": "Thing", "path": "spec/text"}]}),
    }
}

/// A file of `crds`, as the API machinery's generator writes it.
pub(crate) fn definitions(random: &mut Random) -> Value {
    let mut spec = json!({
        "configMapName": {"x-kubernetes-object-ref-api-version": "v1",
            "x-kubernetes-object-ref-kind": "ConfigMap"},
        "text": {"type": "string"},
    });
    match random.below(4) {
        0 => spec["text"] = json!({"type": "string", "x-kubernetes-identity": ""}),
        1 => spec["labels"] = json!({"type": "object", "x-kubernetes-label-selector": ""}),
        2 => spec["notes"] = json!({"type": "object", "x-kubernetes-annotation": ""}),
        _ => {
            spec["podTemplate"] = json!({"$ref": "example.com/v1.Secretive"});
        }
    }
    json!({
        "example.com/v1.Thing": {"Schema": {"properties": {
            "apiVersion": {"type": "string"}, "kind": {"type": "string"},
            "metadata": {"$ref": "k8s.io/apimachinery/pkg/apis/meta/v1.ObjectMeta"},
            "spec": {"$ref": "example.com/v1.ThingSpec"}}}},
        "example.com/v1.ThingSpec": {"Schema": {"properties": spec}},
        "example.com/v1.Secretive": {"Schema": {"properties": {"spec": {
            "x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "Secret",
            "x-kubernetes-object-ref-name-key": "serviceAccountName"}}}},
    })
}

/// A file of `openapi`: how the lists of things merge.
pub(crate) fn openapi(random: &mut Random) -> Value {
    let item = json!({"type": "object", "properties": {"name": {"type": "string"},
        "v": {"type": "string"}}});
    let mut list = json!({"type": "array", "items": item});
    if random.percent(80) {
        list["x-kubernetes-patch-merge-key"] = random.word(&["name", "v"]).into();
        list["x-kubernetes-patch-strategy"] =
            random.word(&["merge", "merge", "replace", "merge,retainKeys"]).into();
    }
    let mut properties = json!({"list": list});
    if random.percent(30) {
        properties["plain"] = json!({"type": "array", "items": {"type": "string"},
            "x-kubernetes-patch-strategy": "merge"});
    }
    if random.percent(30) {
        properties["podTemplate"] =
            json!({"$ref": "#/definitions/io.k8s.api.core.v1.PodTemplateSpec"});
    }
    json!({"definitions": {"com.example.v1.Thing": {
        "type": "object",
        "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": {"type": "object", "properties": properties}},
        "x-kubernetes-group-version-kind": [
            {"group": "example.com", "kind": "Thing", "version": "v1"}],
    }}})
}
