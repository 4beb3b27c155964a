//! Applications whose source is a chart, against the real Helm called as Argo CD calls it.

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

const APIS: [&str; 3] = ["v1", "apps/v1/Deployment", "acme.test/v1/Thing"];
const KUBERNETES: &str = "1.33.1";

fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

fn repository(root: &Path) {
    write(
        root,
        "chart/Chart.yaml",
        "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: '7'\nkubeVersion: '>=1.20.0-0'\n\
         dependencies:\n- {name: sub, version: 0.1.0, repository: '', condition: sub.enabled}\n",
    );
    write(
        root,
        "chart/values.yaml",
        "a: default\nn: 8080\nlist: [1, x]\nnested: {deep: {value: 1000000}}\nsub: {enabled: true}\n\
         on: true\nnothing: null\n",
    );
    write(
        root,
        "chart/values.schema.json",
        r#"{"properties": {"n": {"type": "integer", "maximum": 70000}}}"#,
    );
    write(
        root,
        "chart/templates/all.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-all\n  \
         namespace: {{ .Release.Namespace }}\ndata:\n  values: |\n    {{- toYaml .Values | nindent 4 }}\n  \
         kinds: {{ printf \"%T %T %T\" .Values.a .Values.n .Values.list | quote }}\n  \
         printed: {{ .Values | toString | quote }}\n  \
         thing: {{ .Capabilities.APIVersions.Has \"acme.test/v1/Thing\" | quote }}\n  \
         known: {{ .Capabilities.APIVersions.Has \"batch/v1\" | quote }}\n  \
         kubernetes: {{ .Capabilities.KubeVersion.Version }}\n  \
         install: \"{{ .Release.IsInstall }} {{ .Release.IsUpgrade }} {{ .Release.Revision }}\"\n",
    );
    write(
        root,
        "chart/templates/more.yaml",
        "{{- if eq .Values.a \"many\" }}\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: \
         Secret, metadata: {name: one}}\n- {apiVersion: v1, kind: Secret, metadata: {name: two}}\n---\n\
         {{- end }}\napiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n---\n# only words\n---\n\
         apiVersion: acme.test/v1\nkind: Thing\nmetadata: {name: t}\nspec: {on: yes, when: 2024-01-01, octal: 0777}\n",
    );
    write(
        root,
        "chart/templates/test.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\n",
    );
    write(
        root,
        "chart/templates/hook.yaml",
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: h, annotations: {helm.sh/hook: \
         'pre-install,pre-upgrade', helm.sh/hook-weight: '-5'}}\n",
    );
    write(
        root,
        "chart/crds/thing.yaml",
        "kind: CustomResourceDefinition\napiVersion: x/v1\nmetadata: {name: c}\n",
    );
    write(root, "chart/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n");
    write(root, "chart/charts/sub/values.yaml", "own: 1\n");
    write(
        root,
        "chart/charts/sub/templates/s.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: sub}\nspec: {own: {{ .Values.own }}, g: {{ .Values.global | toJson }}}\n",
    );
    write(root, "chart/one.yaml", "a: one\nnested: {deep: {more: [true]}}\n");
    write(root, "chart/two.yaml", "a: two\n---\nn: 1\n");
    write(root, "chart/notes.txt", "line, one\nline two\n");
    write(root, "env/prod.yaml", "a: prod\nsub: {own: 5}\nglobal: {region: eu}\n");
    write(root, "env/off.yaml", "sub: {enabled: false}\n");
    write(root, "env/null.yaml", "list: null\nnested: {deep: null}\n");
}

/// What Argo CD would call, from `util/helm`.
fn real(root: &Path, helm: &Value) -> Result<Vec<Value>, String> {
    let text = |name: &str| helm.get(name).and_then(Value::as_str).unwrap_or_default();
    let flag = |name: &str| helm.get(name).and_then(Value::as_bool).unwrap_or_default();
    let list = |name: &str| helm.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let or =
        |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let mut args: Vec<String> = ["template", ".", "--name-template"].map(str::to_owned).to_vec();
    args.push(or(text("releaseName"), "app"));
    args.extend(["--namespace".to_owned(), or(text("namespace"), "space")]);
    args.extend(["--kube-version".to_owned(), or(text("kubeVersion"), KUBERNETES)]);
    let escape = |value: &str| {
        if value.starts_with('{') && value.ends_with('}') {
            return value.to_owned();
        }
        value.replace("\\,", "\0").replace([',', '\0'], "\\,")
    };
    for parameter in list("parameters") {
        let of = |name: &str| parameter.get(name).and_then(Value::as_str).unwrap_or_default();
        let string = parameter.get("forceString").is_some_and(|v| *v == true);
        let value = of("value").replace("$ARGOCD_APP_NAME", "app").replace("$$", "$");
        args.push(if string { "--set-string" } else { "--set" }.to_owned());
        args.push(format!("{}={}", of("name"), escape(&value)));
    }
    let place = |path: &str| match path.strip_prefix('/') {
        Some(path) => root.join(path),
        None => root.join("chart").join(path),
    };
    for parameter in list("fileParameters") {
        let of = |name: &str| parameter.get(name).and_then(Value::as_str).unwrap_or_default();
        let file = place(of("path")).display().to_string();
        args.extend(["--set-file".to_owned(), format!("{}={}", of("name"), escape(&file))]);
    }
    for file in list("valueFiles") {
        let path = place(file.as_str().unwrap());
        if !path.exists() && flag("ignoreMissingValueFiles") {
            continue;
        }
        args.extend(["--values".to_owned(), path.display().to_string()]);
    }
    let inline = match helm.get("valuesObject") {
        Some(object) => serde_json::to_string(object).unwrap(),
        None => text("values").to_owned(),
    };
    let extra = tempfile::NamedTempFile::new().unwrap();
    if !inline.is_empty() {
        std::fs::write(extra.path(), inline).unwrap();
        args.extend(["--values".to_owned(), extra.path().display().to_string()]);
    }
    let own: Vec<String> =
        list("apiVersions").iter().map(|v| v.as_str().unwrap().to_owned()).collect();
    let apis = if own.is_empty() { APIS.map(str::to_owned).to_vec() } else { own };
    apis.into_iter().for_each(|api| args.extend(["--api-versions".to_owned(), api]));
    for (name, given) in [
        ("--include-crds", !flag("skipCrds")),
        ("--skip-schema-validation", flag("skipSchemaValidation")),
        ("--skip-tests", flag("skipTests")),
    ] {
        if given {
            args.push(name.to_owned());
        }
    }
    let output = Command::new(peer("helm").unwrap())
        .args(&args)
        .current_dir(root.join("chart"))
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let parsed = yaml::parse(&output.stdout, &yaml::Options::default());
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let mut objects = Vec::new();
    for document in parsed.documents.into_iter().map(|d| d.value).filter(|v| !v.is_null()) {
        match document.get("items").and_then(Value::as_array) {
            Some(items) => objects.extend(items.iter().cloned()),
            None => objects.push(document),
        }
    }
    Ok(objects)
}

fn ours(root: &Path, helm: &Value) -> Result<Vec<Value>, String> {
    let blocks: Blocks = serde_json::from_value(json!({"helm": helm})).unwrap();
    let mut spec = Spec::for_application(TreePath::new("chart").unwrap(), blocks, "app");
    spec.installation.namespace = "space".into();
    spec.installation.draws = Some(Draws::fresh([1; 32]));
    spec.environment = [("ARGOCD_APP_NAME".to_owned(), "app".to_owned())].into();
    let tree = DirectoryTree::new(root);
    let mut given = Given::default();
    for _ in 0..4 {
        match render(&tree, &spec, &given) {
            Outcome::Done(rendered) if rendered.diagnostics.is_empty() => {
                return Ok(rendered.manifests.iter().map(|m| m.object.to_value()).collect());
            }
            Outcome::Done(rendered) => return Err(rendered.diagnostics[0].to_string()),
            Outcome::Needs(needs) => {
                assert_eq!(needs, [Need::ClusterVersions]);
                given.insert_cluster(Arc::new(ClusterVersions {
                    kubernetes: KUBERNETES.to_owned(),
                    apis: APIS.map(str::to_owned).into(),
                }));
            }
        }
    }
    panic!("asks without end")
}

/// Fields of `helm` in random combinations; the same seed gives the same.
fn random_fields(seed: &mut u64) -> Value {
    let mut below = |bound: usize| {
        // SplitMix64.
        *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    };
    let files = ["one.yaml", "two.yaml", "/env/prod.yaml", "../env/off.yaml", "/env/null.yaml"];
    let names = ["a", "n", "list[0]", "nested.deep.value", "sub.own", "global.region", "new.x\\.y"];
    let values =
        ["1", "text", "true", "null", "{a,b}", "x,y", "0x1F", "", "1e3", "$ARGOCD_APP_NAME"];
    let mut helm = serde_json::Map::new();
    let mut put = |name: &str, value: Value| {
        helm.insert(name.to_owned(), value);
    };
    for flag in ["skipCrds", "skipTests", "ignoreMissingValueFiles", "skipSchemaValidation"] {
        if below(3) == 0 {
            put(flag, json!(true));
        }
    }
    if below(3) == 0 {
        put("releaseName", Value::from(["r", "web", "a-rather-long-release"][below(3)]));
    }
    if below(3) == 0 {
        put("kubeVersion", Value::from(["1.29.3", "v1.30", "1.31.0"][below(3)]));
    }
    if below(3) == 0 {
        put(
            "apiVersions",
            json!([Value::from(["batch/v1", "x/v1/Y", "acme.test/v1/Thing"][below(3)])]),
        );
    }
    if below(2) == 0 {
        let mut all: Vec<&str> = (0..=below(3)).map(|_| files[below(files.len())]).collect();
        if below(5) == 0 {
            all.push("none.yaml");
        }
        put("valueFiles", json!(all));
    }
    match below(4) {
        0 => put(
            "valuesObject",
            json!({"a": "object", "n": below(90_000), "nested": {"deep": null}}),
        ),
        1 => put(
            "values",
            Value::from(["a: inline\nn: 5\n", "list: []\nsub: {own: {x: 1}}\n"][below(2)]),
        ),
        _ => {}
    }
    if below(2) == 0 {
        let mut parameters = Vec::new();
        for _ in 0..=below(3) {
            let (name, value) = (names[below(names.len())], values[below(values.len())]);
            parameters.push(json!({"name": name, "value": value, "forceString": below(3) == 0}));
        }
        put("parameters", json!(parameters));
    }
    if below(4) == 0 {
        let path = ["notes.txt", "/env/prod.yaml"][below(2)];
        let name = ["a", "nested.file"][below(2)];
        put("fileParameters", json!([{"name": name, "path": path}]));
    }
    Value::Object(helm)
}

/// Random combinations beside the cases that are named.
const RANDOM: usize = 160;

#[test]
fn applications_render_as_argo_cd_renders_them() {
    if !available(&["helm"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    repository(dir.path());
    let set = |name: &str, value: &str| json!({"parameters": [{"name": name, "value": value}]});
    let string = |name: &str, value: &str| json!({"parameters": [{"name": name, "value": value, "forceString": true}]});
    let files = |all: &[&str]| json!({"valueFiles": all});
    let cases = [
        json!({}),
        json!({"releaseName": "r"}),
        json!({"namespace": "n", "releaseName": "other"}),
        json!({"skipCrds": true}),
        json!({"skipTests": true}),
        json!({"skipCrds": true, "skipTests": true, "version": "v3", "passCredentials": true}),
        json!({"kubeVersion": "1.29.3"}),
        json!({"kubeVersion": "1.19"}),
        json!({"apiVersions": ["batch/v1", "x/v1/Y"]}),
        json!({"kubeVersion": "v1.30", "apiVersions": ["acme.test/v1/Thing"]}),
        json!({"values": "a: inline\nn: 5\n"}),
        json!({"values": "a: [not text]\n"}),
        json!({"values": "- a list\n"}),
        json!({"values": "a: {unclosed\n"}),
        json!({"values": ""}),
        json!({"valuesObject": {"a": "object", "n": 7, "deep": {"x": [1.5, null, "2024-01-01"]}}}),
        json!({"valuesObject": {"a": "many"}, "values": "a: loses"}),
        json!({"valuesObject": {"n": 80000}}),
        json!({"valuesObject": {"n": 80000}, "skipSchemaValidation": true}),
        json!({"valuesObject": {"big": 12345678901u64, "text": "yes", "nested": {"deep": {"value": null}}}}),
        files(&["one.yaml"]),
        files(&["one.yaml", "two.yaml"]),
        files(&["two.yaml", "one.yaml"]),
        files(&["/env/prod.yaml"]),
        files(&["../env/off.yaml"]),
        files(&["/env/null.yaml"]),
        files(&["none.yaml"]),
        json!({"valueFiles": ["none.yaml", "one.yaml"], "ignoreMissingValueFiles": true}),
        json!({"valueFiles": ["one.yaml"], "values": "a: wins", "parameters": [{"name": "n", "value": "9"}]}),
        set("a", "x,y"),
        set("a", "x\\,y"),
        set("list", "{a,b}"),
        set("list[1]", "y"),
        set("nested.deep.value", "true"),
        set("a", "null"),
        set("n", "080"),
        set("a.b", "c"),
        set("a", "$ARGOCD_APP_NAME-$$x"),
        set("sub.own", "77"),
        set("global.region", "us"),
        string("n", "5"),
        string("a", "true"),
        json!({"parameters": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}),
        json!({"parameters": [{"name": "a", "value": "1"}, {"name": "a", "value": "2", "forceString": true}]}),
        json!({"fileParameters": [{"name": "a", "path": "notes.txt"}]}),
        json!({"fileParameters": [{"name": "nested.file", "path": "/env/prod.yaml"}]}),
        json!({"fileParameters": [{"name": "a", "path": "none.txt"}]}),
    ];
    let mut seed = 20_261_127;
    let random = (0..RANDOM).map(|_| random_fields(&mut seed));
    let cases: Vec<Value> = cases.into_iter().chain(random).collect();
    let mut failed = Vec::new();
    let mut rendered = 0;
    for helm in &cases {
        let (real, ours) = (real(dir.path(), helm), ours(dir.path(), helm));
        let same = match (&real, &ours) {
            (Ok(real), Ok(ours)) => real == ours,
            (Err(_), Err(_)) => true,
            _ => false,
        };
        rendered += usize::from(real.is_ok());
        if !same {
            failed.push(format!("{helm}\n  real {real:?}\n  ours {ours:?}"));
        }
    }
    println!("{rendered} of {} render", cases.len());
    assert!(rendered > cases.len() / 2, "most are refused");
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), cases.len(), failed.join("\n"));
}
