//! What Helm refuses, with its words; and what we say beyond them.

#![allow(clippy::unwrap_used)] // Tests.

mod support;

use support::{Call, chart, check, helm_is_there, try_ours};

/// Templates that fail, alone in a chart with a few helpers.
const TEMPLATES: &[&str] = &[
    "{{ .Values.a.b.c }}",
    "{{ required \"need it\" .Values.a }}",
    "{{ include \"deep\" . }}",
    "{{ include \"none\" . }}",
    "{{ template \"none\" . }}",
    "{{ fail \"on purpose\" }}",
    "{{ tpl \"{{ .Values.a.b }}\" . }}",
    "{{ tpl \"{{ fail \\\"in tpl\\\" }}\" . }}",
    "{{ tpl \"{{ if }}\" . }}",
    "{{ tpl .Values.none . }}",
    "{{ include \"loop\" . }}",
    "{{ if }}",
    "{{ .Values.a",
    "{{ end }}",
    "{{ nope 1 }}",
    "{{ \"x\" | nope }}",
    "{{ $x }}",
    "{{ index .Values.list 7 }}",
    "{{ index .Values.none 1 }}",
    "{{ eq 1 1.0 }}",
    "{{ eq .Values.n 1 }}",
    "{{ lt 1 \"a\" }}",
    "{{ .Values.n.x }}",
    "{{ .Values.list.x }}",
    "{{ range .Values.n }}{{ end }}",
    "{{ range 1.5 }}{{ end }}",
    "{{ trunc }}",
    "{{ trunc 1 2 }}",
    "{{ trunc \"a\" \"b\" }}",
    "{{ .Files.Get 1 }}",
    "{{ .Files.Get }}",
    "{{ .Capabilities.APIVersions.Has 1 }}",
    "{{ toYaml }}",
    "{{ get .Values.none \"a\" }}",
    "{{ set .Values.n \"a\" 1 }}",
    "{{ merge .Values.none (dict) }}",
    "{{ first .Values.none }}",
    "{{ semverCompare \">=x\" \"1.0.0\" }}",
    "{{ include \"twice\" (dict) | int | div 1 }}",
    "{{ regexFind \"(\" \"a\" }}",
    "{{ (include \"deep\" .) | quote }}",
    "{{ with .Values.a }}{{ else }}{{ include \"deeper\" $ }}{{ end }}",
    "{{ define \"x\" }}a{{ end }}{{ define \"x\" }}b{{ end }}",
    "{{/* open",
    "{{ \"open }}",
    "{{ break }}",
    "a: b: c",
    "- a list",
    "text",
    "a: [",
    "a: {{ .Values.list }}\nkind: [x]",
    "kind: {a: b}",
    "metadata: text",
    "metadata: {annotations: [a]}",
    "metadata: {annotations: {a: {b: c}}}",
    "apiVersion: 1\nkind: 2",
    "\tx: 1",
    "a: &x 1\nb: *y",
];

const HELPERS: &str = r#"{{ define "deep" }}{{ include "deeper" . }}{{ end }}
{{ define "deeper" }}
  {{ .Values.a.b.c }}
{{ end }}
{{ define "loop" }}{{ include "loop" . }}{{ end }}
{{ define "twice" }}{{ end }}
"#;

#[test]
fn templates() {
    if !helm_is_there() {
        return;
    }
    for text in TEMPLATES {
        let dir = chart(&[
            ("templates/t.yaml", text),
            ("templates/_helpers.tpl", HELPERS),
            ("values.yaml", "n: 1\nlist: [a]\n"),
        ]);
        check(dir.path(), &Call::default());
    }
}

/// Charts that are none: the files of each.
const CHARTS: &[&[(&str, &str)]] = &[
    &[("Chart.yaml", "")],
    &[("Chart.yaml", "name: x\n")],
    &[("Chart.yaml", "version: 1.0.0\n")],
    &[("Chart.yaml", "name: x\nversion: one\n")],
    &[("Chart.yaml", "name: a/b\nversion: 1.0.0\n")],
    &[("Chart.yaml", "name: ..\nversion: 1.0.0\n")],
    &[("Chart.yaml", "name: x\nversion: 1.0.0\ntype: other\n")],
    &[("Chart.yaml", "name: x\nversion: 1.0.0\ntype: library\n")],
    &[("Chart.yaml", "apiVersion: v9\nname: x\nversion: 1.0.0\n")],
    &[("Chart.yaml", "apiVersion: [v2]\nname: x\nversion: 1.0.0\n")],
    &[("Chart.yaml", "text\n")],
    &[("Chart.yaml", "name: [x]\nversion: 1.0.0\n")],
    &[("Chart.yaml", "name: x\nversion: {a: b}\n")],
    &[("Chart.yaml", "- x\n")],
    &[("Chart.yaml", "name: x\nversion: 1.0.0\ndependencies: text\n")],
    &[("Chart.yaml", "name: x\nversion: 1.0.0\ndependencies: [{name: d, alias: \"a b\"}]\n")],
    &[("Chart.yaml", "name: x\nversion: 1.0.0\ndependencies: [{name: d}, {name: d}]\n")],
    &[(
        "Chart.yaml",
        "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies: [{name: d, version: 1.x}, {name: e}]\n",
    )],
    &[("Chart.yaml", "name: x\nversion: 1.0.0\nkubeVersion: \">=99\"\n")],
    &[("Chart.yaml", "name: x\nversion: 1.0.0\nkubeVersion: \"nonsense\"\n")],
    &[("Chart.yaml", "name: x\nversion: 1\n")],
    &[
        ("Chart.yaml", "name: 7\nversion: 1.10\nappVersion: 1.10\n"),
        ("templates/a.yaml", "# {{ .Chart.Name }} {{ .Chart.Version }} {{ .Chart.AppVersion }}"),
    ],
    &[("Chart.yaml", "NAME: x\nVersion: 1.0.0\n"), ("templates/a.yaml", "# {{ .Chart.Name }}")],
    &[
        ("Chart.yaml", "# c\n---\nname: x\nversion: 1.0.0\n---\nname: y\n"),
        ("templates/a.yaml", "# {{ .Chart.Name }}"),
    ],
    &[("values.yaml", "- a\n")],
    &[("values.yaml", "text\n")],
    &[("values.yaml", "")],
    &[("values.yaml", "# nothing\n")],
    &[
        ("values.yaml", "a: 1\n---\na: 2\nb: {c: 1}\n---\nb: {d: 1}\n"),
        ("templates/a.yaml", "# {{ toJson .Values }}"),
    ],
    &[("requirements.yaml", "- x\n")],
    &[("Chart.lock", "text\n")],
    &[("charts/x/templates/a.yaml", "a: 1")],
    &[("charts/x/Chart.yaml", "name: [\n")],
    &[("charts/README.md", "text")],
    &[("charts/x.tgz", "no archive")],
    &[(".helmignore", "a/**\n")],
    &[(".helmignore", "[\n")],
    &[(".helmignore", "!Chart.yaml\n")],
    &[("values.schema.json", "{")],
    &[("values.schema.json", "{\"type\": \"nonsense\"}")],
    &[("values.schema.json", "{\"$ref\": \"#/nowhere\"}")],
];

#[test]
fn charts() {
    if !helm_is_there() {
        return;
    }
    for files in CHARTS {
        let dir = chart(files);
        let (theirs, ours) = (
            support::theirs(dir.path(), &Call::default()),
            support::ours(dir.path(), &Call::default()),
        );
        // Words about YAML and schemas are the libraries' own; that both refuse is what counts.
        match (&theirs, &ours) {
            (Ok(theirs), Ok(ours)) => assert_eq!(theirs, ours, "{files:?}"),
            (Err(theirs), Err(ours)) => {
                let decoded =
                    theirs.contains("Chart.yaml: error unmarshaling JSON: while decoding");
                let count = if decoded { usize::MAX } else { 24 };
                let head = |text: &str| text.chars().take(count).collect::<String>();
                assert_eq!(head(theirs), head(ours), "{files:?}\n{theirs}\n{ours}");
            }
            _ => panic!("{files:?}\nhelm: {theirs:?}\nwindlass: {ours:?}"),
        }
    }
}

#[test]
fn advice_says_where_and_what_to_set() {
    let dir = chart(&[
        ("templates/_helpers.tpl", HELPERS),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"),
        ("charts/sub/templates/t.yaml", "x: {{ include \"deep\" . }}\n"),
    ]);
    let error = try_ours(dir.path(), &Call::default()).unwrap_err();
    assert_eq!(
        error.advice(),
        [
            "at c/charts/sub/templates/t.yaml:1:7: {{ include \"deep\" . }}",
            "in c/templates/_helpers.tpl:1:23: {{ include \"deeper\" . }}",
            "in c/templates/_helpers.tpl:3:13: {{ .Values.a.b.c }}",
            "sub.a.b.c has no value: set it with --set sub.a.b.c=…, or with -f",
            "its default belongs in c/charts/sub/values.yaml",
        ]
    );
    let dir = chart(&[("templates/t.yaml", "\nx: {{ required \"say a name\" .Values.name }}\n")]);
    let error = try_ours(dir.path(), &Call::default()).unwrap_err();
    assert_eq!(error.to_string(), "execution error at (c/templates/t.yaml:2:6): say a name");
    assert!(error.advice().iter().any(|l| l.contains("--set name=")), "{:?}", error.advice());
}
