//! A hub, its spokes, a repository and a controller.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use windlass_apiserver::ApiServer;
use windlass_argo::installation::InstallationKey;
use windlass_argo::types::AppProject;
use windlass_argo::{Controller, ControllerOptions, crds};
use windlass_object::{Value, json, yaml};
use windlass_source::{Options, Sources};
use windlass_testkit::{GitRepository, Kubernetes, Parts};

use super::gate::Gate;

const CONTROL: &str = "argocd";

/// A cluster behind a gate, and how to sign in to it.
pub(crate) struct Spoke {
    pub(crate) gate: Gate,
    config: Value,
}

pub(crate) struct World {
    pub(crate) spokes: Vec<Spoke>,
    hub: kube::Client,
    repository: GitRepository,
    controller: Controller,
    _kubernetes: Vec<Kubernetes>,
    _servers: Vec<ApiServer>,
    _stop: DropGuard,
    _directory: tempfile::TempDir,
}

fn kind(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}

fn dynamic(value: Value) -> DynamicObject {
    serde_json::from_value(value).unwrap()
}

/// The ways to sign in to a server of which this kubeconfig is, one after the other.
fn config(kubeconfig: &str, number: usize, script: &str) -> (SocketAddr, Value) {
    let all = yaml::parse_one(kubeconfig.as_bytes(), &yaml::Options::default()).unwrap();
    let (cluster, user) = (&all["clusters"][0]["cluster"], &all["users"][0]["user"]);
    let server = cluster["server"].as_str().unwrap();
    let address = server.trim_start_matches("https://").replace("localhost", "127.0.0.1");
    let ca = &cluster["certificate-authority-data"];
    let tls = json!({"caData": ca});
    let has_certificate = user["client-certificate-data"].is_string();
    let config = match number % 4 {
        1 if has_certificate => json!({"tlsClientConfig": {
            "caData": ca, "certData": user["client-certificate-data"],
            "keyData": user["client-key-data"],
        }}),
        2 => json!({"tlsClientConfig": tls, "execProviderConfig": {
            "command": script, "args": ["token"], "env": {"SPOKE_TOKEN": user["token"]},
            "apiVersion": "client.authentication.k8s.io/v1",
        }}),
        3 => json!({"tlsClientConfig": {"insecure": true}, "bearerToken": user["token"]}),
        _ => json!({"tlsClientConfig": tls, "bearerToken": user["token"]}),
    };
    (address.parse().unwrap(), config)
}

impl World {
    pub(crate) async fn start(real: usize, embedded: usize) -> Self {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let directory = tempfile::tempdir().unwrap();
        let script = directory.path().join("sign-in");
        let text = "#!/bin/sh\n[ \"$1\" = token ] || exit 1\nprintf '{\"apiVersion\": \
                    \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \"status\": \
                    {\"token\": \"%s\"}}' \"$SPOKE_TOKEN\"\n";
        std::fs::write(&script, text).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&script, executable).unwrap();
        let script = script.to_str().unwrap();

        let stop = CancellationToken::new();
        let mut kubeconfigs = Vec::new();
        let start = move || (0..real).map(|_| Kubernetes::start(Parts::Api).unwrap()).collect();
        let kubernetes: Vec<Kubernetes> = tokio::task::spawn_blocking(start).await.unwrap();
        for cluster in &kubernetes {
            kubeconfigs.push(std::fs::read_to_string(cluster.kubeconfig()).unwrap());
        }
        let mut servers = Vec::new();
        for _ in 0..embedded {
            let server = ApiServer::open(Default::default()).await.unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            server.listens_at(listener.local_addr().unwrap());
            kubeconfigs.push(server.kubeconfig());
            let (serving, stop) = (server.clone(), stop.clone());
            tokio::spawn(async move { serving.serve(listener, stop).await });
            servers.push(server);
        }
        let mut spokes = Vec::new();
        for (number, kubeconfig) in kubeconfigs.iter().enumerate() {
            let (address, config) = config(kubeconfig, number, script);
            spokes.push(Spoke { gate: Gate::before(address).await, config });
        }

        let server = ApiServer::open(Default::default()).await.unwrap();
        let hub = server.client();
        servers.push(server);
        prepare(&hub).await;
        let repository = GitRepository::create(directory.path(), "repo").unwrap();
        let options = Options {
            cache_dir: directory.path().join("cache"),
            limits: Default::default(),
            observer: None,
        };
        let controller = Controller::new(ControllerOptions {
            client: hub.clone(),
            sources: Sources::new(options).unwrap(),
            charts: windlass_charts::Charts::new(directory.path().join("charts")).into(),
            namespace: CONTROL.to_owned(),
            config: None,
            queries_per_second: None,
            key: InstallationKey::obtain(&hub, CONTROL).await.unwrap(),
        });
        let (running, token) = (controller.clone(), stop.clone());
        tokio::spawn(async move { running.run(token).await });
        let world = Self {
            spokes,
            hub,
            repository,
            controller,
            _kubernetes: kubernetes,
            _servers: servers,
            _stop: stop.drop_guard(),
            _directory: directory,
        };
        for number in 0..world.spokes.len() {
            world.apply(world.secret(number, "")).await;
        }
        world
    }

    fn api(&self, kind: &ApiResource) -> Api<DynamicObject> {
        Api::namespaced_with(self.hub.clone(), CONTROL, kind)
    }

    fn applications(&self) -> Api<DynamicObject> {
        self.api(&kind("argoproj.io", "v1alpha1", "Application", "applications"))
    }

    /// The secret that describes a spoke.
    fn secret(&self, number: usize, namespaces: &str) -> Value {
        let spoke = &self.spokes[number];
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": format!("spoke-{number}"), "namespace": CONTROL,
                "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
            "stringData": {
                "name": format!("spoke-{number}"), "server": server(spoke), "shard": "1",
                "namespaces": namespaces, "config": spoke.config.to_string(),
            },
        })
    }

    async fn apply(&self, secret: Value) {
        let name = secret["metadata"]["name"].as_str().unwrap().to_owned();
        let params = PatchParams::apply("test").force();
        let api = self.api(&kind("", "v1", "Secret", "secrets"));
        api.patch(&name, &params, &Patch::Apply(&secret)).await.unwrap();
    }

    /// Has only one namespace of a spoke looked at from now on.
    pub(crate) async fn limit_namespaces(&self, number: usize) {
        self.apply(self.secret(number, "default")).await;
    }

    /// Commits a change, and tells the controller as a webhook does.
    pub(crate) fn commit(&self, value: &str) -> String {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: spoke\ndata:\n  key: {value}\n"
        );
        let commit = self.repository.commit(value, &[("a.yaml", &text)]).unwrap();
        let url = self.repository.url();
        self.controller.repository_changed(&|known| known == url, &|known, _| known == url);
        commit
    }

    /// Commits something unsigned, and then what a signature is of.
    pub(crate) fn commit_unsigned_and_signed(&self, signature: &str) {
        let text = |value: &str| {
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  key: \"{value}\"\n"
            )
        };
        self.repository.commit("commit 1", &[("a.yaml", &text("one"))]).unwrap();
        let signed = [("a.yaml", text("two"))];
        let signed = signed.each_ref().map(|(path, text)| (*path, text.as_str()));
        self.repository.commit_signed("commit 2", &signed, signature).unwrap();
    }

    /// Has the default project ask for a signature.
    pub(crate) async fn require_signature(&self, key: &str) {
        let projects = self.api(&kind("argoproj.io", "v1alpha1", "AppProject", "appprojects"));
        let patch = json!({"spec": {"signatureKeys": [{"keyID": key}]}});
        let params = PatchParams::default();
        projects.patch("default", &params, &Patch::Merge(&patch)).await.unwrap();
    }

    /// Adds a key of somebody who signs.
    pub(crate) async fn add_key(&self, id: &str, key: &str) {
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {id: key},
            "metadata": {"name": "argocd-gpg-keys-cm", "namespace": CONTROL,
                "labels": {"app.kubernetes.io/part-of": "argocd"}},
        });
        let maps = self.api(&kind("", "v1", "ConfigMap", "configmaps"));
        maps.create(&PostParams::default(), &dynamic(map)).await.unwrap();
    }

    pub(crate) async fn patch_application(&self, number: usize, patch: &Value) {
        let (name, params) = (format!("app-{number}"), PatchParams::default());
        self.applications().patch(&name, &params, &Patch::Merge(patch)).await.unwrap();
    }

    /// Waits until something holds of an application's status.
    pub(crate) async fn until_status(
        &self,
        number: usize,
        end: Duration,
        holds: &dyn Fn(&Value) -> bool,
    ) -> Value {
        let began = Instant::now();
        loop {
            let status = self.status(number).await;
            if holds(&status) {
                return status;
            }
            let shown = || serde_json::to_string_pretty(&status).unwrap_or_default();
            assert!(began.elapsed() < end, "{}", shown());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until an application has a condition with this message.
    pub(crate) async fn until_condition(
        &self,
        number: usize,
        message: &str,
        end: Duration,
    ) -> Value {
        let says = |status: &Value| {
            let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().any(|condition| condition["message"] == message)
        };
        self.until_status(number, end, &says).await
    }

    /// One application a spoke; every other one names its cluster, the rest give the address.
    pub(crate) async fn create_applications(&self) {
        for (number, spoke) in self.spokes.iter().enumerate() {
            let mut destination = json!({"namespace": "default"});
            match number % 2 {
                0 => destination["server"] = server(spoke).into(),
                _ => destination["name"] = format!("spoke-{number}").into(),
            }
            let app = json!({
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                "metadata": {"name": format!("app-{number}"), "namespace": CONTROL},
                "spec": {
                    "project": "default", "destination": destination,
                    "source": {"repoURL": self.repository.url(), "path": "."},
                    "syncPolicy": {"automated": {"selfHeal": true}},
                },
            });
            self.applications().create(&PostParams::default(), &dynamic(app)).await.unwrap();
        }
    }

    async fn status(&self, number: usize) -> Value {
        let app = self.applications().get(&format!("app-{number}")).await.unwrap();
        serde_json::to_value(app).unwrap()["status"].clone()
    }

    pub(crate) async fn is_delivered(&self, number: usize, commit: &str) -> bool {
        let status = self.status(number).await;
        status["sync"]["status"] == "Synced"
            && status["sync"]["revision"] == commit
            && status["operationState"]["phase"] == "Succeeded"
            && status["operationState"]["syncResult"]["revision"] == commit
    }

    /// Waits until these are delivered.
    pub(crate) async fn until(&self, spokes: &[usize], commit: &str, end: Duration) -> Duration {
        let began = Instant::now();
        for number in spokes {
            while !self.is_delivered(*number, commit).await {
                if began.elapsed() > end {
                    let status = self.status(*number).await;
                    panic!("spoke {number}: {}", serde_json::to_string_pretty(&status).unwrap());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        began.elapsed()
    }

    /// Waits until an application says that nothing is known of it, and why.
    pub(crate) async fn until_unknown(&self, number: usize, end: Duration) {
        let unknown = |status: &Value| {
            let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
            status["sync"]["status"] == "Unknown"
                && conditions.iter().any(|c| {
                    c["type"] == "ComparisonError"
                        && c["message"].as_str().unwrap_or_default().contains("live state")
                })
        };
        self.until_status(number, end, &unknown).await;
    }
}

fn server(spoke: &Spoke) -> String {
    format!("https://{}", spoke.gate.address)
}

/// What a hub has before anything is delivered.
async fn prepare(hub: &kube::Client) {
    let definitions =
        kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions");
    for object in crds::all() {
        let api: Api<DynamicObject> = Api::all_with(hub.clone(), &definitions);
        let params = PatchParams::apply("test").force();
        api.patch(object.name(), &params, &Patch::Apply(&object.to_value())).await.unwrap();
    }
    let namespaces: Api<DynamicObject> =
        Api::all_with(hub.clone(), &kind("", "v1", "Namespace", "namespaces"));
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": CONTROL}});
    namespaces.create(&PostParams::default(), &dynamic(namespace)).await.unwrap();
    let mut project = serde_json::to_value(AppProject::default_project()).unwrap();
    project["apiVersion"] = json!("argoproj.io/v1alpha1");
    project["kind"] = json!("AppProject");
    let projects: Api<DynamicObject> = Api::namespaced_with(
        hub.clone(),
        CONTROL,
        &kind("argoproj.io", "v1alpha1", "AppProject", "appprojects"),
    );
    let end = Instant::now() + Duration::from_secs(120);
    while let Err(error) = projects.create(&PostParams::default(), &dynamic(project.clone())).await
    {
        assert!(Instant::now() < end, "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
