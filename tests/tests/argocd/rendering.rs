//! Directories as the real repository server renders them.

use anyhow::Result;
use windlass_object::{Value, json};
use windlass_stories::{App, Printed, manifest};
use windlass_testkit::GitRepository;

use super::{Answered, CONTROL, Side};

/// A directory: its name, what `directory` says of it, and its files.
type Case = (&'static str, Value, Vec<(&'static str, String)>);

fn map(name: &str) -> String {
    manifest::config_map(name, name)
}

fn cases() -> Vec<Case> {
    let tree = || {
        vec![
            ("a.yaml", map("a")),
            ("b.yml", map("b")),
            ("c.json", r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"key":"c"}}"#.to_owned()),
            ("d.txt", map("d")),
            ("e.YAML", map("e")),
            ("sub/f.yaml", map("f")),
            ("sub/deep/g.yaml", map("g")),
            (".hidden.yaml", map("hidden")),
            (".dir/i.yaml", map("in-hidden")),
        ]
    };
    let one = |text: &str| vec![("a.yaml", text.to_owned())];
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: one\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: two\n";
    let maps = "apiVersion: v1\nkind: ConfigMapList\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: one\n";
    let odd_list = "apiVersion: v1\nkind: List\nitems: {}\n";
    let nested = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata:\n      name: deep\n";
    let skipped = format!("# +argocd:skip-file-rendering\n{}", map("skipped"));
    vec![
        ("flat", json!(null), tree()),
        ("recurse", json!({"recurse": true}), tree()),
        ("include", json!({"recurse": true, "include": "*.yaml"}), tree()),
        ("include-braces", json!({"recurse": true, "include": "{a.yaml,sub/*}"}), tree()),
        ("include-deep", json!({"recurse": true, "include": "sub/**"}), tree()),
        ("include-star", json!({"recurse": true, "include": "**/g.yaml"}), tree()),
        ("exclude", json!({"recurse": true, "exclude": "sub/*"}), tree()),
        ("exclude-deep", json!({"recurse": true, "exclude": "**/*.yaml"}), tree()),
        ("both", json!({"recurse": true, "include": "*.yaml", "exclude": "{a,f}.yaml"}), tree()),
        ("include-nothing", json!({"include": "none*"}), tree()),
        ("classes", json!({"recurse": true, "include": "[a-b].y*ml"}), tree()),
        ("bad-glob", json!({"recurse": true, "include": "[a"}), tree()),
        ("empty", json!(null), vec![("README.md", "nothing".to_owned())]),
        ("list", json!(null), one(list)),
        ("typed-list", json!(null), one(maps)),
        ("odd-list", json!(null), one(odd_list)),
        ("nested-list", json!(null), one(nested)),
        ("skip", json!(null), vec![("a.yaml", skipped), ("b.yaml", map("b"))]),
        (
            "documents",
            json!(null),
            one(&format!("---\n---\n# nothing\n---\n{}---\n{}\n---\n", map("one"), map("two"))),
        ),
        ("windows", json!(null), one(&map("one").replace('\n', "\r\n"))),
        ("bom", json!(null), one(&format!("\u{feff}{}", map("one")))),
        ("comment", json!(null), one("# only a comment\n")),
        (
            "values",
            json!(null),
            vec![("a.yaml", map("a")), ("values.yaml", "replicas: 3\nimage: x\n".to_owned())],
        ),
        ("text", json!(null), vec![("a.yaml", map("a")), ("b.yaml", "just words\n".to_owned())]),
        ("array", json!(null), vec![("a.yaml", map("a")), ("b.yaml", "- one\n- two\n".to_owned())]),
        ("broken-values", json!(null), vec![("a.yaml", map("a")), ("b.yaml", "a: [\n".to_owned())]),
        ("broken", json!(null), one("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [\n")),
        (
            "broken-json",
            json!(null),
            vec![("a.json", r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"#.to_owned())],
        ),
        (
            "json-lines",
            json!(null),
            vec![(
                "a.json",
                format!(
                    "{}\n{}",
                    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"}}"#,
                    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"two"}}"#
                ),
            )],
        ),
        (
            "json-array",
            json!(null),
            vec![(
                "a.json",
                r#"[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"}}]"#.to_owned(),
            )],
        ),
        (
            "nameless",
            json!(null),
            one("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\ndata:\n  a: b\n"),
        ),
        ("kindless", json!(null), one("apiVersion: v1\nmetadata:\n  name: a\n")),
        ("versionless", json!(null), one("kind: ConfigMap\nmetadata:\n  name: a\n")),
        (
            "generated",
            json!(null),
            one("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  generateName: a-\n"),
        ),
        (
            "duplicate-keys",
            json!(null),
            one(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  key: one\n  key: two\n",
            ),
        ),
        ("twice", json!(null), vec![("a.yaml", map("same")), ("b.yaml", map("same"))]),
        (
            "anchors",
            json!(null),
            one(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: &m\n  name: a\n  labels: {x: \"yes\", n: \"010\"}\ndata:\n  a: \"1e3\"\n  b: |\n    text\n  c: >-\n    folded\n    text\n",
            ),
        ),
        (
            "scalars",
            json!(null),
            one(
                "apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: a\nspec: {yes: yes, octal: 010, float: 1.50, big: 12345678901234567890, date: 2020-01-01, none: ~, exp: 1e3, hex: 0x1F, neg: -0}\n",
            ),
        ),
        (
            "namespaced",
            json!(null),
            one(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: other\n---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: made\n",
            ),
        ),
        (
            "labelled",
            json!(null),
            one(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n  annotations:\n    x: y\n",
            ),
        ),
        (
            "number-label",
            json!(null),
            one(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    version: 1\n",
            ),
        ),
        (
            "jsonnet",
            json!({"recurse": true, "exclude": "*.jsonnet"}),
            vec![("a.yaml", map("a")), ("b.jsonnet", "{}".to_owned())],
        ),
    ]
}

/// Asks for the manifests of every directory.
pub(super) fn play(side: &Side<'_>) -> Result<Vec<Answered>> {
    let repository = GitRepository::create(side.root, "dirs")?;
    let cases = cases();
    let mut files = Vec::new();
    for (name, _, inside) in &cases {
        files.extend(inside.iter().map(|(path, text)| (format!("{name}/{path}"), text.as_str())));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), *t)).collect();
    repository.commit("directories", &files)?;
    let mut asked = Vec::new();
    for (name, directory, _) in &cases {
        let mut source =
            json!({"repoURL": repository.url(), "path": name, "targetRevision": "HEAD"});
        if !directory.is_null() {
            source["directory"] = directory.clone();
        }
        let name = format!("dir-{name}");
        let app = App::new(CONTROL, &name, "", "", "dirs").spec("source", source);
        side.api.create(app.value())?;
        let app = side
            .wait_app("it is compared", &name, |app| app["status"]["sync"]["status"].is_string())?;
        // Which manifests are bad is said in other words: all of them, with line and column.
        let fails = app["status"]["conditions"].to_string().contains("ComparisonError");
        let out = if fails { "fails".to_owned() } else { "renders".to_owned() };
        let answer = Printed { code: 0, out, err: String::new() };
        asked.push(Answered { command: format!("outcome of {name}"), answer, also: None });
        if !fails {
            asked.push(side.asks(&["app", "manifests", &name])?);
        }
    }
    Ok(asked)
}
