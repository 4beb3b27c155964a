//! Two hundred applications, as the real Argo CD renders them: `app manifests` of each, object by
//! object.
//!
//! Argo CD 3.2.6 rendered them on a real Kubernetes; what its `argocd app manifests` printed is in
//! `recorded.json`, an application that it cannot render as null. An ordinary run renders them in
//! process, with what Windlass' own `app manifests` is made of. With `WINDLASS_RECORD` set Argo CD
//! renders them anew.

#![allow(clippy::unwrap_used)]

mod cases;
mod files;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use windlass_argo::build_options::BuildOptions;
use windlass_argo::fetch::{self, Fetcher};
use windlass_argo::types::Application;
use windlass_charts::Charts;
use windlass_engine::state::ApiKinds;
use windlass_engine::targets::{self, Context};
use windlass_engine::tracking::Tracking;
use windlass_engine::{hook, mask};
use windlass_helm::Draws;
use windlass_object::{GroupKind, GroupVersionKind, Object, yaml};
use windlass_render::{Given, Outcome, render};
use windlass_source::credentials::Settings;
use windlass_source::{Options, Sources};
use windlass_testkit::{ArgoCd, ArgoCdOptions, GitRepository, Kubernetes, Parts, wait_for};
use windlass_tree::ClusterVersions;

/// The destination namespace.
const NAMESPACE: &str = "apps";
/// What Argo CD 3.2.6 tells charts of the Kubernetes 1.36.3 it was recorded on; 3.5 tells all of it.
const KUBERNETES: &str = "1.36";

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/applications/recorded.json")
}

/// The repositories' addresses by their placeholders.
fn repositories(root: &Path) -> Vec<(&'static str, String)> {
    let places = ["REPO", "VALUES"];
    let made = files::REPOSITORIES.iter().zip(places).map(|((name, files), place)| {
        let repository = GitRepository::create(root, name).unwrap();
        let mut all: Vec<(String, &str)> =
            files.iter().map(|(path, text)| ((*path).to_owned(), *text)).collect();
        for (case, _) in cases::all().iter().filter(|(_, sources)| {
            *name == "app"
                && sources["path"].as_str().is_some_and(|path| path.starts_with("copies/"))
        }) {
            let parts = ["base/", "overlay/", "parts/"];
            let copied = files.iter().filter(|(path, _)| parts.iter().any(|p| path.starts_with(p)));
            all.extend(copied.map(|(path, text)| (format!("copies/{case}/{path}"), *text)));
        }
        let all: Vec<(&str, &str)> =
            all.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        repository.commit("files", &all).unwrap();
        (place, repository.url())
    });
    made.collect()
}

fn application(name: &str, sources: &Value, repositories: &[(&str, String)]) -> Value {
    let mut text = sources.to_string();
    for (place, url) in repositories {
        text = text.replace(&format!("\"{place}\""), &format!("\"{url}\""));
    }
    let sources: Value = serde_json::from_str(&text).unwrap();
    let field = if sources.is_array() { "sources" } else { "source" };
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "default", field: sources,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": NAMESPACE},
        },
    })
}

/// Objects by their keys, with what the place of the repositories says taken out.
fn normal(objects: Vec<Value>, repositories: &[(&str, String)]) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    for object in objects {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let key =
            format!("{} {}/{}", text("/kind"), text("/metadata/namespace"), text("/metadata/name"));
        let mut printed = object.to_string();
        for (place, url) in repositories {
            printed = printed.replace(url, place);
        }
        out.insert(key, serde_json::from_str(&printed).unwrap());
    }
    out
}

struct Kinds;

impl ApiKinds for Kinds {
    fn namespaced(&self, kind: &GroupKind) -> Option<bool> {
        Some(!matches!(kind.kind.as_str(), "Namespace" | "CustomResourceDefinition"))
    }

    fn serves(&self, _: &GroupVersionKind) -> bool {
        true
    }

    fn served_instead(&self, _: &GroupVersionKind) -> Option<GroupVersionKind> {
        None
    }
}

/// What Windlass makes of an application; nothing if it cannot.
async fn windlass(
    app: &Application,
    sources: &Sources,
    charts: &Charts,
) -> Result<Vec<Value>, String> {
    let settings = Arc::new(Settings::default());
    let versions = Arc::new(ClusterVersions {
        kubernetes: KUBERNETES.to_owned(),
        apis: ["v1", "apps/v1", "batch/v1"].map(str::to_owned).into(),
    });
    let all = app.spec.effective_sources();
    let references = fetch::references(app, all, &[])?;
    let mut objects = Vec::new();
    for source in all.iter().filter(|source| !source.is_reference_only()) {
        let fetcher = Fetcher::of(app, source, sources, charts, &settings, Some(&versions));
        let options = BuildOptions::default();
        let draws = Draws::of_application(&[0; 32], app.uid());
        let spec = fetch::spec(app, source, references.clone(), app.name(), &options, draws)?;
        let repository =
            settings.repository(&source.repo_url, "default").map_err(|e| e.to_string())?;
        let commit = sources.resolve(&repository, &source.target_revision).await;
        let commit = commit.map_err(|error| error.to_string())?.commit;
        let tree = sources.tree(&repository, &commit).await.map_err(|error| error.to_string())?;
        let (spec, tree) = (&spec, &tree);
        let run = |given: Given| async move {
            Ok(match render(&**tree, spec, &given) {
                Outcome::Done(rendered) => Ok(Arc::new(rendered)),
                Outcome::Needs(needs) => Err(needs),
            })
        };
        let rendered = fetcher.fulfil(Given::at(commit.as_str(), 0), run).await?;
        if let Some(problem) = rendered.diagnostics.first() {
            return Err(problem.to_string());
        }
        objects.extend(rendered.manifests.iter().map(|manifest| manifest.object.clone()));
    }
    let context = Context {
        instance: app.name(),
        namespace: NAMESPACE,
        tracking: &Tracking::default(),
        kinds: &Kinds,
        excluded: &|_| false,
    };
    let targets = targets::prepare(objects, &context);
    let shown = targets.objects.into_iter().filter(|object| !hook::is_hook(object));
    let mut shown: Vec<Object> = shown.map(|object| Object::clone(&object)).collect();
    for object in &mut shown {
        mask::mask(&mut [object], &[]);
    }
    Ok(shown.into_iter().map(Object::into_value).collect())
}

fn record() {
    let cluster = Kubernetes::start(Parts::Full).unwrap();
    let argocd = ArgoCd::start(&cluster, &ArgoCdOptions::default()).unwrap();
    let root = tempfile::tempdir().unwrap();
    let repositories = repositories(root.path());
    let cases = cases::all();
    let items: Vec<Value> =
        cases.iter().map(|(name, sources)| application(name, sources, &repositories)).collect();
    let list = root.path().join("applications.json");
    std::fs::write(&list, json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string())
        .unwrap();
    cluster.kubectl(&["apply", "--server-side", "-f", list.to_str().unwrap()]).unwrap();
    let applications = || -> Vec<Value> {
        let text = cluster.kubectl(&["-n", "argocd", "get", "applications", "-o", "json"]).unwrap();
        let list: Value = serde_json::from_str(&text).unwrap();
        list["items"].as_array().cloned().unwrap_or_default()
    };
    let mut compared = Vec::new();
    wait_for("all applications are compared", Duration::from_secs(600), || {
        compared = applications();
        let done = compared.iter().all(|app| app["status"]["sync"]["status"].is_string());
        Ok((done && compared.len() == cases.len()).then_some(()))
    })
    .unwrap();
    let mut recorded = BTreeMap::new();
    for app in compared {
        let name = app["metadata"]["name"].as_str().unwrap();
        let fails = app["status"]["conditions"].to_string().contains("Error");
        let answer = if fails {
            Value::Null
        } else {
            let printed = argocd.cli().unwrap().args(["app", "manifests", name]).output().unwrap();
            assert!(
                printed.status.success(),
                "{name}: {}",
                String::from_utf8_lossy(&printed.stderr)
            );
            let parsed = yaml::parse(&printed.stdout, &yaml::Options::default());
            let objects = parsed.documents.into_iter().map(|document| document.value);
            json!(normal(objects.filter(|value| !value.is_null()).collect(), &repositories))
        };
        recorded.insert(name.to_owned(), answer);
    }
    let lines: Vec<String> =
        recorded.iter().map(|(name, answer)| format!("{}: {answer}", json!(name))).collect();
    std::fs::write(fixture(), format!("{{\n{}\n}}\n", lines.join(",\n"))).unwrap();
}

#[test]
fn two_hundred_applications_are_as_argo_cds() {
    if std::env::var_os("WINDLASS_RECORD").is_some()
        && windlass_testkit::available(&["kube", "kubectl", "argocd", "helm", "redis-server"])
    {
        record();
    }
    let recorded: BTreeMap<String, Value> =
        serde_json::from_slice(&std::fs::read(fixture()).unwrap()).unwrap();
    let root = tempfile::tempdir().unwrap();
    let repositories = repositories(root.path());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let sources = Sources::new(Options::new(root.path().join("mirrors"))).unwrap();
    let charts = Charts::new(root.path().join("charts"));
    let mut wrong = Vec::new();
    for (name, given) in cases::all() {
        let app = application(&name, &given, &repositories);
        let app = Application::from_object(&serde_json::from_value(app).unwrap()).unwrap();
        let found = runtime.block_on(windlass(&app, &sources, &charts));
        let ours = found.as_ref().ok().map(|objects| json!(normal(objects.clone(), &repositories)));
        match (recorded.get(&name), ours) {
            (None, _) => wrong.push(format!("{name}: it was never recorded")),
            (Some(Value::Null), None) => {}
            (Some(theirs), Some(ours)) if *theirs == ours => {}
            (Some(theirs), ours) => {
                let error = found.err().map(|error| format!(" ({error})")).unwrap_or_default();
                wrong.push(format!(
                    "{name}: {given}\n  argocd   {theirs}\n  windlass {}{error}",
                    ours.unwrap_or_default()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
