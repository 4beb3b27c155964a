//! Stories of overlays: one repository with a base and an overlay for each environment, changed by
//! the Application's own fields and by settings; and a base in another repository.

use anyhow::{Result, ensure};
use windlass_object::{Value, json};
use windlass_stories::{App, Plane, World};
use windlass_testkit::{GitHttp, GitHttpOptions, Login};

const CONFIG_MAP: &str = "v1/ConfigMap";
const DEPLOYMENT: &str = "apps/v1/Deployment";
const SERVICE: &str = "v1/Service";

const DEPLOY: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api-server}\nspec:\n  \
    replicas: 1\n  template:\n    spec:\n      containers:\n      - name: api\n        \
    image: registry.example/api:1\n        envFrom: [{configMapRef: {name: api-config}}]\n";
const SERVE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: api-server}\nspec:\n  \
    ports: [{port: 80}]\n";
const BASE: &str = "resources: [deployment.yaml, service.yaml]\ncommonLabels: {app: api-server}\n";

/// The overlays of the guide's 8-1, and a smaller one.
const PROD: &str = "resources: [../../base]\nnamePrefix: prod-\npatches: [{path: replicas.yaml}]\n\
    configMapGenerator:\n- name: api-config\n  literals: [LOG_LEVEL=warn, ENVIRONMENT=production]\n";
const REPLICAS: &str =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api-server}\nspec: {replicas: 5}\n";
const DEV: &str = "resources: [../../base]\nnamePrefix: dev-\nconfigMapGenerator:\n- name: api-config\n  \
    literals: [LOG_LEVEL=debug]\n";

fn files<'a>(base: &'a str, dev: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("base/kustomization.yaml", base),
        ("base/deployment.yaml", DEPLOY),
        ("base/service.yaml", SERVE),
        ("overlays/prod/kustomization.yaml", PROD),
        ("overlays/prod/replicas.yaml", REPLICAS),
        ("overlays/dev/kustomization.yaml", dev),
    ]
}

fn app(world: &World, stem: &str, url: &str, kustomize: &Value) -> App {
    let path = format!("overlays/{stem}");
    let to = world.name(stem);
    App::new(&world.control(), &world.name(stem), url, &path, &to)
        .spec(
            "source",
            json!({"repoURL": url, "path": path, "targetRevision": "HEAD", "kustomize": kustomize}),
        )
        .automated(json!({"prune": true}))
}

fn get(world: &World, kind: &str, stem: &str, name: &str) -> Result<Value> {
    Ok(world.api().get(kind, &world.name(stem), name)?.unwrap_or_default())
}

/// The name of the config map that the deployment takes, which must be there.
fn config_of(world: &World, stem: &str, deployment: &Value) -> Result<Value> {
    let name = deployment["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"]
        ["name"]
        .as_str()
        .unwrap_or_default();
    get(world, CONFIG_MAP, stem, name)
}

#[test]
fn an_overlay_for_each_environment() -> Result<()> {
    World::start(Plane::Embedded, "an_overlay_for_each_environment", |world| {
        let repository = world.repository("overlays")?;
        let commit = repository.commit("one", &files(BASE, DEV))?;
        let prod = world.create(&app(world, "prod", &repository.url(), &json!({})))?;
        // What Argo CD does by `kustomize edit`, without touching the repository.
        let dev = world.create(&app(
            world,
            "dev",
            &repository.url(),
            &json!({
                "namePrefix": "own-", "nameSuffix": "-x",
                "images": ["registry.example/api:2"],
                "replicas": [{"name": "api-server", "count": 2}],
                "commonLabels": {"team": "a"},
                "commonAnnotations": {"commit": "${ARGOCD_APP_REVISION}"},
                "commonAnnotationsEnvsubst": true,
                "patches": [{
                    "target": {"kind": "Service"},
                    "patch": "[{\"op\": \"replace\", \"path\": \"/spec/ports/0/port\", \"value\": 81}]",
                }],
            }),
        ))?;
        world.wait_delivered(&prod, &commit)?;
        let delivered = world.wait_delivered(&dev, &commit)?;
        ensure!(delivered["status"]["sourceType"] == "Kustomize", "{delivered}");

        let deployment = get(world, DEPLOYMENT, "prod", "prod-api-server")?;
        ensure!(deployment["spec"]["replicas"] == 5, "{deployment}");
        let config = config_of(world, "prod", &deployment)?;
        ensure!(config["data"]["ENVIRONMENT"] == "production", "{config}");
        ensure!(!get(world, SERVICE, "prod", "prod-api-server")?.is_null(), "the base's service");

        let deployment = get(world, DEPLOYMENT, "dev", "own-api-server-x")?;
        ensure!(deployment["spec"]["replicas"] == 2, "{deployment}");
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        ensure!(container["image"] == "registry.example/api:2", "{deployment}");
        ensure!(deployment["spec"]["selector"]["matchLabels"]["team"] == "a", "{deployment}");
        ensure!(deployment["metadata"]["annotations"]["commit"] == commit, "{deployment}");
        let config = config_of(world, "dev", &deployment)?;
        ensure!(config["data"]["LOG_LEVEL"] == "debug", "{config}");
        let service = get(world, SERVICE, "dev", "own-api-server-x")?;
        ensure!(service["spec"]["ports"][0]["port"] == 81, "{service}");

        // Another content is another name: the old config map goes.
        let old = config["metadata"]["name"].clone();
        let changed = DEV.replace("debug", "trace");
        let commit = repository.commit("two", &files(BASE, &changed))?;
        world.refresh(&dev)?;
        world.wait_delivered(&dev, &commit)?;
        let deployment = get(world, DEPLOYMENT, "dev", "own-api-server-x")?;
        let config = config_of(world, "dev", &deployment)?;
        ensure!(config["data"]["LOG_LEVEL"] == "trace", "{config}");
        ensure!(config["metadata"]["name"] != old, "{config}");
        let gone = get(world, CONFIG_MAP, "dev", old.as_str().unwrap_or_default())?;
        ensure!(gone.is_null(), "{gone}");
        Ok(())
    })
}

#[test]
fn a_base_of_a_private_repository() -> Result<()> {
    World::start(Plane::Embedded, "a_base_of_a_private_repository", |world| {
        let base = world.repository("base")?;
        base.commit("base", &files(BASE, DEV))?;
        let login = Login::Basic("reader".to_owned(), "word".to_owned());
        let host = GitHttp::start(world.dir(), GitHttpOptions { login, tls: false })?;
        let url = host.url("base.git");
        let overlay = world.repository("overlay")?;
        let kustomization = format!("resources: [\"{url}//base?ref=HEAD\"]\nnamePrefix: dev-\n");
        let commit =
            overlay.commit("one", &[("overlays/dev/kustomization.yaml", &kustomization)])?;
        let name = world.create(&app(world, "dev", &overlay.url(), &json!({})))?;
        // Without credentials it says so.
        world.wait_app("authentication", &name, |app| {
            let conditions = app["status"]["conditions"].as_array();
            conditions.into_iter().flatten().any(|c| {
                c["type"] == "ComparisonError"
                    && c["message"].as_str().is_some_and(|m| m.contains("authentication"))
            })
        })?;
        world.api().create(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "base", "namespace": world.control(),
                "labels": {"argocd.argoproj.io/secret-type": "repository"}},
            "stringData": {"url": url, "username": "reader", "password": "word"},
        }))?;
        world.refresh(&name)?;
        world.wait_delivered(&name, &commit)?;
        let service = get(world, SERVICE, "dev", "dev-api-server")?;
        ensure!(!service.is_null(), "the base's service");
        Ok(())
    })
}
