//! `json.Unmarshal` into an interface: numbers are floats. Errors are in Go's words.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_gotemplate::{Element, Map, Value};

const MAX_DEPTH: usize = 10_000;

/// What a text holds.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) value: Value,
}

impl Decoded {
    /// Go's words when a type is wanted that the value is not of.
    pub(crate) fn mismatch(&self, wanted: &str) -> String {
        let found = match &self.value {
            Value::Map(_) => "object",
            Value::List(_) => "array",
            Value::String(_) => "string",
            Value::Bool(_) => "bool",
            _ => "number",
        };
        format!("json: cannot unmarshal {found} into Go value of type {wanted}")
    }
}

/// Reads one value, all of the bytes.
///
/// # Errors
/// In Go's words.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    let mut odd = Vec::new();
    let (mut at, mut shift) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        at += chunk.valid().len();
        for byte in chunk.invalid() {
            odd.push((at + shift, *byte));
            at += 1;
            shift += char::REPLACEMENT_CHARACTER.len_utf8() - 1;
        }
    }
    let text: &str = &windlass_gotemplate::fmt::lossy(bytes);
    let mut reader = Reader { text, at: 0, depth: 0, failed: None, odd };
    let value = reader.value("looking for beginning of value")?;
    reader.blank();
    if reader.at < text.len() {
        return Err(reader.unexpected("after top-level value"));
    }
    match reader.failed {
        Some(error) => Err(error),
        None => Ok(Decoded { value }),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// A number out of range: only an error when the text is JSON.
    failed: Option<String>,
    /// Where bytes were that are no UTF-8: U+FFFD in strings, and nowhere else any good.
    odd: Vec<(usize, u8)>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn unexpected(&self, context: &str) -> String {
        match self.peek() {
            None => "unexpected end of JSON input".to_owned(),
            Some(b'\'') => format!("invalid character '\\'' {context}"),
            Some(b'"') => format!("invalid character '\"' {context}"),
            Some(b) => {
                let odd = self.odd.iter().find(|(at, _)| *at == self.at);
                let b = odd.map_or(b, |(_, byte)| *byte);
                // Go looks at bytes, and shows each as a character.
                let shown = windlass_gotemplate::fmt::quote(&char::from(b).to_string());
                let inner = shown.get(1..shown.len() - 1).unwrap_or_default();
                format!("invalid character '{inner}' {context}")
            }
        }
    }

    fn value(&mut self, context: &str) -> Result<Value, String> {
        self.blank();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Value::string(self.string()?)),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Nil),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.unexpected(context)),
        }
    }

    fn nested(
        &mut self,
        read: impl Fn(&mut Self) -> Result<Value, String>,
    ) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        self.at += 1;
        // A thread's own stack does not hold ten thousand levels.
        let value = stacker::maybe_grow(64 << 10, 1 << 20, || read(self))?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, String> {
        let mut entries: BTreeMap<Rc<str>, Value> = BTreeMap::new();
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(Map::new(Element::Any, entries).into()));
        }
        loop {
            self.blank();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.blank();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("after object key"));
            }
            self.at += 1;
            let value = self.value("looking for beginning of value")?;
            entries.insert(key.into(), value);
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Map(Map::new(Element::Any, entries).into()));
                }
                _ => return Err(self.unexpected("after object key:value pair")),
            }
        }
    }

    fn array(&mut self) -> Result<Value, String> {
        let mut items = Vec::new();
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value("looking for beginning of value")?);
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::list(items));
                }
                _ => return Err(self.unexpected("after array element")),
            }
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, String> {
        for (i, wanted) in word.bytes().enumerate() {
            if self.peek() != Some(wanted) {
                let wanted = char::from(wanted);
                debug_assert!(i > 0);
                return Err(self.unexpected(&format!("in literal {word} (expecting '{wanted}')")));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn digits(&mut self, context: &str) -> Result<(), String> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(self.unexpected(context));
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value, String> {
        let from = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = &self.text[from..self.at];
        let value: f64 = text.parse().unwrap_or(f64::INFINITY);
        if !value.is_finite() && self.failed.is_none() {
            self.failed =
                Some(format!("json: cannot unmarshal number {text} into Go value of type float64"));
        }
        Ok(Value::Float64(value))
    }

    /// A string, with its quotes still to come.
    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let end = rest.find(|c: char| c == '"' || c == '\\' || u32::from(c) < 0x20);
            let Some(end) = end else {
                self.at = self.text.len();
                return Err(self.unexpected(""));
            };
            out.push_str(&rest[..end]);
            self.at += end;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                _ => return Err(self.unexpected("in string literal")),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), String> {
        let plain = match self.peek() {
            Some(b'u') => {
                self.at += 1;
                return self.unicode(out);
            }
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.at += 1;
        out.push(plain);
        Ok(())
    }

    fn hex(&mut self) -> Result<u32, String> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected("in \\u hexadecimal character escape"));
            };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }

    /// The digits behind `\u`; half of a pair that stands alone is U+FFFD.
    fn unicode(&mut self, out: &mut String) -> Result<(), String> {
        let first = self.hex()?;
        if (0xD800..0xDC00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                out.push(char::from_u32(code).unwrap_or('\u{FFFD}'));
                return Ok(());
            }
            self.at = before;
        }
        out.push(char::from_u32(first).unwrap_or('\u{FFFD}'));
        Ok(())
    }
}
