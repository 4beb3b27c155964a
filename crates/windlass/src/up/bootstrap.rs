//! What the controllers need of a cluster before they start: the namespace, the CRDs, the default
//! project. What is there already is left as it is.

use anyhow::{Context, bail};
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, ResourceExt};
use std::time::Duration;
use windlass_argo::{crds, types::AppProject};
use windlass_object::{Object, json};

/// Label that Argo CD's controller carries in every way of installing it.
const CONTROLLER_LABEL: &str = "app.kubernetes.io/name=argocd-application-controller";

/// Makes what is missing.
///
/// # Errors
/// When the API refuses, or a CRD is not served within half a minute.
pub(super) async fn prepare(client: &Client, namespace: &str) -> anyhow::Result<()> {
    let namespaces: Api<DynamicObject> =
        Api::all_with(client.clone(), &resource("", "v1", "Namespace"));
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    create_if_absent(&namespaces, &object)
        .await
        .with_context(|| format!("cannot make the namespace {namespace}"))?;

    let definitions: Api<DynamicObject> = Api::all_with(
        client.clone(),
        &resource("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
    );
    for definition in crds::all() {
        let name = definition.name().to_owned();
        create_if_absent(&definitions, &definition.into_value())
            .await
            .with_context(|| format!("cannot apply the CRD {name}"))?;
        established(&definitions, &name).await?;
    }

    let projects: Api<DynamicObject> = Api::namespaced_with(
        client.clone(),
        namespace,
        &resource("argoproj.io", "v1alpha1", "AppProject"),
    );
    let mut project = serde_json::to_value(AppProject::default_project())?;
    project["apiVersion"] = json!("argoproj.io/v1alpha1");
    project["kind"] = json!("AppProject");
    create_if_absent(&projects, &project).await.context("cannot make the project default")
}

/// Refuses to go on where an Argo CD controller acts on the same Applications.
///
/// # Errors
/// When one runs, or the API cannot tell.
pub(super) async fn refuse_beside_argo_cd(client: &Client, namespace: &str) -> anyhow::Result<()> {
    for kind in ["StatefulSet", "Deployment"] {
        let api: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), namespace, &resource("apps", "v1", kind));
        let found = api
            .list(&ListParams::default().labels(CONTROLLER_LABEL))
            .await
            .with_context(|| format!("cannot look for a running Argo CD in {namespace}"))?;
        for controller in found {
            if controller.data["spec"]["replicas"].as_i64().unwrap_or(1) > 0 {
                let name = controller.name_any();
                bail!(
                    "an Argo CD controller runs here: {} {namespace}/{name}. Two controllers on the \
                     same Applications undo each other's work. Stop it with `kubectl -n {namespace} \
                     scale {}/{name} --replicas=0`, or say --takeover if it is about to stop",
                    kind.to_lowercase(),
                    kind.to_lowercase(),
                );
            }
        }
    }
    Ok(())
}

/// Creates an object unless one of its name is there.
///
/// # Errors
/// Whatever the API answers, other than that it exists.
pub(super) async fn create_if_absent(
    api: &Api<DynamicObject>,
    object: &windlass_object::Value,
) -> anyhow::Result<()> {
    let object: DynamicObject = serde_json::from_value(object.clone())?;
    if api.get_metadata_opt(&object.name_any()).await?.is_some() {
        return Ok(());
    }
    let params = PostParams { field_manager: Some("windlass".to_owned()), ..PostParams::default() };
    match api.create(&params, &object).await {
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        other => Ok(other.map(|_| ())?),
    }
}

async fn established(api: &Api<DynamicObject>, name: &str) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let definition = Object::try_from(serde_json::to_value(api.get(name).await?)?)?;
        let conditions = definition.get(&["status", "conditions"]);
        let done = conditions
            .and_then(|c| c.as_array())
            .is_some_and(|c| c.iter().any(|c| c["type"] == "Established" && c["status"] == "True"));
        if done {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            bail!("the CRD {name} is not served after 30 s: see its status.conditions");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The resource of a kind whose plural is regular.
pub(super) fn resource(group: &str, version: &str, kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}
