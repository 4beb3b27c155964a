//! What gives Argo CD access to a cluster: a service account, its role, its token.

use std::path::Path;
use std::time::Duration;

use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client, Config};
use secrecy::SecretString;
use windlass_object::{Value, json};

use super::super::kube::{Data, core};
use crate::cli::app::refused;
use crate::cli::failure::Failure;
use crate::cli::output;

pub(super) const ACCOUNT: &str = "argocd-manager";
const ROLE: &str = "argocd-manager-role";
const BINDING: &str = "argocd-manager-role-binding";
/// Namespace of the account unless another is named.
pub(super) const SYSTEM: &str = "kube-system";
/// How long a token may take to come.
const TOKEN: Duration = Duration::from_secs(30);

fn rbac(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("rbac.authorization.k8s.io", "v1", kind))
}

/// A client for a context of the kubeconfig (of this file, or the usual one), and the kubeconfig.
pub(super) async fn client(
    file: Option<&Path>,
    context: &str,
) -> anyhow::Result<(Client, Kubeconfig)> {
    let kubeconfig = file
        .map_or_else(Kubeconfig::read, Kubeconfig::read_from)
        .map_err(|e| Failure::generic(format!("cannot read the kubeconfig: {e}")))?;
    if !kubeconfig.contexts.iter().any(|known| known.name == context) {
        let text = format!("context {context} does not exist in kubeconfig");
        return Err(Failure::generic(text));
    }
    let choice =
        KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &choice)
        .await
        .map_err(|e| Failure::generic(format!("cannot use the context {context}: {e}")))?;
    Ok((Client::try_from(config)?, kubeconfig))
}

fn told(text: &str) {
    output::warn(&format!("info: {text}"));
}

async fn apply(api: &Api<DynamicObject>, kind: &str, object: &Value) -> anyhow::Result<()> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let known = api.get_opt(name).await.map_err(|e| refused(&e))?.is_some();
    let params = PatchParams::apply("windlass").force();
    api.patch(name, &params, &Patch::Apply(object)).await.map_err(|e| refused(&e))?;
    told(&format!("{kind} {name:?} {}", if known { "updated" } else { "created" }));
    Ok(())
}

/// Makes the account with a role for all of the cluster, or of some namespaces, and gives its token.
pub(super) async fn install(
    client: &Client,
    system: &str,
    namespaces: &[String],
) -> anyhow::Result<SecretString> {
    let everything = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]});
    let accounts = Api::namespaced_with(client.clone(), system, &core("ServiceAccount"));
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": ACCOUNT, "namespace": system},
    });
    apply(&accounts, "ServiceAccount", &account).await?;
    let subjects = json!([{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": system}]);
    let object = |kind: &str, name: &str, rest: Value| {
        let mut object = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
            "metadata": {"name": name},
        });
        for (key, value) in rest.as_object().into_iter().flatten() {
            object[key] = value.clone();
        }
        object
    };
    let reference = |kind: &str| {
        json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": ROLE},
               "subjects": subjects})
    };
    if namespaces.is_empty() {
        let urls = json!({"nonResourceURLs": ["*"], "verbs": ["*"]});
        let role = object("ClusterRole", ROLE, json!({"rules": [everything, urls]}));
        apply(&Api::all_with(client.clone(), &rbac("ClusterRole")), "ClusterRole", &role).await?;
        let binding = object("ClusterRoleBinding", BINDING, reference("ClusterRole"));
        let bindings = Api::all_with(client.clone(), &rbac("ClusterRoleBinding"));
        apply(&bindings, "ClusterRoleBinding", &binding).await?;
    }
    for namespace in namespaces {
        let role = object("Role", ROLE, json!({"rules": [everything]}));
        let api = |kind: &str| Api::namespaced_with(client.clone(), namespace, &rbac(kind));
        apply(&api("Role"), "Role", &role).await?;
        let binding = object("RoleBinding", BINDING, reference("Role"));
        apply(&api("RoleBinding"), "RoleBinding", &binding).await?;
    }
    token(client, system, ACCOUNT).await
}

/// The long-lived token of a service account; made if there is none.
pub(super) async fn token(
    client: &Client,
    namespace: &str,
    account: &str,
) -> anyhow::Result<SecretString> {
    let secrets: Api<DynamicObject> =
        Api::namespaced_with(client.clone(), namespace, &core("Secret"));
    let name = format!("{account}-long-lived-token");
    if secrets.get_opt(&name).await.map_err(|e| refused(&e))?.is_none() {
        let secret: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
            "metadata": {"name": name, "namespace": namespace,
                         "annotations": {"kubernetes.io/service-account.name": account}},
        }))?;
        secrets.create(&PostParams::default(), &secret).await.map_err(|e| refused(&e))?;
        told(&format!("Created bearer token secret {name:?} for ServiceAccount {account:?}"));
    }
    let asked = async {
        loop {
            let secret = secrets.get(&name).await.map_err(|e| refused(&e))?;
            let token = Data::of(&serde_json::to_value(secret)?).secret("token");
            if !secrecy::ExposeSecret::expose_secret(&token).is_empty() {
                return Ok(token);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(TOKEN, asked).await.unwrap_or_else(|_| {
        Err(Failure::generic(format!(
            "failed to get token for serviceaccount {account:?}: the secret {namespace}/{name} has \
             none after {} s",
            TOKEN.as_secs()
        )))
    })
}

/// Takes the account and its role away, if the kubeconfig has a context of this name.
pub(super) async fn remove(context: &str) -> anyhow::Result<()> {
    let (client, _) = client(None, context).await?;
    let system = |kind: &str| Api::namespaced_with(client.clone(), SYSTEM, &core(kind));
    let all = |kind: &str| Api::all_with(client.clone(), &rbac(kind));
    let objects: [(Api<DynamicObject>, &str, &str); 4] = [
        (all("ClusterRoleBinding"), "ClusterRoleBinding", BINDING),
        (all("ClusterRole"), "ClusterRole", ROLE),
        (system("Secret"), "Secret", "argocd-manager-long-lived-token"),
        (system("ServiceAccount"), "ServiceAccount", ACCOUNT),
    ];
    for (api, kind, name) in objects {
        match api.delete(name, &DeleteParams::default()).await {
            Ok(_) => told(&format!("{kind} {name:?} deleted")),
            Err(kube::Error::Api(status)) if status.code == 404 => {
                told(&format!("{kind} {name:?} not found"));
            }
            Err(error) => return Err(refused(&error)),
        }
    }
    Ok(())
}
