//! Values by verb.

use super::float::{format_float, keep_point};
use super::spec::Flags;
use super::text::{Out, is_print, quoted, quoted_bytes, unicode};
use crate::complex::Complex;
use crate::value::{Element, Object, Value};

/// Nesting that is still printed: data from YAML is bounded, but maps can be made to hold
/// themselves, where Go's own printing never ends.
const MAX_DEPTH: usize = 1_000;
/// What `%p` prints of whatever has an address.
const NO_ADDRESS: &str = "0xc000000000";

#[derive(Default)]
pub(super) struct Printer {
    pub(super) out: Out,
    pub(super) flags: Flags,
    depth: usize,
    /// Whether a value is shown that did not fit its verb: then no `String` method is asked.
    plain: bool,
}

impl Printer {
    /// An argument by its verb.
    pub(super) fn arg(&mut self, value: &Value, verb: char) {
        match verb {
            'T' if matches!(value, Value::Nil | Value::NilInterface) => self.pad("<nil>"),
            'T' => {
                let name = value.type_name();
                self.pad(self.cut(&name).to_owned().as_str());
            }
            _ if matches!(value, Value::Nil | Value::NilInterface) => match verb {
                'v' => self.pad("<nil>"),
                _ => self.bad_verb(value, verb),
            },
            _ => self.value(value, verb),
        }
    }

    /// `type=value`, as errors in a format show an argument.
    pub(super) fn typed(&mut self, value: &Value) {
        if matches!(value, Value::Nil | Value::NilInterface) {
            self.out.push_str("<nil>");
            return;
        }
        self.out.push_str(&value.type_name());
        self.out.push('=');
        self.arg(value, 'v');
    }

    fn bad_verb(&mut self, value: &Value, verb: char) {
        self.out.push_str(&format!("%!{verb}("));
        let outer = std::mem::replace(&mut self.plain, true);
        self.typed(value);
        self.plain = outer;
        self.out.push(')');
    }

    fn value(&mut self, value: &Value, verb: char) {
        match value {
            Value::Nil | Value::NilInterface => {
                let text = if self.flags.sharp_v { "interface {}(nil)" } else { "<nil>" };
                self.out.push_str(text);
            }
            Value::Bool(b) => match verb {
                't' | 'v' => self.pad(if *b { "true" } else { "false" }),
                _ => self.bad_verb(value, verb),
            },
            Value::Int(n) | Value::Int64(n) => self.integer(value, i128::from(*n), verb, true),
            Value::Uint8(n) => self.integer(value, i128::from(*n), verb, false),
            Value::Uint64(n) => self.integer(value, i128::from(*n), verb, false),
            Value::Float64(f) => self.float(value, *f, verb),
            Value::String(s) => self.string(value, s, verb),
            Value::Binary(b) => self.binary(value, b, verb),
            Value::Bytes(b) => self.bytes(b, verb),
            // Errors could be wrapped here, were there any.
            Value::List(_) | Value::Map(_) | Value::Object(_) if verb == 'w' => {
                self.bad_verb(value, verb);
            }
            // Where a thing lies in memory is never told.
            Value::List(_) | Value::Map(_) if verb == 'p' && self.depth == 0 => {
                self.pad(NO_ADDRESS);
            }
            Value::List(list) => {
                if self.flags.sharp_v && list.is_nil {
                    self.out.push_str(&format!("{}(nil)", value.type_name()));
                } else if self.flags.sharp_v {
                    let name = value.type_name();
                    self.sequence(&list.items, verb, &format!("{name}{{"), ", ", "}");
                } else {
                    self.sequence(&list.items, verb, "[", " ", "]");
                }
            }
            Value::Map(map) if map.is_nil && self.flags.sharp_v => {
                self.out.push_str(&format!("{}(nil)", value.type_name()));
            }
            Value::Map(map) => self.map(value, &map.entries(), verb, map.element),
            Value::Object(object) => self.object(value, object.as_ref(), verb),
        }
    }

    /// By its `String` method where the verb asks for text, else by what it is made of.
    fn object(&mut self, value: &Value, object: &dyn Object, verb: char) {
        if let Some(number) = Complex::of(object) {
            return self.complex(value, number, verb);
        }
        if let Some(text) = object.go_string().filter(|_| self.flags.sharp_v && !self.plain) {
            return self.pad(&text);
        }
        if object.is_stringer()
            && !self.plain
            && !self.flags.sharp_v
            && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
        {
            return self.string(value, &object.print(), verb);
        }
        if let Some(fields) = object.struct_fields() {
            return self.structure(object.type_name(), object.is_nil(), &fields, verb);
        }
        match (object.underlying(), object.integer()) {
            (Some(Value::List(list)), _) if self.flags.sharp_v => {
                let open = format!("{}{{", object.type_name());
                self.sequence(&list.items, verb, &open, ", ", "}");
            }
            (Some(Value::Map(map)), _) => {
                if verb == 'p' && self.depth == 0 {
                    return self.pad(NO_ADDRESS);
                }
                self.map(value, &map.entries(), verb, map.element);
            }
            (Some(plain), _) => self.value(&plain, verb),
            (None, Some(n)) => self.integer(value, i128::from(n), verb, true),
            (None, None) if matches!(verb, 'v' | 's') => self.pad(&object.print()),
            (None, None) => self.bad_verb(value, verb),
        }
    }

    /// A struct, with `&` before it where a pointer to it was given.
    fn structure(&mut self, name: &str, nil: bool, fields: &[(&'static str, Value)], verb: char) {
        let bare = name.strip_prefix('*');
        if nil {
            return match verb {
                'v' => self.pad("<nil>"),
                'b' | 'o' | 'd' | 'x' | 'X' => self.digits(0, 10, verb),
                _ => self.bad_verb(&Value::Nil, verb),
            };
        }
        if bare.is_some() && (self.depth > 0 || verb == 'p') {
            return self.pad(NO_ADDRESS);
        }
        if !self.enter() {
            return;
        }
        self.out.push_str(if bare.is_some() { "&" } else { "" });
        if self.flags.sharp_v {
            self.out.push_str(bare.unwrap_or(name));
        }
        self.out.push('{');
        for (i, (name, field)) in fields.iter().enumerate() {
            if i > 0 {
                self.out.push_str(if self.flags.sharp_v { ", " } else { " " });
            }
            if self.flags.sharp_v || self.flags.plus_v {
                self.out.push_str(name);
                self.out.push(':');
            }
            self.element(field, verb);
        }
        self.out.push('}');
        self.depth -= 1;
    }

    /// Enters a collection; false when the nesting has no end.
    fn enter(&mut self) -> bool {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.out.push_str("...");
            self.depth -= 1;
            return false;
        }
        true
    }

    fn sequence(&mut self, items: &[Value], verb: char, open: &str, between: &str, close: &str) {
        if !self.enter() {
            return;
        }
        self.out.push_str(open);
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.push_str(between);
            }
            self.element(item, verb);
        }
        self.out.push_str(close);
        self.depth -= 1;
    }

    /// Inside a collection a nil is `<nil>` whatever the verb.
    fn element(&mut self, item: &Value, verb: char) {
        self.value(item, verb);
    }

    fn map(
        &mut self,
        value: &Value,
        entries: &std::collections::BTreeMap<std::rc::Rc<str>, Value>,
        verb: char,
        element: Element,
    ) {
        if !self.enter() {
            return;
        }
        let sharp = self.flags.sharp_v;
        if sharp {
            self.out.push_str(&value.type_name());
            self.out.push('{');
        } else {
            self.out.push_str("map[");
        }
        for (i, (key, item)) in entries.iter().enumerate() {
            if i > 0 {
                self.out.push_str(if sharp { ", " } else { " " });
            }
            self.string(&Value::String(key.clone()), key, verb);
            self.out.push(':');
            debug_assert!(element == Element::Any || !item.is_nil());
            self.element(item, verb);
        }
        self.out.push(if sharp { '}' } else { ']' });
        self.depth -= 1;
    }

    /// Writes text in the width of the flags.
    fn pad(&mut self, text: &str) {
        self.pad_bytes(text.as_bytes(), text.chars().count());
    }

    /// Writes bytes, so many characters, in the width of the flags.
    fn pad_bytes(&mut self, bytes: &[u8], length: usize) {
        let missing = self.flags.width.unwrap_or(0).saturating_sub(length);
        if self.flags.minus {
            self.out.push_bytes(bytes);
            self.out.fill(b' ', missing);
        } else {
            self.out.fill(if self.flags.zero { b'0' } else { b' ' }, missing);
            self.out.push_bytes(bytes);
        }
    }

    /// A string whose bytes are no UTF-8; each bad one counts as a character.
    fn binary(&mut self, value: &Value, bytes: &[u8], verb: char) {
        let ends: Vec<usize> = character_ends(bytes);
        let count = self.flags.precision.unwrap_or(ends.len()).min(ends.len());
        let cut = &bytes[..count.checked_sub(1).map_or(0, |last| ends[last])];
        match verb {
            'v' if self.flags.sharp_v => self.pad(&quoted_bytes(cut, self.flags.plus)),
            'v' | 's' => self.pad_bytes(cut, count),
            'x' | 'X' => self.hex(bytes, verb),
            'q' => self.pad(&quoted_bytes(cut, self.flags.plus)),
            _ => self.bad_verb(value, verb),
        }
    }

    fn cut<'a>(&self, text: &'a str) -> &'a str {
        match self.flags.precision {
            Some(p) => text.char_indices().nth(p).map_or(text, |(at, _)| &text[..at]),
            None => text,
        }
    }

    fn string(&mut self, value: &Value, text: &str, verb: char) {
        match verb {
            'v' if self.flags.sharp_v => {
                let text = self.cut(text).to_owned();
                self.quoted(&text);
            }
            'v' | 's' => {
                let text = self.cut(text).to_owned();
                self.pad(&text);
            }
            'x' | 'X' => self.hex(text.as_bytes(), verb),
            'q' => {
                let text = self.cut(text).to_owned();
                self.quoted(&text);
            }
            _ => self.bad_verb(value, verb),
        }
    }

    fn quoted(&mut self, text: &str) {
        let raw = self.flags.sharp
            && !text
                .contains(|c: char| c == '`' || c == '\u{feff}' || (c.is_control() && c != '\t'));
        let out = if raw { format!("`{text}`") } else { quoted(text, '"', self.flags.plus) };
        self.pad(&out);
    }

    fn hex(&mut self, bytes: &[u8], verb: char) {
        let bytes = &bytes[..self.flags.precision.unwrap_or(bytes.len()).min(bytes.len())];
        let prefix = if verb == 'x' { "0x" } else { "0X" };
        let mut text = String::new();
        for (i, b) in bytes.iter().enumerate() {
            if self.flags.space && i > 0 {
                text.push(' ');
            }
            if self.flags.sharp && (self.flags.space || i == 0) {
                text.push_str(prefix);
            }
            text.push_str(&if verb == 'x' { format!("{b:02x}") } else { format!("{b:02X}") });
        }
        self.pad(&text);
    }

    fn bytes(&mut self, bytes: &[u8], verb: char) {
        match verb {
            'v' | 'd' if self.flags.sharp_v => {
                let items: Vec<Value> = bytes.iter().map(|b| Value::Uint8(*b)).collect();
                let open = if self.depth == 0 { "[]byte{" } else { "[]uint8{" };
                self.sequence(&items, verb, open, ", ", "}");
            }
            'p' if self.depth == 0 => self.pad(NO_ADDRESS),
            's' | 'q' => match std::str::from_utf8(bytes) {
                Ok(text) => self.string(&Value::Nil, text, verb),
                Err(_) => self.binary(&Value::Nil, bytes, verb),
            },
            'x' | 'X' => self.hex(bytes, verb),
            _ => {
                let items: Vec<Value> = bytes.iter().map(|b| Value::Uint8(*b)).collect();
                let sharp = self.flags.sharp_v;
                let (open, between, close) =
                    if sharp { ("[]uint8{", ", ", "}") } else { ("[", " ", "]") };
                self.sequence(&items, verb, open, between, close);
            }
        }
    }

    fn integer(&mut self, value: &Value, n: i128, verb: char, signed: bool) {
        let character = u32::try_from(n).ok().and_then(char::from_u32);
        match verb {
            'v' if self.flags.sharp_v && !signed => {
                let sharp = std::mem::replace(&mut self.flags.sharp, true);
                self.digits(n, 16, 'v');
                self.flags.sharp = sharp;
            }
            'v' | 'd' => self.digits(n, 10, verb),
            'b' => self.digits(n, 2, verb),
            'o' | 'O' => self.digits(n, 8, verb),
            'x' | 'X' => self.digits(n, 16, verb),
            'c' => self.pad(&character.unwrap_or('\u{FFFD}').to_string()),
            'q' => {
                let c = character.unwrap_or('\u{FFFD}').to_string();
                let text = quoted(&c, '\'', self.flags.plus);
                self.pad(&text);
            }
            'U' => {
                #[expect(clippy::cast_possible_truncation, reason = "as Go converts")]
                let code = n as u64;
                let digits = format!("{code:0>w$X}", w = self.flags.precision.unwrap_or(4).max(4));
                let shown = character.filter(|c| self.flags.sharp && is_print(*c));
                let text = match shown {
                    Some(c) if digits.len() <= 6 && self.flags.precision.is_none() => unicode(c),
                    Some(c) => format!("U+{digits} '{c}'"),
                    None => format!("U+{digits}"),
                };
                let zero = std::mem::take(&mut self.flags.zero);
                self.pad(&text);
                self.flags.zero = zero;
            }
            _ => self.bad_verb(value, verb),
        }
    }

    fn digits(&mut self, n: i128, base: u32, verb: char) {
        let magnitude = n.unsigned_abs();
        let mut digits = match base {
            2 => format!("{magnitude:b}"),
            8 => format!("{magnitude:o}"),
            16 if verb == 'X' => format!("{magnitude:X}"),
            16 => format!("{magnitude:x}"),
            _ => magnitude.to_string(),
        };
        let sign = match n {
            n if n < 0 => "-",
            _ if self.flags.plus => "+",
            _ if self.flags.space => " ",
            _ => "",
        };
        if let Some(precision) = self.flags.precision {
            if precision == 0 && n == 0 {
                let zero = std::mem::take(&mut self.flags.zero);
                self.pad("");
                self.flags.zero = zero;
                return;
            }
            digits = format!("{digits:0>precision$}");
        } else if self.flags.zero && !self.flags.minus {
            let width = self.flags.width.unwrap_or(0).saturating_sub(sign.len());
            digits = format!("{digits:0>width$}");
        }
        if base == 8 && self.flags.sharp && !digits.starts_with('0') {
            digits.insert(0, '0');
        }
        let prefix = match (verb, base) {
            ('O', _) => "0o",
            (_, 2) if self.flags.sharp => "0b",

            ('X', _) if self.flags.sharp => "0X",
            (_, 16) if self.flags.sharp => "0x",
            _ => "",
        };
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(&format!("{sign}{prefix}{digits}"));
        self.flags.zero = zero;
    }

    /// Both parts in parentheses, the second always with its sign.
    fn complex(&mut self, value: &Value, number: Complex, verb: char) {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return self.bad_verb(value, verb);
        }
        self.out.push('(');
        self.float(value, number.real, verb);
        let plus = std::mem::replace(&mut self.flags.plus, true);
        self.float(value, number.imaginary, verb);
        self.out.push_str("i)");
        self.flags.plus = plus;
    }

    fn float(&mut self, value: &Value, f: f64, verb: char) {
        let (letter, precision) = match verb {
            'v' => ('g', self.flags.precision),
            'e' | 'E' | 'f' | 'F' => (verb, self.flags.precision.or(Some(6))),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb, self.flags.precision),
            _ => return self.bad_verb(value, verb),
        };
        let mut text = format_float(f, letter, precision);
        if self.flags.sharp && verb != 'b' {
            text = keep_point(&text, letter, precision);
        }
        if !text.starts_with(['-', '+']) {
            text.insert(0, '+');
        }
        if self.flags.space && text.starts_with('+') && !self.flags.plus {
            text.replace_range(..1, " ");
        }
        let finite = f.is_finite();
        let signed = self.flags.plus || !text.starts_with('+');
        if !signed && !text.starts_with("+Inf") {
            text.remove(0);
        }
        let zero = self.flags.zero;
        if zero && finite && text.starts_with(['-', '+', ' ']) {
            // Zeros go between the sign and the digits.
            let width = self.flags.width.unwrap_or(0).saturating_sub(1);
            let (sign, digits) = text.split_at(1);
            text = format!("{sign}{digits:0>width$}");
        }
        self.flags.zero = zero && finite;
        self.pad(&text);
        self.flags.zero = zero;
    }
}

/// Where each character of the bytes ends.
fn character_ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        let widths = chunk.valid().chars().map(char::len_utf8);
        for width in widths.chain(chunk.invalid().iter().map(|_| 1)) {
            at += width;
            ends.push(at);
        }
    }
    ends
}
