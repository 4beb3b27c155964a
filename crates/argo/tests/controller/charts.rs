//! Applications whose source is a chart: in Git, and in a repository.

use windlass_charts::pack;
use windlass_helm::{Chart, File};
use windlass_object::{Value, json};
use windlass_testkit::{DockerRegistry, FileServer, available};

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
    // How large a chart may be, while it runs.
    let size = "reposerver.helm.manifest.max.extracted.size";
    let unbounded = "reposerver.disable.helm.manifest.max.extracted.size";
    world.control(&["create", "configmap", "argocd-cmd-params-cm"]);
    let set = |key: &str, value: &str| {
        let patch = json!({"data": {key: value}}).to_string();
        world.control(&["patch", "configmap", "argocd-cmd-params-cm", "-p", &patch]);
    };
    set(size, "100");
    world.patch(&demo, &source("1.0.0")).await;
    world
        .until(&demo, size, |app| {
            app["status"]["conditions"].to_string().contains("more than 100 bytes unpacked")
        })
        .await;
    set(unbounded, "true");
    world.refresh(&demo).await;
    world.until(&demo, unbounded, |app| at(app, "1.0.0")).await;
    assert_eq!(data("version"), "1.0.0");
    world.delete(&demo).await;
    world.until_gone(&demo).await;
}

/// A tar file, gzipped.
fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(zipped);
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_of_a_registry() {
    use windlass_oci::{
        Client, Credentials, IMAGE_MANIFEST, Limits, Manifest, Reference, Transport,
    };
    // `secret`, as bcrypt.
    const HASH: &str = "$2y$05$kSJWyY8bARtgWJVoOLnCF.6jweSJK5501eMyoBYR1PGJqaj5CItsq";
    const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    if !available(&["kubectl", "kube", "docker-registry"]) {
        return;
    }
    let world = World::start("artifact").await;
    let demo = world.unique();
    let registry = DockerRegistry::start("me", HASH).unwrap();
    let url = format!("oci://{}/team/config", registry.host());
    let credentials =
        Credentials::Basic { username: "me".into(), password: "secret".to_owned().into() };
    let client = Client::new(&Transport::default(), credentials, true, Limits::default()).unwrap();
    let push = async |tag: &str, media_type: &str, layer: Vec<u8>| {
        let reference = Reference::parse(&format!("{url}:{tag}")).unwrap();
        let empty = "application/vnd.oci.empty.v1+json";
        let manifest = Manifest {
            schema_version: 2,
            config: client.push_blob(&reference, empty, "{}".into()).await.unwrap(),
            layers: vec![client.push_blob(&reference, media_type, layer.into()).await.unwrap()],
            ..Manifest::default()
        };
        let body = serde_json::to_vec(&manifest).unwrap();
        client.push_manifest(&reference, IMAGE_MANIFEST, body.into()).await.unwrap().digest
    };
    let map = |version: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: seen}}\ndata: {{v: \"{version}\"}}\n"
        )
    };
    let kustomization = "namePrefix: pre-\nresources: [map.yaml]\n";
    let one = push("1.0.0", LAYER, tar(&[("plain/map.yaml", &map("1"))])).await;
    let overlay = [("map.yaml", map("2")), ("kustomization.yaml", kustomization.to_owned())];
    let overlay = overlay.each_ref().map(|(name, text)| (*name, text.as_str()));
    let two = push("1.1.0", LAYER, tar(&overlay)).await;
    let helm = push("chart", windlass_charts::registry::CHART, chart("3.0.0")).await;
    push("odd", "application/x-tar", tar(&[("a", "b")])).await;

    world.secret(
        "registry",
        &[
            ("type", "oci"),
            ("url", &url),
            ("username", "me"),
            ("password", "secret"),
            ("insecureOCIForceHttp", "true"),
        ],
    );
    world.create(&demo, "unused", json!({"automated": {"prune": true}}), true).await;
    let source = |revision: &str, path: &str| json!({"spec": {"source": {"repoURL": url, "path": path, "targetRevision": revision}}});
    let data = |name: &str, field: &str| {
        let path = format!("jsonpath={{.data.{field}}}");
        world.kubectl(&["get", "cm", name, "--ignore-not-found", "-o", &path])
    };
    // A tag, and manifests below a directory.
    world.patch(&demo, &source("1.0.0", "plain")).await;
    world.until(&demo, "manifests", |app| at(app, &one)).await;
    assert_eq!(data("seen", "v"), "1");
    // A range, and an overlay.
    world.patch(&demo, &source("^1", ".")).await;
    let app = world.until(&demo, "an overlay", |app| at(app, &two)).await;
    assert_eq!(app["status"]["sourceType"], "Kustomize");
    assert_eq!(data("pre-seen", "v"), "2");
    // A digest, and a chart.
    world.patch(&demo, &source(&helm, ".")).await;
    let app = world.until(&demo, "a chart", |app| at(app, &helm)).await;
    assert_eq!(app["status"]["sourceType"], "Helm");
    assert_eq!(data("seen", "version"), "3.0.0");
    for (revision, why) in [
        ("odd", "not in the list of allowed media types"),
        ("none", "cannot get digest for revision none"),
        ("^7", "version matching constraint not found"),
    ] {
        world.patch(&demo, &source(revision, ".")).await;
        let told = |app: &Value| app["status"]["conditions"].to_string().contains(why);
        world.until(&demo, why, told).await;
    }
    // What is taken, and how large it may be, while it runs.
    let custom = "application/vnd.example.config.v1.tar+gzip";
    let own = push("own", custom, tar(&[("map.yaml", &map("4"))])).await;
    let large = push("large", custom, tar(&[("map.yaml", &map("5"))])).await;
    let types = "reposerver.oci.layer.media.types";
    let size = "reposerver.oci.manifest.max.extracted.size";
    let unbounded = "reposerver.disable.oci.manifest.max.extracted.size";
    world.control(&["create", "configmap", "argocd-cmd-params-cm"]);
    let set = |key: &str, value: &str| {
        let patch = json!({"data": {key: value}}).to_string();
        world.control(&["patch", "configmap", "argocd-cmd-params-cm", "-p", &patch]);
    };
    let told = |part: &'static str| {
        move |app: &Value| app["status"]["conditions"].to_string().contains(part)
    };
    world.patch(&demo, &source("own", ".")).await;
    world.until(&demo, types, told("is not in the list of allowed media types")).await;
    set(types, &format!("{LAYER}, {custom}"));
    world.refresh(&demo).await;
    world.until(&demo, types, |app| at(app, &own)).await;
    set(size, "10");
    world.patch(&demo, &source("large", ".")).await;
    world.until(&demo, size, told("more than 10 bytes, the limit")).await;
    set(unbounded, "true");
    world.refresh(&demo).await;
    world.until(&demo, unbounded, |app| at(app, &large)).await;
    assert_eq!(data("seen", "v"), "5");
    world.delete(&demo).await;
    world.until_gone(&demo).await;
}
