//! Go's `fmt` beside the real helm: every verb with every flag and every kind of value that a
//! template can come by, formats that are wrong, operands that are missing or too many.

#![allow(clippy::unwrap_used)] // Tests.

mod support;

use support::{Call, chart, helm_is_there};

const VERBS: &str = "vTdboOxXcqUeEfFgGsptwz";

const FLAGS: &[&str] = &[
    "", "+", "-", "#", " ", "0", "5", "-5", "05", "+5", "+05", "#5", ".0", ".1", ".3", "8.3",
    "-8.3", "08.3", "+.2", "#.2", "# ", " 5", "+#", "-05", "0-5", "+ ", "12", ".", " .2", "#012",
    "300",
];

const OPERANDS: &[&str] = &[
    "nil",
    ".Values.nope",
    ".Values.none",
    "true",
    "false",
    "0",
    "42",
    "-42",
    "'é'",
    "9223372036854775807",
    "(int64 -7)",
    "0.0",
    "1.5",
    "-2.25",
    "1e21",
    "1e-7",
    "5e-324",
    ".Values.num",
    "\"hi\"",
    "\"\"",
    ".Values.u",
    "\"a\\\"b`\\n\\t\"",
    ".Values.l",
    "list",
    "(list 1 -2 255)",
    "(list 1.5 2.0)",
    "(list \"a\" \"b c\")",
    "(until 3)",
    "(splitList \",\" \"a,b\")",
    ".Values.m",
    "dict",
    "(dict \"k\" 7)",
    "(split \",\" \"a,b\")",
    "(list (dict \"a\" 1) nil)",
    ".Values.nl",
    ".Values",
    ".Chart",
    ".Release",
    ".Template",
    ".Capabilities",
    ".Capabilities.KubeVersion",
    ".Capabilities.HelmVersion",
    ".Capabilities.APIVersions",
    ".Files",
    "(.Files.Get \"x.txt\")",
    "(.Files.GetBytes \"x.txt\")",
    "(semver \"1.2.3-rc.1+b\")",
    "(index \"abc\" 1)",
    ".Chart.Maintainers",
    ".Chart.Dependencies",
    ".Chart.Annotations",
    ".Chart.Keywords",
    ".Chart.Sources",
    "(urlParse \"http://u:p@h/x\")",
    ".Subcharts",
];

/// Formats with their operands.
const FORMATS: &[&str] = &[
    r#""%[2]d %[1]d" 1 2"#,
    r#""%[3]d" 1"#,
    r#""%[0]d" 1"#,
    r#""%[x]d" 1"#,
    r#""%[1]" 1"#,
    r#""%[1]d %d %[1]v" 1 2"#,
    r#""%[2]*[1]d" 5 8"#,
    r#""%*d" 5 1"#,
    r#""%-*d|" 5 1"#,
    r#""%*d" -5 1"#,
    r#""%*d" "x" 1"#,
    r#""%.*f" 2 1.2345"#,
    r#""%.*f" -1 1.2"#,
    r#""%*d" 1"#,
    r#""%*" 1"#,
    r#""%.*d" 1"#,
    r#""%.[2]*[1]f" 1.25 1"#,
    r#""%[1]*d" 3"#,
    r#""%d %d" 1"#,
    r#""%d" 1 2 3"#,
    r#""%d""#,
    r#""%""#,
    r#""%%""#,
    r#""% ""#,
    r#""a%""#,
    r#""%!" 1"#,
    r#""%é" 1"#,
    r#""%-" 1"#,
    r#""%5%""#,
    r#""%d" (list)"#,
    r#""no" nil"#,
    r#""%d %s" nil nil"#,
    r#""%[1]d %[1]s" 7"#,
    r#""%[1]v %[1]T %[1]q" "x""#,
    r#""%[5]d" 1 2"#,
    r#""%[-1]d" 1"#,
    r#""%[1.5]d" 1"#,
    r#""%[]d" 1"#,
    r#""%[1" 1"#,
    r#""%[1]d %[3]d %d" 1 2 3"#,
    r#""%10000011d lost" 1"#,
    r#""%.10000011d lost" 1"#,
    r#""%*d" 10000001 1"#,
    r#""%999d" 1"#,
    r#""%+-#0 5.2v" 1.5"#,
    r#""%5.d" 0"#,
    r#""%.0d" 0"#,
    r#""%.0x" 0"#,
    r#""%+q" "é""#,
    r#""%#q" "a`b""#,
    r#""%# x" "hello""#,
    r#""%# X" "hi""#,
    r#""% X" "hi""#,
    r#""%x" (list "a" "b")"#,
    r#""%-10s|" "日本""#,
    r#""%10q|" "x""#,
    r#""%.2s" "日本語""#,
    r#""%.2q" "日本語""#,
    r#""%.1x" "hello""#,
    r#""%c%c" 0x1F600 -1"#,
    r#""%U %#U" 0x1F600 0x7f"#,
    r#""%#U" -1"#,
    r#""%.8U" 65"#,
    r#""%q" 0x110000"#,
    r#""%+q" 0x1F600"#,
    r#""%#q" 39"#,
    r#""%.3x" 1.5"#,
    r#""%.1x" 1.96875"#,
    r#""%.0x" 1.5"#,
    r#""%.20x" 0.1"#,
    r#""%x" 1e308"#,
    r#""%#g" 1.0"#,
    r#""%#.3g" 1.0"#,
    r#""%+.3e" 12345.678"#,
    r#""%g" 1000000.0"#,
    r#""%.3v" 1e21"#,
    r#""%08.3f" -1.5"#,
    r#""% 08.3f" 1.5"#,
    r#""%6.2f%%" 12.345"#,
    r#""%5t|%-7t|" true false"#,
    r#"(print "%" "d") 1"#,
    r#""%05s|%-05s|" "ab" "ab""#,
    r#""%05v|" nil"#,
    r#""%q" (b64dec "/+8B")"#,
    r#""%x" (b64dec "/+8B")"#,
];

/// Whether Go prints an address, which is another in each run.
fn is_address(operand: &str, verb: char) -> bool {
    let scalar = operand.starts_with(['"', '\'', '-']) || operand.parse::<f64>().is_ok();
    verb == 'p' && !scalar
}

#[test]
fn every_verb_with_every_kind() {
    if !helm_is_there() {
        return;
    }
    let mut actions = Vec::new();
    for operand in OPERANDS {
        for verb in VERBS.chars().filter(|v| !is_address(operand, *v)) {
            actions.extend(FLAGS.iter().map(|flags| format!("\"%{flags}{verb}\" {operand}")));
        }
    }
    actions.extend(FORMATS.iter().map(|format| (*format).to_owned()));
    let mut template = String::new();
    for (i, action) in actions.iter().enumerate() {
        template.push_str(&format!("# {i}: {{{{ printf {action} | toJson }}}}\n"));
    }
    let metadata = "apiVersion: v2\nname: c\nversion: 0.1.0\nkeywords: [a, b]\nappVersion: \"1\"
maintainers: [{name: x, email: y}]\n";
    let values =
        "{num: 3, none: null, u: héllo 日本, l: [1, a, null, true, 2.5], nl: [[1], [2, 3]],
  m: {a: 1, b: {c: d}, z: null}}\n";
    let dir = chart(&[
        ("Chart.yaml", metadata),
        ("values.yaml", values),
        ("x.txt", "text\n"),
        ("templates/t.yaml", &template),
    ]);
    let theirs = support::theirs(dir.path(), &Call::default()).unwrap();
    let ours = support::ours(dir.path(), &Call::default()).unwrap();
    let of = |text: &str| text.lines().filter(|l| l.contains(": ")).map(str::to_owned).collect();
    let (theirs, ours): (Vec<String>, Vec<String>) = (of(&theirs), of(&ours));
    assert_eq!(theirs.len(), ours.len());
    let mut wrong = Vec::new();
    for (theirs, ours) in theirs.iter().zip(&ours).filter(|(theirs, ours)| theirs != ours) {
        let number: Option<usize> = theirs[2..].split(':').next().and_then(|n| n.parse().ok());
        let action = number.and_then(|n| actions.get(n));
        wrong.push(format!("{action:?}\n  helm: {theirs}\n  ours: {ours}"));
    }
    let shown = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {} differ:\n{shown}", wrong.len(), actions.len());
}
