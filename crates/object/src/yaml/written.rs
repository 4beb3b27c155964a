//! Documents as they were written, but for comments: fields in their order, texts with their quotes.

use granit_parser::{Event, ScalarStyle, StructureStyle};

use super::build::{Events, is_node};
use super::{Dialect, Document, Error, Options, frame, resolve};
use crate::Pointer;

/// A part of a document as it was written.
#[derive(Clone, PartialEq, Eq)]
pub enum Written {
    /// A text, and how it is quoted.
    Scalar(String, Quotes),
    /// Items.
    List(Vec<Self>),
    /// Keys and values, in their order.
    Map(Vec<(Self, Self)>),
    /// What is written elsewhere.
    Alias,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    /// Without quotes: what it means depends on the text.
    Plain,
    /// `'`.
    Single,
    /// `"`.
    Double,
    /// As a block of lines.
    Block,
}

impl std::fmt::Debug for Written {
    /// Its shape only: it may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Scalar(..) => "Scalar",
            Self::List(_) => "List",
            Self::Map(_) => "Map",
            Self::Alias => "Alias",
        })
    }
}

/// What `document`, which was read of `text` with `options`, looks like; none if it is empty.
///
/// # Errors
/// If it is no YAML, which reading it has told before.
pub fn written(
    text: &[u8],
    document: &Document,
    options: &Options,
) -> Result<Option<Written>, Error> {
    let text = frame::decode(text);
    let Some(source) = document.source(&text, options) else { return Ok(None) };
    let mut events = Events::new(&source, document.chunk.line, options);
    while let Some((event, _)) = events.next()? {
        if is_node(&event) {
            return node(event, &mut events).map(Some);
        }
    }
    Ok(None)
}

/// The fields and items of `document`, which was read of `text` with `options`, that are written as
/// nothing within `[]` or `{}`: go-yaml writes them anew as empty texts.
pub fn flow_blanks(text: &[u8], document: &Document, options: &Options) -> Vec<Pointer> {
    let mut found = Vec::new();
    let text = frame::decode(text);
    if let Some(source) = document.source(&text, options) {
        let mut events = Events::new(&source, document.chunk.line, options);
        while let Ok(Some((event, _))) = events.next() {
            if is_node(&event) {
                // What is no YAML was told when it was read.
                let _ = blanks(&event, &mut events, false, &mut Pointer::root(), &mut found);
                break;
            }
        }
    }
    found
}

fn blanks(
    event: &Event<'_>,
    events: &mut Events<'_>,
    in_flow: bool,
    path: &mut Pointer,
    found: &mut Vec<Pointer>,
) -> Result<(), Error> {
    match event {
        Event::Scalar(..) if events.is_blank && in_flow => found.push(path.clone()),
        Event::SequenceStart(style, ..) => {
            let in_flow = in_flow || *style == StructureStyle::Flow;
            for index in 0_usize.. {
                let (event, _) = events.expect()?;
                if matches!(event, Event::SequenceEnd) {
                    break;
                }
                path.push(index.to_string());
                blanks(&event, events, in_flow, path, found)?;
                path.pop();
            }
        }
        Event::MappingStart(style, ..) => {
            let in_flow = in_flow || *style == StructureStyle::Flow;
            loop {
                let (name, _) = events.expect()?;
                if matches!(name, Event::MappingEnd) {
                    break;
                }
                let key = node(name, events)?;
                path.push(key.text().unwrap_or_default());
                let (value, _) = events.expect()?;
                blanks(&value, events, in_flow, path, found)?;
                path.pop();
            }
        }
        _ => {}
    }
    Ok(())
}

fn node(event: Event<'_>, events: &mut Events<'_>) -> Result<Written, Error> {
    Ok(match event {
        // The parser writes a tilde where nothing stands.
        Event::Scalar(..) if events.is_blank => Written::Scalar(String::new(), Quotes::Plain),
        Event::Scalar(text, style, ..) => {
            let quotes = match style {
                ScalarStyle::Plain => Quotes::Plain,
                ScalarStyle::SingleQuoted => Quotes::Single,
                ScalarStyle::DoubleQuoted => Quotes::Double,
                ScalarStyle::Literal | ScalarStyle::Folded => Quotes::Block,
            };
            Written::Scalar(text.into_owned(), quotes)
        }
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                let (event, _) = events.expect()?;
                if matches!(event, Event::SequenceEnd) {
                    break Written::List(items);
                }
                items.push(node(event, events)?);
            }
        }
        Event::MappingStart(..) => {
            let mut fields = Vec::new();
            loop {
                let (event, _) = events.expect()?;
                if matches!(event, Event::MappingEnd) {
                    break Written::Map(fields);
                }
                let key = node(event, events)?;
                let (event, _) = events.expect()?;
                fields.push((key, node(event, events)?));
            }
        }
        _ => Written::Alias,
    })
}

impl Written {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// The value of a field.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(fields) = self else { return None };
        fields.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// Whether it is null, or nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(text, Quotes::Plain)
            if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// On one line, as go-yaml writes it when told to: lists in `[]`, maps in `{}`. A scalar that
    /// stands alone has quotes only if its text needs them.
    pub fn flow(&self) -> String {
        match self {
            Self::Scalar(text, quotes) => {
                let is_text = *quotes != Quotes::Plain;
                let resolved = resolve::plain(text, Dialect::GoV3);
                let stays = matches!(resolved, resolve::Scalar::Text(same) if same == *text);
                if is_text && !stays || text.contains('\n') {
                    double(text)
                } else if plain_allowed(text, false) {
                    text.clone()
                } else {
                    single(text)
                }
            }
            _ => {
                let mut out = String::new();
                self.write(&mut out);
                out
            }
        }
    }

    /// As it stands alone with its quotes.
    pub fn quoted(&self) -> String {
        match self {
            Self::Scalar(text, Quotes::Plain | Quotes::Block) => text.clone(),
            _ => {
                let mut out = String::new();
                self.write(&mut out);
                out
            }
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Scalar(text, quotes) => out.push_str(&match quotes {
                Quotes::Plain if plain_allowed(text, true) => text.clone(),
                Quotes::Plain | Quotes::Single => single(text),
                Quotes::Double | Quotes::Block => double(text),
            }),
            Self::List(items) => {
                out.push('[');
                for (number, item) in items.iter().enumerate() {
                    out.push_str(if number == 0 { "" } else { ", " });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Map(fields) => {
                out.push('{');
                for (number, (key, value)) in fields.iter().enumerate() {
                    out.push_str(if number == 0 { "" } else { ", " });
                    key.write(out);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
            Self::Alias => out.push('*'),
        }
    }
}

/// Whether a text may stand without quotes, by libyaml's rules.
fn plain_allowed(text: &str, in_flow: bool) -> bool {
    if text.is_empty() || text.trim_matches(' ') != text {
        return false;
    }
    if text.starts_with("---") || text.starts_with("...") || text.contains(char::is_control) {
        return false;
    }
    let characters: Vec<char> = text.chars().collect();
    let is_space = |at: usize| characters.get(at).is_none_or(|c| c.is_whitespace());
    characters.iter().enumerate().all(|(at, c)| match c {
        '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
        | '@' | '`'
            if at == 0 =>
        {
            false
        }
        '-' if at == 0 => !is_space(1),
        ',' | '?' | '[' | ']' | '{' | '}' => !(in_flow || at == 0 && *c == '?' && is_space(1)),
        ':' => !(in_flow || is_space(at + 1)),
        '#' => !is_space(at - 1),
        _ => true,
    })
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn double(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\x{:02X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
