//! The objects that every cluster has from the start.

use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use serde_json::Value;
use windlass_object::{Object, yaml};

use crate::auth::{MASTERS, UserInfo};
use crate::http::query::WriteOptions;
use crate::registry::{Call, Registry, Warnings};

const OBJECTS: &str = include_str!("bootstrap.yaml");
const MANAGER: &str = "kube-apiserver";

/// Makes what is missing. `ca_pem` goes where clients in the cluster look for it.
pub(crate) async fn run(registry: &Arc<Registry>, ca_pem: &str) -> Result<(), String> {
    let parsed = yaml::parse(OBJECTS.as_bytes(), &yaml::Options::default());
    let objects = parsed.documents.into_iter().filter_map(|doc| Object::try_from(doc.value).ok());
    let (namespaces, mut others): (Vec<Object>, Vec<Object>) =
        objects.partition(|object| object.kind() == "Namespace");
    for object in &mut others {
        if object.group() == "rbac.authorization.k8s.io" {
            object.set_label("kubernetes.io/bootstrapping", "rbac-defaults");
            object.set_annotation("rbac.authorization.kubernetes.io/autoupdate", "true");
        }
    }
    for namespace in &namespaces {
        let bundle = serde_json::json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "kube-root-ca.crt", "namespace": namespace.name()},
            "data": {"ca.crt": ca_pem},
        });
        others.extend(Object::try_from(bundle));
    }
    for group in [namespaces, others] {
        let made = join_all(group.into_iter().map(|object| make(registry, object))).await;
        made.into_iter().collect::<Result<Vec<()>, String>>()?;
    }
    Ok(())
}

async fn make(registry: &Arc<Registry>, object: Object) -> Result<(), String> {
    let snapshot = registry.catalog.snapshot();
    let resource = snapshot
        .kind(&object.gvk())
        .ok_or_else(|| format!("{} is not in the catalog", object.gvk()))?;
    let namespace = object.namespace().to_owned();
    if let Some(found) = registry.find(&resource.group, &resource.plural, &namespace, object.name())
    {
        return refresh(registry, &object, &found).await;
    }
    let (user, warnings) =
        (UserInfo::authenticated("system:apiserver", &[MASTERS]), Warnings::default());
    let name = object.name().to_owned();
    let call = Call {
        registry,
        resource: Arc::clone(resource),
        subresource: "",
        namespace: &namespace,
        name: &name,
        user: &user,
        user_agent: MANAGER,
        warnings: &warnings,
        now: Timestamp::now(),
    };
    let options = WriteOptions { field_manager: MANAGER.to_owned(), ..WriteOptions::default() };
    match call.create(object, &options).await {
        Err(status) if status.reason != "AlreadyExists" => Err(format!("{name}: {status}")),
        _ => Ok(()),
    }
}

/// Rules of the server's own roles follow its version, unless someone has said that they shall not.
async fn refresh(registry: &Arc<Registry>, wanted: &Object, found: &Object) -> Result<(), String> {
    let rules = wanted.get(&["rules"]);
    let own = found.annotation("rbac.authorization.kubernetes.io/autoupdate") == Some("true");
    if rules.is_none() || !own || rules == found.get(&["rules"]) {
        return Ok(());
    }
    let mut object = found.clone();
    object.set(&["rules"], rules.cloned().unwrap_or(Value::Null));
    registry.overwrite(&object).await
}
