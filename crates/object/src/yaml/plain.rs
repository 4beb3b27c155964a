//! The quick way through the YAML that machines write and most people too: block mappings and
//! lists, scalars of all styles but folded ones, comments. Anchors, tags, flow collections and
//! whatever else is not plain to see make it give up ([`document`] is `None`), and the full parser
//! reads the document instead. What it does read it reads as that parser would, of which a test
//! makes sure; errors and positions come from the full parser only.

use serde_json::{Map, Value};

use super::build::Built;
use super::{Options, Position, resolve};

/// The longest key that is read here, in bytes.
const MAX_KEY: usize = 256;

/// Which fields of a mapping at the root are wanted.
pub(super) type Wanted<'o> = &'o dyn Fn(&str) -> bool;

/// Reads `source`, whose first line is number `line`; `None` if that takes the full parser. With
/// `wanted`, the other fields are only checked.
pub(super) fn document(
    source: &str,
    line: usize,
    options: &Options,
    wanted: Option<Wanted<'_>>,
) -> Option<Built> {
    if source.contains('\r') {
        return None;
    }
    let mut reader = Reader {
        rest: source,
        line,
        head: None,
        options,
        wanted,
        idle: false,
        repeats_keys: false,
    };
    let head = reader.peek()?;
    let at = Position { line: reader.line, column: head.column + 1 };
    let value = reader.block(0)?;
    if reader.peek_or_end()?.is_some() {
        return None;
    }
    Some(Built { value, at, repeats_keys: reader.repeats_keys })
}

/// What stands on a line behind its indentation, or behind the `-` that was taken from it.
#[derive(Clone, Copy)]
struct Head<'t> {
    column: usize,
    text: &'t str,
}

impl<'t> Head<'t> {
    fn is_item(&self) -> bool {
        self.text == "-" || self.text.starts_with("- ")
    }

    /// The key that the line begins with, and what stands behind its colon.
    fn key(&self) -> Option<(Key<'t>, &'t str)> {
        let (text, is_quoted, rest) = match *self.text.as_bytes().first()? {
            quote @ (b'"' | b'\'') => {
                let inner = &self.text[1..];
                let end = inner.find(['"', '\'', '\\'])?;
                if inner.as_bytes()[end] != quote {
                    return None;
                }
                (&inner[..end], true, &inner[end + 1..])
            }
            _ => {
                let is_plain =
                    |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
                let end = self.text.bytes().position(|b| !is_plain(b))?;
                (&self.text[..end], false, &self.text[end..])
            }
        };
        let rest = rest.strip_prefix(':')?;
        let is_key = !text.is_empty() && text.len() <= MAX_KEY;
        if !is_key || !matches!(rest.as_bytes().first(), None | Some(b' ')) {
            return None;
        }
        Some((Key { text, is_quoted }, unindented(rest)))
    }
}

#[derive(Clone, Copy)]
struct Key<'t> {
    text: &'t str,
    is_quoted: bool,
}

struct Reader<'t, 'o> {
    /// The text behind the line that `head` is of.
    rest: &'t str,
    /// The number of the line that `head` is of, or of the next one.
    line: usize,
    head: Option<Head<'t>>,
    options: &'o Options,
    wanted: Option<Wanted<'o>>,
    /// Whether what is read is not kept.
    idle: bool,
    repeats_keys: bool,
}

impl<'t> Reader<'t, '_> {
    /// The next line that holds something.
    fn peek(&mut self) -> Option<Head<'t>> {
        self.peek_or_end()?
    }

    /// The same, where the end of the text is an answer too.
    fn peek_or_end(&mut self) -> Option<Option<Head<'t>>> {
        while self.head.is_none() {
            if self.rest.is_empty() {
                return Some(None);
            }
            let line = self.take_line();
            let text = unindented(line);
            if text.is_empty() || text.starts_with('#') {
                self.line += 1;
                continue;
            }
            let column = line.len() - text.len();
            let is_marker = column == 0 && (text.starts_with("...") || text.starts_with('%'));
            if text.starts_with('\t') || is_marker {
                return None;
            }
            self.head = Some(Head { column, text });
        }
        Some(self.head)
    }

    fn next_line(&self) -> &'t str {
        let end = memchr::memchr(b'\n', self.rest.as_bytes()).unwrap_or(self.rest.len());
        &self.rest[..end]
    }

    /// The next line without its end, which is taken. Carriage returns are left to the full parser.
    fn take_line(&mut self) -> &'t str {
        let line = self.next_line();
        self.rest = self.rest.get(line.len() + 1..).unwrap_or_default();
        line
    }

    /// Goes behind the line.
    fn advance(&mut self) {
        self.head = None;
        self.line += 1;
    }

    /// A collection that begins at the next line.
    fn block(&mut self, depth: usize) -> Option<Value> {
        if depth >= self.options.max_depth {
            return None;
        }
        let head = self.peek()?;
        if head.is_item() {
            self.list(head.column, depth)
        } else {
            head.key()?;
            self.mapping(head.column, depth)
        }
    }

    fn list(&mut self, column: usize, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        while let Some(head) = self.peek_or_end()? {
            if head.column != column || !head.is_item() {
                break;
            }
            let text = unindented(&head.text[1..]);
            let inner = Head { column: column + head.text.len() - text.len(), text };
            let item = if text.is_empty() || text.starts_with('#') {
                self.advance();
                self.below(column, false, depth)?
            } else if inner.is_item() || inner.key().is_some() {
                self.head = Some(inner);
                self.block(depth + 1)?
            } else {
                self.scalar(text, column)?
            };
            if !self.idle {
                items.push(item);
            }
        }
        self.ends(column)?;
        Some(Value::Array(items))
    }

    fn mapping(&mut self, column: usize, depth: usize) -> Option<Value> {
        let mut fields = Map::new();
        while let Some(head) = self.peek_or_end()? {
            if head.column != column || head.is_item() {
                break;
            }
            let (key, text) = head.key()?;
            let is_text = key.is_quoted || resolve::is_surely_text(key.text);
            let key = match is_text {
                true if self.idle && depth > 0 => String::new(),
                true => key.text.to_owned(),
                false => resolve::plain_key(key.text, self.options.dialect).ok()?,
            };
            if depth == 0
                && let Some(wanted) = self.wanted
            {
                self.idle = !wanted(&key);
            }
            let value = if text.is_empty() || text.starts_with('#') {
                self.advance();
                self.below(column, true, depth)?
            } else {
                self.scalar(text, column)?
            };
            if !self.idle {
                self.repeats_keys |= fields.insert(key, value).is_some();
            }
        }
        self.ends(column)?;
        Some(Value::Object(fields))
    }

    /// A value on the lines below its key or dash; null if there is none. A list may stand right
    /// under its key.
    fn below(&mut self, column: usize, in_mapping: bool, depth: usize) -> Option<Value> {
        match self.peek_or_end()? {
            Some(head) if head.column > column && !head.is_item() && head.key().is_none() => {
                // A literal's indentation is that of its header's line: left to the full parser.
                if head.text.starts_with('|') { None } else { self.scalar(head.text, column) }
            }
            Some(head) if head.column > column => self.block(depth + 1),
            Some(head) if in_mapping && head.column == column && head.is_item() => {
                self.block(depth + 1)
            }
            _ => Some(Value::Null),
        }
    }

    /// Nothing that is indented further may follow.
    fn ends(&mut self, column: usize) -> Option<()> {
        self.peek_or_end()?.is_none_or(|head| head.column <= column).then_some(())
    }

    /// The scalar that begins with `text` on this line; `column` is its collection's.
    fn scalar(&mut self, text: &'t str, column: usize) -> Option<Value> {
        let value = match text.as_bytes()[0] {
            b'\'' => Value::String(self.single_quoted(text, column)?),
            b'"' => Value::String(self.double_quoted(text, column)?),
            b'|' => Value::String(self.literal(text, column)?),
            b'{' if is_blank(text.strip_prefix("{}")?) => {
                self.advance();
                Value::Object(Map::new())
            }
            b'[' => {
                let (items, rest) = self.flow_list(&text[1..])?;
                self.closed(rest)?;
                Value::Array(items)
            }
            b'-' if text.len() == 1 || text.starts_with("- ") => return None,
            b'{' | b'}' | b']' | b',' | b'&' | b'*' | b'!' | b'>' | b'%' | b'@' | b'`' | b'?'
            | b':' | b'#' => return None,
            _ => self.plain(text, column)?,
        };
        self.ends(column)?;
        Some(value)
    }

    /// The scalars of a list that ends on its line, behind its bracket, and what follows it.
    fn flow_list(&self, text: &'t str) -> Option<(Vec<Value>, &'t str)> {
        let mut items = Vec::new();
        let mut rest = text.trim_start_matches(' ');
        if let Some(rest) = rest.strip_prefix(']') {
            return Some((items, rest));
        }
        loop {
            let (item, behind) = self.flow_item(rest)?;
            items.push(item);
            rest = behind.trim_start_matches(' ');
            match rest.as_bytes().first()? {
                b',' => rest = rest[1..].trim_start_matches(' '),
                b']' => return Some((items, &rest[1..])),
                _ => return None,
            }
        }
    }

    fn flow_item(&self, text: &'t str) -> Option<(Value, &'t str)> {
        let quote = text.as_bytes().first()?;
        if matches!(quote, b'"' | b'\'') {
            let inner = &text[1..];
            let end = inner.find(['"', '\'', '\\'])?;
            let closes = inner.as_bytes()[end] == *quote;
            let behind = &inner[end + 1..];
            if !closes || behind.starts_with('\'') {
                return None;
            }
            return Some((Value::String(inner[..end].to_owned()), behind));
        }
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-');
        let end = text.bytes().position(|b| !is_plain(b))?;
        if end == 0 || text.starts_with('-') {
            return None;
        }
        let scalar = resolve::plain(&text[..end], self.options.dialect);
        Some((resolve::into_value(scalar, self.options).ok()?, &text[end..]))
    }

    fn plain(&mut self, text: &str, column: usize) -> Option<Value> {
        let (mut text, commented) = plain_line(text)?;
        self.advance();
        let mut joined = String::new();
        while !commented && let Some(more) = self.continuation(column) {
            let bytes = more.as_bytes();
            let is_dash = bytes[0] == b'-' && matches!(bytes.get(1), None | Some(b' '));
            if bytes[0] == b'#' {
                // A comment ends the scalar, wherever it stands.
                break;
            }
            if is_dash || matches!(bytes[0], b'?' | b':' | b'\t') {
                return None;
            }
            let (more, commented) = plain_line(more)?;
            if joined.is_empty() {
                joined.push_str(text);
            }
            joined.push(' ');
            joined.push_str(more);
            self.take_line();
            self.line += 1;
            if commented {
                break;
            }
        }
        if !joined.is_empty() {
            text = &joined;
        }
        if self.idle && resolve::is_surely_text(text) {
            return Some(Value::Null);
        }
        let scalar = resolve::plain(text, self.options.dialect);
        resolve::into_value(scalar, self.options).ok()
    }

    /// The next line without its indentation, if it belongs to a scalar in the collection at
    /// `column`.
    fn continuation(&self, column: usize) -> Option<&'t str> {
        let line = self.next_line();
        let text = unindented(line);
        (!text.is_empty() && line.len() - text.len() > column).then_some(text)
    }

    fn single_quoted(&mut self, text: &'t str, column: usize) -> Option<String> {
        let mut out = String::new();
        let mut rest = &text[1..];
        loop {
            let Some(end) = rest.find('\'') else {
                rest = self.fold(rest, column, &mut out)?;
                continue;
            };
            self.keep(&mut out, &rest[..end]);
            rest = &rest[end + 1..];
            if !rest.starts_with('\'') {
                break;
            }
            out.push('\'');
            rest = &rest[1..];
        }
        self.closed(rest)?;
        Some(out)
    }

    fn double_quoted(&mut self, text: &'t str, column: usize) -> Option<String> {
        let mut out = String::new();
        let mut rest = &text[1..];
        loop {
            let Some(end) = rest.find(['"', '\\']) else {
                rest = self.fold(rest, column, &mut out)?;
                continue;
            };
            self.keep(&mut out, &rest[..end]);
            let is_quote = rest.as_bytes()[end] == b'"';
            rest = &rest[end + 1..];
            if is_quote {
                break;
            }
            if rest.is_empty() {
                // The end of the line is escaped.
                rest = self.go_on(column)?;
                continue;
            }
            out.push(match rest.as_bytes().first()? {
                b'"' => '"',
                b' ' => ' ',
                b'\\' => '\\',
                b'n' => '\n',
                b't' => '\t',
                _ => return None,
            });
            rest = &rest[1..];
        }
        self.closed(rest)?;
        Some(out)
    }

    /// A part of a text that is read.
    fn keep(&self, out: &mut String, part: &str) {
        if !self.idle {
            out.push_str(part);
        }
    }

    /// The end of a line inside quotes: with the next line's beginning it is one blank, and blank
    /// lines between are line feeds. Tabs are left to the full parser.
    fn fold(&mut self, line: &'t str, column: usize, out: &mut String) -> Option<&'t str> {
        if line.ends_with('\t') {
            return None;
        }
        self.keep(out, line.trim_end_matches(' '));
        let mut feeds = 0;
        while !self.rest.is_empty() && self.next_line().bytes().all(|b| b == b' ') {
            self.take_line();
            self.line += 1;
            feeds += 1;
        }
        if feeds == 0 {
            out.push(' ');
        } else {
            out.extend(std::iter::repeat_n('\n', feeds));
        }
        self.go_on(column)
    }

    /// The next line of a text in quotes, which is taken.
    fn go_on(&mut self, column: usize) -> Option<&'t str> {
        let next = self.continuation(column).filter(|next| !next.starts_with('\t'))?;
        self.take_line();
        self.line += 1;
        Some(next)
    }

    /// Only a comment may stand behind a closing quote.
    fn closed(&mut self, rest: &str) -> Option<()> {
        self.advance();
        is_blank(rest).then_some(())
    }

    fn literal(&mut self, text: &str, column: usize) -> Option<String> {
        let header = &text[1..];
        let (chomp, header) = match header.as_bytes().first() {
            Some(b'-') => (Chomp::Strip, &header[1..]),
            Some(b'+') => (Chomp::Keep, &header[1..]),
            _ => (Chomp::Clip, header),
        };
        if !is_blank(header) {
            return None;
        }
        self.advance();
        let first = self.next_line();
        let indent = first.len() - unindented(first).len();
        // Blank lines at the start say nothing about the indentation: left to the full parser, as is
        // a tab there.
        if indent == first.len() || first.as_bytes()[indent] == b'\t' {
            return None;
        }
        if indent <= column {
            return Some(String::new());
        }
        let mut out = String::new();
        let mut blank_lines = 0;
        let mut ends_with_break = true;
        while !self.rest.is_empty() {
            let line = self.next_line();
            let blanks = line.len() - unindented(line).len();
            let is_empty = blanks == line.len() && blanks <= indent;
            if blanks < indent && !is_empty {
                break;
            }
            ends_with_break = self.rest.len() > line.len();
            if is_empty {
                blank_lines += 1;
            } else {
                if !self.idle {
                    out.extend(std::iter::repeat_n('\n', blank_lines));
                    out.push_str(&line[indent..]);
                    out.push('\n');
                }
                blank_lines = 0;
            }
            self.take_line();
            self.line += 1;
        }
        match chomp {
            // At the end of the text the subtleties are the full parser's.
            _ if !ends_with_break => return None,
            Chomp::Strip => {
                out.pop();
            }
            Chomp::Clip => {}
            Chomp::Keep => out.extend(std::iter::repeat_n('\n', blank_lines)),
        }
        Some(out)
    }
}

enum Chomp {
    Strip,
    Clip,
    Keep,
}

/// One line of a plain scalar, and whether a comment ends it.
fn plain_line(text: &str) -> Option<(&str, bool)> {
    let bytes = text.as_bytes();
    let mut end = text.len();
    // Carriage returns are in no text that is read here.
    for i in memchr::memchr3_iter(b'\t', b':', b'#', bytes) {
        match bytes[i] {
            b'\t' => return None,
            b':' if matches!(bytes.get(i + 1), None | Some(b' ')) => return None,
            b'#' if i > 0 && bytes[i - 1] == b' ' => {
                end = i;
                break;
            }
            _ => {}
        }
    }
    let kept = text[..end].trim_end_matches(' ');
    (!kept.is_empty()).then_some((kept, end < text.len()))
}

/// A line without the blanks before it.
fn unindented(line: &str) -> &str {
    let blanks = line.bytes().position(|b| b != b' ').unwrap_or(line.len());
    &line[blanks..]
}

/// Whether nothing, or only a comment, stands here behind something.
fn is_blank(text: &str) -> bool {
    let rest = unindented(text);
    rest.is_empty() || rest.starts_with('#') && rest.len() < text.len()
}
