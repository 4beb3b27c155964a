//! The Kubernetes API as a story uses it: blocking, untyped.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use kube::api::{
    Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, PropagationPolicy,
};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Config};
use windlass_object::{Value, json};

use crate::{PATIENCE, Sightings};

/// A blocking client.
pub struct ApiClient {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl ApiClient {
    /// Connects as the kubeconfig says.
    pub fn connect(kubeconfig: &Path) -> Result<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let client = runtime.block_on(async {
            let file = Kubeconfig::read_from(kubeconfig)?;
            let config =
                Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
            anyhow::Ok(Client::try_from(config)?)
        })?;
        Ok(Self { client, runtime })
    }

    /// `kind` is `v1/ConfigMap` or `apps/v1/Deployment`; an empty namespace is none.
    fn api(&self, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let (version, kind) = kind.rsplit_once('/').unwrap_or(("v1", kind));
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        if namespace.is_empty() {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), namespace, &resource)
        }
    }

    /// The object, if it is there.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Result<Option<Value>> {
        let found = self.runtime.block_on(self.api(kind, namespace).get_opt(name))?;
        Ok(found.map(serde_json::to_value).transpose()?)
    }

    /// The objects of a kind.
    pub fn list(&self, kind: &str, namespace: &str) -> Result<Vec<Value>> {
        let list = self.runtime.block_on(self.api(kind, namespace).list(&ListParams::default()))?;
        let (version, name) = kind.rsplit_once('/').unwrap_or(("v1", kind));
        let typed = |object| {
            let mut object = serde_json::to_value(object)?;
            // Items of a list do not say what they are.
            object["apiVersion"] = json!(version);
            object["kind"] = json!(name);
            Ok(object)
        };
        list.items.into_iter().map(typed).collect()
    }

    /// Notes who is ever there of a kind in a namespace, from now on.
    pub fn sightings(&self, kind: &str, namespace: &str) -> Sightings {
        let (version, kind) = kind.rsplit_once('/').unwrap_or(("v1", kind));
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        let gvk = GroupVersionKind::gvk(group, version, kind);
        Sightings::start(&self.runtime, self.client.clone(), &gvk, namespace)
    }

    /// Creates an object.
    pub fn create(&self, object: &Value) -> Result<()> {
        let (kind, namespace, name) = identity(object);
        let object = serde_json::from_value(object.clone())?;
        self.runtime
            .block_on(self.api(&kind, &namespace).create(&PostParams::default(), &object))
            .with_context(|| format!("creating {kind} {namespace}/{name}"))?;
        Ok(())
    }

    /// Creates an object and gives what the API says when it refuses; null when it does not.
    pub fn refusal(&self, object: &Value) -> Result<Value> {
        let (kind, namespace, _) = identity(object);
        let object = serde_json::from_value(object.clone())?;
        let created = self.api(&kind, &namespace);
        match self.runtime.block_on(created.create(&PostParams::default(), &object)) {
            Ok(_) => Ok(Value::Null),
            Err(kube::Error::Api(status)) => Ok(serde_json::to_value(status)?),
            Err(error) => Err(error.into()),
        }
    }

    /// Merges `patch` into an object, as the manager `kubectl-edit`.
    pub fn patch(&self, kind: &str, namespace: &str, name: &str, patch: &Value) -> Result<()> {
        self.patch_as("kubectl-edit", kind, namespace, name, patch)
    }

    /// The same as another manager.
    pub fn patch_as(
        &self,
        manager: &str,
        kind: &str,
        namespace: &str,
        name: &str,
        patch: &Value,
    ) -> Result<()> {
        let params =
            PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
        self.runtime
            .block_on(self.api(kind, namespace).patch(name, &params, &Patch::Merge(patch)))
            .with_context(|| format!("patching {kind} {namespace}/{name}"))?;
        Ok(())
    }

    /// Makes an object be so, as `kubectl apply --server-side --force-conflicts` does.
    pub fn apply(&self, object: &Value) -> Result<()> {
        let (kind, namespace, name) = identity(object);
        let params = PatchParams::apply("kubectl").force();
        self.runtime
            .block_on(self.api(&kind, &namespace).patch(&name, &params, &Patch::Apply(object)))
            .with_context(|| format!("applying {kind} {namespace}/{name}"))?;
        Ok(())
    }

    /// Merges `patch` into an object's status.
    pub fn patch_status(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        patch: &Value,
    ) -> Result<()> {
        let patch = Patch::Merge(patch);
        let params = PatchParams::default();
        self.runtime
            .block_on(self.api(kind, namespace).patch_status(name, &params, &patch))
            .with_context(|| format!("patching the status of {kind} {namespace}/{name}"))?;
        Ok(())
    }

    /// Asks for deletion; an object that is gone is fine.
    pub fn delete(&self, kind: &str, namespace: &str, name: &str) -> Result<()> {
        self.delete_with(kind, namespace, name, None)
    }

    /// The same with a propagation policy: `Foreground`, `Background` or `Orphan`.
    pub fn delete_with(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        propagation: Option<&str>,
    ) -> Result<()> {
        let propagation_policy = propagation.map(|word| match word {
            "Foreground" => PropagationPolicy::Foreground,
            "Orphan" => PropagationPolicy::Orphan,
            _ => PropagationPolicy::Background,
        });
        let params = DeleteParams { propagation_policy, ..DeleteParams::default() };
        match self.runtime.block_on(self.api(kind, namespace).delete(name, &params)) {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            other => Ok(other.map(|_| ())?),
        }
    }

    /// Waits until `condition` says yes about the object (`Null` when it is not there), and gives
    /// it. The error shows the object as it was last.
    pub fn wait(
        &self,
        what: &str,
        (kind, namespace, name): (&str, &str, &str),
        mut condition: impl FnMut(&Value) -> bool,
    ) -> Result<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            // A connection that is cut (a story kills servers) is asked again.
            let last = self.get(kind, namespace, name);
            let object = last.as_ref().ok().cloned().flatten().unwrap_or(json!(null));
            if last.is_ok() && condition(&object) {
                return Ok(object);
            }
            if Instant::now() > end {
                let shown = serde_json::to_string_pretty(&without_noise(object))?;
                bail!(
                    "{what}: not within {PATIENCE:?}: {kind} {namespace}/{name} is {shown} {last:?}",
                    last = last.err()
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn identity(object: &Value) -> (String, String, String) {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let kind = format!("{}/{}", text(&object["apiVersion"]), text(&object["kind"]));
    (kind, text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]))
}

fn without_noise(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}
