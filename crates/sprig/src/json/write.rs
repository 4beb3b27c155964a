//! `json.Marshal`.

use windlass_gotemplate::{Value, fmt};

use crate::encode::base64;

/// Nesting that is written: maps can be made to hold themselves, which Go notices at this depth.
const MAX_DEPTH: usize = 1_000;

/// How JSON is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// In one line, `<`, `>` and `&` escaped.
    Plain,
    /// In one line, nothing escaped that need not be.
    Raw,
    /// Two blanks a level.
    Pretty,
}

/// The value as JSON.
///
/// # Errors
/// In Go's words, when it holds what JSON has not.
pub(crate) fn encode(value: &Value, style: Style) -> Result<String, String> {
    let mut writer = Writer { out: String::new(), style, depth: 0 };
    writer.value(value)?;
    Ok(writer.out)
}

struct Writer {
    out: String,
    style: Style,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::Nil | Value::NilInterface => self.out.push_str("null"),
            Value::Bool(b) => self.out.push_str(if *b { "true" } else { "false" }),
            Value::Int(n) | Value::Int64(n) => self.out.push_str(&n.to_string()),
            Value::Uint8(n) => self.out.push_str(&n.to_string()),
            Value::Uint64(n) => self.out.push_str(&n.to_string()),
            Value::Float64(f) => self.out.push_str(&number(*f)?),
            Value::String(s) => self.string(s),
            Value::Binary(b) => self.binary(b),
            Value::Bytes(b) => self.string(&base64(b)),
            Value::List(l) if l.is_nil => self.out.push_str("null"),
            Value::List(l) => {
                self.enter(value, '[')?;
                for (i, item) in l.items.iter().enumerate() {
                    self.separate(i);
                    self.value(item)?;
                }
                self.leave(l.items.is_empty(), ']');
            }
            Value::Map(m) if m.is_nil => self.out.push_str("null"),
            Value::Map(m) => {
                self.enter(value, '{')?;
                let entries = m.entries();
                for (i, (key, item)) in entries.iter().enumerate() {
                    self.field(i, key, item)?;
                }
                self.leave(entries.is_empty(), '}');
            }
            Value::Object(o) if o.is_nil() => self.out.push_str("null"),
            Value::Object(o) if o.kind() == "complex128" => {
                return Err("json: unsupported type: complex128".to_owned());
            }
            Value::Object(o) => match o.json_fields() {
                Some(fields) => {
                    self.enter(value, '{')?;
                    for (i, (key, item)) in fields.iter().enumerate() {
                        self.field(i, key, item)?;
                    }
                    self.leave(fields.is_empty(), '}');
                }
                None => self.value(&o.data())?,
            },
        }
        Ok(())
    }

    fn field(&mut self, index: usize, key: &str, value: &Value) -> Result<(), String> {
        self.separate(index);
        self.string(key);
        self.out.push_str(if self.style == Style::Pretty { ": " } else { ":" });
        self.value(value)
    }

    fn enter(&mut self, value: &Value, open: char) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let kind = value.type_name();
            return Err(format!("json: unsupported value: encountered a cycle via {kind}"));
        }
        self.out.push(open);
        Ok(())
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push(',');
        }
        self.line();
    }

    fn line(&mut self) {
        if self.style == Style::Pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.depth));
        }
    }

    fn leave(&mut self, empty: bool, close: char) {
        self.depth -= 1;
        if !empty {
            self.line();
        }
        self.out.push(close);
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        self.characters(text);
        self.out.push('"');
    }

    /// A string whose bytes are no UTF-8: each bad one is escaped, unlike U+FFFD itself.
    fn binary(&mut self, bytes: &[u8]) {
        self.out.push('"');
        for chunk in bytes.utf8_chunks() {
            self.characters(chunk.valid());
            self.out.extend(chunk.invalid().iter().map(|_| "\\ufffd"));
        }
        self.out.push('"');
    }

    fn characters(&mut self, text: &str) {
        let html = self.style != Style::Raw;
        let mut from = 0;
        for (at, c) in text.char_indices() {
            let escape = match c {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\u{8}' => "\\b",
                '\u{c}' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '<' if html => "\\u003c",
                '>' if html => "\\u003e",
                '&' if html => "\\u0026",
                '\u{2028}' => "\\u2028",
                '\u{2029}' => "\\u2029",
                c if u32::from(c) < 0x20 => "",
                _ => continue,
            };
            self.out.push_str(&text[from..at]);
            if escape.is_empty() {
                self.out.push_str(&format!("\\u{:04x}", u32::from(c)));
            } else {
                self.out.push_str(escape);
            }
            from = at + c.len_utf8();
        }
        self.out.push_str(&text[from..]);
    }
}

/// A float as JSON: with an exponent only below 1e-6 and from 1e21 on.
///
/// # Errors
/// When it is none of JSON's.
fn number(f: f64) -> Result<String, String> {
    if !f.is_finite() {
        return Err(format!("json: unsupported value: {}", fmt::shortest(f)));
    }
    let size = f.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = fmt::format_float(f, 'e', None);
        // e-09 is e-9.
        let text = match text.split_once("e-0") {
            Some((mantissa, digit)) => format!("{mantissa}e-{digit}"),
            None => text,
        };
        return Ok(text);
    }
    Ok(fmt::format_float(f, 'f', None))
}
