use super::*;

#[allow(dead_code, unreachable_pub)] // Shared with the tests against helm.
#[path = "../../tests/generate/mod.rs"]
mod generate;
use serde_json::json;

fn check(text: &str, wanted: &[Value]) {
    let parsed = parse(text.as_bytes(), &Options::default());
    assert_eq!(parsed.errors, [], "{text}");
    let got: Vec<_> = parsed.documents.into_iter().map(|d| d.value).collect();
    assert_eq!(got, wanted, "{text}");
}

fn check_errors(text: &str, options: &Options, wanted: &[&str]) {
    let parsed = parse(text.as_bytes(), options);
    let got: Vec<_> = parsed.errors.iter().map(ToString::to_string).collect();
    assert_eq!(got, wanted, "{text}");
}

#[test]
fn documents() {
    check("a: 1\n---\nb: 2\n", &[json!({"a": 1}), json!({"b": 2})]);
    check("---\na: 1\n--- # comment\n# only a comment\n---\n", &[json!({"a": 1}), Value::Null]);
    check("\u{feff}a: |\n  x", &[json!({"a": "x"})]);
    check("a: >\n  x\n  y\n", &[json!({"a": "x y\n"})]);
    check("a: |\r\n  x\r\n  y\r\n", &[json!({"a": "x\ny\n"})]);
    check("", &[]);
    check("{\"a\": 1.0}\n{\"a\": \"\\ud83d\\ude00\"}", &[json!({"a": 1}), json!({"a": "😀"})]);
    check("{\"a\": 1}\n---\nb: 2\n", &[json!({"a": 1}), json!({"b": 2})]);
    check("{a: 1, b: [x, z]}", &[json!({"a": 1, "b": ["x", "z"]})]);
    let utf16: Vec<u8> = "\u{feff}a: ä".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(parse_one(&utf16, &Options::default()).unwrap(), json!({"a": "ä"}));
}

#[test]
fn keys_and_scalars() {
    check(
        "on: x\n8: y\n010: z\n1.5: f\n~x: t\n",
        &[json!({"true": "x", "8": "z", "1.5": "f", "~x": "t"})],
    );
    check(
        "a: 0777\nb: yes\nc: 'yes'\nd: !!str 12\ne: !!binary aGk=\nf: 12:30\n",
        &[json!({"a": 511, "b": true, "c": "yes", "d": "12", "e": "hi", "f": "12:30"})],
    );
    check(
        "a: ! 12\nb: !Ref c\nc: 18446744073709551615\nd: -0.0\n",
        &[json!({"a": "12", "b": "c", "c": 18446744073709551615u64 as f64, "d": 0})],
    );
}

#[test]
fn anchors_and_merges() {
    check(
        "a: &x {k: 1, l: 2}\nb: *x\nc:\n  <<: *x\n  k: 3\n",
        &[json!({"a": {"k": 1, "l": 2}, "b": {"k": 1, "l": 2}, "c": {"k": 3, "l": 2}})],
    );
    // The older generation lets a merge key override what stands before it.
    let text = "a: &x {k: 1}\nc:\n  k: 3\n  <<: *x\n";
    check(text, &[json!({"a": {"k": 1}, "c": {"k": 1}})]);
    let newer = parse_one(text.as_bytes(), &Options::kustomize()).unwrap();
    assert_eq!(newer["c"], json!({"k": 3}));
    check(
        "a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc:\n  <<: [*x, *y]\n",
        &[json!({"a": {"k": 1}, "b": {"k": 2, "m": 3}, "c": {"k": 1, "m": 3}})],
    );
}

#[test]
fn bad_documents_do_not_hide_good_ones() {
    let parsed = parse(b"a: 1\n---\nb: [\n---\nc: 3\n--- x\nd: 4\n", &Options::default());
    let values: Vec<_> = parsed.documents.iter().map(|d| d.value.clone()).collect();
    assert_eq!(values, [json!({"a": 1}), json!({"c": 3}), json!({"d": 4})]);
    assert_eq!(parsed.errors.len(), 2);
    assert_eq!(parsed.errors[0].at.line, 3);
    assert_eq!(
        parsed.errors[1].to_string(),
        "6:4: invalid document separator: \"x\" may not follow ---"
    );
}

#[test]
fn errors_have_positions() {
    let lax = Options::default();
    check_errors("a: 1\nb: *x\n", &lax, &["2:4: while parsing node, found unknown anchor"]);
    check_errors("a: &x [*x]\n", &lax, &["1:8: an anchor's value contains itself"]);
    check_errors("a:\n  ? [1]\n  : 2\n", &lax, &["2:5: a list cannot be a key"]);
    check_errors("null: 1\n", &lax, &["1:1: a null cannot be a key"]);
    check_errors("a: .inf\n", &lax, &["1:4: json: unsupported value: +Inf"]);
    check_errors("a: !!int x\n", &lax, &["1:10: this text is no !!int"]);
    check_errors(
        "a: {<<: 1}\n",
        &lax,
        &["1:9: a merge key (<<) takes a mapping or a list of mappings"],
    );
    check_errors("a: \u{1}\n", &lax, &["1:4: control character U+0001 is not allowed"]);
    let parsed = parse(b"a: 1\nb: \xff\n", &lax);
    assert_eq!(parsed.errors[0].to_string(), "2:4: byte 0xff is not UTF-8");
    let deep = "[".repeat(500);
    assert!(matches!(
        parse(deep.as_bytes(), &lax).errors[0].problem,
        Problem::Syntax(_) | Problem::Limit { .. }
    ));
    let deep = "{\"a\":".repeat(5000);
    assert_eq!(parse(deep.as_bytes(), &lax).errors.len(), 1);
}

#[test]
fn repeated_keys_name_both_positions() {
    let text = "a: 1\nb:\n  c: 1\n  'c': 2\na: 3\n";
    let parsed = parse(text.as_bytes(), &Options::default());
    assert_eq!(parsed.documents[0].value, json!({"a": 3, "b": {"c": 2}}));
    let warnings: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["4:3: key \"c\" is already set at 3:3", "5:1: key \"a\" is already set at 1:1"]
    );
    check_errors(
        text,
        &Options::strict(),
        &warnings.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let parsed = parse(b"{\"a\": 1,\n \"a\": 2}", &Options::default());
    assert_eq!(parsed.warnings[0].to_string(), "2:2: key \"a\" is already set at 1:2");
}

#[test]
fn laughs_are_bounded() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let alias = format!("*a{}", i - 1);
        text += &format!("a{i}: &a{i} [{}]\n", vec![alias; 10].join(", "));
    }
    let parsed = parse(text.as_bytes(), &Options::default());
    assert_eq!(parsed.errors[0].problem, Problem::Aliases);
}

#[test]
fn values_can_be_located() {
    let text = "# head\na: 1\n---\nspec:\n  list:\n  - x\n  - y: 2\n";
    let options = Options::default();
    let document = &parse(text.as_bytes(), &options).documents[1];
    assert_eq!(document.at.to_string(), "4:1");
    let at =
        |p: &str| position(text.as_bytes(), document, &p.parse().unwrap(), &options).to_string();
    assert_eq!(at("/spec/list"), "5:3");
    assert_eq!(at("/spec/list/1/y"), "7:5");
    assert_eq!(at("/spec/list/0"), "6:5");
    assert_eq!(at("/spec/none/x"), "4:1");
}

fn check_out(value: &Value, wanted: &str) {
    let text = to_string(value);
    assert_eq!(text, wanted);
    assert_eq!(parse_one(text.as_bytes(), &Options::default()).unwrap(), *value, "{text}");
}

#[test]
fn writes_as_go_does() {
    check_out(
        &json!({"a10": 1, "a2": [1, {"x": [], "y": {}}], "a1": {"b": ["z"]}}),
        "\
a1:
  b:
  - z
a2:
- 1
- x: []
  \"y\": {}
a10: 1
",
    );
    check_out(&json!([[1, [2]], {"a": [[3]]}]), "- - 1\n  - - 2\n- a:\n  - - 3\n");
    check_out(&json!("x"), "x\n");
    check_out(
        &json!({"a": "l1\nl2\n", "b": " x\ny", "c": "x\n\n", "d": "x \ny", "e": "\n"}),
        "\
a: |
  l1
  l2
b: |2-
   x
  y
c: |+
  x

d: \"x \\ny\"
e: |2+

",
    );
    check_out(
        &json!([
            "yes", "12:30", "1_000", "", "a: b", "# x", "x ", "😀", "<<", "=", "-", "- x", "it's",
            "'q'"
        ]),
        "\
- \"yes\"
- \"12:30\"
- \"1_000\"
- \"\"
- 'a: b'
- '# x'
- 'x '
- \"\\U0001F600\"
- <<
- =
- '-'
- '- x'
- it's
- '''q'''
",
    );
    check_out(
        &json!([1.5, 1e20, 1e-7, 123456789.5, true, null]),
        "\
- 1.5
- 1e+20
- 1e-07
- 1.234567895e+08
- true
- null
",
    );
}

#[test]
fn the_quick_way_reads_the_same() {
    let mut random = generate::Random::new(3);
    let options = Options::default();
    let mut quick = 0;
    let mut check = |text: &str| {
        let Some(fast) = plain::document(text, 1, &options, None) else { return };
        quick += 1;
        let wanted = |key: &str| key.len() % 2 == 1;
        let head = plain::document(text, 1, &options, Some(&wanted)).map(|built| built.value);
        let mut kept = fast.value.clone();
        if let Value::Object(fields) = &mut kept {
            fields.retain(|key, _| wanted(key));
        }
        assert_eq!(head, Some(kept), "{text:?}");
        let full = build::by_events(text, 1, &options);
        let full = full.map_err(|e| e.to_string()).unwrap_or_else(|e| panic!("{e}: {text:?}"));
        assert_eq!(fast.value, full.value, "{text:?}");
        assert_eq!(fast.at, full.at, "{text:?}");
        assert!(fast.repeats_keys || !full.repeats_keys, "{text:?}");
    };
    for items in
        ["a, b", "'a b' ,\"c\"", "a.b/c-d, 1, 0x1f, yes, ~", "", "1.5,.inf", "a b", "[]", "a,"]
    {
        check("\"a: b\": 1\n'c d': e\n\"<<\": {}\n'~': 2\n'a''b': 3\n");
        check(
            "a:\n  {}\nb:\n  c d\n  e\nf:\n- 'g\n  ''\n  h'\ni:\n  \"\n  j\\n\n  k \\\"\n  l\"\n",
        );
        check("a: b\n  --c -\n  -d\ne: '\n  f ''''  \n  g'\nh: '  \n   i'\n");
        check("a: 'b \n\n  \n  c'\nd: \"e\n\n  f \\\n  \\  g\\n\\\n   h\"\ni: 'j\n\nk'\n");
        check("a: b\n    # c\nd: e\n  # f\n\n  # g\nh:\n- i\n  # j\n- k # l\n   # m\n");
        check("a:\n  b\n  # c\nd: e\n  f\n    # g\nh: '~'\n");
        check("a: b\n  # c\n  d\n");
        check("a: |\n# b\nc: |-\nd: 1\ne:\n- |+\n- f\n- g: |\n  # h\n  i: 1\n");
        for around in ["- [X]\n", "k: [X] # c\nl: [ X ]\n", "- k: [X]\n  l: 1\n"] {
            check(&around.replace('X', items));
        }
    }
    for _ in 0..20_000 {
        check(&generate::document(&mut random));
        check(&to_string(&generate::value(&mut random)));
    }
    assert!(quick > 4_000, "only {quick} of 40000 were plain");
}

#[test]
fn keys_without_an_order_do_not_panic() {
    let fields: serde_json::Map<String, Value> = (0..400)
        .flat_map(|i| [format!("0{i}"), format!("0b{i}"), i.to_string()])
        .map(|key| (key, Value::Null))
        .collect();
    assert_eq!(to_string(&Value::Object(fields.clone())).lines().count(), fields.len());
}

#[test]
fn tells_scalars_as_they_are_written() {
    let check = |text: &str, expected: &[&str]| {
        let options = Options::kustomize();
        let parsed = parse(text.as_bytes(), &options);
        let mut found = Vec::new();
        each_scalar(text.as_bytes(), &parsed.documents[0], &options, &mut |at, text, is_plain| {
            if is_plain && text.is_empty() {
                found.push(at.to_string());
            } else if is_plain && text.starts_with(|c: char| c.is_ascii_digit()) {
                found.push(format!("{at}={text}"));
            }
        });
        assert_eq!(found, expected, "{text}");
    };
    check("a: null\nb: ~\nc:\n  d: 1.10\ne: \"1\"", &["/c/d=1.10"]);
    check("a:\nb: 1\n", &["/a", "/b=1"]);
    check("a:\n  b:\n  # c\nd:\n- e\n", &["/a/b"]);
    check("a:\n- b:\n  c: 0x1\n-\n- d\n", &["/a/0/b", "/a/0/c=0x1", "/a/1"]);
    check("a: {b: , c}\nd: [x]\n", &["/a/b", "/a/c"]);
    check("a:\n  b/c:\n", &["/a/b~1c"]);
    check("a: |\n  b:\n  c\n", &[]);
}

#[test]
fn plain_texts_in_brackets_as_go_yaml_scans_them() {
    let check = |text: &str, expected: Result<Value, &str>| {
        for options in [Options::kustomize(), Options::default()] {
            let read = parse_one(text.as_bytes(), &options).map_err(|e| e.to_string());
            assert_eq!(read, expected.clone().map_err(str::to_owned), "{text:?}");
        }
    };
    check("a: {b:}", Ok(json!({"a": {"b:": null}})));
    check("a: {b: }", Ok(json!({"a": {"b": null}})));
    check("[a:, b]", Ok(json!(["a:", "b"])));
    check("[a:, é: c, {d: e:}]", Ok(json!(["a:", {"é": "c"}, {"d": "e:"}])));
    check("[a:x:]", Ok(json!(["a:x:"])));
    check("{a::}", Ok(json!({"a::": null})));
    check("[\"a\":]", Ok(json!([{"a": null}])));
    check("[a, ?b]", Ok(json!(["a", {"b": null}])));
    check("{?a: b}", Ok(json!({"a": "b"})));
    check("a: |\n  {b:}\nc: \"{d:}\" # {e:}\n", Ok(json!({"a": "{b:}\n", "c": "{d:}"})));
    check("a: b?c\nd: [http://e/?f]\n", Err("2:14: did not find expected ',' or ']'"));
    check("a: {b: c? }", Err("1:9: did not find expected ',' or '}'"));
    check("a:\n- {b:, c: 1}\n- [d:]\n", Ok(json!({"a": [{"b:": null, "c": 1}, ["d:"]]})));
    // Places are those of the text as it was written.
    let text = "a: {b:, c: d}";
    let parsed = parse(text.as_bytes(), &Options::kustomize());
    let at = Pointer::from_tokens(["a", "c"]);
    let at = position(text.as_bytes(), &parsed.documents[0], &at, &Options::kustomize());
    assert_eq!(at, Position { line: 1, column: 9 });
}
