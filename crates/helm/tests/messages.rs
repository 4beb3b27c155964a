//! Messages: Helm's own text as the real helm prints it, and what stands behind it here: file,
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
    // What a value is of, by the blocks around it.
    "{{- range .Values.ports }}\n- {{ .number.x }}\n{{- end }}",
    "{{- range $name, $port := .Values.named }}\n{{ $name }}: {{ $port.number.x }}\n{{- end }}",
    "{{- with .Values.image }}\nx: {{ .Values.ports }}\ny: {{ .Values.image.tag }}\n{{- end }}",
    "{{- range .Values.ports }}\nx: {{ .Release.Name.x }}\n{{- end }}",
    "{{- $image := .Values.image }}\nx: {{ $image.tag.name }}",
    "{{- with .Values.image }}\n{{- with .pull }}\nx: {{ .secret.name }}\n{{- end }}{{- end }}",
    // A value of another kind.
    "x: {{ .Values.count.x }}",
    "x: {{ .Values.text.x }}",
    "x: {{ upper .Values.count }}",
    "x: {{ .Values.count | trimSuffix \"x\" }}",
    "x: {{ if eq .Values.count 80 }}y{{ end }}",
    "x: {{ if gt .Values.count 80 }}y{{ end }}",
    "x: {{ hasKey .Values.text \"a\" }}",
    "x: {{ first .Values.image }}",
    "x: {{ join \",\" .Values.count.x }}",
    "x: {{ merge .Values.ports dict }}",
    "x: {{ .Values.flag | upper }}",
    // What is wanted by pipes, conditions and helpers.
    "x: {{ .Values.service.port | int | required \"port\" | quote }}{{ .Values.service.name | required \"a name\" | quote }}",
    "x: {{ .Values.none | upper | quote }}",
    "{{- if and .Values.text (not .Values.service.port) }}\n  {{- fail \"service.port is needed\" }}\n{{- end }}",
    "x: {{ include \"need\" . }}",
    "x: {{ include \"common.names.fullname\" . }}",
    "x: {{ template \"deper\" . }}",
    "x: {{ include \"needs\" (dict \"Values\" .Values.image) }}",
    "x: {{ include \"of\" .Values.image }}",
    // Slips.
    "x: {{ Values.text }}",
    "x: {{ .Values.text | defualt \"a\" }}",
    "x: {{ .Values.text | quoted }}",
    "{{- if .Values.text }}\nx: {{ with .Values.image }}y\n{{- end }}",
    "{{- range .Values.ports }}\n{{ $p := . }}\n{{ end }}\nx: {{ $p }}",
    "x: {{ .Values.text }}\n{{- else }}",
    "a: 1\nb:\n  - {{ .Values.list \nc: 2",
    "x: {{ .Values.my-key }}",
    "x: {{ .Values.list[0] }}",
    "x: {{ printf \"%s\" .Values.text ) }}",
    "x: {{ 'single' }}",
    "x: {{ .Values.text | | quote }}",
    "x: {{ .Values. text }}",
    "a: 1\n\tb: 2",
    "metadata:\n  name: {{ .Values.text }}\n labels: {}",
    "a: [1, 2\nb: 3",
    "a: \"{{ \"quoted\" | quote }}\"",
    "a: b\n{{ .Values.image | toYaml }}\n- c",
];

const HELPERS: &str = r#"{{ define "deep" }}{{ include "deeper" . }}{{ end }}
{{ define "deeper" }}
  {{ .Values.none.b.c }}
{{ end }}
{{ define "needs" }}{{ required "the port is needed" .Values.service.port }}{{ end }}
{{ define "loop" }}{{ include "loop" . }}{{ end }}
{{ define "of" }}{{ .tag.name }}{{ end }}
"#;

const VALUES: &str = "count: 1\nflag: true\nports: [{number: {}}, {}]\nnamed: {web: {number: {}}, admin: {}}\nzero: 0\nempty: \"\"\ntext: 'a {{ .Values.none.y }}'\nlist: [{name: {}}, {}]\nimage: {repository: r, pull: {policy: p}}\nservice: {}\n";

fn case(text: &str) -> tempfile::TempDir {
    chart(&[
        ("templates/t.yaml", text),
        ("templates/_helpers.tpl", HELPERS),
        ("values.yaml", VALUES),
    ])
}

/// A message as the command prints it.
fn printed(error: &Error) -> String {
    let advice = error.advice();
    let advice = advice.iter().chain(error.excerpt());
    let advice: String = advice.map(|line| format!("\n  {line}")).collect();
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
    assert!(CASES.len() >= 80);
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
