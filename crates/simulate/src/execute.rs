//! Carries out actions through the API and takes the answers into the world.

use std::sync::Arc;

use http::Request;
use kube::Client;
use parking_lot::RwLock;
use serde_json::{Value, json};
use windlass_object::Object;

use crate::plan::{Action, Propagation, Target};
use crate::resource::{Kind, KindId, Resource};
use crate::world::{Change, World};

/// Why an action did not succeed; the key is tried again later.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the API refused")]
    Api(#[from] kube::Error),
    #[error("the request could not be built")]
    Request(#[from] http::Error),
    #[error("the request could not be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("namespace {namespace} still holds {plural}")]
    NotEmpty { namespace: String, plural: String },
}

/// The API as the simulation's controllers write to it.
#[derive(Clone)]
pub(crate) struct Executor {
    pub(crate) client: Client,
    pub(crate) world: Arc<RwLock<World>>,
}

/// The field manager of a write, as a cluster's own components call themselves.
fn manager(kind: &str) -> &'static str {
    match kind {
        "Pod" | "Node" | "Lease" => "kubelet",
        _ => "kube-controller-manager",
    }
}

fn is_code(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}

impl Executor {
    /// Carries out one action. Gives what changed.
    pub(crate) async fn execute(&self, action: &Action) -> Result<Vec<Change>, Error> {
        match action {
            Action::Create { kind, object } => self.create(*kind, object).await,
            Action::Patch { target, subresource, patch } => {
                self.patch(target, subresource, patch).await
            }
            Action::Delete { target, propagation, grace_seconds } => {
                self.delete(target, *propagation, *grace_seconds).await
            }
            Action::Collect { target, owners, propagation } => {
                for owner in owners {
                    if self.exists(owner).await? {
                        return Ok(Vec::new());
                    }
                }
                self.delete(target, *propagation, None).await
            }
            Action::Bind { target, node } => self.bind(target, node).await,
            Action::FinalizeNamespace { target } => self.finalize(target).await,
        }
    }

    async fn create(&self, kind: Kind, object: &Object) -> Result<Vec<Change>, Error> {
        let resource = kind.resource();
        let uri = format!(
            "{}?fieldManager={}",
            resource.path(object.namespace()),
            manager(&resource.kind)
        );
        match self.send("POST", &uri, "application/json", &object.to_value()).await {
            Ok(answer) => Ok(self.put(resource, answer)),
            Err(Error::Api(error)) if is_code(&error, 409) && !object.name().is_empty() => {
                let uri = format!("{}/{}", resource.path(object.namespace()), object.name());
                let there = self.client.request(Request::get(uri).body(Vec::new())?).await?;
                Ok(self.put(resource, there))
            }
            Err(error) => Err(error),
        }
    }

    async fn patch(
        &self,
        target: &Target,
        subresource: &str,
        patch: &Value,
    ) -> Result<Vec<Change>, Error> {
        let slash = if subresource.is_empty() { "" } else { "/" };
        let uri = format!(
            "{}{slash}{subresource}?fieldManager={}",
            path(target),
            manager(&target.resource.kind)
        );
        // Names are used again, by StatefulSets for instance: the patch is for this identity.
        let mut body = patch.clone();
        body["metadata"]["uid"] = json!(target.uid);
        match self.send("PATCH", &uri, "application/merge-patch+json", &body).await {
            Ok(answer) => Ok(self.put(&target.resource, answer)),
            Err(Error::Api(error)) if is_code(&error, 404) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn delete(
        &self,
        target: &Target,
        propagation: Propagation,
        grace_seconds: Option<u32>,
    ) -> Result<Vec<Change>, Error> {
        let policy = match propagation {
            Propagation::Background => "Background",
            Propagation::Foreground => "Foreground",
            Propagation::Orphan => "Orphan",
        };
        let mut options = json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy,
            "preconditions": {"uid": target.uid},
        });
        if let Some(seconds) = grace_seconds {
            options["gracePeriodSeconds"] = json!(seconds);
        }
        let answer = match self.send("DELETE", &path(target), "application/json", &options).await {
            Ok(answer) => answer,
            // Gone, or another object by now: nothing is left to delete.
            Err(Error::Api(error)) if is_code(&error, 404) => Value::Null,
            Err(error) => return Err(error),
        };
        let still_there = answer["metadata"]["uid"].as_str() == Some(&target.uid)
            && (answer["metadata"]["finalizers"].as_array().is_some_and(|list| !list.is_empty())
                || answer["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) > 0
                || target.resource.kind == "Namespace");
        if still_there {
            return Ok(self.put(&target.resource, answer));
        }
        let mut world = self.world.write();
        let Some(place) = world.place(&target.uid).cloned() else { return Ok(Vec::new()) };
        let Some(old) = world.get(place.kind, &place.namespace, &place.name).cloned() else {
            return Ok(Vec::new());
        };
        Ok(world.remove(place.kind, &old).into_iter().collect())
    }

    async fn exists(&self, target: &Target) -> Result<bool, Error> {
        match self.client.request::<Value>(Request::get(path(target)).body(Vec::new())?).await {
            Ok(found) => Ok(found["metadata"]["uid"].as_str() == Some(&target.uid)),
            Err(error) if is_code(&error, 404) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn bind(&self, target: &Target, node: &str) -> Result<Vec<Change>, Error> {
        let body = json!({
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": target.name, "namespace": target.namespace, "uid": target.uid},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        });
        let uri = format!("{}/binding?fieldManager=kube-scheduler", path(target));
        match self.send("POST", &uri, "application/json", &body).await {
            Ok(_) => {}
            Err(Error::Api(error)) if is_code(&error, 404) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        let bound = self.client.request(Request::get(path(target)).body(Vec::new())?).await?;
        Ok(self.put(&target.resource, bound))
    }

    /// The world may lag behind, so the API is asked whether anything is left.
    async fn finalize(&self, target: &Target) -> Result<Vec<Change>, Error> {
        let resources: Vec<Resource> = self
            .world
            .read()
            .resources()
            .filter(|(_, resource)| resource.namespaced)
            .map(|(_, resource)| resource.clone())
            .collect();
        for resource in resources {
            let uri = format!("{}?limit=1", resource.path(&target.name));
            let list: Value = match self.client.request(Request::get(uri).body(Vec::new())?).await {
                Err(error) if is_code(&error, 404) => continue,
                other => other?,
            };
            if list["items"].as_array().is_some_and(|items| !items.is_empty()) {
                return Err(Error::NotEmpty {
                    namespace: target.name.clone(),
                    plural: resource.plural.clone(),
                });
            }
        }
        let events = format!("/api/v1/namespaces/{}/events", target.name);
        match self.send("DELETE", &events, "application/json", &json!({})).await {
            Err(Error::Api(error)) if is_code(&error, 404) || is_code(&error, 405) => {}
            other => drop(other?),
        }
        let body = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": target.name, "uid": target.uid},
            "spec": {"finalizers": []},
        });
        let uri = format!("{}/finalize", path(target));
        match self.send("PUT", &uri, "application/json", &body).await {
            Ok(_) => Ok(Vec::new()),
            Err(Error::Api(error)) if is_code(&error, 404) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn send(
        &self,
        method: &str,
        uri: &str,
        content_type: &str,
        body: &Value,
    ) -> Result<Value, Error> {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("content-type", content_type)
            .header("accept", "application/json")
            .body(serde_json::to_vec(body)?)?;
        Ok(self.client.request(request).await?)
    }

    fn put(&self, resource: &Resource, answer: Value) -> Vec<Change> {
        let Ok(object) = Object::try_from(answer) else { return Vec::new() };
        if object.kind() != resource.kind {
            return Vec::new(); // such as the Scale of a subresource
        }
        let mut world = self.world.write();
        let kind = Kind::of(&resource.group, &resource.kind).map(KindId::from).or_else(|| {
            world
                .resources()
                .find(|(_, known)| known.group == resource.group && known.plural == resource.plural)
                .map(|(kind, _)| kind)
        });
        kind.and_then(|kind| world.put(kind, object)).into_iter().collect()
    }
}

fn path(target: &Target) -> String {
    format!("{}/{}", target.resource.path(&target.namespace), target.name)
}
