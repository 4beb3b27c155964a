//! A control namespace, a destination namespace, a repository and a controller.

use std::path::Path;
use std::time::{Duration, Instant};

use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use windlass_argo::installation::InstallationKey;
use windlass_argo::types::AppProject;
use windlass_argo::{Controller, ControllerOptions, crds};
use windlass_object::{Object, Value, json};
use windlass_source::{Options, Sources};
use windlass_testkit::{GitRepository, Kubernetes, Namespace, kubernetes};

const REFRESH: &str = "argocd.argoproj.io/refresh";
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) struct World {
    pub(crate) controller: Controller,
    pub(crate) repository: GitRepository,
    kubernetes: &'static Kubernetes,
    control: Namespace<'static>,
    target: Namespace<'static>,
    apps: Api<DynamicObject>,
    client: kube::Client,
    running: JoinHandle<()>,
    stop: CancellationToken,
    directory: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn options(
    client: &kube::Client,
    control: &Namespace<'_>,
    directory: &Path,
    key: InstallationKey,
) -> ControllerOptions {
    let git =
        Options { cache_dir: directory.join("cache"), limits: Default::default(), observer: None };
    ControllerOptions {
        client: client.clone(),
        sources: Sources::new(git).unwrap(),
        charts: windlass_charts::Charts::new(directory.join("charts")).into(),
        namespace: control.name().to_owned(),
        config: None,
        queries_per_second: None,
        key,
    }
}

fn kind(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}

impl World {
    pub(crate) async fn start(name: &str) -> Self {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let kubernetes = kubernetes().unwrap();
        let text = std::fs::read_to_string(kubernetes.kubeconfig()).unwrap();
        let config = kube::config::Kubeconfig::from_yaml(&text).unwrap();
        let config =
            kube::Config::from_custom_kubeconfig(config, &Default::default()).await.unwrap();
        let client = kube::Client::try_from(config).unwrap();
        let crd = kind(
            "apiextensions.k8s.io",
            "v1",
            "CustomResourceDefinition",
            "customresourcedefinitions",
        );
        for object in crds::all() {
            let api: Api<DynamicObject> = Api::all_with(client.clone(), &crd);
            let params = PatchParams::apply("test").force();
            api.patch(object.name(), &params, &Patch::Apply(&object.to_value())).await.unwrap();
        }
        let control = kubernetes.namespace(&format!("{name}-control")).unwrap();
        let target = kubernetes.namespace(name).unwrap();
        let projects: Api<DynamicObject> = Api::namespaced_with(
            client.clone(),
            control.name(),
            &kind("argoproj.io", "v1alpha1", "AppProject", "appprojects"),
        );
        let mut project = serde_json::to_value(AppProject::default_project()).unwrap();
        project["apiVersion"] = json!("argoproj.io/v1alpha1");
        project["kind"] = json!("AppProject");
        let project: DynamicObject = serde_json::from_value(project).unwrap();
        let made = async {
            while let Err(error) = projects.create(&PostParams::default(), &project).await {
                assert!(
                    error.to_string().contains("404") || error.to_string().contains("not found"),
                    "{error}"
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, made).await.unwrap();

        let key = InstallationKey::obtain(&client, control.name()).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let repository = GitRepository::create(directory.path(), "repo").unwrap();
        let controller = Controller::new(options(&client, &control, directory.path(), key));
        let stop = CancellationToken::new();
        let (runs, token) = (controller.clone(), stop.clone());
        let running = tokio::spawn(async move { runs.run(token).await });
        let apps = Api::namespaced_with(
            client.clone(),
            control.name(),
            &kind("argoproj.io", "v1alpha1", "Application", "applications"),
        );
        Self {
            controller,
            repository,
            kubernetes,
            control,
            target,
            apps,
            client,
            running,
            stop,
            directory,
        }
    }

    /// Stops the controller, lets something happen, and starts another that knows nothing.
    pub(crate) async fn restart(&mut self, between: impl AsyncFnOnce(&Self)) {
        self.stop.cancel();
        (&mut self.running).await.unwrap();
        between(self).await;
        let key = InstallationKey::obtain(&self.client, self.control.name()).await.unwrap();
        let directory = tempfile::tempdir_in(self.directory.path()).unwrap().keep();
        self.controller = Controller::new(options(&self.client, &self.control, &directory, key));
        let next = CancellationToken::new();
        let (runs, token) = (self.controller.clone(), next.clone());
        self.running = tokio::spawn(async move { runs.run(token).await });
        self.stop = next;
    }

    /// `kubectl` in the control namespace.
    pub(crate) fn control(&self, arguments: &[&str]) -> String {
        let all = [arguments, &["-n", self.control.name()]].concat();
        self.kubernetes.kubectl(&all).unwrap().trim().to_owned()
    }

    /// A name for an application that no other test on the cluster has.
    pub(crate) fn unique(&self) -> String {
        self.target.name().to_owned()
    }

    pub(crate) fn url(&self) -> String {
        self.repository.url()
    }

    /// What a webhook of the repository does.
    pub(crate) fn pushed(&self) -> usize {
        let url = self.url();
        self.controller.repository_changed(&|address| address == url, &|address, _| address == url)
    }

    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> String {
        self.repository.commit("change", files).unwrap()
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let mut all = arguments.to_vec();
        all.extend(["-n", self.target.name()]);
        self.kubernetes.kubectl(&all).unwrap().trim().to_owned()
    }

    /// A `repository` secret of the control namespace.
    pub(crate) fn secret(&self, name: &str, pairs: &[(&str, &str)]) {
        let pairs: Vec<String> =
            pairs.iter().map(|(key, value)| format!("--from-literal={key}={value}")).collect();
        let control = ["-n", self.control.name()];
        let mut create = vec!["create", "secret", "generic", name];
        create.extend(pairs.iter().map(String::as_str));
        create.extend(control);
        self.kubernetes.kubectl(&create).unwrap();
        let mark = "argocd.argoproj.io/secret-type=repository";
        let label = [&["label", "secret", name, mark][..], &control].concat();
        self.kubernetes.kubectl(&label).unwrap();
    }

    pub(crate) async fn create(&self, name: &str, path: &str, policy: Value, cascade: bool) {
        let finalizers =
            if cascade { json!(["resources-finalizer.argocd.argoproj.io"]) } else { json!([]) };
        let app = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": name, "namespace": self.control.name(), "finalizers": finalizers},
            "spec": {
                "project": "default",
                "source": {"repoURL": self.url(), "path": path, "targetRevision": "main"},
                "destination": {
                    "server": "https://kubernetes.default.svc", "namespace": self.target.name(),
                },
                "syncPolicy": policy,
            },
        });
        let app: DynamicObject = serde_json::from_value(app).unwrap();
        self.apps.create(&PostParams::default(), &app).await.unwrap();
    }

    pub(crate) async fn patch(&self, name: &str, patch: &Value) {
        self.apps.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    pub(crate) async fn delete(&self, name: &str) {
        self.apps.delete(name, &DeleteParams::default()).await.unwrap();
    }

    pub(crate) async fn until(
        &self,
        name: &str,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let began = Instant::now();
        loop {
            let app = serde_json::to_value(self.apps.get(name).await.unwrap()).unwrap();
            if holds(&app) {
                return app;
            }
            if began.elapsed() > PATIENCE {
                panic!("not in time: {what}\n{}", app["status"]);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn control_namespace(&self) -> &str {
        self.control.name()
    }

    /// Changes the project `default`.
    pub(crate) fn project(&self, patch: &Value) {
        let patch = patch.to_string();
        self.control(&["patch", "appproject", "default", "--type=merge", "-p", &patch]);
    }

    /// Applies an object in the destination.
    pub(crate) fn apply(&self, object: &Value) {
        let file = self.directory.path().join("object.json");
        std::fs::write(&file, object.to_string()).unwrap();
        self.kubectl(&["apply", "-f", file.to_str().unwrap()]);
    }

    /// Has what is out of sync delivered, as often as it is, until something holds and all is
    /// synced: a change may come in several steps (a kind's objects go before the kind does).
    pub(crate) async fn synced_until(&self, name: &str, what: &str, holds: impl Fn() -> bool) {
        let began = Instant::now();
        loop {
            let app = serde_json::to_value(self.apps.get(name).await.unwrap()).unwrap();
            let sync = &app["status"]["sync"]["status"];
            if app["operation"].is_null() && sync == "OutOfSync" {
                self.patch(name, &json!({"operation": {"sync": {}}})).await;
            } else if sync == "Synced" && holds() {
                return;
            }
            if began.elapsed() > PATIENCE {
                panic!("not in time: {what}\n{}", app["status"]);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Asks for everything of an application to be made anew.
    pub(crate) async fn refresh(&self, name: &str) {
        self.patch(name, &json!({"metadata": {"annotations": {REFRESH: "hard"}}})).await;
    }

    /// Has everything of an application made anew, and waits for it.
    pub(crate) async fn refreshed(&self, name: &str) {
        self.refresh(name).await;
        self.until(name, "looked at anew", |app| {
            app["metadata"]["annotations"][REFRESH].is_null()
                && app["status"]["sync"]["status"] == "Synced"
        })
        .await;
    }

    /// Waits until something holds.
    pub(crate) async fn eventually(&self, what: &str, holds: impl Fn() -> bool) {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < PATIENCE, "not in time: {what}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn until_gone(&self, name: &str) {
        let gone = async {
            while self.apps.get_opt(name).await.unwrap().is_some() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("the application goes");
    }
}

pub(crate) fn config_map(name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: \"{value}\"\n"
    )
}

pub(crate) fn deployment(name: &str) -> String {
    let value = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.29"}]},
            },
        },
    });
    let object = Object::try_from(value).unwrap();
    serde_json::to_string(&object).unwrap()
}
