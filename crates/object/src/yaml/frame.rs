//! Cuts a stream into documents, as apimachinery's decoder does: JSON objects one behind the other
//! if it begins so, otherwise YAML documents between lines that begin with `---`.

use std::borrow::Cow;

use serde_json::Value;

use super::plain::Wanted;
use super::{Document, DuplicateKeys, Error, Options, Parsed, Position, Problem};
use super::{build, json, locate};

/// Where a document's text lies in the decoded stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The number of its first line, from one.
    pub(crate) line: usize,
}

impl Span {
    pub(crate) fn of<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

pub(super) fn parse(bytes: &[u8], options: &Options) -> Parsed {
    let text = decode(bytes);
    let mut parsed = Parsed::default();
    let mut start = 0;
    let mut line = 1;
    let mut json_error = None;
    if text.trim_ascii_start().starts_with(b"{") {
        match json_stream(&text, options, &mut parsed) {
            JsonEnd::Done => return parsed,
            JsonEnd::YamlFrom(offset, error) => {
                line += text[..offset].iter().filter(|b| **b == b'\n').count();
                start = offset;
                json_error = error;
            }
        }
    }
    let errors = parsed.errors.len();
    yaml_stream(&text, start, line, options, &mut parsed);
    // As JSON and as YAML it is broken, and it looks like JSON.
    if let (Some(json_error), Some(error)) = (json_error, parsed.errors.get_mut(errors)) {
        *error = json_error;
    }
    parsed
}

/// The text in UTF-8 without its byte order mark. Bad UTF-8 is found later, document by document.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, [u8]> {
    let utf16 = |pairs: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = pairs.chunks_exact(2).map(|p| unit([p[0], p[1]]));
        let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
        Cow::Owned(text.collect::<String>().into_bytes())
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => Cow::Borrowed(bytes),
    }
}

enum JsonEnd {
    Done,
    /// Go on as YAML from this offset; the error is what JSON had against it, if no object came
    /// before it.
    YamlFrom(usize, Option<Error>),
}

fn json_stream(text: &[u8], options: &Options, parsed: &mut Parsed) -> JsonEnd {
    let mut stream = json::stream(text);
    let mut count = 0;
    loop {
        let start = stream.byte_offset();
        match stream.next() {
            None => return JsonEnd::Done,
            Some(Ok(item)) => {
                let end = stream.byte_offset();
                let blank = text[start..end].iter().take_while(|b| b.is_ascii_whitespace()).count();
                let chunk = Span {
                    start: start + blank,
                    end,
                    line: 1 + text[..start + blank].iter().filter(|b| **b == b'\n').count(),
                };
                let at = position_at(text, chunk.start);
                finish(text, chunk, at, item.value, item.repeats_keys, options, parsed);
                count += 1;
            }
            Some(Err(e)) => {
                let at = Position { line: e.line(), column: e.column().max(1) };
                let message = e.to_string();
                let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
                let error = Error { at, problem: Problem::Syntax(message) };
                if count > 1 {
                    parsed.errors.push(error);
                    return JsonEnd::Done;
                }
                return JsonEnd::YamlFrom(start, (count == 0).then_some(error));
            }
        }
    }
}

fn position_at(text: &[u8], offset: usize) -> Position {
    let before = &text[..offset];
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    Position {
        line: 1 + before.iter().filter(|b| **b == b'\n').count(),
        column: 1 + String::from_utf8_lossy(&before[line_start..]).chars().count(),
    }
}

fn yaml_stream(text: &[u8], start: usize, line: usize, options: &Options, parsed: &mut Parsed) {
    let mut chunk = Span { start, end: start, line };
    let mut at = start;
    for (number, raw) in (line..).zip(text[start..].split_inclusive(|b| *b == b'\n')) {
        let end = at + raw.len();
        if let Some(rest) = raw.strip_prefix(b"---") {
            document(text, Span { end: at, ..chunk }, options, parsed);
            let rest = String::from_utf8_lossy(rest);
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                parsed.errors.push(Error {
                    at: Position { line: number, column: 4 },
                    problem: Problem::Separator(rest.chars().take(80).collect()),
                });
            }
            chunk = Span { start: end, end, line: number + 1 };
        }
        at = end;
    }
    document(text, Span { end: text.len(), ..chunk }, options, parsed);
}

/// The first document of a text, as `yaml.Unmarshal` reads it: what stands behind it is not looked
/// at, and comments before its `---` are a part of it.
pub(super) fn first(
    bytes: &[u8],
    options: &Options,
    wanted: Option<Wanted<'_>>,
) -> Result<Value, Error> {
    let text = decode(bytes);
    let mut chunk = Span { start: 0, end: text.len(), line: 1 };
    let mut begun = false;
    let mut at = 0;
    let mut number = 0;
    while at < text.len() {
        let rest = &text[at..];
        let raw = memchr::memchr(b'\n', rest).map_or(rest, |end| &rest[..=end]);
        number += 1;
        if begun && !matches!(raw[0], b'-' | b'.') {
            at += raw.len();
            continue;
        }
        let marks = |mark: &[u8]| {
            let rest = raw.strip_prefix(mark);
            rest.is_some_and(|r| r.first().is_none_or(u8::is_ascii_whitespace))
        };
        if begun && (marks(b"---") || marks(b"...")) {
            chunk.end = at;
            break;
        }
        let blank =
            matches!(raw.trim_ascii().first(), None | Some(b'#')) || raw.first() == Some(&b'%');
        if !begun && marks(b"---") {
            (chunk.start, chunk.line) = (at + 3, number);
        }
        begun |= !blank;
        at += raw.len();
    }
    let bytes = chunk.of(&text);
    if bytes.iter().all(|b| matches!(b, b' ' | b'\n' | b'\r')) {
        return Ok(Value::Null);
    }
    let begins = |text| if chunk.start > 0 { Ok(text) } else { no_leading_tab(text) };
    let source = check_characters(bytes, options).and_then(begins).map_err(|mut e| {
        e.at.line += chunk.line - 1;
        e
    })?;
    match build::document(source, chunk.line, options, wanted) {
        Ok(built) => Ok(built.value),
        // Behind a value in quotes or brackets a document is at its end, and nobody reads on.
        Err(error) if source.trim_start().starts_with(['"', '\'', '[', '{']) => {
            let line = error.at.line - chunk.line;
            let before: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
            let rest = source[before..].char_indices().nth(error.at.column - 1);
            // The reader looks one token further, and what begins none is an error all the same.
            let begins = |end: &usize| {
                let rest = &source[*end..];
                let mark =
                    rest.starts_with(['-', '?', ':']) && !rest[1..].starts_with(|c: char| c > ' ');
                !mark && !rest.starts_with(['@', '`', '%'])
            };
            let end = rest.map(|(at, _)| before + at).filter(|end| *end > 0 && begins(end));
            let ended = end.map(|end| build::document(&source[..end], chunk.line, options, wanted));
            match ended {
                // With a key in quotes, or in brackets, it is a mapping, which is not at its end.
                Some(Ok(built))
                    if built.value.is_object() == source.trim_start().starts_with('{') =>
                {
                    Ok(built.value)
                }
                _ => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

fn document(text: &[u8], chunk: Span, options: &Options, parsed: &mut Parsed) {
    let bytes = chunk.of(text);
    if bytes.trim_ascii().is_empty() {
        return;
    }
    let checked = check_characters(bytes, options).and_then(no_leading_tab).map_err(|mut e| {
        e.at.line += chunk.line - 1;
        e
    });
    match checked.and_then(|source| build::document(source, chunk.line, options, None)) {
        Ok(built) => {
            finish(text, chunk, built.at, built.value, built.repeats_keys, options, parsed);
        }
        Err(error) => parsed.errors.push(error),
    }
}

fn finish(
    text: &[u8],
    chunk: Span,
    at: Position,
    value: Value,
    repeats_keys: bool,
    options: &Options,
    parsed: &mut Parsed,
) {
    if repeats_keys {
        let found = locate::repeated_keys(chunk.of(text), chunk.line, options);
        match options.duplicate_keys {
            DuplicateKeys::LastWins => parsed.warnings.extend(found),
            DuplicateKeys::Error if found.is_empty() => {}
            DuplicateKeys::Error => {
                parsed.errors.extend(found);
                return;
            }
        }
    }
    parsed.documents.push(Document { value, at, chunk });
}

/// Refuses a tab where a text begins, of which what reads it does not know what stood before it.
fn no_leading_tab(text: &str) -> Result<&str, Error> {
    let blanks = text.len() - text.trim_start_matches(' ').len();
    match text[blanks..].starts_with('\t') {
        true => Err(Error {
            at: Position { line: 1, column: blanks + 1 },
            problem: Problem::Syntax("found character that cannot start any token".to_owned()),
        }),
        false => Ok(text),
    }
}

/// How many bytes are looked at in one go.
const PART: usize = 256;

/// Refuses what go-yaml's reader refuses: bad UTF-8, control characters, too much.
pub(crate) fn check_characters<'t>(bytes: &'t [u8], options: &Options) -> Result<&'t str, Error> {
    if bytes.len() > options.max_bytes {
        return Err(Error {
            at: Position { line: 1, column: 1 },
            problem: Problem::Limit { what: "the document's size", limit: options.max_bytes },
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|e| Error {
        at: position_at(bytes, e.valid_up_to()),
        problem: Problem::Encoding(format!("byte {:#04x} is not UTF-8", bytes[e.valid_up_to()])),
    })?;
    let suspect = |b: &u8| {
        (*b < 0x20 && !matches!(b, b'\n' | b'\t' | b'\r')) || matches!(*b, 0x7f | 0xc2 | 0xef)
    };
    // A part is looked at as a whole, which a machine does at once.
    let is_suspect = |part: &[u8]| part.iter().fold(false, |found, b| found | suspect(b));
    if !bytes.chunks(PART).any(is_suspect) {
        return Ok(text);
    }
    match text.char_indices().find(|(_, c)| is_forbidden(*c)) {
        None => Ok(text),
        Some((offset, c)) => Err(Error {
            at: position_at(bytes, offset),
            problem: Problem::Encoding(format!(
                "control character U+{:04X} is not allowed",
                u32::from(c)
            )),
        }),
    }
}

fn is_forbidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}'
        | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}
