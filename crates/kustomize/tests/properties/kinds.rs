//! Random objects of kinds that only some transformers know, with fields that are seldom written.

use serde_json::{Value, json};

use crate::objects::{NAMES, pairs, text};
use crate::random::Random;

fn metadata(random: &mut Random) -> Value {
    let mut out = json!({"name": random.word(NAMES)});
    if random.percent(25) {
        out["namespace"] = random.word(&["one", "two", "default"]).into();
    }
    if random.percent(25) {
        out["labels"] = pairs(random);
    }
    if random.percent(20) {
        out["annotations"] = json!({"note": text(random), "app": "x"});
    }
    if random.percent(5) {
        out["finalizers"] = json!(["a"]);
    }
    out
}

fn pod(random: &mut Random) -> Value {
    let name = random.word(NAMES);
    let mut spec = json!({"containers": [{"name": "main", "image": random.word(&["nginx:1", "nginx",
        "busybox@sha256:aa", "r.example.com:5000/x/y:v1@sha256:bb", "$(VAR)"]),
        "env": [{"name": "A", "value": random.word(&["$(VAR)", "$$(VAR)", "$(OTHER)x$(A_B)", "y"])}]}]});
    match random.below(9) {
        0 => {
            spec["volumes"] = json!([{"name": "v", "csi": {"driver": "d",
            "nodePublishSecretRef": {"name": name}}}, {"name": "w", "cephfs": {"monitors": [],
            "secretRef": {"name": name}}}]);
        }
        1 => spec["ephemeralContainers"] = json!([{"name": "e", "image": "nginx:1"}]),
        2 => {
            spec["initContainers"] = json!([{"name": "i", "image": "nginx", "args": ["$(VAR)"],
            "envFrom": [{"configMapRef": {"name": name}}, {"prefix": "x", "secretRef": {"name": name}}]}]);
        }
        3 => {
            spec["volumes"] = json!([{"name": "v", "ephemeral": {"volumeClaimTemplate":
            {"spec": {"storageClassName": name}}}}, {"name": "t", "projected": {"sources": [
            {"configMap": {"name": name}}, {"serviceAccountToken": {"path": "t"}}]}}]);
        }
        4 => {
            spec["affinity"] = json!({"podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm":
            {"topologyKey": "z", "labelSelector": {"matchLabels": pairs(random)}}}],
            "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "z",
            "labelSelector": {"matchLabels": pairs(random)}}]}});
        }
        5 => {
            spec["topologySpreadConstraints"] = json!([{"labelSelector":
            {"matchLabels": pairs(random)}}]);
        }
        6 => spec["runtimeClassName"] = name.into(),
        7 => spec["serviceAccountName"] = name.into(),
        _ => {
            spec["containers"][0]["readinessProbe"] = json!({"httpGet": {"path": "/", "port": 80,
            "httpHeaders": [{"name": "h", "value": "$(VAR)"}]}});
        }
    }
    spec
}

/// An object.
pub(crate) fn object(random: &mut Random) -> Value {
    let meta = metadata(random);
    let name = random.word(NAMES);
    let labels = pairs(random);
    match random.below(26) {
        0 | 1 => json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {
            "replicas": 1, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": pod(random)}}}),
        2 => json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": {
            "replicas": 2, "selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
            "template": {"spec": pod(random)}}}),
        3 => {
            json!({"apiVersion": "v1", "kind": "ReplicationController", "metadata": meta, "spec": {
            "replicas": 1, "selector": labels, "template": {"spec": pod(random)}}})
        }
        4 => json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta, "spec": {
            "serviceName": name, "template": {"spec": pod(random)}, "volumeClaimTemplates": [
            {"metadata": {"name": "d", "labels": labels, "annotations": {"a": "b"}},
            "spec": {"storageClassName": name, "selector": {"matchLabels": labels}}}]}}),
        5 => json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": {
            "jobTemplate": {"metadata": {"labels": labels}, "spec": {"template":
            {"spec": pod(random)}}}}}),
        6 => json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": meta,
            "template": {"spec": pod(random)}}),
        7 => json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": meta, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": name}, "subjects": [{"kind": "ServiceAccount", "name": random.word(NAMES)},
            {"kind": "ServiceAccount", "name": "default", "namespace": "two"},
            {"kind": "Group", "name": "g", "apiGroup": "rbac.authorization.k8s.io"}]}),
        8 => json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": meta, "roleRef": {"apiGroup": "rbac.authorization.k8s.io",
            "kind": random.word(&["Role", "ClusterRole"]), "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": random.word(NAMES), "namespace":
            random.word(&["one", "default", "elsewhere"])}]}),
        9 => json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta,
            "secrets": [{"name": name}], "imagePullSecrets": [{"name": name}]}),
        10 => json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.example.com"}, "spec": {"group": "example.com",
            "names": {"kind": "Thing"}, "conversion": {"webhook": {"clientConfig": {"service":
            {"name": name, "namespace": "one"}}}}}}),
        11 => json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": "v1.example.com"}, "spec": {"service": {"name": name,
            "namespace": random.word(&["one", "default"])}}}),
        12 => json!({"apiVersion": "admissionregistration.k8s.io/v1",
            "kind": random.word(&["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"]),
            "metadata": meta, "webhooks": [{"name": "w", "clientConfig": {"service": {"name": name,
            "namespace": "one"}}}, {"name": "x", "clientConfig": {"url": "u"}}]}),
        13 => json!({"apiVersion": "v1", "kind": "Namespace", "metadata":
            {"name": random.word(&["one", "two", "web"])}}),
        14 => json!({"apiVersion": random.word(&["networking.k8s.io/v1", "extensions/v1beta1"]),
            "kind": "Ingress", "metadata": meta, "spec": {"ingressClassName": name,
            "defaultBackend": {"service": {"name": name}}, "backend": {"serviceName": name},
            "rules": [{"host": "$(VAR)", "http": {"paths": [{"backend": {"serviceName": name,
            "service": {"name": name}}}]}}]}}),
        15 => {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": meta,
            "spec": {"parameters": {"name": name}}})
        }
        16 => {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta,
            "spec": {"podSelector": {"matchLabels": labels}, "egress": [{"to": [{"podSelector":
            {"matchLabels": labels}, "namespaceSelector": {"matchLabels": labels}}]}],
            "ingress": [{"from": [{"podSelector": {}}]}]}})
        }
        17 => json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": meta, "spec": {"scaleTargetRef": {"kind": random.word(&["Deployment",
            "StatefulSet", "ReplicaSet", "ReplicationController"]), "name": name}}}),
        18 => json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": meta, "spec": {
            "claimRef": {"name": name, "namespace": "one"}, "csi": {"nodeStageSecretRef":
            {"name": name, "namespace": "one"}}, "storageClassName": name}}),
        19 => json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": text(random)}}]}),
        20 => json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {
            "k": text(random), "VAR": "$(VAR)"}, "binaryData": {"b": "AAE="}, "immutable": true}),
        21 => json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "x/y",
            "stringData": {"k": text(random)}}),
        22 => json!({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {
            "selector": labels, "type": "ExternalName", "externalName": "$(VAR).x"}}),
        23 => json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta,
            "spec": {"selector": {"matchLabels": labels}}}),
        24 => json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": meta,
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template":
            {"metadata": {"labels": labels}, "spec": pod(random)}}}),
        _ => json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": meta, "spec": {
            "ref": {"name": name, "kind": "ConfigMap"}, "size": 3, "image": "nginx:1",
            "list": [{"name": name, "labels": labels}, {"name": "z"}], "deep": {"er": {}},
            "text": text(random), "template": {"metadata": {}, "spec": pod(random)}}}),
    }
}
