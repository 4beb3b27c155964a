//! Applications whose source is a chart: in Git, and in a repository.

use windlass_charts::pack;
use windlass_helm::{Chart, File};
use windlass_object::{Value, json};
use windlass_testkit::{FileServer, available};

use super::world::World;

const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: seen}\ndata:\n  \
    version: {{ .Chart.Version | quote }}\n  a: {{ .Values.a | quote }}\n  \
    release: {{ .Release.Name }}/{{ .Release.Namespace }}\n  \
    apps: {{ .Capabilities.APIVersions.Has \"apps/v1/Deployment\" | quote }}\n";

fn chart(version: &str) -> Vec<u8> {
    let head = format!("apiVersion: v2\nname: web\nversion: {version}\n");
    let files = [
        ("Chart.yaml", head.as_str()),
        ("values.yaml", "a: default\n"),
        ("templates/seen.yaml", TEMPLATE),
    ];
    let files = files.map(|(name, text)| File::new(name, text.as_bytes())).to_vec();
    pack(&Chart::from_files(files).unwrap(), 0).unwrap()
}

fn publish(dir: &std::path::Path, versions: &[&str]) {
    let mut index = "apiVersion: v1\nentries:\n  web:\n".to_owned();
    for version in versions {
        let archive = chart(version);
        let digest = windlass_oci::digest(&archive).replace("sha256:", "");
        let name = format!("web-{version}.tgz");
        std::fs::write(dir.join(&name), archive).unwrap();
        index.push_str(&format!(
            "  - {{name: web, version: {version}, urls: [{name}], digest: {digest}}}\n"
        ));
    }
    std::fs::write(dir.join("index.yaml"), index).unwrap();
}

fn at(app: &Value, revision: &str) -> bool {
    app["status"]["sync"]["status"] == "Synced" && app["status"]["sync"]["revision"] == revision
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_in_git() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let world = World::start("git-chart").await;
    let demo = world.unique();
    let commit = world.commit(&[
        ("app/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"),
        ("app/values.yaml", "a: default\n"),
        ("app/templates/seen.yaml", TEMPLATE),
        ("prod.yaml", "a: prod\n"),
    ]);
    world.create(&demo, "app", json!({"automated": {}}), true).await;
    world.until(&demo, "delivered", |app| at(app, &commit)).await;
    let data = |field: &str| {
        world.kubectl(&["get", "cm", "seen", "-o", &format!("jsonpath={{.data.{field}}}")])
    };
    assert_eq!(data("a"), "default");
    assert_eq!(data("apps"), "true");
    assert_eq!(data("release"), format!("{demo}/{demo}"));
    let helm = json!({"spec": {"source": {"helm": {
        "releaseName": "r", "valueFiles": ["/prod.yaml"],
        "parameters": [{"name": "a", "value": "$ARGOCD_APP_NAME,x"}],
    }}}});
    world.patch(&demo, &helm).await;
    world
        .until(&demo, "the options are delivered", |app| {
            at(app, &commit) && app["status"]["sync"]["comparedTo"]["source"]["helm"].is_object()
        })
        .await;
    assert_eq!(data("a"), format!("{demo},x"));
    assert_eq!(data("release"), format!("r/{demo}"));
    let app = world.until(&demo, "typed", |app| app["status"]["sourceType"] == "Helm").await;
    assert!(!app["status"]["conditions"].to_string().contains("NotSupported"), "{app}");
    world.delete(&demo).await;
    world.until_gone(&demo).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_of_a_repository() {
    if !available(&["kubectl", "kube"]) {
        return;
    }
    let world = World::start("repo-chart").await;
    let demo = world.unique();
    let dir = tempfile::tempdir().unwrap();
    publish(dir.path(), &["1.0.0", "1.2.0", "2.0.0"]);
    let server = FileServer::start(dir.path(), "me", "secret").unwrap();
    let private = format!("{}/private", server.url());
    world.secret(
        "charts",
        &[("type", "helm"), ("url", &private), ("username", "me"), ("password", "secret")],
    );
    world.create(&demo, "unused", json!({"automated": {}}), true).await;
    let source = |range: &str| {
        json!({"spec": {"source": {
            "repoURL": private, "path": null, "chart": "web", "targetRevision": range,
            "helm": {"valuesObject": {"a": "object"}},
        }}})
    };
    world.patch(&demo, &source("^1")).await;
    let app = world.until(&demo, "delivered", |app| at(app, "1.2.0")).await;
    assert_eq!(app["status"]["history"][0]["revision"], "1.2.0");
    let data = |field: &str| {
        world.kubectl(&["get", "cm", "seen", "-o", &format!("jsonpath={{.data.{field}}}")])
    };
    assert_eq!((data("version"), data("a")), ("1.2.0".into(), "object".into()));
    // A range that reaches further, and one that nothing fits.
    world.patch(&demo, &source("*")).await;
    world.until(&demo, "the greatest", |app| at(app, "2.0.0")).await;
    assert_eq!(data("version"), "2.0.0");
    world.patch(&demo, &source("^7")).await;
    world
        .until(&demo, "the refusal is told", |app| {
            app["status"]["conditions"]
                .to_string()
                .contains("version matching constraint not found")
        })
        .await;
    // What was asked for again came with the same index: it was not sent again and again.
    assert!(server.served() <= 6, "{}", server.served());
    world.delete(&demo).await;
    world.until_gone(&demo).await;
}
