//! Quoting, as `strconv.Quote` does it, and text whose bytes are no UTF-8.

use std::borrow::Cow;

use crate::value::Value;

/// Whether Go prints the character as it is: letters, marks, numbers, punctuation, symbols and the
/// ASCII blank.
pub fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return c == ' ' || c.is_ascii_graphic();
    }
    // Rust's own notion is the same, but that it escapes a combining mark which follows nothing.
    c.escape_debug().len() == 1 || format!("a{c}").escape_debug().count() == 2
}

/// `strconv.Quote`.
pub fn quote(text: &str) -> String {
    quoted(text, '"', false)
}

/// `strconv.Quote` of bytes.
pub fn quote_bytes(bytes: &[u8]) -> String {
    quoted_bytes(bytes, false)
}

/// Bytes as Go shows them where only UTF-8 will do: each bad byte is one U+FFFD.
pub fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(text)
}

/// What is printed: bytes, since Go's strings may hold any.
#[derive(Default)]
pub(super) struct Out(Vec<u8>);

impl Out {
    pub(super) fn push_str(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn push(&mut self, c: char) {
        self.push_str(c.encode_utf8(&mut [0; 4]));
    }

    pub(super) fn fill(&mut self, byte: u8, count: usize) {
        self.0.resize(self.0.len() + count, byte);
    }

    pub(super) fn into_value(self) -> Value {
        Value::text(self.0)
    }

    pub(super) fn into_text(self) -> String {
        match String::from_utf8(self.0) {
            Ok(text) => text,
            Err(error) => lossy(error.as_bytes()).into_owned(),
        }
    }
}

pub(super) fn quoted(text: &str, mark: char, ascii: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for c in text.chars() {
        escape(c, mark, ascii, &mut out);
    }
    out.push(mark);
    out
}

/// `strconv.Quote` of text whose bytes are no UTF-8: each bad byte is escaped.
pub(super) fn quoted_bytes(bytes: &[u8], ascii: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            escape(c, '"', ascii, &mut out);
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

fn escape(c: char, mark: char, ascii: bool, out: &mut String) {
    let code = u32::from(c);
    match c {
        c if c == mark || c == '\\' => out.extend(['\\', c]),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        c if is_print(c) && (!ascii || c.is_ascii()) => out.push(c),
        _ if code < 0x20 || code == 0x7f => out.push_str(&format!("\\x{code:02x}")),
        _ if code < 0x10000 => out.push_str(&format!("\\u{code:04x}")),
        _ => out.push_str(&format!("\\U{code:08x}")),
    }
}

/// `%#U`: the code point, and the character where it can be shown.
pub fn unicode(c: char) -> String {
    let code = u32::from(c);
    if is_print(c) { format!("U+{code:04X} '{c}'") } else { format!("U+{code:04X}") }
}
