//! Values: the grammars of `--set` and its like, and the coalescing of random values, judged by the
//! real helm.

#![allow(clippy::unwrap_used)] // Tests.

mod support;

use std::fmt::Write;

use support::{Call, chart, check, helm_is_there};
use windlass_helm::Values;

const SHOW: &str = "values: {{ toJson .Values }}\n";

const DEFAULTS: &str =
    "s: text\nn: 1\nb: true\nz: null\nlist: [a, {k: v}, [x]]\nm: {a: {b: c}}\ne: {}\n";

/// Expressions of `--set`, `--set-string` and `--set-literal`; each is given to the first, some to the others.
const EXPRESSIONS: &[&str] = &[
    "a=b",
    "a=",
    "a",
    "=b",
    "a=b,c=d",
    "a=b,",
    ",a=b",
    "a=b,,c=d",
    "a=1",
    "a=01",
    "a=0",
    "a=-5",
    "a=1.5",
    "a=1e3",
    "a=true",
    "a=TRUE",
    "a=null",
    "a=NULL",
    "a=\"q\"",
    "a='q'",
    "a=b=c",
    "a=b c",
    "a= b",
    " a=b",
    "a.b=c",
    "a.b.c=1,a.b.d=2",
    "a..b=c",
    ".a=b",
    "a.=b",
    "a.b",
    "a.b=",
    "m.a.b=x",
    "m.a=x",
    "m.x=y",
    "m=1",
    "m=null",
    "m.a=null",
    "s.x=1",
    "n.x=1",
    "z.x=1",
    "e.x=1",
    "e=",
    "list[0]=z",
    "list[5]=z",
    "list[1].k=w",
    "list[1].x=y",
    "list[2][0]=q",
    "list[2][3]=q",
    "list[0].x=1",
    "list[-1]=x",
    "list[x]=1",
    "list[0",
    "list[0]",
    "list[]=1",
    "list[0]x=1",
    "list=null",
    "s[0]=1",
    "z[0]=1",
    "a[0]=1,a[1]=2",
    "a[2]=1",
    "a[0].b=c,a[0].d=e",
    "a[0][1]=x",
    "a[0].b[1].c=x",
    "a[0]=",
    "a[0].b=",
    "a[65537]=1",
    "a={1,2,x}",
    "a={}",
    "a={x",
    "a={a,b},c=d",
    "a={a,b}c=d",
    "a={ a , b }",
    "a[0]={1,2}",
    "a={\\,,b}",
    "a=b\\,c",
    "a\\.b=c",
    "a\\=b=c",
    "a\\[0]=c",
    "a=\\\\",
    "a=b\\",
    "a.b\\.c.d=e",
    "ä.ö=ü",
    "a=日本",
    "a=9223372036854775807",
    "a=9223372036854775808",
    "a=+1",
    "a=1_000",
    "a=0x10",
    "a=~",
    "a=yes",
    "x.a.b.c.d.e.f.g=1",
    "m.a.b.c=1",
    "list[1]=null,list[0]=null",
    "global.x=1",
    "a=,b=1",
    "a={},b=2",
];

#[test]
fn set_grammar() {
    if !helm_is_there() {
        return;
    }
    for flag in ["--set", "--set-string", "--set-literal"] {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        // The two others differ from the first in what a value is, and in what is escaped.
        let every = if flag == "--set" { 1 } else { 4 };
        for text in EXPRESSIONS.iter().step_by(every) {
            let mut values = Values::new();
            let set = match flag {
                "--set" => values.set(text),
                "--set-string" => values.set_string(text),
                _ => values.set_literal(text),
            };
            if set.is_ok() { good.push(*text) } else { bad.push(*text) }
        }
        // What stands alone goes in one call each where it is refused, and together where not.
        let dir = chart(&[("templates/v.yaml", SHOW)]);
        for text in good {
            check_merged(flag, text);
        }
        for text in bad {
            assert!(!check(dir.path(), &Call::default().with(&[flag, text])), "{flag} {text}");
        }
    }
}

/// Over values of a file too, where it may be refused.
fn check_merged(flag: &str, text: &str) {
    let dir = chart(&[("templates/v.yaml", SHOW), ("values.yaml", "other: 1\n")]);
    let file = dir.path().join("given.yaml");
    std::fs::write(&file, DEFAULTS).unwrap();
    check(dir.path(), &Call::default().with(&["-f", file.to_str().unwrap(), flag, text]));
}

#[test]
fn set_json_and_files() {
    if !helm_is_there() {
        return;
    }
    let dir = chart(&[("templates/v.yaml", SHOW), ("values.yaml", DEFAULTS), ("f.txt", "a\nb\n")]);
    let file = dir.path().join("f.txt");
    let file = file.to_str().unwrap();
    let calls: Vec<Vec<String>> = vec![
        vec!["--set-json".into(), "{\"a\":{\"b\":[1,2.5,\"x\",null]},\"m\":{\"c\":1}}".into()],
        vec!["--set-json".into(), "a={\"b\":1},c=[1,2],d=null,e=\"x\"".into()],
        vec!["--set-json".into(), "a=".into()],
        vec!["--set-json".into(), "a=,b=1".into()],
        vec!["--set-json".into(), "a= 1 ,b=2".into()],
        vec!["--set-json".into(), "list[1].k={\"z\":1}".into()],
        vec!["--set-json".into(), "a[1]=[1]".into()],
        vec!["--set-json".into(), "a={".into()],
        vec!["--set-json".into(), "{\"a\"".into()],
        vec!["--set-json".into(), "a=x".into()],
        vec!["--set-json".into(), "a=1e3,b=1000000,c=1.0".into()],
        vec!["--set-file".into(), format!("a={file}")],
        vec!["--set-file".into(), format!("a.b[0]={file},c={file}")],
        vec!["--set-file".into(), "a=/nonexistent/x".into()],
        vec![
            "--set".into(),
            "a=1".into(),
            "--set-string".into(),
            "a=2".into(),
            "--set-file".into(),
            format!("a={file}"),
            "--set-literal".into(),
            "b=x,y".into(),
        ],
        vec!["--set".into(), "a=1".into(), "--set-json".into(), "a=[]".into()],
    ];
    for flags in calls {
        check(dir.path(), &Call { flags });
    }
}

/// A generator of small numbers.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    /// A mapping of values, in YAML's flow style.
    fn map(&mut self, depth: u64, keys: &[&str]) -> String {
        let mut out = String::from("{");
        for key in keys {
            if self.below(3) > 0 {
                let value = self.value(depth);
                let _ = write!(out, "{key}: {value}, ");
            }
        }
        out + "}"
    }

    fn value(&mut self, depth: u64) -> String {
        match self.below(if depth == 0 { 5 } else { 9 }) {
            0 => "null".to_owned(),
            1 => self.below(100).to_string(),
            2 => "text".to_owned(),
            3 => "[1, {a: null}]".to_owned(),
            4 => "true".to_owned(),
            _ => self.map(depth - 1, &["a", "b", "c"]),
        }
    }
}

#[test]
fn random_values_coalesce_alike() {
    if !helm_is_there() {
        return;
    }
    let show = "# {{ .Chart.Name }}\nvalues: {{ toJson .Values }}\n";
    let meta = |name: &str, dependencies: &str| {
        format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n{dependencies}")
    };
    for seed in 0..25 {
        let mut draw = Draw(seed * 7919 + 1);
        let keys = ["a", "b", "c", "global", "sub", "grand", "other"];
        let dependencies = format!(
            "dependencies:\n- {{name: sub, version: 1.0.0, import-values: [data, {{child: a, parent: b}}, {{child: exports.data, parent: c.x}}]}}\n{}",
            if draw.below(2) == 0 {
                "- {name: sub, version: 1.0.0, alias: other, import-values: [data]}\n"
            } else {
                ""
            },
        );
        let exports = format!("exports: {{data: {}}}\n", draw.map(2, &["a", "b", "c"]));
        let dir = chart(&[
            ("Chart.yaml", &meta("top", &dependencies)),
            ("values.yaml", &draw.map(3, &keys)),
            ("templates/v.yaml", show),
            (
                "charts/sub/Chart.yaml",
                &meta("sub", "dependencies: [{name: grand, version: 1.0.0}]\n"),
            ),
            (
                "charts/sub/values.yaml",
                &format!(
                    "{exports}a: {}\nb: {}\nglobal: {}\ngrand: {}\n",
                    draw.value(2),
                    draw.value(2),
                    draw.map(2, &["a", "b", "c"]),
                    draw.map(2, &["a", "b", "global"])
                ),
            ),
            ("charts/sub/templates/v.yaml", show),
            ("charts/sub/charts/grand/Chart.yaml", &meta("grand", "")),
            ("charts/sub/charts/grand/values.yaml", &draw.map(2, &["a", "b", "c", "global"])),
            ("charts/sub/charts/grand/templates/v.yaml", show),
            ("given.yaml", &draw.map(3, &keys)),
            ("more.yaml", &draw.map(2, &["a", "global", "sub"])),
        ]);
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        check(
            dir.path(),
            &Call::default().with(&["-f", &path("given.yaml"), "-f", &path("more.yaml")]),
        );
    }
}
