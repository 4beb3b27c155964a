//! `helm show values --jsonpath`.

use windlass_testkit::available;

use crate::pair::Pair;

const VALUES: &str = r#"# of the chart
a: 1
big: 1000000
huge: 123456789012345678
f: 0.5
t: "a text"
b: true
n: null
m: {z: 1, y: [1, "b", null, 1000000, 2.5], "a.b": dot}
l: [1, two, {k: v}]
empty: {}
none: []
list: [{name: a, v: 1}, {name: b, v: 2, sub: [x, y]}, {name: c}]
"#;

/// Templates that lead somewhere, nowhere, and are none.
const TEMPLATES: [&str; 47] = [
    "",
    "{}",
    "{@}",
    "{$}",
    "{.}",
    "{.a}",
    "{ .a }",
    "{$.a}",
    "{@.a}",
    "{.big} {.huge} {.f}",
    "{.b}{.t}",
    "{.n}",
    "{.m}",
    "{.m.z}",
    "{.m.y[0]}",
    "{.m.a\\.b}",
    "{.empty.*}",
    "{.l}",
    "{.l[*]}",
    "{.l[-1].k}",
    "{.l[0:2]}",
    "{.l[0,1]}",
    "{.l[9]}",
    "{.empty}",
    "{.none}",
    "{.none[*]}",
    "{.list[*].name}",
    "{.list[*].v}",
    "{.list.name}",
    "{.list[?(@.name==\"b\")].v}",
    "{.list[?(@.name=='z')].v}",
    "{.list[?(@.v)].name}",
    "{..name}",
    "{.nothing}",
    "{.a.b}",
    "text {.a} more",
    ".a",
    "a",
    "{a}",
    "{.a",
    "{\"q\"}{'r'}{\"\\n\"}",
    "{1}{true}",
    "{range .list[*]}{.name}{\"\\n\"}{end}",
    "{range .list[*]}{.name}={.v}{\"\\n\"}{end}",
    "{range .list[0:2]}[{.name}:{$.a}]{end}.",
    "{range .list[*]}{.name}",
    "{end}",
];

#[test]
fn values_by_path() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    pair.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    pair.write("web/values.yaml", VALUES);
    for template in TEMPLATES {
        pair.same(&["show", "values", "web", "--jsonpath", template]);
    }
    pair.write("web/values.yaml", "");
    pair.same(&["show", "values", "web", "--jsonpath", "{.a}"]);
    pair.same(&["show", "values", "web", "--jsonpath", "{}"]);
    pair.finish();
}
