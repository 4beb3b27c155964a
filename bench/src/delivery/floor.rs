//! The same objects, applied straight: what is left of a tool's time is Kubernetes' own.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use kube::Client;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use windlass_object::{Object, json, yaml};

/// How many requests at once: more do not make kube-apiserver faster on two cores.
const AT_ONCE: usize = 32;

/// Applies each file in a namespace of its own, and waits until every Deployment is available.
///
/// # Errors
/// When the API refuses an object, or `limit` is over.
pub(crate) async fn apply_all(
    client: &Client,
    files: &[(String, String)],
    limit: Duration,
) -> Result<()> {
    let mut namespaces = Vec::new();
    let mut objects = Vec::new();
    for (i, (_, text)) in files.iter().enumerate() {
        let namespace = format!("app-{i}");
        namespaces.push(Object::try_from(json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace},
        }))?);
        let parsed = yaml::parse(text.as_bytes(), &yaml::Options::default());
        ensure!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        for document in parsed.documents {
            let mut object = Object::try_from(document.value)?;
            object.set(&["metadata", "namespace"], namespace.clone());
            objects.push(object);
        }
    }
    apply(client, &namespaces).await?;
    apply(client, &objects).await?;
    let deployments: Api<DynamicObject> =
        Api::all_with(client.clone(), &resource("apps/v1", "Deployment"));
    let end = Instant::now() + limit;
    loop {
        let list = deployments.list(&ListParams::default()).await?;
        let done = list.iter().filter(|d| d.data["status"]["availableReplicas"] == 1).count();
        if done == files.len() {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("{done} of {} are available after {limit:?}", files.len());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn apply(client: &Client, objects: &[Object]) -> Result<()> {
    stream::iter(objects)
        .map(|object| async move {
            let kind = resource(object.api_version(), object.kind());
            let api: Api<DynamicObject> = match object.namespace() {
                "" => Api::all_with(client.clone(), &kind),
                namespace => Api::namespaced_with(client.clone(), namespace, &kind),
            };
            let params = PatchParams::apply("bench");
            api.patch(object.name(), &params, &Patch::Apply(object.to_value()))
                .await
                .with_context(|| format!("apply {object:?}"))?;
            anyhow::Ok(())
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}
