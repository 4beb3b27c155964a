//! Quoting, as `strconv.Quote` does it.

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
