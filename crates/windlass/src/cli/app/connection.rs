//! The Applications of a cluster, straight from its Kubernetes API.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client, Config};
use tokio::sync::OnceCell;
use windlass_argo::types::{AppProject, Application, GROUP, VERSION};
use windlass_object::{Object, Value, json};

use super::kinds::Kinds;
use crate::cli::failure::Failure;

/// Times that an operation is asked for while others change its application.
const BEGINNINGS: u32 = 10;
/// Where `windlass up` leaves its kubeconfig.
const OWN_KUBECONFIG: &str = "windlass-data/kubeconfig";

/// How to reach the cluster.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Flags {
    /// Kubeconfig of the control cluster; otherwise $KUBECONFIG, ~/.kube/config, or the one that
    /// `windlass up` left in ./windlass-data.
    #[arg(long, global = true, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME")]
    kube_context: Option<String>,
    /// Namespace of settings and Applications; otherwise the context's, otherwise `argocd`.
    #[arg(long, short = 'n', global = true, env = "ARGOCD_NAMESPACE", value_name = "NAMESPACE")]
    control_namespace: Option<String>,
    /// Ask before what cannot be undone.
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) prompts_enabled: Option<bool>,
}

/// A connection to the control cluster.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// The control namespace.
    pub(crate) namespace: String,
    /// Whether to ask before what cannot be undone.
    pub(crate) prompts: bool,
    kinds: Arc<OnceCell<Kinds>>,
}

/// An application's name, apart from its namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppName {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// An application as it is stored and as its type.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) object: Object,
    pub(crate) app: Application,
}

impl Flags {
    /// The same, with another namespace or context where one is given.
    pub(crate) fn with(mut self, namespace: Option<String>, context: Option<String>) -> Self {
        self.control_namespace = namespace.or(self.control_namespace);
        self.kube_context = context.or(self.kube_context);
        self
    }

    /// The kubeconfig, if one is named.
    pub(crate) fn kubeconfig(&self) -> Option<&Path> {
        self.kubeconfig.as_deref()
    }

    /// The control namespace, if one is named.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.control_namespace.as_deref()
    }
}

impl Connection {
    pub(crate) async fn open(flags: &Flags) -> anyhow::Result<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let kubeconfig = match &flags.kubeconfig {
            Some(file) => Kubeconfig::read_from(file)
                .with_context(|| format!("cannot read the kubeconfig {}", file.display())),
            None => Kubeconfig::read().or_else(|error| {
                Kubeconfig::read_from(OWN_KUBECONFIG).map_err(|_| {
                    anyhow::Error::new(error).context("no kubeconfig: pass --kubeconfig FILE")
                })
            }),
        }
        .map_err(|e| Failure::generic(format!("{e:#}")))?;
        let choice = KubeConfigOptions {
            context: flags.kube_context.clone(),
            ..KubeConfigOptions::default()
        };
        let config = Config::from_custom_kubeconfig(kubeconfig, &choice)
            .await
            .map_err(|e| Failure::generic(format!("cannot use the kubeconfig: {e}")))?;
        let contexts = Some(config.default_namespace.clone()).filter(|n| n != "default");
        let namespace =
            flags.control_namespace.clone().or(contexts).unwrap_or_else(|| "argocd".to_owned());
        let client = Client::try_from(config)
            .map_err(|e| Failure::generic(format!("cannot set up the connection: {e}")))?;
        let prompts = flags.prompts_enabled.unwrap_or_default();
        Ok(Self { client, namespace, prompts, kinds: Arc::default() })
    }

    /// `NAME` or `NAMESPACE/NAME`.
    pub(crate) fn name(&self, text: &str, app_namespace: Option<&str>) -> AppName {
        let (namespace, name) =
            text.split_once('/').unwrap_or((app_namespace.unwrap_or(&self.namespace), text));
        AppName { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    pub(crate) fn api(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &resource())
    }

    /// What the cluster serves, asked once.
    pub(crate) async fn kinds(&self) -> anyhow::Result<&Kinds> {
        self.kinds.get_or_try_init(|| Kinds::discover(&self.client)).await
    }

    pub(crate) async fn get(&self, name: &AppName) -> anyhow::Result<Stored> {
        let found = self.api(&name.namespace).get(&name.name).await.map_err(|e| refused(&e))?;
        stored(found)
    }

    pub(crate) async fn find(&self, name: &AppName) -> anyhow::Result<Option<Stored>> {
        let found = self.api(&name.namespace).get_opt(&name.name).await;
        found.map_err(|e| refused(&e))?.map(stored).transpose()
    }

    /// Whether there is a project of that name; `default` always is, as the controller makes it.
    pub(crate) async fn project(&self, name: &str) -> anyhow::Result<bool> {
        Ok(name == "default" || self.find_project(name).await?.is_some())
    }

    pub(crate) async fn find_project(&self, name: &str) -> anyhow::Result<Option<AppProject>> {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(GROUP, VERSION, "AppProject"));
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &self.namespace, &kind);
        let Some(found) = api.get_opt(name).await.map_err(|e| refused(&e))? else {
            return Ok(None);
        };
        let object = Object::try_from(serde_json::to_value(found)?)?;
        let project = AppProject::from_object(&object)
            .with_context(|| format!("project {name} has an unexpected shape"))?;
        Ok(Some(project))
    }

    /// The applications that a label selector selects, by namespace and name.
    pub(crate) async fn list(
        &self,
        namespace: Option<&str>,
        selector: &str,
    ) -> anyhow::Result<Vec<Stored>> {
        let mut params = ListParams::default().limit(500);
        if !selector.is_empty() {
            params = params.labels(selector);
        }
        let api = self.api(namespace.unwrap_or(&self.namespace));
        let mut all = Vec::new();
        loop {
            let page = api.list(&params).await.map_err(|error| match &error {
                kube::Error::Api(status) if status.code == 400 && !selector.is_empty() => {
                    Failure::generic(format!("error parsing the selector: {}", status.message))
                }
                _ => refused(&error),
            })?;
            for item in page.items {
                all.push(stored(item)?);
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(all),
            }
        }
    }

    pub(crate) async fn create(&self, object: &Object, namespace: &str) -> anyhow::Result<Stored> {
        let data: DynamicObject = serde_json::from_value(object.to_value())?;
        let params =
            PostParams { field_manager: Some("windlass".to_owned()), ..Default::default() };
        stored(self.api(namespace).create(&params, &data).await.map_err(|e| refused(&e))?)
    }

    /// Applies a JSON merge patch.
    pub(crate) async fn patch(&self, name: &AppName, patch: &Value) -> anyhow::Result<Stored> {
        let api = self.api(&name.namespace);
        let params =
            PatchParams { field_manager: Some("windlass".to_owned()), ..Default::default() };
        let patched = api.patch(&name.name, &params, &Patch::Merge(patch)).await;
        stored(patched.map_err(|e| refused(&e))?)
    }

    /// Asks for an operation, if none is asked for or under way. Whoever changes the application at the
    /// same time, as its controller does, puts that off and does not stop it.
    pub(crate) async fn begin(&self, name: &AppName, operation: &Value) -> anyhow::Result<()> {
        let api = self.api(&name.namespace);
        let params =
            PatchParams { field_manager: Some("windlass".to_owned()), ..Default::default() };
        for _ in 0..BEGINNINGS {
            let app = self.get(name).await?.app;
            let last = app.status.operation_state.as_ref();
            if app.operation.is_some() || last.is_some_and(|state| !state.phase.is_completed()) {
                return Err(Failure::generic("another operation is already in progress"));
            }
            let change = json!({
                "metadata": {"resourceVersion": app.resource_version()}, "operation": operation,
                // As Argo CD's: what was told of the sync before is not mixed with this one's.
                "status": {"operationState": null},
            });
            match api.patch(&name.name, &params, &Patch::Merge(&change)).await {
                Ok(_) => return Ok(()),
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                Err(error) => return Err(refused(&error)),
            }
        }
        Err(Failure::generic("the application changes all the time: try again"))
    }

    pub(crate) async fn delete(&self, name: &AppName) -> anyhow::Result<()> {
        let api = self.api(&name.namespace);
        api.delete(&name.name, &DeleteParams::default()).await.map_err(|e| refused(&e))?;
        Ok(())
    }

    /// Asks the controller to look again: `normal` or `hard`.
    pub(crate) async fn refresh(&self, name: &AppName, how: &str) -> anyhow::Result<Stored> {
        let annotation = json!({windlass_argo::types::ANNOTATION_REFRESH: how});
        self.patch(name, &json!({"metadata": {"annotations": annotation}})).await
    }
}

/// The name as argocd prints it.
pub(crate) fn qualified(app: &Application) -> String {
    if app.namespace().is_empty() {
        return app.name().to_owned();
    }
    format!("{}/{}", app.namespace(), app.name())
}

pub(crate) fn resource() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(GROUP, VERSION, "Application"))
}

pub(crate) fn stored(found: DynamicObject) -> anyhow::Result<Stored> {
    let mut object = Object::try_from(serde_json::to_value(found)?)?;
    object.set(&["apiVersion"], format!("{GROUP}/{VERSION}"));
    object.set(&["kind"], "Application");
    object.remove(&["metadata", "managedFields"]);
    let app = Application::from_object(&object)
        .with_context(|| format!("application {} has an unexpected shape", object.name()))?;
    Ok(Stored { object, app })
}

/// What the API refused, in its own words.
pub(crate) fn refused(error: &kube::Error) -> anyhow::Error {
    match error {
        kube::Error::Api(status) => Failure::generic(status.message.clone()),
        other => Failure::generic(format!("cannot reach the Kubernetes API: {other}")),
    }
}
