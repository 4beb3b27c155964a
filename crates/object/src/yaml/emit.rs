//! Writes values as sigs.k8s.io/yaml does, to the byte: keys in natural order, two spaces a level,
//! scalars with blanks folded at 80 columns.
//!
//! The layout is libyaml's, which decides line breaks by three facts about where it stands: the
//! column, whether the last thing written was blank, and whether the line holds nothing but
//! indentation and `-`, `?`, `:` so far.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::{float, resolve};

/// A scalar with blanks is folded at the first blank behind this column.
const WIDTH: usize = 80;
/// Longer keys are written behind a `?`. In bytes.
const LONGEST_SIMPLE_KEY: usize = 128;

/// How lists stand under their key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Indent {
    /// `-` right under the key's first letter, as sigs.k8s.io/yaml writes.
    #[default]
    Compact,
    /// Two columns further, as go-yaml's own encoder writes, which does not go through JSON: there
    /// a float stays one (`1e+06`).
    Wide,
}

/// The value as sigs.k8s.io/yaml writes it, with a line feed at the end.
pub fn to_string(value: &Value) -> String {
    to_string_with(value, Indent::Compact)
}

/// The value with lists indented as asked.
pub fn to_string_with(value: &Value, indent: Indent) -> String {
    let mut emitter = Emitter {
        out: String::new(),
        column: 0,
        after_blank: true,
        in_indention: true,
        layout: indent,
    };
    emitter.node(value, None, false);
    emitter.line_at(0);
    emitter.out
}

struct Emitter {
    out: String,
    column: usize,
    after_blank: bool,
    in_indention: bool,
    layout: Indent,
}

impl Emitter {
    /// `indent` is that of the enclosing collection, `None` at the root.
    fn node(&mut self, value: &Value, indent: Option<usize>, in_mapping: bool) {
        match value {
            Value::Null => self.word("null"),
            Value::Bool(true) => self.word("true"),
            Value::Bool(false) => self.word("false"),
            Value::Number(n) => match n.as_f64() {
                Some(f) if n.is_f64() && self.layout == Indent::Wide => {
                    self.word(&float::format(f));
                }
                _ => self.word(&number(n)),
            },
            Value::String(s) => self.text(s, indent, false),
            Value::Array(items) if items.is_empty() => self.word("[]"),
            Value::Array(items) => {
                let compact = self.layout == Indent::Compact && in_mapping && !self.in_indention;
                let inner = match indent {
                    None => 0,
                    Some(i) if compact => i,
                    Some(i) => i + 2,
                };
                for item in items {
                    self.line_at(inner);
                    self.indicator("-", true, false, true);
                    self.node(item, Some(inner), false);
                }
            }
            Value::Object(fields) if fields.is_empty() => self.word("{}"),
            Value::Object(fields) => {
                let inner = indent.map_or(0, |i| i + 2);
                for (key, value) in sorted(fields) {
                    self.line_at(inner);
                    if key.len() <= LONGEST_SIMPLE_KEY && !key.contains(is_break) {
                        self.text(key, Some(inner), true);
                        self.indicator(":", false, false, false);
                    } else {
                        self.indicator("?", true, false, true);
                        self.text(key, Some(inner), false);
                        self.line_at(inner);
                        self.indicator(":", true, false, true);
                    }
                    self.node(value, Some(inner), true);
                }
            }
        }
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_ascii(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.len();
    }

    fn line_feed(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    /// A line break as it stands in a scalar.
    fn put_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }

    /// Goes to column `indent`, on a new line unless this one is still blank up to there.
    fn line_at(&mut self, indent: usize) {
        if !self.in_indention
            || self.column > indent
            || (self.column == indent && !self.after_blank)
        {
            self.line_feed();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.after_blank = true;
        self.in_indention = true;
    }

    fn indicator(&mut self, text: &str, needs_blank: bool, is_blank: bool, is_indention: bool) {
        if needs_blank && !self.after_blank {
            self.put(' ');
        }
        self.put_ascii(text);
        self.after_blank = is_blank;
        self.in_indention &= is_indention;
    }

    /// The newer library, which alone indents lists, folds nothing.
    fn width(&self) -> usize {
        if self.layout == Indent::Wide { usize::MAX } else { WIDTH }
    }

    /// A scalar that is never quoted or folded.
    fn word(&mut self, text: &str) {
        self.indicator(text, true, false, false);
    }

    fn text(&mut self, text: &str, indent: Option<usize>, is_key: bool) {
        let indent = indent.map_or(2, |i| i + 2);
        let shape = Shape::of(text);
        let plain_means_text = resolve::is_text(text) && !is_sexagesimal(text);
        if text.contains('\n') && !is_key && shape.block_allowed {
            self.literal(text, indent);
        } else if text.contains('\n') || !plain_means_text {
            self.double_quoted(text, indent, is_key);
        } else if shape.plain_allowed {
            self.plain(text, indent, is_key);
        } else if shape.single_allowed && !(is_key && shape.has_breaks) {
            self.single_quoted(text, indent, is_key);
        } else {
            self.double_quoted(text, indent, is_key);
        }
    }

    fn plain(&mut self, text: &str, indent: usize, is_key: bool) {
        if !self.after_blank {
            self.put(' ');
        }
        if is_key || !text.contains(' ') {
            self.out.push_str(text);
            self.column += text.chars().count();
        } else {
            let mut after_space = false;
            let mut chars = text.chars().peekable();
            while let Some(c) = chars.next() {
                if c != ' ' {
                    self.put(c);
                } else if !after_space && self.column > self.width() && chars.peek() != Some(&' ') {
                    self.line_at_fold(indent);
                } else {
                    self.put(c);
                }
                after_space = c == ' ';
            }
        }
        self.after_blank = false;
        self.in_indention = false;
    }

    /// Breaks the line inside a scalar.
    fn line_at_fold(&mut self, indent: usize) {
        self.line_at(indent);
        self.in_indention = false;
    }

    fn single_quoted(&mut self, text: &str, indent: usize, is_key: bool) {
        self.indicator("'", true, false, false);
        let mut after_space = false;
        let mut after_break = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            if c == ' ' {
                let inside = at > 0 && next.is_some();
                if !is_key
                    && !after_space
                    && self.column > self.width()
                    && inside
                    && next != Some(' ')
                {
                    self.line_at(indent);
                } else {
                    self.put(c);
                }
                after_space = true;
            } else if is_break(c) {
                if !after_break && c == '\n' {
                    self.line_feed();
                }
                self.put_break(c);
                self.in_indention = true;
                after_break = true;
            } else {
                if after_break {
                    self.line_at(indent);
                }
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.in_indention = false;
                after_space = false;
                after_break = false;
            }
        }
        self.indicator("'", false, false, false);
    }

    fn double_quoted(&mut self, text: &str, indent: usize, is_key: bool) {
        // A leading byte order mark makes libyaml take every character for one.
        let escape_all = text.starts_with('\u{feff}');
        self.indicator("\"", true, false, false);
        let mut after_space = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if escape_all || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                self.escape(c);
                after_space = false;
            } else if c == ' ' {
                let next = chars.peek().map(|(_, c)| *c);
                let inside = at > 0 && next.is_some();
                if !is_key && !after_space && self.column > self.width() && inside {
                    self.line_at(indent);
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else {
                self.put(c);
                after_space = false;
            }
        }
        self.indicator("\"", false, false, false);
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            c => {
                let code = u32::from(c);
                let text = match code {
                    0..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                return self.put_ascii(&text);
            }
        };
        self.put('\\');
        self.put(short);
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator("|", true, false, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.indicator("2", false, false, false);
        }
        let mut ends = text.chars().rev();
        match (ends.next().is_some_and(is_break), ends.next()) {
            (false, _) => self.indicator("-", false, false, false),
            (true, None) => self.indicator("+", false, false, false),
            (true, Some(c)) if is_break(c) => self.indicator("+", false, false, false),
            (true, Some(_)) => {}
        }
        self.line_feed();
        self.in_indention = true;
        self.after_blank = true;
        let mut after_break = true;
        for c in text.chars() {
            if is_break(c) {
                self.put_break(c);
                self.in_indention = true;
            } else {
                if after_break {
                    self.line_at(indent);
                }
                self.put(c);
                self.in_indention = false;
            }
            after_break = is_break(c);
        }
    }
}

/// Which styles can hold a text.
struct Shape {
    plain_allowed: bool,
    single_allowed: bool,
    block_allowed: bool,
    has_breaks: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let mut has_breaks = false;
        let mut special = false;
        let mut break_then_space = false;
        let mut space_then_break = false;
        let (mut after_space, mut after_break, mut after_white) = (false, false, true);
        let mut chars = text.chars().peekable();
        let mut first = true;
        while let Some(c) = chars.next() {
            let before_white = chars.peek().is_none_or(|c| matches!(c, ' ' | '\t'));
            indicators |= match c {
                '#' => after_white || first,
                ':' => before_white,
                '?' | '-' => first && before_white,
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
                | '@' | '`' => first,
                _ => false,
            };
            special |= !is_printable(c);
            let is_space = c == ' ';
            let breaks = is_break(c);
            break_then_space |= is_space && after_break;
            space_then_break |= breaks && after_space;
            has_breaks |= breaks;
            after_white = is_space || breaks || matches!(c, '\t' | '\0');
            after_space = is_space;
            after_break = breaks;
            first = false;
        }
        let white = |c: char| c == ' ' || is_break(c);
        let ragged = text.starts_with(white) || text.ends_with(white);
        let unfit = space_then_break || special;
        Self {
            plain_allowed: ![indicators, ragged, break_then_space, unfit, has_breaks]
                .contains(&true),
            single_allowed: !(break_then_space || unfit),
            block_allowed: ![text.is_empty(), text.ends_with(' '), unfit].contains(&true),
            has_breaks,
        }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What libyaml writes without an escape: not tabs, and nothing beyond the basic plane.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}') && c != '\u{feff}'
}

/// YAML 1.1's numbers to the base of sixty, such as 12:30:45: go-yaml reads them as text and
/// quotes them for others' sake.
fn is_sexagesimal(text: &str) -> bool {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !body.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let mut parts = body.split(':');
    let whole = parts.next().unwrap_or_default();
    if !whole.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        return false;
    }
    let parts: Vec<&str> = parts.collect();
    let is_sixtieth = |part: &str| match part.as_bytes() {
        [d] => d.is_ascii_digit(),
        [t, d] => matches!(t, b'0'..=b'5') && d.is_ascii_digit(),
        _ => false,
    };
    parts.split_last().is_some_and(|(last, middle)| {
        let (last, fraction) = last.split_once('.').unwrap_or((last, ""));
        middle.iter().all(|p| is_sixtieth(p))
            && is_sixtieth(last)
            && fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_')
    })
}

/// Numbers pass through JSON on their way: what is whole and fits 64 bits is written whole.
fn number(n: &Number) -> String {
    match n.as_f64() {
        Some(0.0) if n.is_f64() => "0".to_owned(),
        Some(f) if n.is_f64() && f.fract() == 0.0 && f.abs() < 1e20 => {
            // The shortest digits that mean it, as Go's JSON has them.
            let digits = f.to_string();
            let fits = digits.parse::<i64>().is_ok() || digits.parse::<u64>().is_ok();
            if fits { digits } else { float::format(f) }
        }
        Some(f) if n.is_f64() => float::format(f),
        _ => n.to_string(),
    }
}

/// The fields in go-yaml's order of keys. That is no order where digits stand before letters
/// ("0777" < "0b1" < "8" < "0777"), for which the library's sorting may panic; Go leaves the outcome
/// to chance there, this does not.
fn sorted(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut sorted: Vec<(&String, &Value)> = Vec::with_capacity(fields.len());
    for field in fields {
        let follows = |other: &(&String, &Value)| natural(other.0, field.0) != Ordering::Greater;
        if sorted.last().is_none_or(follows) {
            sorted.push(field);
        } else {
            sorted.insert(sorted.partition_point(follows), field);
        }
    }
    sorted
}

/// go-yaml's order of keys: digits by their number, letters behind everything else.
fn natural(a: &str, b: &str) -> Ordering {
    let shared = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    // Back to the start of the character in which they part.
    let shared =
        (0..=shared).rev().find(|i| a.is_char_boundary(*i) && b.is_char_boundary(*i)).unwrap_or(0);
    let (Some(x), Some(y)) = (a[shared..].chars().next(), b[shared..].chars().next()) else {
        return a.len().cmp(&b.len());
    };
    match (is_letter(x), is_letter(y)) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let mut base = 0i64;
    if x == '0' || y == '0' {
        let before = a[..shared].chars().rev().take_while(|c| is_digit(*c));
        base = i64::from(before.into_iter().any(|c| c != '0'));
    }
    let run = |s: &str| {
        s.chars().take_while(|c| is_digit(*c)).fold((base, 0), |(n, len), c| {
            let digit = i64::from(u32::from(c)) - i64::from(b'0');
            (n.wrapping_mul(10).wrapping_add(digit), len + 1)
        })
    };
    let (an, ai) = run(&a[shared..]);
    let (bn, bi) = run(&b[shared..]);
    an.cmp(&bn).then_with(|| ai.cmp(&bi)).then_with(|| x.cmp(&y))
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic()
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}
