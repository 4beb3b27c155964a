//! Applications and manifests as stories write them.

use windlass_object::{Value, json};

/// An Application to be.
#[derive(Clone, Debug)]
pub struct App {
    value: Value,
}

impl App {
    /// Delivers `path` of the repository at `url` to `namespace`, which is made.
    pub fn new(control: &str, name: &str, url: &str, path: &str, namespace: &str) -> Self {
        Self {
            value: json!({
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                "metadata": {"name": name, "namespace": control},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": url, "path": path, "targetRevision": "HEAD"},
                    "destination": {
                        "server": "https://kubernetes.default.svc", "namespace": namespace,
                    },
                    "syncPolicy": {"syncOptions": ["CreateNamespace=true"]},
                },
            }),
        }
    }

    /// Syncs by itself.
    pub fn automated(mut self, automated: Value) -> Self {
        self.value["spec"]["syncPolicy"]["automated"] = automated;
        self
    }

    /// Takes its objects with it when it is deleted.
    pub fn cascading(mut self) -> Self {
        self.value["metadata"]["finalizers"] = json!(["resources-finalizer.argocd.argoproj.io"]);
        self
    }

    /// Sets a field of the spec.
    pub fn spec(mut self, key: &str, value: Value) -> Self {
        self.value["spec"][key] = value;
        self
    }

    /// As an object.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// Manifests in few words.
pub mod manifest {
    /// A ConfigMap with one entry.
    pub fn config_map(name: &str, value: &str) -> String {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: {value:?}\n"
        )
    }

    /// The same in a wave.
    pub fn config_map_in_wave(name: &str, value: &str, wave: i32) -> String {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  annotations:\n    \
             argocd.argoproj.io/sync-wave: \"{wave}\"\ndata:\n  key: {value:?}\n"
        )
    }

    /// A Deployment of one container, in a wave.
    pub fn deployment(name: &str, replicas: u32, wave: i32) -> String {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  annotations:\n    \
             argocd.argoproj.io/sync-wave: \"{wave}\"\nspec:\n  replicas: {replicas}\n  selector:\n    \
             matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    \
             spec:\n      containers:\n      - name: main\n        image: registry.example/{name}:1\n"
        )
    }

    /// A Service for the Deployment of the same name.
    pub fn service(name: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector: {{app: {name}}}\n  \
             ports:\n  - port: 80\n"
        )
    }
}
