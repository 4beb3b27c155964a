//! Charts by Argo CD's rules.

#![allow(clippy::unwrap_used)]
#![allow(clippy::needless_pass_by_value)] // Tables read better without references.

use std::sync::Arc;

use serde_json::{Value, json};
use windlass_helm::Draws;
use windlass_render::{Blocks, Given, Need, Outcome, Reference, Rendered, Spec, render};
use windlass_tree::{
    ClusterVersions, ContentId, GivenChart, GivenRecord, GivenTree, MemoryTree, TreePath,
};

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.2.3\n";

/// Prints what the template sees as a config map's data.
fn map(lines: &str) -> String {
    let lines: String = lines.lines().map(|l| format!("  {l}\n")).collect();
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: seen\ndata:\n{lines}")
}

fn tree(template: &str, more: &[(&str, &str)]) -> MemoryTree {
    let mut tree = MemoryTree::default();
    tree.insert("chart/Chart.yaml", CHART);
    tree.insert("chart/templates/map.yaml", map(template));
    for (path, text) in more {
        tree.insert(path, text);
    }
    tree
}

fn spec(helm: &Value) -> Spec {
    let blocks: Blocks = serde_json::from_value(json!({"helm": helm})).unwrap();
    let mut spec = Spec::for_application(TreePath::new("chart").unwrap(), blocks, "app");
    spec.installation.namespace = "space".into();
    spec.installation.draws = Some(Draws::of_application(&[1; 32], "uid"));
    spec.environment = [("ARGOCD_APP_NAME".to_owned(), "app".to_owned())].into();
    let other = Reference {
        repository: "https://host/other".into(),
        revision: "main".into(),
        is_chart: false,
    };
    spec.references = Some([("$other".to_owned(), other)].into());
    spec
}

/// Renders, with what is asked for given.
fn run(tree: &MemoryTree, spec: &Spec) -> Rendered {
    let mut given = Given::at("0123456789abcdef", 0);
    for _ in 0..5 {
        let needs = match render(tree, spec, &given) {
            Outcome::Done(rendered) => return rendered,
            Outcome::Needs(needs) => needs,
        };
        for need in needs {
            match &need {
                Need::ClusterVersions => given.insert_cluster(Arc::new(ClusterVersions {
                    kubernetes: "1.33.1-gke.2".into(),
                    apis: ["v1".into(), "acme.test/v1/Thing".into()].into(),
                })),
                Need::Tree { .. } => {
                    let mut other = MemoryTree::default();
                    other.insert("env/prod.yaml", "a: of the other\n");
                    let other = GivenTree { revision: "c0ffee".into(), tree: Arc::new(other) };
                    given.insert_tree(need, other);
                }
                Need::File { address } if address.ends_with("there.yaml") => {
                    given.insert_file(need, Arc::from(&b"a: of the web\n"[..]));
                }
                Need::File { address } if address.ends_with("number.json") => {
                    given.insert_file(need, Arc::from(&b"{\"type\": \"number\"}"[..]));
                }
                Need::File { address } if address.ends_with("refers.json") => {
                    given.insert_file(need, Arc::from(&b"{\"$ref\": \"number.json\"}"[..]));
                }
                _ => given.insert_failure(need, "the network is down"),
            }
        }
    }
    panic!("asks without end")
}

#[track_caller]
fn check(template: &str, helm: Value, more: &[(&str, &str)], wanted: Value) {
    let rendered = run(&tree(template, more), &spec(&helm));
    let problems: Vec<String> = rendered.diagnostics.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:?}");
    let data = serde_json::to_value(rendered.manifests[0].object.get(&["data"])).unwrap();
    assert_eq!(data, wanted);
}

#[track_caller]
fn refused(template: &str, helm: Value, more: &[(&str, &str)], words: &str) {
    let rendered = run(&tree(template, more), &spec(&helm));
    let found: Vec<String> = rendered.diagnostics.iter().map(ToString::to_string).collect();
    assert!(found.iter().any(|text| text.contains(words)), "{found:?}");
}

#[test]
fn what_lies_beside_must_be_of_the_wanted_version() {
    let mut tree = MemoryTree::default();
    let head = |version: &str| {
        format!(
            "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {{name: local, version: \
             {version}, repository: 'file://../local'}}\n"
        )
    };
    tree.insert("local/Chart.yaml", "apiVersion: v2\nname: local\nversion: 0.3.0\n");
    tree.insert("local/templates/map.yaml", map("a: b"));
    tree.insert("chart/Chart.yaml", head("~0.3"));
    assert_eq!(run(&tree, &spec(&json!({}))).manifests.len(), 1);
    tree.insert("chart/Chart.yaml", head("^1"));
    let refused = run(&tree, &spec(&json!({}))).diagnostics[0].to_string();
    assert!(
        refused.contains("can't get a valid version for 1 subchart(s): \"local\""),
        "{refused}"
    );
}

#[test]
fn schemas_refer_to_others_of_the_web() {
    let schema = |place: &str| {
        format!("{{\"properties\": {{\"a\": {{\"$ref\": \"https://schemas.test/{place}\"}}}}}}")
    };
    let set = |value: &str| json!({"parameters": [{"name": "a", "value": value}]});
    for place in ["number.json", "refers.json"] {
        let schema = schema(place);
        let files: &[(&str, &str)] = &[("chart/values.schema.json", &schema)];
        check("a: {{ .Values.a | quote }}", set("1"), files, json!({"a": "1"}));
        refused("a: 1", set("x"), files, "at '/a': got string, want number");
    }
    let schema = schema("none.json");
    let files: &[(&str, &str)] = &[("chart/values.schema.json", &schema)];
    refused("a: 1", set("1"), files, "the network is down");
}

#[test]
fn values_in_argo_cds_order() {
    let a = "a: {{ .Values.a | quote }}";
    let files: &[(&str, &str)] = &[
        ("chart/values.yaml", "a: default"),
        ("chart/one.yaml", "a: one"),
        ("chart/env/b.yaml", "a: b"),
        ("chart/env/a.yaml", "a: a"),
        ("root.yaml", "a: root"),
    ];
    check(a, json!({}), files, json!({"a": "default"}));
    check(a, json!({"valueFiles": ["one.yaml"]}), files, json!({"a": "one"}));
    check(a, json!({"valueFiles": ["one.yaml", "/root.yaml"]}), files, json!({"a": "root"}));
    check(a, json!({"valueFiles": ["../root.yaml", "./one.yaml"]}), files, json!({"a": "one"}));
    check(a, json!({"valueFiles": ["env/*.yaml"]}), files, json!({"a": "b"}));
    check(a, json!({"valueFiles": ["env/b.yaml", "env/*.yaml"]}), files, json!({"a": "a"}));
    check(a, json!({"valueFiles": ["$other/env/prod.yaml"]}), files, json!({"a": "of the other"}));
    check(a, json!({"valueFiles": ["https://x/there.yaml"]}), files, json!({"a": "of the web"}));
    let both = json!({"valueFiles": ["one.yaml"], "values": "a: inline"});
    check(a, both, files, json!({"a": "inline"}));
    let object = json!({"values": "a: inline", "valuesObject": {"a": "object"}});
    check(a, object, files, json!({"a": "object"}));
    let parameter = json!({"valuesObject": {"a": "object"}, "parameters": [
        {"name": "a", "value": "x,y $ARGOCD_APP_NAME ${ARGOCD_APP_REVISION_SHORT}"}]});
    check(a, parameter, files, json!({"a": "x,y app 0123456"}));
    let missing =
        json!({"valueFiles": ["none.yaml", "no/*.yaml"], "ignoreMissingValueFiles": true});
    check(a, missing, files, json!({"a": "default"}));
}

#[test]
fn parameters_and_files() {
    let kinds = "a: {{ kindOf .Values.a }}\nb: {{ kindOf .Values.b }}";
    let given = json!({"parameters": [
        {"name": "a", "value": "1"}, {"name": "b", "value": "1", "forceString": true}]});
    check(kinds, given, &[], json!({"a": "int64", "b": "string"}));
    let file = json!({"fileParameters": [{"name": "a.b", "path": "notes.txt"}]});
    let files: &[(&str, &str)] = &[("chart/notes.txt", "x, y")];
    check("a: {{ .Values.a.b }}", file, files, json!({"a": "x, y"}));
}

#[test]
fn release_and_cluster() {
    let names = "r: {{ .Release.Name }}/{{ .Release.Namespace }}";
    check(names, json!({}), &[], json!({"r": "app/space"}));
    let other = json!({"releaseName": "r", "namespace": "s"});
    check(names, other, &[], json!({"r": "r/s"}));
    let cluster = "v: {{ .Capabilities.KubeVersion.Version }}\n\
                   t: {{ .Capabilities.APIVersions.Has \"acme.test/v1/Thing\" | quote }}";
    check(cluster, json!({}), &[], json!({"v": "v1.33.1", "t": "true"}));
    let said = json!({"kubeVersion": "1.30", "apiVersions": ["other/v1"]});
    check(cluster, said, &[], json!({"v": "v1.30", "t": "false"}));
}

#[test]
fn crds_tests_and_schemas() {
    let files: &[(&str, &str)] = &[
        ("chart/crds/a.yaml", "kind: CustomResourceDefinition\nmetadata: {name: a}\n"),
        (
            "chart/templates/test.yaml",
            "kind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\n",
        ),
        ("chart/values.schema.json", r#"{"properties": {"a": {"type": "string"}}}"#),
    ];
    let kinds = |helm: Value| {
        let rendered = run(&tree("a: b", files), &spec(&helm));
        let all: Vec<String> =
            rendered.manifests.iter().map(|m| m.object.kind().to_owned()).collect();
        all.join(" ")
    };
    assert_eq!(kinds(json!({})), "CustomResourceDefinition ConfigMap Pod");
    assert_eq!(kinds(json!({"skipCrds": true, "skipTests": true})), "ConfigMap");
    refused("a: b", json!({"valuesObject": {"a": 1}}), files, "got number, want string");
    let skipped = json!({"valuesObject": {"a": 1}, "skipSchemaValidation": true});
    assert_eq!(kinds(skipped), "CustomResourceDefinition ConfigMap Pod");
}

#[test]
fn what_is_refused() {
    refused("a: {{ .Values.x.y }}", json!({}), &[], "nil pointer evaluating");
    refused("a: b", json!({"valueFiles": ["none.yaml"]}), &[], "chart/none.yaml: no such file");
    refused("a: b", json!({"valueFiles": ["../../x"]}), &[], "resolved to outside repository root");
    refused("a: b", json!({"valueFiles": ["ftp://x/y"]}), &[], "URL scheme 'ftp' is not allowed");
    let gone = json!({"valueFiles": ["https://x/gone.yaml"]});
    refused("a: b", gone, &[], "https://x/gone.yaml: the network is down");
    refused("a: b", json!({"values": "[1]"}), &[], "spec.source.helm.values");
    let depends = format!("{CHART}dependencies: [{{name: d, version: 1, repository: https://r}}]");
    refused("a: b", json!({}), &[("chart/Chart.yaml", &depends)], "the network is down");
}

#[test]
fn dependencies_are_fetched() {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sub}\n";
    let depends = format!(
        "{CHART}dependencies:\n- {{name: web, version: ^1, repository: https://r}}\n\
         - {{name: near, version: 0.1.0, repository: file://../near}}\n"
    );
    let mut tree = tree(
        "a: b",
        &[
            ("chart/Chart.yaml", &depends),
            ("near/Chart.yaml", "apiVersion: v2\nname: near\nversion: 0.1.0\n"),
            ("near/templates/x.yaml", template),
        ],
    );
    let mut given = Given::default();
    given.insert_cluster(Arc::default());
    let Outcome::Needs(needs) = render(&tree, &spec(&json!({})), &given) else { panic!() };
    let wanted =
        Need::Chart { repository: "https://r".into(), name: "web".into(), version: "^1".into() };
    assert_eq!(needs, std::slice::from_ref(&wanted));
    let archive = include_bytes!("helm/web-1.2.3.tgz");
    given.insert_chart(
        wanted,
        GivenChart {
            version: "1.2.3".into(),
            digest: ContentId::of_bytes(archive),
            archive: Arc::from(&archive[..]),
        },
    );
    let Outcome::Done(rendered) = render(&tree, &spec(&json!({})), &given) else { panic!() };
    assert!(rendered.diagnostics.is_empty(), "{:?}", rendered.diagnostics);
    let names: Vec<&str> = rendered.manifests.iter().map(|m| m.object.name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.contains(&"sub") && names.contains(&"packaged"), "{names:?}");
    // The lock decides, and one that does not fit is refused.
    tree.insert("chart/Chart.lock", "dependencies: []\n");
    let Outcome::Done(rendered) = render(&tree, &spec(&json!({})), &given) else { panic!() };
    assert!(rendered.diagnostics[0].to_string().contains("out of sync"), "{rendered:?}");
}

/// Renders a template that draws, at a time, for a uid in an installation with a key.
fn drawn(template: &str, key: u8, uid: &str, values: Value, now: i128) -> (Value, GivenRecord) {
    let mut spec = spec(&json!({"valuesObject": values}));
    spec.installation.draws = Some(Draws::of_application(&[key; 32], uid));
    let mut given = Given::at("0123456789abcdef", now);
    given.insert_cluster(Arc::default());
    let Outcome::Done(rendered) = render(&tree(template, &[]), &spec, &given) else { panic!() };
    assert!(rendered.diagnostics.is_empty(), "{:?}", rendered.diagnostics);
    (rendered.manifests[0].object.get(&["data"]).cloned().unwrap(), rendered.given)
}

#[test]
fn a_draw_follows_from_key_uid_and_input() {
    let draw = |key, uid: &str, values| drawn("a: {{ randAlphaNum 12 }}", key, uid, values, 0).0;
    let first = draw(1, "uid", json!({}));
    assert_eq!(first, draw(1, "uid", json!({})));
    assert_ne!(first, draw(1, "other", json!({})));
    assert_ne!(first, draw(1, "uid", json!({"x": 1})));
    assert_ne!(first, draw(2, "uid", json!({})));
    let mut spec = spec(&json!({}));
    spec.installation.draws = None;
    let refused = run(&tree("a: b", &[]), &spec);
    assert!(refused.diagnostics[0].to_string().contains("random draws"), "{refused:?}");
}

#[test]
fn all_that_is_drawn_is_drawn_again_until_a_certificate_is_renewed() {
    const DAY: i128 = 86_400_000_000_000;
    let template = "\
a: {{ randAlphaNum 8 }}{{ randAlpha 8 }}{{ randNumeric 8 }}{{ randBytes 8 }}{{ randInt 0 999 }}
b: {{ uuidv4 }}{{ shuffle \"abcdefghijkl\" }}{{ randAscii 8 | b64enc }}
c: {{ htpasswd \"u\" \"p\" | quote }}
d: {{ bcrypt \"p\" | quote }}
e: {{ encryptAES \"k\" \"text\" | quote }}
f: {{ genPrivateKey \"ecdsa\" | b64enc }}{{ genPrivateKey \"ed25519\" | b64enc }}
{{- $key := genPrivateKey \"ed25519\" }}
{{- $ca := genCAWithKey \"ca\" 100 $key }}
{{- $cert := genSignedCertWithKey \"x\" nil nil 10 $ca $key }}
g: {{ $ca.Cert | b64enc }}
h: {{ $cert.Cert | b64enc }}";
    let at = |now: i128| drawn(template, 1, "uid", json!({}), now);
    let (first, record) = at(20_000 * DAY);
    let until = record.until.expect("the certificates end");
    assert!((20_000 * DAY..20_005 * DAY).contains(&(until - 1)), "{until}");
    assert_eq!(at(until - 1).0, first);
    let (renewed, record) = at(until);
    assert_ne!(renewed["h"], first["h"]);
    assert_eq!(record.until, Some(until + 5 * DAY));
    for name in ["a", "b", "c", "d", "e", "f"] {
        assert_eq!(renewed[name], first[name], "{name}");
    }
    assert_eq!(drawn("a: {{ randAlphaNum 8 }}", 1, "uid", json!({}), 0).1.until, None);
}

#[test]
fn a_name_with_a_dollar_sign_is_another_source_where_there_are_several() {
    use std::collections::BTreeMap;

    use windlass_render::HelmOptions;

    #[track_caller]
    fn check(names: &[(&str, bool)], expected: &str) {
        let mut tree = MemoryTree::default();
        tree.insert("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
        let helm = HelmOptions { value_files: vec!["$values/a.yaml".into()], ..Default::default() };
        let blocks = Blocks { helm: Some(helm), ..Blocks::default() };
        let references: BTreeMap<String, Reference> = names
            .iter()
            .map(|(name, is_chart)| {
                let reference = Reference {
                    repository: "https://host/r".into(),
                    revision: "main".into(),
                    is_chart: *is_chart,
                };
                ((*name).to_owned(), reference)
            })
            .collect();
        let mut spec = Spec::for_application(TreePath::root(), blocks, "app");
        spec.references = Some(references);
        let said = match render(&tree, &spec, &Given::at("c0ffee", 0)) {
            Outcome::Done(done) => done.diagnostics[0].reason.to_string(),
            Outcome::Needs(needs) => format!("{needs:?}"),
        };
        assert!(said.contains(expected), "{said}");
    }
    check(&[], "source referenced \"$values\", but no source has a 'ref' field defined");
    check(&[("$a", false), ("$b", false)], "is not one of the available sources ($a, $b)");
    check(&[("$values", true)], "source has a 'chart' field defined");
    check(&[("$values", false)], "https://host/r");
}
