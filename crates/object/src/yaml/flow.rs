//! Plain scalars within `[]` and `{}`, as go-yaml scans them.
//!
//! go-yaml ends one at a colon only if a blank follows, so that `{a:}` has the key `a:`, and at every
//! question mark, which begins a key there: `[a?b]` is an error. The parser here does as newer YAML
//! says. So the text is written anew where the two differ, with a character in the colon's place
//! that no text has; columns stay.

use std::borrow::Cow;

use granit_parser::{Event, Parser, ScalarStyle, StrInput, StructureStyle};

use super::{Error, Options, Position, Problem, blanks, build};

/// Stands for a colon that belongs to a scalar: Unicode says that it is no character.
pub(super) const COLON: char = '\u{fdd0}';
/// How often a text is read anew, since what stands behind an error is not seen.
const MAX_PASSES: usize = 64;

/// Whether go-yaml scans the plain scalar at `start..end`, which is within brackets, in another way.
pub(super) fn differs(source: &str, start: usize, end: usize) -> bool {
    let bytes = source.as_bytes();
    let scalar = bytes.get(start..end).unwrap_or_default();
    // What is written as nothing may stand at a colon.
    !scalar.is_empty() && (scalar[0] == b':' || scalar.contains(&b'?') || keeps_colon(bytes, end))
}

/// Whether the colon at `at` belongs to the scalar before it.
fn keeps_colon(bytes: &[u8], at: usize) -> bool {
    bytes.get(at) == Some(&b':')
        && bytes.get(at + 1).is_some_and(|b| matches!(b, b',' | b'[' | b']' | b'{' | b'}'))
}

/// The text, whose first line is number `line`, as the parser must see it to read what go-yaml reads.
///
/// # Errors
/// If go-yaml would find a key where none may begin.
pub(super) fn mended<'t>(
    source: &'t str,
    line: usize,
    options: &Options,
) -> Result<Cow<'t, str>, Error> {
    let mut text = blanks::mended(source, line, options.dialect)?;
    if !memchr::memchr2(b'[', b'{', source.as_bytes()).is_some_and(|_| may_differ(source)) {
        return Ok(text);
    }
    for _ in 0..MAX_PASSES {
        let edits = edits(&text, line, options)?;
        if edits.is_empty() {
            break;
        }
        let mut out = String::with_capacity(text.len() + edits.len() * 2);
        let mut copied = 0;
        for (at, edit) in edits {
            out.push_str(&text[copied..at]);
            match edit {
                Edit::Keep => out.push(COLON),
                Edit::Part => out.push_str(&format!("{} ", &text[at..=at])),
            }
            copied = at + 1;
        }
        out.push_str(&text[copied..]);
        text = Cow::Owned(out);
    }
    Ok(text)
}

/// Whether something in the text looks as if it were read in another way.
fn may_differ(source: &str) -> bool {
    let bytes = source.as_bytes();
    !source.contains(COLON)
        && memchr::memchr2_iter(b':', b'?', bytes).any(|at| {
            let opens = at > 0 && matches!(bytes[at - 1], b' ' | b',' | b'[' | b'{' | b'\n');
            bytes[at] == b'?' || opens || keeps_colon(bytes, at)
        })
}

enum Edit {
    /// The colon belongs to the scalar.
    Keep,
    /// The indicator here stands for itself.
    Part,
}

/// What to write anew, by place, in order.
fn edits(source: &str, line: usize, options: &Options) -> Result<Vec<(usize, Edit)>, Error> {
    let mut parser: Parser<'_, StrInput<'_>> = build::parser(source, options);
    let mut edits = Vec::new();
    // The ends of the collections within brackets that are open.
    let mut open: Vec<char> = Vec::new();
    // Behind an error nothing is seen; what is before it is written anew first.
    while let Some(Ok((event, span))) = parser.next_event() {
        match event {
            Event::SequenceStart(style, ..) if is_flow(style, &open) => open.push(']'),
            Event::MappingStart(style, ..) if is_flow(style, &open) => open.push('}'),
            Event::SequenceEnd | Event::MappingEnd => drop(open.pop()),
            Event::Scalar(_, ScalarStyle::Plain, ..) => {
                let places = (span.start.byte_offset(), span.end.byte_offset());
                let ((Some(start), Some(end)), Some(close)) = (places, open.last()) else {
                    continue;
                };
                if !differs(source, start, end) {
                    continue;
                }
                let scalar = source.get(start..end).unwrap_or_default();
                if scalar.starts_with(['?', ':']) {
                    edits.push((start, Edit::Part));
                } else if let Some(mark) = scalar.find('?') {
                    let before = &source[..start + mark];
                    let begin = before.rfind('\n').map_or(0, |at| at + 1);
                    return Err(Error {
                        at: Position {
                            line: line + before.matches('\n').count(),
                            column: 1 + before[begin..].chars().count(),
                        },
                        problem: Problem::Syntax(format!("did not find expected ',' or '{close}'")),
                    });
                } else {
                    edits.push((end, Edit::Keep));
                }
            }
            _ => {}
        }
    }
    Ok(edits)
}

fn is_flow(style: StructureStyle, open: &[char]) -> bool {
    style == StructureStyle::Flow || !open.is_empty()
}
