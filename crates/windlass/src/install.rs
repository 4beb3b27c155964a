//! The manifests that run Windlass on a cluster.

use windlass_argo::crds;
use windlass_object::{Value, json, yaml};

/// What can be chosen.
#[derive(Debug)]
pub(crate) struct Options<'a> {
    /// Namespace to run in, and of the Applications.
    pub(crate) namespace: &'a str,
    /// Image of the binary.
    pub(crate) image: &'a str,
    /// Replicas.
    pub(crate) replicas: u32,
    /// Whether to act beside an Argo CD controller.
    pub(crate) takeover: bool,
}

const NAME: &str = "windlass";
/// Port for webhooks, metrics and probes.
const PORT: u16 = 8080;

/// Everything, as a YAML stream, in the order to apply it.
pub(crate) fn manifests(options: &Options<'_>) -> String {
    let mut objects: Vec<Value> = vec![json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": options.namespace},
    })];
    objects.extend(crds::all().into_iter().map(windlass_object::Object::into_value));
    objects.extend(access(options.namespace));
    objects.push(deployment(options));
    objects.push(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": metadata(options.namespace),
        "spec": {
            "selector": labels(),
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
    }));
    objects.push(metrics(options.namespace));
    objects.iter().map(|o| format!("---\n{}", yaml::to_string(o))).collect()
}

/// The service at which Argo CD's documented monitors look for the controller's metrics.
fn metrics(namespace: &str) -> Value {
    const NAME: &str = "argocd-metrics";
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": NAME, "namespace": namespace,
            "labels": {"app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": "argocd"},
        },
        "spec": {
            "selector": labels(),
            "ports": [{"name": "metrics", "port": 8082, "targetPort": "http", "protocol": "TCP"}],
        },
    })
}

fn labels() -> Value {
    json!({"app.kubernetes.io/name": NAME})
}

fn metadata(namespace: &str) -> Value {
    json!({"name": NAME, "namespace": namespace, "labels": labels()})
}

/// The account and its rights. It applies whatever Git holds, so its rights are a cluster
/// administrator's, as Argo CD's own are. Among them is to create the installation's key.
fn access(namespace: &str) -> Vec<Value> {
    const RBAC: &str = "rbac.authorization.k8s.io";
    vec![
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(namespace)}),
        json!({
            "apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole",
            "metadata": {"name": NAME, "labels": labels()},
            "rules": [
                {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
                {"nonResourceURLs": ["*"], "verbs": ["*"]},
            ],
        }),
        json!({
            "apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRoleBinding",
            "metadata": {"name": NAME, "labels": labels()},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}],
        }),
    ]
}

fn deployment(options: &Options<'_>) -> Value {
    let mut args = vec![
        "up".to_owned(),
        "--kubeconfig=in-cluster".to_owned(),
        "--leader-elect".to_owned(),
        format!("--namespace={}", options.namespace),
        format!("--http-listen=0.0.0.0:{PORT}"),
    ];
    if options.takeover {
        args.push("--takeover".to_owned());
    }
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": "http"}});
    let container = json!({
        "name": NAME, "image": options.image, "args": args,
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "livenessProbe": probe("/healthz"),
        "readinessProbe": probe("/readyz"),
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "cache", "mountPath": "/var/cache/windlass"}],
        "env": [
            {"name": "WINDLASS_CACHE", "value": "/var/cache/windlass"},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
    });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(options.namespace),
        "spec": {
            "replicas": options.replicas,
            "selector": {"matchLabels": labels()},
            "template": {
                "metadata": {"labels": labels()},
                "spec": {
                    "serviceAccountName": NAME,
                    "securityContext": {
                        "runAsNonRoot": true, "runAsUser": 65532, "fsGroup": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [container],
                    "volumes": [{"name": "cache", "emptyDir": {}}],
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_reads_back() {
        let options = Options { namespace: "gitops", image: "i:1", replicas: 2, takeover: false };
        let parsed = yaml::parse(manifests(&options).as_bytes(), &yaml::Options::strict());
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        let kinds: Vec<&str> =
            parsed.documents.iter().filter_map(|d| d.value["kind"].as_str()).collect();
        assert_eq!(
            kinds,
            [
                "Namespace",
                "CustomResourceDefinition",
                "CustomResourceDefinition",
                "ServiceAccount",
                "ClusterRole",
                "ClusterRoleBinding",
                "Deployment",
                "Service",
                "Service",
            ]
        );
    }
}
