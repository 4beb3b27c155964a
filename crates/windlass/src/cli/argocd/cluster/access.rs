//! What gives Argo CD access to a cluster: a service account, its role, its token.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client, Config};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
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
const TOKEN_TYPE: &str = "kubernetes.io/service-account-token";
/// How long a token may take to come.
const TOKEN: Duration = Duration::from_secs(30);

fn rbac(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("rbac.authorization.k8s.io", "v1", kind))
}

/// The kubeconfig of this file, or the usual one.
pub(super) fn kubeconfig(file: Option<&Path>) -> anyhow::Result<Kubeconfig> {
    file.map_or_else(Kubeconfig::read, Kubeconfig::read_from)
        .map_err(|e| Failure::generic(format!("cannot read the kubeconfig: {e}")))
}

/// Whether the kubeconfig of this file, or the usual one, has a context.
pub(super) fn has_context(file: Option<&Path>, context: &str) -> anyhow::Result<bool> {
    Ok(kubeconfig(file)?.contexts.iter().any(|known| known.name == context))
}

/// A client for a context of the kubeconfig (of this file, or the usual one), and the kubeconfig.
pub(super) async fn client(
    file: Option<&Path>,
    context: &str,
    proxy: Option<&str>,
) -> anyhow::Result<(Client, Kubeconfig)> {
    let kubeconfig = kubeconfig(file)?;
    if !kubeconfig.contexts.iter().any(|known| known.name == context) {
        let text = format!("context {context} does not exist in kubeconfig");
        return Err(Failure::generic(text));
    }
    let choice =
        KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(kubeconfig.clone(), &choice)
        .await
        .map_err(|e| Failure::generic(format!("cannot use the context {context}: {e}")))?;
    if let Some(proxy) = proxy {
        let url = proxy.parse();
        config.proxy_url =
            Some(url.map_err(|e| Failure::generic(format!("the proxy {proxy:?}: {e}")))?);
    }
    Ok((Client::try_from(config)?, kubeconfig))
}

fn told(text: &str) {
    output::warn(&format!("info: {text}"));
}

/// Makes an object, or makes it what it has to be; `shown` is its name as it is told.
async fn apply(api: &Api<DynamicObject>, shown: &str, object: &Value) -> anyhow::Result<()> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    let known = api.get_opt(name).await.map_err(|e| refused(&e))?.is_some();
    let params = PatchParams::apply("windlass").force();
    let verb = if known { "update" } else { "create" };
    api.patch(name, &params, &Patch::Apply(object)).await.map_err(|e| {
        Failure::generic(format!("failed to {verb} {kind} {shown:?}: {:#}", refused(&e)))
    })?;
    told(&format!("{kind} {shown:?} {verb}d"));
    Ok(())
}

/// Makes the service account, if it is not there.
async fn account(client: &Client, system: &str) -> anyhow::Result<()> {
    let accounts: Api<DynamicObject> =
        Api::namespaced_with(client.clone(), system, &core("ServiceAccount"));
    if accounts.get_opt(ACCOUNT).await.map_err(|e| refused(&e))?.is_some() {
        told(&format!("ServiceAccount {ACCOUNT:?} already exists in namespace {system:?}"));
        return Ok(());
    }
    let account: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": ACCOUNT, "namespace": system},
    }))?;
    accounts.create(&PostParams::default(), &account).await.map_err(|e| {
        Failure::generic(format!(
            "failed to create service account {ACCOUNT:?} in namespace {system:?}: {:#}",
            refused(&e)
        ))
    })?;
    told(&format!("ServiceAccount {ACCOUNT:?} created in namespace {system:?}"));
    Ok(())
}

/// Makes the account with a role for all of the cluster, or of some namespaces, and gives its token.
pub(super) async fn install(
    client: &Client,
    system: &str,
    namespaces: &[String],
) -> anyhow::Result<SecretString> {
    let everything = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]});
    account(client, system).await?;
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
        apply(&Api::all_with(client.clone(), &rbac("ClusterRole")), ROLE, &role).await?;
        let binding = object("ClusterRoleBinding", BINDING, reference("ClusterRole"));
        let bindings = Api::all_with(client.clone(), &rbac("ClusterRoleBinding"));
        apply(&bindings, BINDING, &binding).await?;
    }
    for namespace in namespaces {
        let role = object("Role", ROLE, json!({"rules": [everything]}));
        let api = |kind: &str| Api::namespaced_with(client.clone(), namespace, &rbac(kind));
        apply(&api("Role"), &format!("{namespace}/{ROLE}"), &role).await?;
        let binding = object("RoleBinding", BINDING, reference("Role"));
        apply(&api("RoleBinding"), &format!("{namespace}/{BINDING}"), &binding).await?;
    }
    token(client, system, ACCOUNT).await
}

/// The long-lived token of a service account; made if there is none.
pub(super) async fn token(
    client: &Client,
    namespace: &str,
    account: &str,
) -> anyhow::Result<SecretString> {
    let secrets = secrets(client, namespace);
    let name = format!("{account}-long-lived-token");
    if secrets.get_opt(&name).await.map_err(|e| refused(&e))?.is_none() {
        let secret: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "Secret", "type": TOKEN_TYPE,
            "metadata": {"name": name, "namespace": namespace,
                         "annotations": {"kubernetes.io/service-account.name": account}},
        }))?;
        secrets.create(&PostParams::default(), &secret).await.map_err(|e| refused(&e))?;
        told(&format!("Created bearer token secret {name:?} for ServiceAccount {account:?}"));
    } else {
        told(&format!(
            "Using existing bearer token secret {name:?} for ServiceAccount {account:?}"
        ));
    }
    filled(&secrets, &name).await.map_err(|e| {
        Failure::generic(format!(
            "failed to get token for serviceaccount {account:?}: failed to get secret {name:?} for \
             serviceaccount {account:?}: {e:#}"
        ))
    })
}

fn secrets(client: &Client, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), namespace, &core("Secret"))
}

/// The token of a secret, once it has one.
async fn filled(secrets: &Api<DynamicObject>, name: &str) -> anyhow::Result<SecretString> {
    let asked = async {
        loop {
            let secret = secrets.get(name).await.map_err(|e| refused(&e))?;
            let token = Data::of(&serde_json::to_value(secret)?).secret("token");
            if !token.expose_secret().is_empty() {
                return Ok(token);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(TOKEN, asked).await.unwrap_or_else(|_| {
        let seconds = TOKEN.as_secs();
        Err(Failure::generic(format!("the secret {name} has none after {seconds} s")))
    })
}

/// Whose a token is, as it says itself.
#[derive(Deserialize)]
pub(super) struct Claims {
    #[serde(rename = "kubernetes.io/serviceaccount/namespace", default)]
    namespace: String,
    #[serde(rename = "kubernetes.io/serviceaccount/secret.name", default)]
    secret: String,
    #[serde(rename = "kubernetes.io/serviceaccount/service-account.name", default)]
    account: String,
}

impl Claims {
    /// Of a token that is kept in a secret.
    pub(super) fn of(token: &SecretString) -> anyhow::Result<Self> {
        let claims = token.expose_secret().split('.').nth(1);
        let claims = claims.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let claims = claims.and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        claims.filter(|claims| !claims.secret.is_empty()).ok_or_else(|| {
            Failure::generic(
                "failed to parse service account token: it is none that a secret of a service \
                 account holds, and cannot be made anew",
            )
        })
    }

    /// Makes another token for the account, beside the one that there is, and gives its secret's
    /// name with it.
    pub(super) async fn renew(&self, client: &Client) -> anyhow::Result<(String, SecretString)> {
        let failed = |e: anyhow::Error| {
            Failure::generic(format!("failed to generate new cluster manager secret: {e:#}"))
        };
        let secrets = secrets(client, &self.namespace);
        let old = secrets.get(&self.secret).await.map_err(|e| failed(refused(&e)))?;
        let stem = self.secret.rsplit_once('-').map_or("", |(stem, _)| stem);
        let secret: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "Secret", "type": TOKEN_TYPE,
            "metadata": {"generateName": format!("{stem}-"), "namespace": self.namespace,
                         "annotations": old.metadata.annotations},
        }))?;
        let made = secrets.create(&PostParams::default(), &secret).await;
        let name = made.map_err(|e| failed(refused(&e)))?.metadata.name.unwrap_or_default();
        match filled(&secrets, &name).await {
            Ok(token) => Ok((name, token)),
            Err(error) => {
                self.forget(client, &name).await?;
                Err(failed(error))
            }
        }
    }

    /// Deletes a secret of the account.
    pub(super) async fn forget(&self, client: &Client, secret: &str) -> anyhow::Result<()> {
        delete(&secrets(client, &self.namespace), secret).await.map(|_| ())
    }

    /// Has the account name the new secret, and deletes the old one: its token is worth nothing
    /// from then on.
    pub(super) async fn replace(&self, client: &Client, new: &str) -> anyhow::Result<()> {
        let failed = |e: anyhow::Error| {
            Failure::generic(format!("failed to rotate service account secrets: {e:#}"))
        };
        let accounts: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), &self.namespace, &core("ServiceAccount"));
        let account = accounts.get(&self.account).await.map_err(|e| failed(refused(&e)))?;
        let known = account.data["secrets"].as_array().cloned().unwrap_or_default();
        let mut kept: Vec<Value> =
            known.into_iter().filter(|r| r["name"] != self.secret && r["name"] != new).collect();
        kept.push(json!({"name": new}));
        let version = &account.metadata.resource_version;
        let patch = json!({"metadata": {"resourceVersion": version}, "secrets": kept});
        let params = PatchParams::default();
        let patched = accounts.patch(&self.account, &params, &Patch::Merge(patch)).await;
        patched.map_err(|e| failed(refused(&e)))?;
        self.forget(client, &self.secret).await.map_err(failed)
    }
}

/// Deletes an object; whether there was one.
async fn delete(api: &Api<DynamicObject>, name: &str) -> anyhow::Result<bool> {
    match api.delete(name, &DeleteParams::default()).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(error) => Err(refused(&error)),
    }
}

/// Takes the account and its role away, if the kubeconfig has a context of this name.
pub(super) async fn remove(kubeconfig: Option<&Path>, context: &str) -> anyhow::Result<()> {
    let (client, _) = client(kubeconfig, context, None).await?;
    for (kind, name) in [("ClusterRoleBinding", BINDING), ("ClusterRole", ROLE)] {
        let gone = delete(&Api::all_with(client.clone(), &rbac(kind)), name).await?;
        told(&format!("{kind} {name:?} {}", if gone { "deleted" } else { "not found" }));
    }
    // A cluster without a controller of tokens would keep it.
    delete(&secrets(&client, SYSTEM), &format!("{ACCOUNT}-long-lived-token")).await?;
    let accounts = Api::namespaced_with(client.clone(), SYSTEM, &core("ServiceAccount"));
    if delete(&accounts, ACCOUNT).await? {
        told(&format!("ServiceAccount {ACCOUNT:?} deleted"));
    } else {
        told(&format!("ServiceAccount {ACCOUNT:?} in namespace {SYSTEM:?} not found"));
    }
    Ok(())
}
