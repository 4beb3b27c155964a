//! A shop in several states, and what one asks about it.

use anyhow::Result;
use windlass_object::{Value, json};
use windlass_stories::{App, manifest};
use windlass_testkit::GitRepository;

use super::{Answered, CONTROL, Side};

const APPLICATION: &str = "argoproj.io/v1alpha1/Application";
const TO: &str = "shop";

fn app(name: &str, url: &str, path: &str) -> App {
    App::new(CONTROL, name, url, path, TO)
}

impl Side<'_> {
    pub(super) fn refresh(&self, name: &str) -> Result<()> {
        let annotation = json!({"argocd.argoproj.io/refresh": "normal"});
        self.api.patch(
            APPLICATION,
            CONTROL,
            name,
            &json!({"metadata": {"annotations": annotation}}),
        )
    }

    pub(super) fn wait_app(
        &self,
        what: &str,
        name: &str,
        condition: impl FnMut(&Value) -> bool,
    ) -> Result<Value> {
        self.api.wait(what, (APPLICATION, CONTROL, name), condition)
    }
}

fn out_of_sync(app: &Value) -> usize {
    let resources = app["status"]["resources"].as_array();
    resources.into_iter().flatten().filter(|r| r["status"] == "OutOfSync").count()
}

fn is(app: &Value, sync: &str, health: &str) -> bool {
    let status = &app["status"];
    status["sync"]["status"] == sync
        && status["health"]["status"] == health
        && app.get("operation").is_none()
        && app["metadata"]["annotations"].get("argocd.argoproj.io/refresh").is_none()
}

fn ended(app: &Value, phase: &str) -> bool {
    app["status"]["operationState"]["phase"] == phase && app.get("operation").is_none()
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\nstringData:\n  user: admin\n  password: swordfish\n";
const HOOK: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: before\n  annotations:\n    argocd.argoproj.io/hook: PreSync\ndata:\n  key: hook\n";
/// The API takes no port of that number.
const REFUSED: &str =
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: refused\nspec:\n  ports:\n  - port: 99999\n";

/// Plays it, and gives the answers in the order of the questions.
pub(super) fn play(side: &Side<'_>) -> Result<Vec<Answered>> {
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": CONTROL},
    });
    if side.api.get("v1/ConfigMap", CONTROL, "argocd-cm")?.is_none() {
        side.api.create(&settings)?;
    }
    let url = json!({"data": {"url": "https://argocd.example.com"}});
    side.api.patch("v1/ConfigMap", CONTROL, "argocd-cm", &url)?;
    let repository = GitRepository::create(side.root, "shop")?;
    let url = repository.url();
    let first = repository.commit(
        "first",
        &[
            ("web/web.yaml", &manifest::deployment("web", 2, 0)),
            ("web/service.yaml", &manifest::service("web")),
            ("web/settings.yaml", &manifest::config_map_in_wave("settings", "one", -1)),
            ("web/secret.yaml", SECRET),
            ("web/hook.yaml", HOOK),
            ("drifted/a.yaml", &manifest::config_map("a", "one")),
            ("drifted/b.yaml", &manifest::config_map_in_wave("b", "one", 1)),
            ("refused/refused.yaml", REFUSED),
            ("new/map.yaml", &manifest::config_map("fresh", "one")),
        ],
    )?;
    let mut asked = Vec::new();

    // Delivered.
    let automated = json!({"prune": true});
    side.api.create(app("web", &url, "web").automated(automated).cascading().value())?;
    side.wait_app("web is delivered", "web", |app| {
        is(app, "Synced", "Healthy") && ended(app, "Succeeded")
    })?;
    // Synced once, then changed on both sides.
    side.api.create(app("drifted", &url, "drifted").value())?;
    side.wait_app("drifted is compared", "drifted", |app| is(app, "OutOfSync", "Missing"))?;
    asked.push(side.does(&["app", "sync", "drifted"])?);
    side.wait_app("drifted is delivered", "drifted", |app| is(app, "Synced", "Healthy"))?;
    side.api.patch("v1/ConfigMap", TO, "a", &json!({"data": {"key": "by hand", "more": "x"}}))?;
    repository.git(&["rm", "-q", "drifted/b.yaml"])?;
    repository.commit("second", &[])?;
    for name in ["web", "drifted"] {
        side.refresh(name)?;
    }
    side.wait_app("web is compared again", "web", |app| {
        is(app, "Synced", "Healthy") && app["status"]["sync"]["revision"] != first.as_str()
    })?;
    side.wait_app("drifted has drifted", "drifted", |app| {
        is(app, "OutOfSync", "Healthy")
            && app["status"]["sync"]["revision"] != first.as_str()
            && out_of_sync(app) == 2
    })?;
    side.api.create(app("new", &url, "new").value())?;
    side.wait_app("new is compared", "new", |app| is(app, "OutOfSync", "Missing"))?;
    // What cannot be.
    side.api.create(app("refused", &url, "refused").value())?;
    side.wait_app("refused is compared", "refused", |app| is(app, "OutOfSync", "Missing"))?;
    asked.push(side.does(&["app", "sync", "refused"])?);
    side.api.create(app("nopath", &url, "none").value())?;
    side.api.create(app("noproject", &url, "web").spec("project", json!("none")).value())?;
    side.api.create(
        app("norevision", &url, "web")
            .spec("source", json!({"repoURL": url, "path": "web", "targetRevision": "none"}))
            .value(),
    )?;
    for name in ["nopath", "noproject", "norevision"] {
        side.wait_app("it is refused", name, |app| {
            app["status"]["conditions"].as_array().is_some_and(|list| !list.is_empty())
        })?;
    }

    for command in [
        "app list",
        "app list -o name",
        "app list -o wide",
        "app list --project none",
        "app list -l team=none",
        "app list --repo none",
        "app get web",
        "app get web --show-operation",
        "app get web -o tree",
        "app get web -o tree=detailed",
        "app get web -o json",
        "app get web -o yaml",
        "app get drifted",
        "app get drifted -o tree",
        "app get drifted -o json",
        "app get drifted --show-operation",
        "app get new",
        "app get new -o tree",
        "app get new -o json",
        "app diff new",
        "app get refused --show-operation",
        "app get nopath",
        "app get noproject",
        "app get norevision",
        "app get none",
        "app history web",
        "app history web -o id",
        "app history drifted",
        "app history none",
        "app resources web",
        "app resources web --output tree",
        "app resources web --output tree=detailed",
        "app resources none",
        "app manifests web",
        "app manifests web --source live",
        "app manifests web --revision main",
        "app manifests none",
        "app manifests nopath",
        "app diff web",
        "app diff drifted",
        "app diff drifted --exit-code=false",
        "app diff drifted --diff-exit-code 7",
        "app diff nopath",
        "app diff none",
        "app wait web",
        "app wait web --sync --timeout 2",
        "app wait drifted --sync --timeout 2",
        "app wait none --timeout 2",
        "app wait web --resource apps:Deployment:web --health --timeout 2",
    ] {
        asked.push(side.asks(&command.split(' ').collect::<Vec<_>>())?);
    }
    asked.push(side.asks(&["app", "diff", "drifted", "--revision", &first])?);

    let create = |name: &str, more: &[&str]| -> Result<Answered> {
        let base = ["app", "create", name, "--repo", &url, "--path", "web"];
        side.does(&[&base[..], more].concat())
    };
    let here = ["--dest-server", "https://kubernetes.default.svc", "--dest-namespace", TO];
    asked.push(create("made", &here)?);
    asked.push(create("made", &here)?);
    asked.push(create("made", &[&here[..], &["--sync-option", "Validate=false"]].concat())?);
    let upsert = ["--sync-option", "Validate=false", "--upsert"];
    asked.push(create("made", &[&here[..], &upsert].concat())?);
    asked.push(create("nowhere", &[])?);
    let elsewhere = ["--dest-server", "https://none.example.com", "--dest-namespace", TO];
    asked.push(create("nocluster", &elsewhere)?);
    asked.push(create("projectless", &[&here[..], &["--project", "none"]].concat())?);
    for command in [
        "app sync none",
        "app sync web --resource :ConfigMap:none",
        "app sync nopath",
        "app sync new --dry-run",
        "app sync drifted",
        "app sync drifted --prune",
        "app history drifted -o id",
        "app set drifted --sync-policy automated",
        "app get drifted",
        "app delete none --yes",
        "app delete made --cascade=false --yes",
        "app delete drifted --yes --wait",
        "app wait made --delete --timeout 5",
        "app list -o name",
    ] {
        asked.push(side.does(&command.split(' ').collect::<Vec<_>>())?);
    }
    Ok(asked)
}
