use super::*;

fn check(format: &str, args: &[Value], want: &str) {
    assert_eq!(sprintf(format.as_bytes(), args).as_str(), Some(want), "{format}");
}

#[test]
fn verbs() {
    let s = |t: &str| Value::string(t);
    check(
        "%d|%5d|%-5d|%05d|%+d|%x|%#x|%o|%b|%c|%q|%U",
        &[
            Value::Int(5),
            Value::Int(5),
            Value::Int(5),
            Value::Int(-5),
            Value::Int(5),
            Value::Int(255),
            Value::Int(255),
            Value::Int(8),
            Value::Int(5),
            Value::Int(65),
            Value::Int(65),
            Value::Int(65),
        ],
        "5|    5|5    |-0005|+5|ff|0xff|10|101|A|'A'|U+0041",
    );
    check(
        "%s|%q|%x|%5s|%-5s|%.2s|%v",
        &[s("hi"), s("a\"b"), s("hi"), s("hi"), s("hi"), s("hello"), s("v")],
        "hi|\"a\\\"b\"|6869|   hi|hi   |he|v",
    );
    check(
        "%f|%.2f|%8.3f|%e|%g|%v",
        &[
            Value::Float64(3.0),
            Value::Float64(2.345),
            Value::Float64(1.5),
            Value::Float64(123456.789),
            Value::Float64(1e21),
            Value::Float64(1000000.0),
        ],
        "3.000000|2.35|   1.500|1.234568e+05|1e+21|1e+06",
    );
    check(
        "%t %v %T %%",
        &[Value::Bool(true), Value::Nil, Value::list(vec![])],
        "true <nil> []interface {} %",
    );
}

#[test]
fn mistakes_show_in_the_output() {
    check("%d", &[Value::Float64(3.0)], "%!d(float64=3)");
    check("%s", &[Value::Int(3)], "%!s(int=3)");
    check("%d %d", &[Value::Int(1)], "1 %!d(MISSING)");
    check("x", &[Value::Int(1), Value::string("a")], "x%!(EXTRA int=1, string=a)");
    check("%", &[], "%!(NOVERB)");
    check("%z", &[Value::Int(1)], "%!z(int=1)");
    check("%[2]d %[1]d", &[Value::Int(1), Value::Int(2)], "2 1");
    check("%[5]d", &[Value::Int(1)], "%!d(BADINDEX)");
    check("%*d", &[Value::Int(4), Value::Int(7)], "   7");
}

#[test]
fn collections() {
    let map = Value::map([("b", Value::Int(1)), ("a", Value::Nil)]);
    let list = Value::list(vec![Value::string("x"), Value::Float64(1.5)]);
    check("%v %v", &[map.clone(), list.clone()], "map[a:<nil> b:1] [x 1.5]");
    check("%#v", &[list], "[]interface {}{\"x\", 1.5}");
    check("%d", &[Value::list(vec![Value::Int(1), Value::string("a")])], "[1 %!d(string=a)]");
    let four = [Value::Int(1), Value::Int(2), Value::string("a"), Value::Int(3)];
    assert_eq!(sprint(&four).as_str(), Some("1 2a3"));
    assert_eq!(sprintln(&four[2..]).as_str(), Some("a 3\n"));
}

#[test]
fn quoting() {
    assert_eq!(quote("a\u{7f}\n\u{a0}é\u{1F600}\u{200b}"), "\"a\\x7f\\n\\u00a0é😀\\u200b\"");
}

#[test]
fn bytes_that_are_no_text() {
    let odd = Value::text(vec![b'a', 0xff, 0xe2, 0x82]);
    let check = |format: &[u8], want: &[u8]| {
        let printed = sprintf(format, std::slice::from_ref(&odd));
        assert_eq!(printed.string_bytes(), Some(want), "{format:?}");
    };
    check(b"%s", b"a\xff\xe2\x82");
    check(b"%6s|", b"  a\xff\xe2\x82|");
    check(b"%.2s", b"a\xff");
    check(b"%q", b"\"a\\xff\\xe2\\x82\"");
    check(b"%x", b"61ffe282");
    check(b"\xfe%s\xfd", b"\xfea\xff\xe2\x82\xfd");
    assert_eq!(lossy(b"a\xe2\x82"), "a\u{fffd}\u{fffd}");
}
