//! Random objects of the kinds that transformers know, with few names, so that they refer to one
//! another and collide.

use serde_json::{Map, Value, json};

use crate::random::Random;

pub(crate) const NAMES: &[&str] = &["web", "api", "db", "cfg"];
const NAMESPACES: &[&str] = &["one", "two", "default"];
const IMAGES: &[&str] = &[
    "nginx",
    "nginx:1.25",
    "busybox@sha256:aaaa",
    "reg.example.com:5000/team/app:v1@sha256:bbbb",
    "ghcr.io/org/tool:latest",
];
/// Texts that YAML readers and writers must treat with care.
const TEXTS: &[&str] = &[
    "a",
    "b-c",
    "yes",
    "1",
    "1.0",
    "true",
    "null",
    "~",
    "",
    "a: b",
    "a/b/c",
    "x,y",
    "two\nlines\n",
    "$(VAR)",
    "é",
    "08",
    "1e3",
    " lead",
    "#no",
    "2024-01-01",
    "0x1f",
    "h.example.com:8080",
    "one\n\ntwo\n\n",
    "  indented\nless",
    "trailing \n",
    "tab\there",
    "{}",
    "- a",
    "日本語 and a very long line of words that goes on and on until it is wider than eighty columns",
    "a\nvery long line of words that goes on and on until it is wider than eighty columns, really\n",
    "https://example.com/a/very/long/address/without/any/space/in/it/that/is/wider/than/eighty/columns",
    "\u{1F600}",
    "0o17",
    "1_000",
    "12:30:45",
    "on",
    ".5",
    "'single'",
    "\"double\"",
    "%percent",
    "@at",
    "a #b",
    "a: ",
    "=",
    "!tag",
    "&anchor",
    "*alias",
    "?",
    "\r\n",
];

pub(crate) fn text(random: &mut Random) -> Value {
    Value::from(random.word(TEXTS))
}

fn name(random: &mut Random) -> Value {
    Value::from(random.word(NAMES))
}

/// A map of one to three texts.
pub(crate) fn pairs(random: &mut Random) -> Value {
    let mut map = Map::new();
    for _ in 0..=random.below(2) {
        let key = random.word(&["app", "tier", "example.com/part", "v"]);
        let value = random.word(&["web", "x", "1", "true", "b_c", "a.b"]);
        map.insert(key.to_owned(), Value::from(value));
    }
    Value::Object(map)
}

fn metadata(random: &mut Random, namespaced: bool) -> Value {
    let mut meta = Map::from_iter([("name".to_owned(), name(random))]);
    if namespaced && random.percent(30) {
        meta.insert("namespace".to_owned(), random.word(NAMESPACES).into());
    }
    if random.percent(40) {
        meta.insert("labels".to_owned(), pairs(random));
    }
    if random.percent(30) {
        let mut annotations = pairs(random);
        annotations["note"] = text(random);
        meta.insert("annotations".to_owned(), annotations);
    }
    Value::Object(meta)
}

fn container(random: &mut Random, called: &str) -> Value {
    let mut out = json!({"name": called, "image": random.word(IMAGES)});
    if random.percent(50) {
        let mut env = vec![json!({"name": "A", "value": text(random)})];
        if random.percent(50) {
            env.push(json!({"name": "B", "valueFrom": {
                "configMapKeyRef": {"name": name(random), "key": "k"}}}));
        }
        if random.percent(50) {
            env.push(json!({"name": "C", "valueFrom": {
                "secretKeyRef": {"name": name(random), "key": "k"}}}));
        }
        out["env"] = env.into();
    }
    if random.percent(30) {
        let from = random.word(&["configMapRef", "secretRef"]);
        out["envFrom"] = json!([{from: {"name": name(random)}}]);
    }
    if random.percent(40) {
        let mut ports = vec![json!({"containerPort": 80})];
        if random.percent(50) {
            ports.push(json!({"containerPort": 80, "protocol": "UDP", "name": "u"}));
        }
        if random.percent(50) {
            ports.push(json!({"containerPort": 8080, "name": "http"}));
        }
        out["ports"] = ports.into();
    }
    if random.percent(30) {
        out["args"] = json!(["-a", text(random), "$(VAR)"]);
    }
    if random.percent(30) {
        out["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"},
            {"name": "v", "mountPath": "/w", "subPath": "s"}]);
    }
    if random.percent(20) {
        out["resources"] = json!({"limits": {"cpu": 1, "memory": "1Gi"}});
    }
    out
}

fn pod_spec(random: &mut Random) -> Value {
    let mut out = json!({"containers": [container(random, "main")]});
    if random.percent(40) {
        let second = container(random, "side");
        out["containers"].as_array_mut().into_iter().for_each(|list| list.push(second.clone()));
    }
    if random.percent(30) {
        out["initContainers"] = json!([container(random, "init")]);
    }
    if random.percent(40) {
        let volume = match random.below(4) {
            0 => json!({"name": "v", "configMap": {"name": name(random)}}),
            1 => json!({"name": "v", "secret": {"secretName": name(random)}}),
            2 => json!({"name": "v", "persistentVolumeClaim": {"claimName": name(random)}}),
            _ => json!({"name": "v", "projected": {"sources": [
                {"configMap": {"name": name(random)}}, {"secret": {"name": name(random)}}]}}),
        };
        out["volumes"] = json!([volume, {"name": "tmp", "emptyDir": {}}]);
    }
    if random.percent(30) {
        out["serviceAccountName"] = name(random);
    }
    if random.percent(20) {
        out["imagePullSecrets"] = json!([{"name": name(random)}]);
    }
    if random.percent(20) {
        out["tolerations"] = json!([{"key": "a", "operator": "Exists"}]);
        out["nodeSelector"] = pairs(random);
    }
    if random.percent(15) {
        out["topologySpreadConstraints"] = json!([{"maxSkew": 1, "topologyKey": "zone",
            "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": pairs(random)}}]);
        out["priorityClassName"] = name(random);
    }
    out
}

fn template(random: &mut Random) -> Value {
    let mut out = json!({"spec": pod_spec(random)});
    if random.percent(80) {
        out["metadata"] = json!({"labels": pairs(random)});
    }
    out
}

fn workload(random: &mut Random, kind: &str) -> Value {
    let mut spec = json!({"template": template(random)});
    if random.percent(70) {
        spec["selector"] = json!({"matchLabels": pairs(random)});
    }
    if random.percent(60) {
        spec["replicas"] = random.below(4).into();
    }
    if kind == "StatefulSet" {
        spec["serviceName"] = name(random);
        spec["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": name(random)}}]);
    }
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata(random, true), "spec": spec})
}

fn binding(random: &mut Random, kind: &str) -> Value {
    let role =
        if kind == "RoleBinding" { random.word(&["Role", "ClusterRole"]) } else { "ClusterRole" };
    let mut subjects = vec![
        json!({"kind": "ServiceAccount", "name": name(random), "namespace": random.word(NAMESPACES)}),
    ];
    if random.percent(50) {
        subjects.push(json!({"kind": "ServiceAccount", "name": "default"}));
    }
    if random.percent(30) {
        subjects
            .push(json!({"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"}));
    }
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
        "metadata": metadata(random, kind == "RoleBinding"),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name(random)},
        "subjects": subjects})
}

fn thing(random: &mut Random) -> Value {
    let mut spec = json!({
        "text": text(random), "number": random.below(9), "flag": random.percent(50),
        "list": [{"name": "a", "v": text(random)}, {"name": "b", "v": 1.5}],
        "plain": [text(random), 2, "z"],
    });
    if random.percent(40) {
        spec["configMapName"] = name(random);
        spec["podTemplate"] = json!({"spec": pod_spec(random)});
    }
    if random.percent(30) {
        spec["json"] = "{\"a\": {\"b\": \"c\"}, \"l\": [1, {\"x\": \"y\"}]}".into();
    }
    let version = random.word(&["example.com/v1", "example.com/v1beta1", "other.io/v1"]);
    json!({"apiVersion": version, "kind": "Thing", "metadata": metadata(random, true), "spec": spec})
}

/// An object.
pub(crate) fn object(random: &mut Random) -> Value {
    let meta = metadata(random, true);
    let wide = metadata(random, false);
    match random.below(26) {
        0..=3 => workload(random, "Deployment"),
        4 => workload(random, "StatefulSet"),
        5 => workload(random, "DaemonSet"),
        6 => json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": {
            "schedule": "* * * * *", "jobTemplate": {"spec": {"template": template(random)}}}}),
        7 => json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta,
            "spec": {"template": template(random)}}),
        8 => json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod_spec(random)}),
        9 | 10 => json!({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {
            "selector": pairs(random), "ports": [{"port": 80, "targetPort": "http"},
            {"port": 80, "protocol": "UDP"}]}}),
        11 => json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta,
            "spec": {"tls": [{"secretName": name(random), "hosts": ["h"]}],
            "rules": [{"host": "h.example.com", "http": {"paths": [{"path": "/", "pathType":
            "Prefix", "backend": {"service": {"name": name(random), "port": {"number": 80}}}}]}}]}}),
        12 | 13 => json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta,
            "data": {"k": text(random), "host": "h.example.com", "n": "8080"}}),
        14 => json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque",
            "data": {"k": "YQ=="}, "stringData": {"s": text(random)}}),
        15 => json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta,
            "imagePullSecrets": [{"name": name(random)}]}),
        16 => {
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta,
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"],
            "resourceNames": [name(random), "other"]}]})
        }
        17 => binding(random, "RoleBinding"),
        18 => binding(random, "ClusterRoleBinding"),
        19 => json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": wide, "aggregationRule": {"clusterRoleSelectors": [
            {"matchLabels": pairs(random)}]}, "rules": []}),
        20 => json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": meta, "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1",
            "kind": random.word(&["Deployment", "StatefulSet"]), "name": name(random)}}}),
        21 => json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta,
            "spec": {"storageClassName": name(random), "volumeName": name(random)}}),
        22 => match random.below(5) {
            0 => json!({"apiVersion": "v1", "kind": "Namespace", "metadata": wide}),
            1 => {
                json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": wide})
            }
            2 => json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": wide,
                "spec": {"storageClassName": name(random), "claimRef": {"name": name(random)}}}),
            3 => json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
                "metadata": wide, "value": 1}),
            _ => json!({"apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "ValidatingWebhookConfiguration", "metadata": wide, "webhooks": [
                {"name": "w", "clientConfig": {"service": {"name": name(random),
                "namespace": random.word(NAMESPACES)}}}]}),
        },
        23 => match random.below(2) {
            0 => json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": meta, "spec": {"podSelector": {"matchLabels": pairs(random)},
                "ingress": [{"from": [{"podSelector": {"matchLabels": pairs(random)}}]}]}}),
            _ => json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta,
                "spec": {"minAvailable": 1, "selector": {"matchLabels": pairs(random)}}}),
        },
        _ => thing(random),
    }
}
