//! TOML as BurntSushi's library writes it.

use windlass_gotemplate::{CallError, Type, Value, fmt};

use crate::date::Time;
use crate::table::{Table, bytes, string, text};

/// Nesting that is written: maps can be made to hold themselves.
const MAX_DEPTH: usize = 1_000;

pub(crate) fn add(t: &mut Table) {
    t.put(&["toToml"], &[Type::Any], |a| match encode(&a[0]) {
        Err(Failure::Toml(words)) => string(words),
        other => Ok(Value::text(other?)),
    });
    t.put(&["mustToToml"], &[Type::Any], |a| Ok(Value::text(encode(&a[0])?)));
    t.put(&["fromToml"], &[Type::String], |a| {
        let table: Result<toml::Table, _> = text(&a[0]).parse();
        Ok(match table {
            Ok(table) => Value::map(table.iter().map(|(k, v)| (k.as_str(), decoded(v)))),
            Err(error) => {
                let words = refusal(bytes(&a[0])).unwrap_or_else(|| {
                    let before = |at: usize| text(&a[0])[..at].matches('\n').count();
                    let line = error.span().map_or(1, |span| 1 + before(span.start));
                    format!("line {line}: {}", error.message())
                });
                Value::map([("Error", Value::string(format!("toml: {words}")))])
            }
        })
    });
}

/// What BurntSushi's reader says where the first statement is none; none where it is one.
fn refusal(bytes: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let line = 1 + bytes[..at].iter().filter(|b| **b == b'\n').count();
            return Some(format!("line {line}: invalid UTF-8 byte: {:#04x}", bytes[at]));
        }
    };
    let mut rest = text.trim_start_matches([' ', '\t', '\r', '\n']);
    while rest.starts_with('#') {
        rest = rest.find('\n').map_or("", |end| &rest[end..]);
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }
    let blank = |text: &'_ str| text.len() - text.trim_start_matches([' ', '\t']).len();
    let (table, inner) = match rest.strip_prefix('[') {
        Some(inner) => (true, inner.strip_prefix('[').unwrap_or(inner)),
        None => (false, rest),
    };
    let mut at = inner;
    let wrong = |at: &str, words: String| {
        let line = 1 + text[..text.len() - at.len()].matches('\n').count();
        Some(format!("line {line}: {words}"))
    };
    let shown = |c: char| {
        if c == '\'' {
            "'\\''".to_owned()
        } else {
            let quoted = fmt::quote(&c.to_string()).replace("\\\"", "\"");
            format!("'{}'", quoted.get(1..quoted.len() - 1).unwrap_or_default())
        }
    };
    loop {
        at = &at[blank(at)..];
        if at.starts_with('.') && !table && at.len() == rest.len() {
            return wrong(at, "unexpected '.': keys cannot start with a '.'".to_owned());
        }
        if table && at.starts_with(']') && at.len() == inner.len() {
            let words = "unexpected end of table name (table names cannot be empty)";
            return wrong(at, words.to_owned());
        }
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let quote = at.chars().next().filter(|c| matches!(c, '"' | '\''));
        let end = match quote {
            // Names in quotes that are odd are left to the library.
            Some(quote) => {
                2 + at[1..].find([quote, '\\', '\n']).filter(|e| at[1 + e..].starts_with(quote))?
            }
            None => at.find(|c| !name(c)).unwrap_or(at.len()),
        };
        let key = if quote.is_some() { &at[1..end - 1] } else { &at[..end] };
        at = &at[end..];
        at = &at[blank(at)..];
        match at.chars().next() {
            Some('.') => at = &at[1..],
            Some(']') if table => return None,
            Some('=') if !table => {
                let value = at[1..].trim_start_matches([' ', '\t']);
                let words = format!("(last key {key:?}): unexpected EOF; expected value");
                let line = 1 + text[..text.len() - at.len()].matches('\n').count();
                return value.is_empty().then(|| format!("line {line} {words}"));
            }
            Some(c) if table => {
                let c = shown(c);
                let words = format!("expected '.' or ']' to end table name, but got {c} instead");
                return wrong(at, words);
            }
            Some(c) => {
                return wrong(at, format!("expected '.' or '=', but got {} instead", shown(c)));
            }
            None if table => return None,
            None => return wrong(at, "unexpected EOF; expected key separator '='".to_owned()),
        }
    }
}

fn decoded(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(s) => Value::string(s.as_str()),
        toml::Value::Integer(n) => Value::Int64(*n),
        toml::Value::Float(f) => Value::Float64(*f),
        toml::Value::Boolean(b) => Value::Bool(*b),
        toml::Value::Datetime(d) => {
            let text = d.to_string();
            let layouts =
                ["2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02", "15:04:05"];
            let time = layouts.iter().find_map(|l| Time::parse(l, &text).ok());
            time.map_or_else(|| Value::string(text), Time::value)
        }
        toml::Value::Array(items) => Value::list(items.iter().map(decoded).collect()),
        toml::Value::Table(table) => {
            Value::map(table.iter().map(|(k, v)| (k.as_str(), decoded(v))))
        }
    }
}

/// Why a value has no form.
enum Failure {
    /// The library says so.
    Toml(String),
    /// Go panics.
    Panic(String),
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        let (Failure::Toml(words) | Failure::Panic(words)) = failure;
        Self::Message(words)
    }
}

fn encode(value: &Value) -> Result<Vec<u8>, Failure> {
    if matches!(value, Value::Nil | Value::NilInterface) {
        return Err(Failure::Panic("reflect: call of reflect.Value.Type on zero Value".to_owned()));
    }
    let mut writer = Writer { out: Out::default(), key: Vec::new() };
    writer.value(value)?;
    Ok(writer.out.0)
}

/// What is written: bytes, since texts may hold any.
#[derive(Default)]
struct Out(Vec<u8>);

impl Out {
    fn push_str(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    fn push(&mut self, c: char) {
        self.push_str(c.encode_utf8(&mut [0; 4]));
    }
}

struct Writer {
    out: Out,
    /// The key of what is written, from the top.
    key: Vec<String>,
}

/// How a value stands under its key.
#[derive(PartialEq, Eq)]
enum Form {
    Nothing,
    Plain,
    Table,
    Tables,
}

fn form(value: &Value) -> Result<Form, Failure> {
    Ok(match value {
        Value::Nil | Value::NilInterface => Form::Nothing,
        Value::Map(_) => Form::Table,
        Value::List(l) => {
            let mut all = !l.items.is_empty();
            for item in &l.items {
                match form(item)? {
                    Form::Nothing => {
                        let words = "toml: cannot encode array with nil element";
                        return Err(Failure::Toml(words.to_owned()));
                    }
                    Form::Table => {}
                    Form::Plain | Form::Tables => all = false,
                }
            }
            if all { Form::Tables } else { Form::Plain }
        }
        Value::Object(o) if o.is_nil() => Form::Nothing,
        Value::Object(o) if matches!(o.data(), Value::Map(_)) => Form::Table,
        _ => Form::Plain,
    })
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil | Value::NilInterface => true,
        Value::List(l) => l.is_nil,
        Value::Object(o) => o.is_nil(),
        _ => false,
    }
}

impl Writer {
    /// Line feeds only go between things.
    fn line(&mut self) {
        if !self.out.0.is_empty() {
            self.out.push('\n');
        }
    }

    fn indent(&mut self) {
        let levels = self.key.len().saturating_sub(1);
        self.out.push_str(&"  ".repeat(levels));
    }

    fn path(&self) -> String {
        self.key.iter().map(|k| quoted_key(k)).collect::<Vec<_>>().join(".")
    }

    fn value(&mut self, value: &Value) -> Result<(), Failure> {
        if self.key.len() > MAX_DEPTH {
            return Err(Failure::Toml("the value is nested too deeply".to_owned()));
        }
        match form(value)? {
            Form::Nothing => Ok(()),
            Form::Table => {
                if self.key.len() == 1 {
                    self.line();
                }
                if !self.key.is_empty() {
                    self.indent();
                    let path = self.path();
                    self.out.push_str(&format!("[{path}]\n"));
                }
                self.table(value, false)
            }
            Form::Tables => {
                if self.key.is_empty() {
                    let words = "toml: top-level values must be Go maps or structs";
                    return Err(Failure::Toml(words.to_owned()));
                }
                let Value::List(list) = value else { return Ok(()) };
                for item in &list.items {
                    self.line();
                    self.indent();
                    let path = self.path();
                    self.out.push_str(&format!("[[{path}]]\n"));
                    self.table(item, false)?;
                }
                Ok(())
            }
            Form::Plain => {
                if let Some(key) = self.key.last() {
                    let key = quoted_key(key);
                    self.indent();
                    self.out.push_str(&format!("{key} = "));
                }
                self.element(value, 0)?;
                if !self.key.is_empty() {
                    self.line();
                }
                Ok(())
            }
        }
    }

    /// A table's entries: the plain ones first.
    fn table(&mut self, value: &Value, inline: bool) -> Result<(), Failure> {
        let data;
        let map = match value {
            Value::Map(map) => map,
            Value::Object(o) => {
                data = o.data();
                let Value::Map(map) = &data else { return Ok(()) };
                map
            }
            _ => return Ok(()),
        };
        let entries = map.entries();
        let (mut plain, mut tables) = (Vec::new(), Vec::new());
        for (key, item) in entries.iter() {
            match form(item)? {
                Form::Table | Form::Tables => tables.push((key, item)),
                Form::Nothing | Form::Plain => plain.push((key, item)),
            }
        }
        if inline {
            self.out.push('{');
        }
        let follows = !tables.is_empty();
        for (group, more) in [(plain, follows), (tables, false)] {
            let last = group.len().saturating_sub(1);
            for (i, (key, item)) in group.into_iter().enumerate() {
                if is_nil(item) {
                    continue;
                }
                if inline {
                    self.out.push_str(&format!("{} = ", quoted_key(key)));
                    self.element(item, 1)?;
                    if more || i != last {
                        self.out.push_str(", ");
                    }
                } else {
                    self.key.push(key.to_string());
                    self.value(item)?;
                    self.key.pop();
                }
            }
        }
        if inline {
            self.out.push('}');
        }
        Ok(())
    }

    fn element(&mut self, value: &Value, depth: usize) -> Result<(), Failure> {
        if depth > MAX_DEPTH {
            return Err(Failure::Toml("the value is nested too deeply".to_owned()));
        }
        match value {
            Value::Bool(b) => self.out.push_str(&b.to_string()),
            Value::Int(n) | Value::Int64(n) => self.out.push_str(&n.to_string()),
            Value::Uint8(n) => self.out.push_str(&n.to_string()),
            Value::Uint64(n) => self.out.push_str(&n.to_string()),
            Value::Float64(f) => self.out.push_str(&float(*f)),
            Value::String(s) => self.out.push_str(&quoted(s)),
            Value::Binary(b) => {
                let inner = |text: &str| {
                    let text = quoted(text);
                    text.get(1..text.len() - 1).unwrap_or_default().to_owned()
                };
                self.out.push('"');
                for chunk in b.utf8_chunks() {
                    self.out.push_str(&inner(chunk.valid()));
                    self.out.0.extend_from_slice(chunk.invalid());
                }
                self.out.push('"');
            }
            Value::Bytes(bytes) => {
                let items: Vec<String> = bytes.iter().map(ToString::to_string).collect();
                self.out.push_str(&format!("[{}]", items.join(", ")));
            }
            Value::List(list) => {
                self.out.push('[');
                for (i, item) in list.items.iter().enumerate() {
                    if i > 0 {
                        self.out.push_str(", ");
                    }
                    self.element(item, depth + 1)?;
                }
                self.out.push(']');
            }
            Value::Map(_) => self.table(value, true)?,
            Value::Object(o) => match Time::of(value) {
                Some(time) => {
                    self.out.push_str(&time.format("2006-01-02T15:04:05.999999999Z07:00"));
                }
                None if o.integer().is_some() => self.out.push_str(&quoted(&o.print())),
                None => match o.data() {
                    map @ Value::Map(_) => self.table(&map, true)?,
                    other => self.element(&other, depth + 1)?,
                },
            },
            Value::Nil | Value::NilInterface => {}
        }
        Ok(())
    }
}

fn float(f: f64) -> String {
    if f.is_nan() {
        return "nan".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let text = fmt::format_float(f, 'g', None);
    if text.contains(['e', '.']) { text } else { format!("{text}.0") }
}

fn quoted_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
