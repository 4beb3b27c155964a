//! Tables over the engine. The values that are expected are what Go gives.

use windlass_gotemplate::{Element, Functions, Limits, List, MissingKey, Set, Value};

fn data() -> Value {
    Value::map([
        ("s", Value::string("text")),
        ("n", Value::Float64(3.0)),
        ("i", Value::Int(7)),
        ("t", Value::Bool(true)),
        ("null", Value::Nil),
        ("list", Value::list(vec![Value::string("a"), Value::string("b")])),
        ("empty", Value::list(vec![])),
        ("map", Value::map([("b", Value::Int(2)), ("a", Value::Int(1))])),
    ])
}

fn run(text: &str) -> String {
    let functions = Functions::default();
    let mut set = Set::default();
    set.missing_key = MissingKey::Zero;
    if let Err(error) = set.parse("t", text, &functions) {
        return format!("parse: {error}");
    }
    set.execute("t", &data(), &functions, Limits::default())
        .unwrap_or_else(|e| format!("exec: {e}"))
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, want) in cases {
        assert_eq!(run(text), *want, "{text}");
    }
}

#[test]
fn actions() {
    check(&[
        ("a{{/* c */}}b", "ab"),
        ("a {{- .s -}} b", "atextb"),
        ("{{if .t}}y{{else}}n{{end}}", "y"),
        ("{{if .empty}}y{{else if .s}}e{{else}}n{{end}}", "e"),
        ("{{with .s}}{{.}}{{end}}", "text"),
        ("{{with .null}}x{{else with .s}}{{.}}{{end}}", "text"),
        ("{{range .list}}[{{.}}]{{end}}", "[a][b]"),
        ("{{range $i, $e := .list}}{{$i}}{{$e}}{{end}}", "0a1b"),
        ("{{range $k, $v := .map}}{{$k}}{{$v}}{{end}}", "a1b2"),
        ("{{range .empty}}x{{else}}none{{end}}", "none"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{range $i := 3}}{{$i}}{{end}}", "012"),
        ("{{range .list}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "a"),
        ("{{range .list}}{{if eq . \"a\"}}{{continue}}{{end}}{{.}}{{end}}", "b"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ("{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"),
        ("{{define \"d\"}}<{{.}}>{{end}}{{template \"d\" .s}}", "<text>"),
        ("{{block \"d\" .s}}<{{.}}>{{end}}", "<text>"),
        ("{{.s | printf \"%s-%s\" \"x\"}}", "x-text"),
        ("{{(index .list 1)}}{{index .map \"a\"}}{{len .s}}", "b14"),
        ("{{and 1 0 2}}{{or 0 \"\" 3}}{{not 0}}", "03true"),
        ("{{eq 1 2 1}} {{lt 1 2}} {{ge 2 2}} {{ne \"a\" \"b\"}}", "true true true true"),
        ("{{.missing}}|{{.null}}|{{(.missing).x}}", "<no value>|<no value>|<no value>"),
        ("{{.map}} {{.list}} {{.n}}", "map[a:1 b:2] [a b] 3"),
        ("{{html \"<a>\"}} {{urlquery \"a b\"}} {{js \"'\"}}", "&lt;a&gt; a+b \\'"),
        ("{{slice .s 1 3}} {{'a'}} {{0x1F}} {{1e3}} {{1_000}}", "ex 97 31 1000 1000"),
    ]);
}

#[test]
fn failures_are_told_as_go_tells_them() {
    check(&[
        (
            "{{.missing.x}}",
            "exec: template: t:1:10: executing \"t\" at <.missing.x>: nil pointer evaluating interface {}.x",
        ),
        (
            "{{.s.x}}",
            "exec: template: t:1:4: executing \"t\" at <.s.x>: can't evaluate field x in type interface {}",
        ),
        (
            "\n  {{index .list 5}}",
            "exec: template: t:2:4: executing \"t\" at <index .list 5>: error calling index: index out of range: 5",
        ),
        (
            "{{len 3}}",
            "exec: template: t:1:2: executing \"t\" at <len 3>: error calling len: len of type int",
        ),
        (
            "{{eq .n 3}}",
            "exec: template: t:1:2: executing \"t\" at <eq .n 3>: error calling eq: incompatible types for comparison: float64 and int",
        ),
        (
            "{{template \"no\"}}",
            "exec: template: t:1:11: executing \"t\" at <{{template \"no\"}}>: template \"no\" not defined",
        ),
        (
            "{{range .s}}{{end}}",
            "exec: template: t:1:8: executing \"t\" at <.s>: range can't iterate over text",
        ),
        ("{{printf 3}}", "exec: template: t:1:9: executing \"t\" at <3>: expected string; found 3"),
        (
            "{{printf .i}}",
            "exec: template: t:1:9: executing \"t\" at <.i>: wrong type for value; expected string; got int",
        ),
        (
            "{{len}}",
            "exec: template: t:1:2: executing \"t\" at <len>: wrong number of args for len: want 1 got 0",
        ),
        (
            "{{.s 1}}",
            "exec: template: t:1:2: executing \"t\" at <.s>: s is not a method but has arguments",
        ),
        ("{{nope}}", "parse: template: t:1: function \"nope\" not defined"),
        ("{{if}}x{{end}}", "parse: template: t:1: missing value for if"),
        ("{{if .s}}x", "parse: template: t:1: unexpected EOF"),
        ("a\n{{end}}", "parse: template: t:2: unexpected {{end}}"),
        ("{{.s", "parse: template: t:1: unclosed action"),
        ("{{.s}", "parse: template: t:1: bad character U+007D '}'"),
        ("{{$x}}", "parse: template: t:1: undefined variable \"$x\""),
        ("{{\"a}}", "parse: template: t:1: unterminated quoted string"),
        ("{{1a}}", "parse: template: t:1: bad number syntax: \"1a\""),
        ("{{.s | 3}}", "parse: template: t:1: non executable command in pipeline stage 2"),
        ("{{break}}", "parse: template: t:1: {{break}} outside {{range}}"),
        (
            "{{define \"a\"}}x{{end}}{{define \"a\"}}y{{end}}",
            "parse: template: t:1: template: multiple definition of template \"a\"",
        ),
        ("{{(.s}}", "parse: template: t:1: unclosed left paren"),
        ("{{.s)}}", "parse: template: t:1: unexpected right paren"),
        ("{{/* x }}", "parse: template: t:1: unclosed comment"),
        ("{{else}}", "parse: template: t:1: unexpected {{else}}"),
    ]);
}

#[test]
fn nothing_runs_or_grows_for_ever() {
    let functions = Functions::default();
    let mut set = Set::default();
    set.parse("loop", "{{template \"loop\" .}}", &functions).unwrap();
    set.parse("steps", "{{range 1000000}}{{end}}", &functions).unwrap();
    set.parse("output", "{{range 1000}}{{printf \"%1000d\" 1}}{{end}}", &functions).unwrap();
    let limits = Limits { steps: 10_000, output: 10_000, size: 10_000_000 };
    let fail = |name: &str| set.execute(name, &Value::Nil, &functions, limits).unwrap_err();
    assert!(fail("loop").to_string().contains("exceeded maximum template depth"));
    assert!(fail("steps").limit().is_some());
    assert!(fail("output").limit().is_some());
    let deep = "{{if true}}".repeat(100_000);
    assert!(set.parse("deep", &deep, &functions).is_err());
    let parens = format!("{{{{ {}1 }}}}", "(".repeat(100_000));
    assert!(set.parse("parens", &parens, &functions).is_err());
}

#[test]
fn typed_lists_keep_their_type() {
    let list = Value::List(List::new(Element::Int, vec![Value::Int(1)]).into());
    assert_eq!(list.type_name(), "[]int");
    assert_eq!(Value::strings(["a"]).type_name(), "[]string");
}
