//! What Argo CD does to a checkout for an application's `kustomize.*`, by the real `kustomize edit`
//! and `kustomize build` called as Argo CD calls them, beside our render, which touches nothing.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use windlass_helm::Draws;
use windlass_object::yaml;
use windlass_render::{Blocks, Given, Need, Outcome, Spec, render};
use windlass_testkit::{available, peer};
use windlass_tree::{ClusterVersions, DirectoryTree, TreePath};

const KUBERNETES: &str = "1.33.1";
const APIS: [&str; 2] = ["v1", "acme.test/v1/Thing"];
const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

/// The files of the repository.
const FILES: &[(&str, &str)] = &[
    (
        "base/kustomization.yaml",
        "resources: [all.yaml]\nconfigMapGenerator:\n- name: conf\n  literals: [A=1]\n",
    ),
    (
        "base/all.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}}\nspec:\n  \
         replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: \
         {app: web}}\n    spec:\n      serviceAccountName: web\n      initContainers: [{name: i, image: \
         'registry.io:5000/tools/init@sha256:00'}]\n      containers:\n      - name: web\n        image: \
         nginx:1.0\n        envFrom: [{configMapRef: {name: conf}}]\n      - {name: side, image: \
         app}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  replicas: \
         2\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    \
         spec: {containers: [{name: db, image: 'postgres:9'}]}\n  volumeClaimTemplates: [{metadata: \
         {name: data}}]\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: \
         own}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n---\napiVersion: \
         rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: web}\nroleRef: \
         {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects: [{kind: \
         ServiceAccount, name: web, namespace: own}]\n---\napiVersion: v1\nkind: \
         ServiceAccount\nmetadata: {name: web}\n---\napiVersion: acme.test/v1\nkind: \
         Thing\nmetadata: {name: t}\nspec: {image: 'nginx:1.0', list: [1, 2]}\n",
    ),
    (
        "overlay/kustomization.yaml",
        "# head\nresources:\n- ../base # behind\nnamePrefix: o-\ncommonLabels: {tier: a}\nlabels:\n- \
         pairs: {from: labels}\ncommonAnnotations: {note: \"1\"}\nimages:\n- {name: nginx, newName: \
         mirror/nginx, newTag: \"2\"}\nreplicas:\n- {name: db, count: 3}\npatches:\n- target: {kind: \
         Service}\n  patch: '[{\"op\": \"add\", \"path\": \"/spec/type\", \"value\": \"ClusterIP\"}]'\ncomponents: \
         [../parts/one]\n",
    ),
    ("plain/kustomization.yml", "resources: [../base]\n"),
    (
        "old/Kustomization",
        "bases: [../base]\nimageTags: [{name: nginx, newTag: '5'}]\npatchesStrategicMerge: \
         [p.yaml]\npatchesJson6902: [{target: {version: v1, kind: Service, name: web}, path: \
         j.json}]\nvars: []\n",
    ),
    (
        "old/p.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {p: q}}\n",
    ),
    (
        "old/j.json",
        "[{\"op\": \"add\", \"path\": \"/metadata/labels\", \"value\": {\"j\": \"6902\"}}]",
    ),
    ("odd/kustomization.yaml", "resources: [../base]\nunknown: field\n"),
    ("none/all.txt", "no kustomization\n"),
    (
        "overlay/p.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: NodePort}\n",
    ),
    (
        "parts/one/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {part: \
         one}}]\n",
    ),
    (
        "parts/two/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -two\n",
    ),
    (
        "chart/kustomization.yaml",
        "helmGlobals: {chartHome: charts}\nhelmCharts: [{name: c, releaseName: r}]\nresources: \
         [../base]\n",
    ),
    ("chart/charts/c/values.yaml", "a: b\n"),
    ("bare/kustomization.yaml", "helmCharts: [{name: c, releaseName: r}]\n"),
    ("bare/charts/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
    (
        "nulls/kustomization.yaml",
        "resources: [../base]\npatches: null\nimages:\ncommonLabels: {}\nlabels: null\nreplicas: \
         []\ncommonAnnotations: ~\ncomponents:\nnamePrefix:\nnamespace: null\nopenapi: \
         {}\nconfigMapGenerator: []\ngeneratorOptions: {}\nbuildMetadata: null\nvars: []\nhelmGlobals: \
         null\nhelmCharts:\npatchesStrategicMerge: null\npatchesJson6902: []\nreplacements: null\n",
    ),
    ("map/kustomization.yaml", "resources: [../base]\npatches: {}\n"),
    ("word/kustomization.yaml", "resources: [../base]\npatches: ''\n"),
    ("list/kustomization.yaml", "- ../base\n"),
    ("void/kustomization.yaml", ""),
    ("null/kustomization.yaml", "null\n"),
    ("comment/kustomization.yaml", "# nothing\n"),
    (
        "inner/kustomization.yaml",
        "resources: [../base]\nimages: [{name: nginx, newTag: null, newName: }]\nreplicas: [{name: \
         db, count: null}]\npatches: [{target: null, patch: null, path: ../inner/p.yaml, options: \
         null}]\nlabels: [{pairs: {a: b}, includeSelectors: null, fields: \
         null}]\nconfigMapGenerator: [{name: c, literals: null, files: null, envs: null, options: \
         null, behavior: null}]\n",
    ),
    (
        "inner/p.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: NodePort}\n",
    ),
    ("chart/charts/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
    (
        "chart/charts/c/templates/c.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  version: {{ \
         .Capabilities.KubeVersion.Version }}\n  thing: {{ .Capabilities.APIVersions.Has \
         \"acme.test/v1/Thing\" | quote }}\n  other: {{ .Capabilities.APIVersions.Has \"x/v1\" | quote \
         }}\n",
    ),
];

fn repository(root: &Path) {
    for (path, text) in FILES {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

fn environment() -> [(&'static str, &'static str); 3] {
    [
        ("ARGOCD_APP_NAME", "app"),
        ("ARGOCD_APP_NAMESPACE", "to"),
        ("ARGOCD_APP_SOURCE_TARGET_REVISION", "main"),
    ]
}

fn substituted(text: &str) -> String {
    let variables = environment().into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    windlass_render::Environment::new(&variables, REVISION).substitute(text)
}

/// Runs a command, whose output or first words of error come back.
fn run(directory: &Path, arguments: &[String]) -> Result<String, String> {
    let helm = peer("helm").unwrap();
    let path = format!("{}:/usr/bin:/bin", helm.parent().unwrap().display());
    let mut command = Command::new(peer("kustomize").unwrap());
    command.args(arguments).current_dir(directory).env("PATH", path);
    let out = command.output().unwrap();
    if out.status.success() {
        return Ok(String::from_utf8(out.stdout).unwrap());
    }
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    let error = text.split_once("Error: ").map_or(text.as_str(), |(_, error)| error);
    let error = error.split("\nUsage:").next().unwrap().trim().to_owned();
    let root = std::fs::canonicalize(directory).unwrap();
    Err(error.replace(root.parent().unwrap().to_str().unwrap(), "<path to cached source>"))
}

/// As Argo CD builds: what `kustomize.go` of 3.2.6 calls, in its order.
fn argo_cd(
    root: &Path,
    path: &str,
    options: &Value,
    build_options: &str,
) -> Result<Vec<Value>, String> {
    let at = root.join(path);
    let text = |field: &str| options[field].as_str().unwrap_or_default().to_owned();
    let on = |field: &str| options[field].as_bool().unwrap_or(false);
    let edit = |words: &[&str], rest: Vec<String>| {
        let words = words.iter().map(|w| (*w).to_owned());
        let arguments: Vec<String> =
            std::iter::once("edit".to_owned()).chain(words).chain(rest).collect();
        run(&at, &arguments).map(|_| ())
    };
    let list = |field: &str| options[field].as_array().cloned().unwrap_or_default();
    let pairs = |field: &str, with: &dyn Fn(&str) -> String| -> Vec<String> {
        let pairs = options[field].as_object().cloned().unwrap_or_default();
        pairs.iter().map(|(k, v)| format!("{k}:{}", with(v.as_str().unwrap()))).collect()
    };
    for (field, command) in [("namePrefix", "nameprefix"), ("nameSuffix", "namesuffix")] {
        if !text(field).is_empty() {
            edit(&["set", command, "--"], vec![text(field)])?;
        }
    }
    let images = list("images");
    if !images.is_empty() {
        let images = images.iter().map(|image| substituted(image.as_str().unwrap())).collect();
        edit(&["set", "image"], images)?;
    }
    let replicas = list("replicas");
    if !replicas.is_empty() {
        let count = |replica: &Value| match &replica["count"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let name = |replica: &Value| replica["name"].as_str().unwrap().to_owned();
        if let Some(bad) = replicas.iter().map(count).find(|count| count.parse::<i64>().is_err()) {
            return Err(format!("expected integer value for count. Received: {bad}"));
        }
        let replicas = replicas.iter().map(|r| format!("{}={}", name(r), count(r))).collect();
        edit(&["set", "replicas"], replicas)?;
    }
    let labels = pairs("commonLabels", &substituted);
    if !labels.is_empty() {
        let mut words = vec!["add", "label"];
        words.extend(on("forceCommonLabels").then_some("--force"));
        words.extend(on("labelWithoutSelector").then_some("--without-selector"));
        words.extend(on("labelIncludeTemplates").then_some("--include-templates"));
        edit(&words, labels)?;
    }
    let plain = |text: &str| match on("commonAnnotationsEnvsubst") {
        true => substituted(text),
        false => text.to_owned(),
    };
    let annotations = pairs("commonAnnotations", &plain);
    if !annotations.is_empty() {
        let mut words = vec!["add", "annotation"];
        words.extend(on("forceCommonAnnotations").then_some("--force"));
        edit(&words, annotations)?;
    }
    if !text("namespace").is_empty() {
        edit(&["set", "namespace", "--"], vec![text("namespace")])?;
    }
    let patches = list("patches");
    if !patches.is_empty() {
        let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
        let file = names.iter().map(|name| at.join(name)).find(|file| file.exists());
        let file = file.ok_or("kustomization file not found in the path")?;
        let text = std::fs::read(&file).unwrap();
        let mut value = yaml::parse_one(&text, &yaml::Options::default()).unwrap();
        let Some(fields) = value.as_object_mut() else {
            return Err("expected kustomization.yaml to be type map[string]any".to_owned());
        };
        let all = fields.entry("patches").or_insert_with(|| json!([]));
        let got = match all {
            Value::Null => "<nil>",
            Value::String(_) => "string",
            _ => "map[string]interface {}",
        };
        let Some(all) = all.as_array_mut() else {
            let expected = "expected 'patches' field in kustomization.yaml to be []any";
            return Err(format!("{expected}, but got {got}"));
        };
        all.extend(patches);
        std::fs::write(&file, yaml::to_string(&value)).unwrap();
    }
    let mut components: Vec<String> =
        list("components").iter().map(|c| c.as_str().unwrap().to_owned()).collect();
    if on("ignoreMissingComponents") {
        components.retain(|component| at.join(component).exists());
    }
    if !components.is_empty() {
        edit(&["add", "component"], components)?;
    }
    let mut arguments = vec!["build".to_owned(), at.display().to_string()];
    arguments.extend(build_options.split_whitespace().map(str::to_owned));
    if build_options.contains("--enable-helm") {
        let version = match options["kubeVersion"].as_str() {
            Some(own) => own.trim_start_matches('v').to_owned(),
            None => KUBERNETES.to_owned(),
        };
        arguments.extend(["--helm-kube-version".to_owned(), version]);
        let own = list("apiVersions");
        let own = own.iter().map(|api| api.as_str().unwrap().to_owned());
        let apis: Vec<String> = match own.len() {
            0 => APIS.iter().map(|api| (*api).to_owned()).collect(),
            _ => own.collect(),
        };
        arguments.extend(apis.into_iter().flat_map(|api| ["--helm-api-versions".to_owned(), api]));
    }
    let out = run(&at, &arguments)?;
    let parsed = yaml::parse(out.as_bytes(), &yaml::Options::default());
    let documents = parsed.documents.into_iter().map(|document| document.value);
    Ok(documents.filter(|value| !value.is_null()).collect())
}

fn windlass(
    root: &Path,
    path: &str,
    options: &Value,
    build_options: &str,
) -> Result<Vec<Value>, String> {
    let kustomize = serde_json::from_value(options.clone()).map_err(|e| e.to_string())?;
    let blocks = Blocks { kustomize: Some(kustomize), ..Blocks::default() };
    let mut spec = Spec::for_application(TreePath::new(path).unwrap(), blocks, "app");
    spec.environment = environment().into_iter().map(|(k, v)| (k.into(), v.into())).collect();
    build_options.clone_into(&mut spec.kustomize_build_options);
    spec.installation.draws = Some(Draws::fresh([7; 32]));
    let tree = DirectoryTree::new(root);
    let mut given = Given::at(REVISION, 0);
    let mut rounds = 0;
    let rendered = loop {
        rounds += 1;
        match render(&tree, &spec, &given) {
            Outcome::Done(rendered) => break rendered,
            Outcome::Needs(needs) => {
                assert!(rounds == 1 && needs == [Need::ClusterVersions], "{needs:?}");
                given.insert_cluster(Arc::new(ClusterVersions {
                    kubernetes: KUBERNETES.to_owned(),
                    apis: APIS.iter().map(|api| (*api).to_owned()).collect(),
                }));
            }
        }
    };
    if let Some(diagnostic) = rendered.diagnostics.first() {
        return Err(diagnostic.to_string());
    }
    let objects = rendered.manifests.iter();
    Ok(objects.map(|manifest| serde_json::to_value(&manifest.object).unwrap()).collect())
}

/// What differs, if anything does.
fn compare(path: &str, options: &Value, build_options: &str) -> Option<String> {
    let (theirs, ours) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    repository(theirs.path());
    repository(ours.path());
    let theirs = std::fs::canonicalize(theirs.path())
        .map(|root| argo_cd(&root, path, options, build_options));
    let theirs = theirs.unwrap();
    let ours_root = ours.path();
    let ours = windlass(ours_root, path, options, build_options);
    // Nothing is written.
    for (path, text) in FILES {
        assert_eq!(std::fs::read_to_string(ours_root.join(path)).unwrap(), *text);
    }
    let text = |objects: &[Value]| -> String { objects.iter().map(yaml::to_string).collect() };
    let what = match (&theirs, &ours) {
        (Ok(theirs), Ok(ours)) if theirs == ours => return None,
        (Err(theirs), Err(ours)) if ours.contains(words(theirs)) => return None,
        (Ok(theirs), Ok(ours)) => format!("Argo CD:\n{}\nwe:\n{}", text(theirs), text(ours)),
        (theirs, ours) => format!(
            "Argo CD: {:?}\nwe: {:?}",
            theirs.as_ref().map(Vec::len),
            ours.as_ref().map(Vec::len)
        ),
    };
    Some(format!("{path} {options} {build_options}\n{what}"))
}

/// The words of an error that must be found in ours: what is a path on the disk is not, nor why a
/// JSON patch's operation could not be done.
fn words(error: &str) -> &str {
    let error = error.split(" evalsymlink failure").next().unwrap_or(error);
    error.split(": Unable to").next().unwrap_or(error).trim_end_matches([':', ' '])
}

#[track_caller]
fn check(cases: &[(&str, Value, &str)]) {
    if !available(&["helm", "kustomize"]) {
        return;
    }
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(path, options, build_options)| compare(path, options, build_options))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} differ\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n====\n")
    );
}

/// Values of every field, valid and not.
fn values() -> Vec<Value> {
    vec![
        json!({"namePrefix": "p-"}),
        json!({"namePrefix": "-p"}),
        json!({"nameSuffix": "-s"}),
        json!({"namePrefix": "yes", "nameSuffix": "1"}),
        json!({"images": ["nginx:2.0"]}),
        json!({"images": ["nginx=other/nginx:3"]}),
        json!({"images": ["nginx=other/nginx"]}),
        json!({"images": ["nginx@sha256:24a0"]}),
        json!({"images": ["nginx:3@sha256:24a0", "app=x/app:1@sha256:25"]}),
        json!({"images": ["app=*:7", "nginx=*:$ARGOCD_APP_REVISION"]}),
        json!({"images": ["registry.io:5000/tools/init:4", "postgres=pg:${ARGOCD_APP_NAME}"]}),
        json!({"images": ["nginx:1", "nginx:2"]}),
        json!({"images": ["nginx"]}),
        json!({"images": ["nginx=a=b:c"]}),
        json!({"images": ["unused:1", ".*:9"]}),
        json!({"replicas": [{"name": "web", "count": 3}, {"name": "db", "count": "0"}]}),
        json!({"replicas": [{"name": "none", "count": 3}]}),
        json!({"replicas": [{"name": "web", "count": "three"}]}),
        json!({"replicas": [{"name": "a=b", "count": 1}]}),
        json!({"commonLabels": {"x": "y", "app.io/n": "$ARGOCD_APP_NAME"}}),
        json!({"commonLabels": {"x": "1", "y": "true", "z": "\"q\"", "v": ""}}),
        json!({"commonLabels": {"tier": "b"}}),
        json!({"commonLabels": {"tier": "b", "app": "c"}, "forceCommonLabels": true}),
        json!({"commonLabels": {"x": "y"}, "labelWithoutSelector": true}),
        json!({"commonLabels": {"tier": "y"}, "labelWithoutSelector": true}),
        json!({"commonLabels": {"from": "y"}, "labelWithoutSelector": true}),
        json!({"commonLabels": {"from": "y"}, "labelWithoutSelector": true, "forceCommonLabels": true}),
        json!({"commonLabels": {"x": "y"}, "labelWithoutSelector": true, "labelIncludeTemplates": true}),
        json!({"commonLabels": {"x": "y"}, "labelIncludeTemplates": true}),
        json!({"commonLabels": {"a:b": "c"}}),
        json!({"commonLabels": {"": "c"}}),
        json!({"commonAnnotations": {"a": "b: c, d", "e": "$ARGOCD_APP_NAME"}}),
        json!({"commonAnnotations": {"a": "${ARGOCD_APP_REVISION_SHORT}", "b": "$$X", "c": "$NONE"},
               "commonAnnotationsEnvsubst": true}),
        json!({"commonAnnotations": {"note": "2"}}),
        json!({"commonAnnotations": {"note": "2"}, "forceCommonAnnotations": true}),
        json!({"commonAnnotations": {"n": "line\nbreak"}}),
        json!({"namespace": "prod"}),
        json!({"namespace": "Bad_Name"}),
        json!({"patches": [{"target": {"kind": "Deployment"},
            "patch": "- op: replace\n  path: /metadata/name\n  value: renamed\n",
            "options": {"allowNameChange": true}}]}),
        json!({"patches": [{"patch": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer}\n"}]}),
        json!({"patches": [{"target": {"group": "apps", "version": "v1", "kind": "StatefulSet", "name": "d.*",
            "namespace": "", "labelSelector": "", "annotationSelector": ""},
            "patch": "kind: Other\napiVersion: apps/v1\nmetadata: {name: x}\nspec: {replicas: 9}\n",
            "options": {"allowKindChange": true}}]}),
        json!({"patches": [{"target": {"labelSelector": "app=web"}, "patch": "[{\"op\": \"add\", \"path\": \"/metadata/labels/q\", \"value\": \"r\"}]"}]}),
        json!({"patches": [{"target": {"kind": "Service"}, "path": "p.yaml"}]}),
        json!({"patches": [{"target": {"kind": "Service"}, "path": "none.yaml"}]}),
        json!({"patches": [{"target": {"kind": "Service"}, "patch": "[{\"op\": \"remove\", \"path\": \"/no\"}]"}]}),
        json!({"patches": [{"target": {"kind": "Service"}, "patch": "a: b", "options": {"unknown": true}}]}),
        json!({"patches": [{}]}),
        json!({"components": ["../parts/two"]}),
        json!({"components": ["../parts/one"]}),
        json!({"components": ["../parts/*"]}),
        json!({"components": ["../parts/none"]}),
        json!({"components": ["../base"]}),
        json!({"components": ["../parts/two", "../parts/none"], "ignoreMissingComponents": true}),
        json!({"components": ["../parts/*"], "ignoreMissingComponents": true}),
        json!({"kubeVersion": "v1.30.2", "apiVersions": ["x/v1"]}),
        json!({"version": "v5.8.2"}),
        json!({}),
    ]
}

#[test]
fn every_field_as_argo_cd_edits() {
    let cases: Vec<(&str, Value, &str)> =
        values().into_iter().map(|options| ("overlay", options, "")).collect();
    check(&cases);
}

#[test]
fn other_kustomizations_and_flags() {
    let patch = json!({"patches": [{"target": {"kind": "Service"}, "patch": "[{\"op\": \"add\", \"path\": \"/metadata/labels\", \"value\": {\"a\": \"b\"}}]"}]});
    check(&[
        ("plain", json!({"images": ["nginx:2"], "namespace": "n"}), ""),
        ("plain", json!({}), ""),
        ("old", json!({}), ""),
        ("old", json!({"images": ["nginx:2"], "namePrefix": "p-"}), ""),
        ("old", patch.clone(), ""),
        ("odd", json!({"namePrefix": "p-"}), ""),
        ("odd", patch, ""),
        ("odd", json!({}), ""),
        ("none", json!({"namePrefix": "p-"}), ""),
        ("bare", json!({}), "--enable-helm"),
        ("chart", json!({}), ""),
        ("chart", json!({}), "--enable-helm"),
        ("chart", json!({"kubeVersion": "v1.30.2"}), "--enable-helm"),
        ("chart", json!({"apiVersions": ["x/v1"]}), "--enable-helm"),
        (
            "chart",
            json!({"kubeVersion": "1.30", "apiVersions": ["x/v1", "v1"], "namespace": "n"}),
            "--enable-helm",
        ),
        ("overlay", json!({"namePrefix": "p-"}), "--reorder none"),
        ("overlay", json!({}), "--enable-managedby-label"),
        ("overlay", json!({}), "--load-restrictor LoadRestrictionsNone --reorder=legacy"),
    ]);
}

/// Fields of the kustomization that are null or empty, and each field of the application.
#[test]
fn what_is_null_in_the_kustomization() {
    let each = [
        json!({"namePrefix": "p-"}),
        json!({"images": ["nginx:2"]}),
        json!({"replicas": [{"name": "db", "count": 2}]}),
        json!({"commonLabels": {"x": "y"}}),
        json!({"commonLabels": {"x": "y"}, "labelWithoutSelector": true}),
        json!({"commonAnnotations": {"x": "y"}}),
        json!({"namespace": "n"}),
        json!({"components": ["../parts/one"]}),
        json!({"patches": [{"patch": "apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {a: b}}\n"}]}),
        json!({"namespace": "n", "patches": [{"patch": "apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {a: b}}\n"}]}),
        json!({}),
    ];
    let mut cases = Vec::new();
    for path in ["nulls", "map", "word", "list", "void", "null", "comment", "inner"] {
        cases.extend(each.iter().map(|options| (path, options.clone(), "")));
    }
    check(&cases);
}

/// Random combinations: `WINDLASS_KUSTOMIZE_CASES` says how many.
#[test]
fn fields_together() {
    let count = std::env::var("WINDLASS_KUSTOMIZE_CASES").ok().and_then(|n| n.parse().ok());
    let mut state: u64 = 0x5eed;
    let mut draw = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let values = values();
    let paths = ["overlay", "plain", "old", "chart"];
    let flags = ["", "--enable-helm", "--reorder none --enable-helm"];
    let cases: Vec<(&str, Value, &str)> = (0..count.unwrap_or(10))
        .map(|_| {
            let mut options = serde_json::Map::new();
            for _ in 0..2 + draw(5) {
                options.extend(values[draw(values.len())].as_object().cloned().unwrap());
            }
            (paths[draw(paths.len())], Value::Object(options), flags[draw(flags.len())])
        })
        .collect();
    check(&cases);
}
