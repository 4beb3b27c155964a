//! Generated values and texts, the same on every run.

use serde_json::{Map, Value};

/// A small generator of random numbers (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// Without DEL and NEL: on their way through Go's JSON, helm loses them.
const SCALARS: &[&str] = &[
    "",
    "a",
    "yes",
    "No",
    "on",
    "y",
    "~",
    "null",
    "NULL",
    "true",
    "False",
    "0",
    "-0",
    "8",
    "010",
    "0777",
    "0o17",
    "0x1F",
    "0b11",
    "1_000",
    "+5",
    "-7",
    ".5",
    "1.",
    "1e3",
    "1E-7",
    "1.5e+10",
    "12345678",
    ".inf",
    "-.INF",
    ".nan",
    "12:30",
    "12:30:45.5",
    "2024-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "1.2.3",
    "v1",
    "a b",
    "a: b",
    "a #b",
    "#a",
    "- a",
    "-",
    "?",
    "? a",
    ":",
    ":a",
    "a:",
    "[",
    "]",
    "{}",
    "[]",
    "&a",
    "*a",
    "!a",
    "%a",
    "@a",
    "`a",
    "|",
    ">",
    "'",
    "''",
    "\"",
    "\\",
    "it's",
    "a,b",
    "=",
    "<<",
    "---",
    "--- a",
    "...",
    "a\tb",
    "\ta",
    " a",
    "a ",
    "  ",
    "\n",
    "a\n",
    "a\nb",
    "a\nb\n",
    "a\n\nb\n\n",
    "\na",
    " a\nb",
    "a \nb",
    "a\n b",
    "a\r\nb",
    "ä",
    "日本語",
    "😀",
    "\u{a0}",
    "\u{2028}",
    "a\u{2029}b",
    "\u{feff}",
    "\u{7}",
    "\0",
    "\u{fffd}",
    "9223372036854775807",
    "the quick brown fox jumps over the lazy dog and then the quick brown fox jumps over the lazy dog again",
    "the 'quick' brown: fox jumps over the lazy dog and then  the quick brown fox jumps over the lazy dog again ",
    "a \"quoted\" brown\tfox jumps over the lazy dog and then  the quick brown fox jumps over the lazy dog  again",
    "https://example.com/a/very/long/address/that/has/no/blank/in/it/and/goes/on/for/more/than/eighty/columns?x=y&z=1",
];

fn text(random: &mut Random) -> String {
    if random.one_in(3) {
        let length = random.below(6) + 1;
        return (0..length).map(|_| random.pick(SCALARS)).collect();
    }
    random.pick(SCALARS).to_owned()
}

fn key(random: &mut Random) -> String {
    const PARTS: &[&str] =
        &["a", "b", "10", "2", "007", "0", "-", "_", ".", "/", "A", "x y", "ä", "app"];
    match random.below(8) {
        0 => text(random),
        1 => "k".repeat(120 + random.below(20)),
        _ => (0..=random.below(3)).map(|_| random.pick(PARTS)).collect(),
    }
}

/// Any JSON value whose numbers a float holds; at the root an object.
pub(crate) fn value(random: &mut Random) -> Value {
    object(random, 0)
}

fn object(random: &mut Random, depth: usize) -> Value {
    let mut fields = Map::new();
    for _ in 0..random.below(4) + usize::from(depth == 0) {
        fields.insert(key(random), node(random, depth + 1));
    }
    Value::Object(fields)
}

fn node(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth > 4 { 6 } else { 10 }) {
        0 => Value::Null,
        1 => Value::Bool(random.one_in(2)),
        2 => Value::from(random.below(100_000_000)),
        3 => {
            let numbers =
                [0.5, -1.25, 1e-7, 123_456.75, 1e21, 3.0e-5, 0.000_123, 1_234_567.5, -2e300];
            Value::from(numbers[random.below(numbers.len())])
        }
        4 | 5 => Value::String(text(random)),
        6 | 7 => (0..random.below(4)).map(|_| node(random, depth + 1)).collect(),
        _ => object(random, depth),
    }
}

/// JSON in which only what go-yaml cannot take otherwise is escaped.
pub(crate) fn ascii_json(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        match u32::from(c) {
            0x7f..=0xffff => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out
}

/// A YAML document with a mapping at the root, or something near one.
pub(crate) fn document(random: &mut Random) -> String {
    let mut out = String::new();
    block_mapping(random, 0, &mut out);
    if random.one_in(6) {
        damage(random, &mut out);
    }
    out
}

/// Takes a character away or doubles one.
fn damage(random: &mut Random, text: &mut String) {
    let places: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
    let at = places[random.below(places.len())];
    let c = text.remove(at);
    if random.one_in(2) {
        text.insert(at, c);
        text.insert(at, c);
    }
}

const PLAIN: &[&str] = &[
    "a",
    "b c",
    "yes",
    "No",
    "on",
    "y",
    "~",
    "null",
    "true",
    "0",
    "-0",
    "8",
    "010",
    "0777",
    "0o17",
    "0x1F",
    "0b11",
    "1_000",
    "+5",
    ".5",
    "1.",
    "1e3",
    "1E-7",
    "12345678",
    "12:30",
    "2024-01-01",
    "1.2.3",
    "v1",
    "a:b",
    "a#b",
    "-a",
    "?a",
    ":a",
    "a,b",
    "=",
    "a'b",
    "a\"b",
    "a\\b",
    "a&b",
    "a*b",
    "a!b",
    "/x/y",
    "x=y",
    "$(A)",
    "100m",
    "ä",
    "日本語",
    "http://x.y/z?a=b",
    "a b  c",
    "<x>",
    "a-b",
    "08",
    "1__0",
    "9223372036854775807",
    "18446744073709551615",
    "1e400",
];
const KEYS: &[&str] = &[
    "a",
    "b",
    "c",
    "name",
    "on",
    "y",
    "8",
    "010",
    "1.5",
    "\"q r\"",
    "'s'",
    "app.kubernetes.io/name",
    "x y",
    "true",
    "ä",
    "a-b",
    "0x10",
    "1e3",
    "12:30",
    "2024-01-01",
];
const QUOTED: &[&str] = &[
    "'a'",
    "''",
    "'it''s'",
    "\"a\"",
    "\"\"",
    "\"a\\nb\"",
    "\"\\u00e4\\x41\\t\"",
    "'a: b'",
    "\"# x\"",
    "'yes'",
    "\"1\"",
    "'a\n  b'",
    "\"a\n\n  b\"",
    "\"a\\\n  b\"",
    "!!str 1",
    "!!int \"3\"",
    "!!float 2",
    "!!bool yes",
    "!x y",
    "! 1",
    "!!binary aGk=",
    "!!null ''",
    "\"\\e\\0\"",
];
const FLOW: &[&str] = &[
    "[]",
    "{}",
    "[a, b]",
    "[1, 'x', [2]]",
    "{a: 1}",
    "{a: [b, {c: d}], e: }",
    "[a, b, ]",
    "{\"a\":1}",
    "{a, b: c}",
    "[a: b, c]",
    "{a: b, a: c}",
    "[\n  a,\n  b\n  ]",
    "{ 'x' : y }",
    "[yes, ~, 0777]",
    "[{a: 1}, {b: 2}]",
    "[a b, c#d]",
    "{a: http://x}",
    "[\"a\", \"b\"]",
    "{? a : b}",
    "[!!str 1]",
];

fn block_mapping(random: &mut Random, indent: usize, out: &mut String) {
    for i in 0..random.below(3) + 1 {
        if i > 0 && random.one_in(8) {
            out.push_str(&" ".repeat(indent));
            out.push_str("# comment: x\n");
        }
        if i > 0 && random.one_in(12) {
            out.push('\n');
        }
        out.push_str(&" ".repeat(indent));
        out.push_str(random.pick(KEYS));
        out.push(':');
        block_value(random, indent, true, out);
    }
    if random.one_in(12) {
        let pad = " ".repeat(indent);
        out.push_str(&format!("{pad}m: &m{indent} {{k: 1, l: 2}}\n{pad}n:\n{pad}  k: 3\n{pad}  <<: *m{indent}\n{pad}  l: 4\n"));
    }
}

fn block_sequence(random: &mut Random, indent: usize, out: &mut String) {
    for _ in 0..random.below(3) + 1 {
        out.push_str(&" ".repeat(indent));
        out.push('-');
        block_value(random, indent, false, out);
    }
}

fn block_value(random: &mut Random, indent: usize, in_mapping: bool, out: &mut String) {
    let deep = indent > 8;
    match random.below(if deep { 7 } else { 12 }) {
        0 => out.push('\n'),
        1 | 2 => {
            out.push(' ');
            out.push_str(random.pick(PLAIN));
            if random.one_in(8) {
                out.push_str(" # comment");
            }
            if random.one_in(8) {
                out.push_str(&format!("\n{}{}", " ".repeat(indent + 2), random.pick(PLAIN)));
            }
            out.push('\n');
        }
        3 => {
            out.push(' ');
            out.push_str(&random.pick(QUOTED).replace('\n', &format!("\n{}", " ".repeat(indent))));
            out.push('\n');
        }
        4 | 5 => {
            out.push(' ');
            out.push_str(&random.pick(FLOW).replace('\n', &format!("\n{}", " ".repeat(indent))));
            out.push('\n');
        }
        6 => block_scalar(random, indent + 2, out),
        7 | 8 if in_mapping => {
            out.push('\n');
            let more = if random.one_in(2) { 0 } else { 2 };
            block_sequence(random, indent + more, out);
        }
        7 | 8 => {
            out.push('\n');
            block_sequence(random, indent + 2, out);
        }
        _ if in_mapping => {
            out.push('\n');
            let more = 1 + random.below(3);
            block_mapping(random, indent + more, out);
        }
        _ => {
            out.push(' ');
            let mut inner = String::new();
            block_mapping(random, indent + 2, &mut inner);
            out.push_str(inner.trim_start_matches(' '));
        }
    }
}

fn block_scalar(random: &mut Random, indent: usize, out: &mut String) {
    const HEADS: &[&str] = &["|", ">", "|-", ">-", "|+", ">+", "|2", "| # comment"];
    const LINES: &[&str] =
        &["a", "b: c", "  more", "# no comment", "", "'x'", "- y", "a \\ b", "\tz", "trailing  "];
    let head = random.pick(HEADS);
    out.push(' ');
    out.push_str(head);
    out.push('\n');
    let count = random.below(4) + 1;
    for i in 0..count {
        let line = if i == 0 { "first" } else { random.pick(LINES) };
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Blanks and comments, as they may stand between two things or at the start of a line.
const BLANKS: [&str; 21] = [
    "",
    " ",
    "\t",
    " \t",
    "\t ",
    "\t\t",
    "  \t",
    "   \t",
    "\t\n",
    "\n\t",
    " \t\n",
    "  \t\n",
    "\n\t\n",
    "\n \t",
    "\n  \t",
    "\t# c\n",
    "\n\t# c\n",
    "#c\n",
    "\t#c\n",
    " # c\t\n",
    "\t\r\n",
];

/// Tabs and comments in every place where go-yaml may have something against them. Each text is read
/// with each of [`BLANKS`] in each of its places.
const PLACES: &[&str] = &[
    "@a: b\n",
    "# c\n@a: b\n",
    "---@\na: b\n",
    "a@: b\n",
    "\"a\"@: b\n",
    "a:@b\n",
    "a: b@\n",
    "a: b@\nc: d\n",
    "a: b\n@",
    "a: b\n@c: d\n",
    "a: b # x\n@c: d\n",
    "a: b\n  c\n@d\ne: f\n",
    "a: \"b\"@\nc: d\n",
    "a: \"b@c\"\n",
    "a: 'b@c'\nd: e\n",
    "a:\n@  b: c\n",
    "a:\n  b: c\n@\n  d: e\n",
    "  a: b\n@  c: d\n",
    "a:\n-@b\n- c\n",
    "a:\n- b\n@- c\n",
    "a:\n- b: c\n@  d: e\n",
    "a: |@\n  b\n",
    "a: >-@\n  b\nc: d\n",
    "a: |\n@  b\n",
    "a: |\n  b\n@c: d\n",
    "a: |+\n  b\n@\n",
    "a: |2\n@  b\n",
    "a: >\n  b\n@\n  c\n",
    "a: [@b, c]\n",
    "a: [b,@c@]\nd: e\n",
    "a: [b@\n]\n",
    "a: {@b: c}\n",
    "a: {b:@c}@\nf: g\n",
    "a: {b: c,\n@d: e}\nf: g\n",
    "{@a: b@}\n",
    "a: &x@b\nc: *x@\n",
    "a: !!str@b\n",
    "?@a\n:@b\n",
    "\"a\": b\nc: [@\n",
];

/// A text for each place and what may stand there.
pub(crate) fn with_blanks() -> Vec<String> {
    let spread = |text: &str| BLANKS.map(|blank| text.replacen('@', blank, 1));
    let mut texts = Vec::new();
    for text in PLACES.iter().flat_map(|place| spread(place)) {
        if text.contains('@') { texts.extend(spread(&text)) } else { texts.push(text) }
    }
    texts
}
