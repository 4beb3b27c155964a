//! Forty messages: Helm's own text as the real helm prints it, and what stands behind it here: file,
//! line, column and expression, the templates it is in, the value that is missing and where to set it.
//!
//! `messages.txt` holds them all, as people see them. `WINDLASS_RECORD=1` writes it anew.

#![allow(clippy::unwrap_used)] // Tests.

mod support;

use std::path::Path;

use support::{Call, chart, helm_is_there, theirs, try_ours, words};
use windlass_helm::Error;

/// Templates, each alone in a chart with [`HELPERS`] and [`VALUES`].
const CASES: &[&str] = &[
    "x: {{ .Values.image.tag.name }}",
    "x: {{ .Values.none.a.b }}",
    "a: 1\nb:\n  c: {{ $.Values.none.port }}",
    "{{- with .Values.image }}\nx: {{ .tag.deep.er }}\n{{- end }}",
    "{{- range .Values.list }}\nx: {{ .name.first }}\n{{- end }}",
    "x: {{ required \"name is needed\" .Values.name }}",
    "x: {{ .Values.name | required \"name is needed\" }}",
    "x: {{ required \"empty\" .Values.empty | quote }}",
    "x: {{ include \"deep\" . }}",
    "x: {{ include \"needs\" . | indent 2 }}",
    "x: {{ template \"deep\" . }}",
    "x: {{ include \"absent\" . }}",
    "x: {{ template \"absent\" . }}",
    "x: {{ fail \"not like this\" }}",
    "{{- if not .Values.name }}{{ fail \"set name\" }}{{ end }}",
    "x: {{ tpl \"{{ .Values.none.x }}\" . }}",
    "x: {{ tpl \"{{ if }}\" . }}",
    "x: {{ tpl .Values.text . }}",
    "x: {{ tpl .Values.none . }}",
    "x: {{ .Values.n.x }}",
    "x: {{ .Values.list.x }}",
    "x: {{ index .Values.list 7 }}",
    "x: {{ index .Values.none \"a\" }}",
    "x: {{ lt .Values.n \"a\" }}",
    "x: {{ upper .Values.n }}",
    "x: {{ upper .Values.none }}",
    "x: {{ trunc \"5\" .Values.text }}",
    "x: {{ nindent }}",
    "x: {{ set .Values.n \"a\" 1 }}",
    "x: {{ merge .Values.none dict }}",
    "x: {{ first .Values.text }}",
    "x: {{ regexReplaceAll \"(\" .Values.text \"\" }}",
    "x: {{ fromYaml .Values.image }}",
    "x: {{ .Files.Get .Values.n }}",
    "x: {{ div 1 .Values.zero }}",
    "x: {{ nope 1 }}",
    "x: {{ $undefined }}",
    "x: {{ if .Values.n }}",
    "x: {{ .Values.n",
    "{{ end }}",
    "x: {{ \"open }}",
    "x: y: z",
    "- a list",
];

const HELPERS: &str = r#"{{ define "deep" }}{{ include "deeper" . }}{{ end }}
{{ define "deeper" }}
  {{ .Values.none.b.c }}
{{ end }}
{{ define "needs" }}{{ required "the port is needed" .Values.service.port }}{{ end }}
{{ define "loop" }}{{ include "loop" . }}{{ end }}
"#;

const VALUES: &str = "n: 1\nzero: 0\nempty: \"\"\ntext: 'a {{ .Values.none.y }}'\nlist: [{name: {}}, {}]\nimage: {repository: r}\nservice: {}\n";

fn case(text: &str) -> tempfile::TempDir {
    chart(&[
        ("templates/t.yaml", text),
        ("templates/_helpers.tpl", HELPERS),
        ("values.yaml", VALUES),
    ])
}

/// A message as the command prints it.
fn printed(error: &Error) -> String {
    let advice: String = error.advice().iter().map(|line| format!("\n  {line}")).collect();
    format!("{}{advice}", words(error))
}

#[test]
fn messages() {
    let mut all = String::new();
    let mut placed = 0;
    for text in CASES {
        let answer = try_ours(case(text).path(), &Call::default());
        let error = answer.err().unwrap_or_else(|| panic!("{text} renders"));
        let shown = printed(&error);
        placed +=
            usize::from(error.advice().iter().any(|line| line.starts_with("at c/templates/")));
        all.push_str(&format!("=== {text}\n{shown}\n\n"));
    }
    assert!(CASES.len() >= 40);
    assert!(placed >= 35, "only {placed} of {} say where", CASES.len());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages.txt");
    if std::env::var_os("WINDLASS_RECORD").is_some() {
        std::fs::write(&file, &all).unwrap();
    }
    let recorded = std::fs::read_to_string(file).unwrap();
    let diff = similar::TextDiff::from_lines(&recorded, &all);
    assert!(recorded == all, "{}", diff.unified_diff().context_radius(3));
}

#[test]
fn helms_own_text_is_in_them() {
    if !helm_is_there() {
        return;
    }
    let missing = support::batch::twofold(CASES, |text| {
        let dir = case(text);
        let ours = printed(&try_ours(dir.path(), &Call::default()).unwrap_err());
        let theirs = theirs(dir.path(), &Call::default()).unwrap_err();
        let theirs = support::batch::own_words(&theirs);
        (!ours.contains(theirs)).then(|| format!("{text}\n  helm: {theirs}\n  ours: {ours}"))
    });
    support::batch::none(&missing.into_iter().flatten().collect::<Vec<_>>());
}
