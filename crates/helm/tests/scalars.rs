//! What YAML's scalars become where a text is asked for, and where anything may stand, beside the
//! real helm: the fields of Chart.yaml, its annotations and their keys, values and their keys.

#![allow(clippy::unwrap_used)] // Tests.

mod support;

use support::{Call, chart, check, helm_is_there};

/// Scalars that are read without an error.
const SCALARS: &[&str] = &[
    "72445e2",
    "0x1f",
    "1_000",
    "12e3",
    ".5",
    "1e400",
    "0o7",
    "+1",
    "-1",
    "07",
    "08",
    "09",
    "0b11",
    "1e3",
    "1e-3",
    "1.10",
    "1.0",
    "1.",
    ".1e1",
    "+.5",
    "-.5",
    "-0",
    "0",
    "00",
    "+0",
    "1e21",
    "1e20",
    "123456",
    "1234567",
    "12345678.9",
    "0.00001",
    "123456789012345678",
    "1234567890123456789",
    "9223372036854775807",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "1_0.5",
    "1__0",
    "_1",
    "0x_1",
    "0x",
    "1e",
    "1e+",
    "e1",
    "12:30",
    "12:30:45",
    "190:20:30",
    "2024-01-01",
    "2024-01-01T10:00:00Z",
    "true",
    "yes",
    "y",
    "on",
    "Off",
    "n",
    "no",
    "=",
    "16777217",
    "33554433",
    "0.1",
    "0.123456789",
    "3.4e39",
    "-3.5e38",
    "1e-46",
    "5e-324",
    "1e38",
    "1e308",
    "0.30000000000000004",
    "100000.5",
    "999999.5",
    "99999.95",
    "1e5",
    "1e6",
    "1e-4",
    "1e-5",
    "0xFFFFFFFFFFFFFFFFF",
    "0x1p3",
    "1e1_0",
    "0b",
    "0o8",
    "0b2",
    "0B1",
    "0O7",
    "0X1f",
    "1.2.3",
    "v1",
    "++1",
    "+0x1f",
    "-0x1f",
    "-0o7",
    "-0b1",
    "-07",
    "1E3",
    ".e1",
    ".",
    "..",
    "._1",
    "!!str 1",
    "!!float 1",
    "!!float 1e3",
    "!!str true",
    "!!binary aGk=",
    "!foo 1",
    "!!timestamp 2024-01-01",
];

/// Those that cannot be a key, or are more than `int64` or less than zero as floats.
const NO_KEYS: &[&str] = &["9223372036854775808", "18446744073709551615", "~", "null"];

const VERSIONS: &[&str] =
    &["72445e2", "12e3", "1.10", "1.0", "-0.0", "1e20", "0x1f", "9223372036854775808", "yes", "07"];

#[test]
fn fields_of_charts_and_values() {
    if !helm_is_there() {
        return;
    }
    let mut metadata = "apiVersion: v2\nname: c\nversion: 1.0.0\nannotations:\n".to_owned();
    let mut keys = String::new();
    let mut values = String::from("all:\n");
    for (i, scalar) in SCALARS.iter().enumerate() {
        metadata.push_str(&format!("  k{i:03}: {scalar}\n"));
        values.push_str(&format!("- {scalar}\n"));
        if !scalar.starts_with('!') {
            keys.push_str(&format!("  {scalar}: k\n"));
        }
    }
    for (i, scalar) in NO_KEYS.iter().enumerate() {
        metadata.push_str(&format!("  n{i:03}: {scalar}\n"));
        values.push_str(&format!("- {scalar}\n"));
    }
    // As fields a float of zero keeps its sign.
    metadata.push_str(&format!("  zero: -0.0\n{keys}keywords: [1.10, 1e6, yes, 0x1f, -0.0]\n"));
    metadata.push_str("maintainers: [{name: 1e6, email: 07, url: on}]\nappVersion: 1e6\n");
    values.push_str(&format!("keys:\n{keys}"));
    let template = "{{ range $k, $v := .Chart.Annotations }}# {{ $k }}={{ $v }}\n{{ end }}
# {{ .Chart.AppVersion }} {{ .Chart.Keywords }} {{ .Chart.Description }}
# {{ range .Chart.Maintainers }}{{ .Name }} {{ .Email }} {{ .URL }}{{ end }}
a:
{{- range .Values.all }}
- {{ printf \"%#v %T %v\" . . . | quote }}
- {{ . | toString | quote }}
- {{ . | toYaml | quote }}
- {{ . | toJson | quote }}
- {{ . | int64 | quote }}
- {{ printf \"a: %v\" . | fromYaml | toJson | quote }}
{{- end }}
keys: {{ toJson .Values.keys | quote }}
yaml: {{ range $k, $v := .Values.keys }}{{ dict $k $v | toYaml | nindent 2 }}{{ end }}
";
    let files =
        [("Chart.yaml", &*metadata), ("values.yaml", &*values), ("templates/t.yaml", template)];
    assert!(check(chart(&files).path(), &Call::default()));
}

#[test]
fn versions_of_charts() {
    if !helm_is_there() {
        return;
    }
    for version in VERSIONS {
        let metadata = format!("apiVersion: v2\nname: c\nversion: {version}\n");
        let template = "# {{ .Chart.Version }} {{ toJson .Chart.Annotations }}\na: {{ toYaml .Chart.Annotations }}\n";
        let dir = chart(&[("Chart.yaml", &metadata), ("templates/t.yaml", template)]);
        check(dir.path(), &Call::default());
    }
}

#[test]
fn numbers_that_json_has_not() {
    if !helm_is_there() {
        return;
    }
    for (file, text) in [
        ("values.yaml", "x: .inf\n"),
        ("values.yaml", "x: -.inf\n"),
        ("values.yaml", "x: .nan\n"),
        ("values.yaml", "18446744073709551615: 1\n"),
        ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\nappVersion: .inf\n"),
        ("templates/t.yaml", "x: .inf\n"),
    ] {
        let dir = chart(&[(file, text)]);
        let theirs = support::theirs(dir.path(), &Call::default()).unwrap_err();
        let ours = support::ours(dir.path(), &Call::default()).unwrap_err();
        // Helm names the key's value too.
        let said = theirs.lines().next().unwrap().split(", value").next().unwrap();
        assert!(ours.contains(said), "{text}\nhelm: {theirs}\nwindlass: {ours}");
    }
}
