//! What programs come to.

#![allow(clippy::unwrap_used)]
#![allow(clippy::needless_pass_by_value)] // Tables read better without references.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use windlass_jsonnet::{Importer, Limits, Variable, evaluate};

struct Files(BTreeMap<&'static str, &'static str>);

impl Importer for Files {
    fn find(&self, _: &str, path: &str) -> Result<String, String> {
        self.0.contains_key(path).then(|| path.to_owned()).ok_or_else(|| "no such file".to_owned())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        self.0.get(name).map(|text| text.as_bytes().to_vec()).ok_or_else(|| "gone".to_owned())
    }
}

fn run(program: &'static str, limits: Limits) -> Result<Value, String> {
    let files = Files(
        [("main", program), ("lib", "{two: 2, f(x):: x * 10}"), ("text", "some text")].into(),
    );
    let variable =
        |name: &str, value: &str, code| Variable { name: name.into(), value: value.into(), code };
    let variables = [variable("name", "outside", false), variable("code", "1 + 2", true)];
    let arguments = [variable("a", "text", false), variable("b", "[1]", true)];
    evaluate("main", &files, &variables, &arguments, limits).map_err(|error| error.to_string())
}

#[track_caller]
fn check(program: &'static str, expected: Value) {
    assert_eq!(run(program, Limits::default()), Ok(expected), "{program}");
}

#[track_caller]
fn fails(program: &'static str, expected: &str) {
    let error = run(program, Limits::default()).unwrap_err();
    assert!(error.contains(expected), "{program}: {error}");
}

#[test]
fn literals_and_operators() {
    check(
        "[1, 1.5, -2, 1e3, true, null, 'a', \"b\\n\", @'c\\', [], {}]",
        json!([1, 1.5, -2, 1000, true, null, "a", "b\n", "c\\", [], {}]),
    );
    check(
        "[1 + 2 * 3, (1 + 2) * 3, 7 % 4, 7 / 2, 1 << 3, 6 & 3, 6 | 3, 6 ^ 3, ~5, -3 + 1]",
        json!([7, 9, 3, 3.5, 8, 2, 7, 5, -6, -2]),
    );
    check(
        "[1 < 2, 'a' < 'b', [1, 2] < [1, 3], 1 == 1.0, {a: 1} == {a: 1}, [1] != [2], !true]",
        json!([true, true, true, true, true, true, false]),
    );
    check(
        "['a' + 1, 1 + 'a', 'a' + [1, 'x'], [1] + [2], {a: 1} + {b: 2}, 'a' + {b: null}]",
        json!(["a1", "1a", "a[1, \"x\"]", [1, 2], {"a": 1, "b": 2}, "a{\"b\": null}"]),
    );
    check(
        "[true || error 'no', false && error 'no', if false then 1, if true then 1 else 2]",
        json!([true, false, null, 1]),
    );
    check(
        "['abcdef'[1:4], [1, 2, 3, 4][::2], [1, 2, 3][-2:], 'abc'[1], [1, 2][1]]",
        json!(["bcd", [1, 3], [2, 3], "b", 2]),
    );
    check("|||\n  one\n    two\n\n  three\n|||", json!("one\n  two\n\nthree\n"));
    check("'a' in {a: 1}", json!(true));
    check("0.1 + 0.2 + ''", json!("0.30000000000000004"));
}

#[test]
fn objects() {
    check("{a: 1, b: self.a + 1, c:: 3, d: $.b + self.c}", json!({"a": 1, "b": 2, "d": 5}));
    check("{a: {x: 1, y: 2}} + {a+: {y: 3, z: 4}}", json!({"a": {"x": 1, "y": 3, "z": 4}}));
    check("local base = {n: 1, m: self.n + 1}; base {n: 10}", json!({"n": 10, "m": 11}));
    check(
        "{a: 1, f: 'base'} + {f: super.f + '+' + super.a, g: 'x' in super}",
        json!({"a": 1, "f": "base+1", "g": false}),
    );
    check("local x = 3; {local y = x, y: y, ['k' + x]: x, [null]: 1}", json!({"y": 3, "k3": 3}));
    check("{[k]: v + $.z for k in ['a', 'b'] for v in [1]} + {z:: 5}", json!({"a": 6, "b": 6}));
    check("{f(x, y=2):: x + y, a: self.f(1), b: self.f(y=5, x=1)}", json!({"a": 3, "b": 6}));
    check("{a: 1} + {a:: 2} + {a: 3}", json!({}));
    check("{a:: 1} + {a::: 2}", json!({"a": 2}));
    check("{assert self.a > 0 : 'positive', a: 1}", json!({"a": 1}));
    fails("{assert self.a > 0 : 'positive', a: 0}", "RUNTIME ERROR: positive");
    check("local o = {a: {b: $.c}, c: 1}; {inner: o.a.b}", json!({"inner": 1}));
    check("{ [x + '']: { local y = x, v: y } for x in [1, 2] if x > 1 }", json!({"2": {"v": 2}}));
}

#[test]
fn functions_and_names() {
    check("local f(n) = if n <= 1 then 1 else n * f(n - 1); f(10)", json!(3_628_800));
    check("local a = b, b = 2; a", json!(2));
    check("[x * y for x in [1, 2, 3] if x != 2 for y in [1, 10]]", json!([1, 10, 3, 30]));
    check("function(a, b=0) [a, b]", json!(["text", [1]]));
    check("[std.extVar('name'), std.extVar('code')]", json!(["outside", 3]));
    check("local l = import 'lib'; [l.two, l.f(3), importstr 'text']", json!([2, 30, "some text"]));
    check("(function(x, y=x + 1) y)(1)", json!(2));
    check("assert 1 == 1; 2", json!(2));
}

#[test]
fn the_library() {
    check(
        "[std.length('äb'), std.length([1]), std.length({a: 1, b:: 2}), std.type(1), std.type({})]",
        json!([2, 1, 1, "number", "object"]),
    );
    check(
        "[std.objectHas({a:: 1}, 'a'), std.objectHasAll({a:: 1}, 'a'), std.get({a: 1}, 'b', 9)]",
        json!([false, true, 9]),
    );
    check(
        "[std.objectFields({b: 1, a: 2}), std.objectValues({b: 1, a: 2})]",
        json!([["a", "b"], [2, 1]]),
    );
    check("std.mapWithKey(function(k, v) k + v, {a: 1})", json!({"a": "a1"}));
    check(
        "[std.map(function(x) x * 2, [1, 2]), std.filter(function(x) x > 1, [1, 2]), std.range(1, 3)]",
        json!([[2, 4], [2], [1, 2, 3]]),
    );
    check(
        "[std.foldl(function(a, b) a + b, ['a', 'b'], ''), std.foldr(function(a, b) a + b, ['a', 'b'], '')]",
        json!(["ab", "ab"]),
    );
    check(
        "[std.join(', ', ['a', null, 'b']), std.join([0], [[1], [2]]), std.split('a,b', ','), std.splitLimit('a,b,c', ',', 1)]",
        json!(["a, b", [1, 0, 2], ["a", "b"], ["a", "b,c"]]),
    );
    check(
        "[std.strReplace('aXb', 'X', '-'), std.substr('abcd', 1, 2), std.startsWith('ab', 'a'), std.asciiUpper('ab'), std.stripChars('  a ', ' ')]",
        json!(["a-b", "bc", true, "AB", "a"]),
    );
    check(
        "[std.sort([3, 1, 2]), std.uniq([1, 1, 2]), std.set([2, 1, 2]), std.setUnion([1], [2]), std.setInter([1, 2], [2]), std.setDiff([1, 2], [2]), std.setMember(1, [1])]",
        json!([[1, 2, 3], [1, 2], [1, 2], [1, 2], [2], [1], true]),
    );
    check("std.sort([{n: 2}, {n: 1}], keyF=function(x) x.n)", json!([{"n": 1}, {"n": 2}]));
    check(
        "std.mergePatch({a: 1, b: {c: 1}}, {a: null, b: {d: 2}})",
        json!({"b": {"c": 1, "d": 2}}),
    );
    check("std.prune({a: null, b: [], c: {d: {}}, e: [null, 1]})", json!({"e": [1]}));
    check(
        "['%s-%d' % ['a', 3], '%05.1f|%-4s|%x' % [3.14159, 'a', 255], '%(k)s %%' % {k: 'v'}, '%s' % 'one', '%3d' % 7]",
        json!(["a-3", "003.1|a   |ff", "v %", "one", "  7"]),
    );
    check(
        "[std.toString({a: [1]}), std.manifestJsonEx({a: [1], b: {}}, '  '), std.manifestJsonMinified({a: 1})]",
        json!(["{\"a\": [1]}", "{\n  \"a\": [\n    1\n  ],\n  \"b\": {\n\n  }\n}", "{\"a\":1}"]),
    );
    check(
        "std.manifestYamlDoc({a: [1, {b: 2}], c: 'x\\ny\\n'}, quote_keys=false)",
        json!("a:\n- 1\n- b: 2\nc: |\n  x\n  y"),
    );
    check(
        "[std.parseJson('{\"a\": 1}'), std.parseYaml('a: [1]'), std.parseInt('-12'), std.base64('hi'), std.base64Decode('aGk=')]",
        json!([{"a": 1}, {"a": [1]}, -12, "aGk=", "hi"]),
    );
    check(
        "std.sha256('')",
        json!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    );
    check(
        "[std.floor(1.5), std.pow(2, 10), std.max(1, 2), std.abs(-1), std.mod(7, 3), std.clamp(5, 0, 3)]",
        json!([1, 1024, 2, 1, 1, 3]),
    );
    check(
        "[std.member([1], 1), std.count([1, 1], 1), std.any([false, true]), std.all([true]), std.reverse([1, 2]), std.repeat('a', 2), std.flattenArrays([[1], [2]])]",
        json!([true, 2, true, true, [2, 1], "aa", [1, 2]]),
    );
    check(
        "[std.isString('a'), std.isObject(1), std.lines(['a', 'b']), std.char(65), std.codepoint('A'), std.stringChars('ab')]",
        json!([true, false, "a\nb\n", "A", 65, ["a", "b"]]),
    );
}

#[test]
fn errors_say_what_and_where() {
    fails("error 'no ' + 'name'", "RUNTIME ERROR: no name at main:1:1");
    fails("{a: 1}.b", "Field does not exist: b");
    fails("[1][2]", "Index 2 out of bounds, not within [0, 1)");
    fails("x", "Unknown variable: x at main:1:1");
    fails("{\n  a: }", "main:2:6");
    fails("import 'nothing'", "couldn't open import \"nothing\": no such file");
    fails("1 / 0", "Division by zero.");
    fails("std.extVar('none')", "Undefined external variable: none");
    fails("'%d' % 'a'", "Format required number at %d, got string");
    fails("local x = x; x", "infinite recursion");
    fails("{a: 1, a: 2}", "Duplicate field: a");
    fails("'abc", "Unterminated String");
    fails("function(x) x", "function has no parameter a");
}

#[test]
fn nothing_goes_on_without_end() {
    let small = Limits { steps: 100_000, depth: 2_000, cells: 100_000, bytes: 1 << 20 };
    for (program, expected) in [
        ("local f(x) = f(x + 1); f(0)", "max stack frames exceeded"),
        ("std.foldl(function(a, b) a + a, std.range(1, 100), 'aaaa')", "bytes of text"),
        ("std.length(std.range(1, 1000000000000))", "bytes of text"),
        ("[x + y for x in std.range(1, 1000) for y in std.range(1, 1000)]", "more than"),
        ("'%9999999d' % 1", "characters wide"),
        ("std.makeArray(1000000000, function(i) i)", "more than"),
        ("local deep(n) = if n == 0 then [] else [deep(n - 1)]; deep(100000)", "max stack frames"),
    ] {
        let error = run(program, small).unwrap_err();
        assert!(error.contains(expected), "{program}: {error}");
    }
    let brackets = Box::leak(("[".repeat(10_000) + &"]".repeat(10_000)).into_boxed_str());
    assert!(run(brackets, small).unwrap_err().contains("parse depth"));
    // The deepest program that is allowed fits the stack.
    let error = run("local f(x) = 1 + f(x + 1); f(0)", Limits::default()).unwrap_err();
    assert!(error.contains("max stack frames"), "{error}");
}

/// Text and lists are as long as a program makes them: whatever goes through them counts.
#[test]
fn the_library_is_bounded_too() {
    let limits = Limits { steps: 300_000, bytes: 8 << 20, ..Limits::default() };
    let bounded = |program: &str, word: &str| {
        let start = "local big(n) = if n == 0 then 'x' else local h = big(n - 1); h + h; \
                     local s = big(20), a = std.range(1, 2000); ";
        let program: &'static str = format!("{start}{program}").leak();
        let error = run(program, limits).unwrap_err();
        assert!(error.contains("more than") && error.contains(word), "{program}\n{error}");
    };
    // Work that one step starts and that grows with its arguments.
    for work in [
        "std.foldl(function(n, i) std.length(s), a, 0)",
        "std.foldl(function(n, i) s[1000000], a, 0)",
        "local t = s + 'y', u = s + 'y'; std.foldl(function(n, i) t == u, a, 0)",
        "local t = s + 'y', u = s + 'z'; std.foldl(function(n, i) t < u, a, 0)",
        "std.foldl(function(n, i) std.findSubstr('yy', s), a, 0)",
        "std.foldl(function(n, i) std.startsWith(s, s), a, 0)",
        "local l = std.makeArray(20000, function(i) null); std.foldl(function(n, i) std.join('', l), a, 0)",
        "local o = {['a' + i]: i for i in a}; std.foldl(function(n, i) std.objectHas(o, 'b'), a, 0)",
    ] {
        bounded(work, "steps");
    }
    // Text that is made of little.
    for text in [
        "std.manifestJsonEx(a, s)",
        "std.manifestJsonEx(a, '', s)",
        "std.manifestJsonEx({[x]: 1 for x in std.stringChars('abcdefghijkl')}, '', '', s)",
        "local n(i, v) = if i == 0 then v else [n(i - 1, v)]; std.manifestYamlDoc(n(300, a + a + a + a))",
        "local d(n) = if n == 0 then 1 else local x = d(n - 1); [x, x]; std.length(std.toString(d(17)))",
        "local d(n) = if n == 0 then 1 else local x = d(n - 1); [x, x]; d(30)",
    ] {
        bounded(text, "bytes");
    }
    // A text as text is itself, and takes no room.
    let same = "std.foldl(function(n, i) std.toString(s) == s, std.range(1, 9), true)";
    let big =
        "local big(n) = if n == 0 then 'x' else local h = big(n - 1); h + h; local s = big(20);";
    assert_eq!(run(format!("{big} {same}").leak(), limits), Ok(json!(true)));
    check(
        "['%d' % 1e40, '%05.1f' % 2.25, std.manifestJsonEx({a: [], b: {}, c: [1, {}]}, ' ')]",
        json!([
            "10000000000000000303786028427003666890752",
            "002.2",
            "{\n \"a\": [\n\n ],\n \"b\": {\n\n },\n \"c\": [\n  1,\n  {\n\n  }\n ]\n}"
        ]),
    );
    fails("std.parseInt(std.repeat('9', 400))", "Overflow");
}
