//! Words: case conventions (xstrings), abbreviation and wrapping (goutils). The latter count bytes
//! and take each byte for a letter, as the library does.

use std::sync::LazyLock;

use regex::Regex;
use windlass_gotemplate::{Type, Value};

use crate::table::{MAX_TEXT, Table, by_parts, bytes, count, int, string, text};
use crate::text::{lower_char, too_long, upper_char};

use Type::{Int, String as Str};

pub(crate) fn add(t: &mut Table) {
    t.put(&["abbrev"], &[Int, Str], |a| {
        let width = int(&a[0]);
        if width < 4 {
            return Ok(a[1].clone());
        }
        Ok(Value::text(abbreviated(bytes(&a[1]), 0, width)))
    });
    t.put(&["abbrevboth"], &[Int, Int, Str], |a| {
        let (left, right) = (int(&a[0]), int(&a[1]));
        if right < 4 || (left > 0 && right < 7) {
            return Ok(a[2].clone());
        }
        Ok(Value::text(abbreviated(bytes(&a[2]), left, right)))
    });
    t.put(&["nospace"], &[Str], |a| Ok(without_blanks(&a[0])));
    t.put(&["initials"], &[Str], |a| string(initials(bytes(&a[0]))));
    t.put(&["untitle"], &[Str], |a| string(untitle(&text(&a[0]))));
    t.put(&["swapcase"], &[Str], |a| string(swap_case(&text(&a[0]))));
    t.put(&["camelcase"], &[Str], |a| string(pascal_case(&text(&a[0]))));
    t.put(&["snakecase"], &[Str], |a| Ok(by_parts(&a[0], |text| joined_words(text, '_'))));
    t.put(&["kebabcase"], &[Str], |a| Ok(by_parts(&a[0], |text| joined_words(text, '-'))));
    t.put(&["wrap"], &[Int, Str], |a| {
        Ok(Value::text(wrapped(bytes(&a[1]), int(&a[0]), b"\n", false)))
    });
    t.put(&["wrapWith"], &[Int, Str, Str], |a| {
        let between = if bytes(&a[1]).is_empty() { b"\n" } else { bytes(&a[1]) };
        if bytes(&a[2]).len().saturating_mul(between.len()) > MAX_TEXT {
            return Err(too_long());
        }
        Ok(Value::text(wrapped(bytes(&a[2]), int(&a[0]), between, true)))
    });
}

fn abbreviated(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let length = count(text.len());
    if text.is_empty() || length <= width {
        return text.to_vec();
    }
    let at = |n: i64| usize::try_from(n).unwrap_or_default().min(text.len());
    let mut offset = offset.min(length);
    if length - offset < width - 3 {
        offset = length - (width - 3);
    }
    if offset <= 4 {
        return [&text[..at(width - 3)], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    let tail = if offset + width - 3 < length {
        abbreviated(&text[at(offset)..], 0, width - 3)
    } else {
        text[at(length - (width - 3))..].to_vec()
    };
    [b"...".to_vec(), tail].concat()
}

fn without_blanks(value: &Value) -> Value {
    let text = bytes(value);
    let kept: String = text.iter().map(|b| char::from(*b)).filter(|c| !c.is_whitespace()).collect();
    // Without blanks the text stays as it is.
    if kept.chars().count() == text.len() { value.clone() } else { Value::string(kept) }
}

fn initials(text: &[u8]) -> String {
    let mut out = String::new();
    let mut gap = true;
    for c in text.iter().map(|b| char::from(*b)) {
        if c.is_whitespace() {
            gap = true;
        } else if std::mem::take(&mut gap) {
            out.push(c);
        }
    }
    out
}

fn untitle(text: &str) -> String {
    let mut first = true;
    let mut one = |c: char| {
        if c.is_whitespace() {
            first = true;
            c
        } else if std::mem::take(&mut first) {
            lower_char(c)
        } else {
            c
        }
    };
    text.chars().map(&mut one).collect()
}

fn swap_case(text: &str) -> String {
    let mut blank = true;
    let mut one = |c: char| {
        // Of title case there are few letters, such as a D with a z: they are neither.
        let is_title = !c.is_uppercase() && c.is_alphabetic() && lower_char(c) != c;
        if c.is_uppercase() || is_title {
            blank = false;
            lower_char(c)
        } else if c.is_lowercase() {
            blank = false;
            upper_char(c)
        } else {
            blank = c.is_whitespace();
            c
        }
    };
    text.chars().map(&mut one).collect()
}

fn wrapped(text: &[u8], width: i64, between: &[u8], break_words: bool) -> Vec<u8> {
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let mut out = Vec::new();
    let mut offset = 0;
    while text.len().saturating_sub(offset) > width {
        if text[offset] == b' ' {
            offset += 1;
            continue;
        }
        let line = &text[offset..=width + offset];
        if let Some(blank) = line.iter().rposition(|b| *b == b' ') {
            out.extend_from_slice(&text[offset..offset + blank]);
            out.extend_from_slice(between);
            offset += blank + 1;
        } else if break_words {
            out.extend_from_slice(&text[offset..offset + width]);
            out.extend_from_slice(between);
            offset += width;
        } else {
            let end = offset + width;
            match text[end..].iter().position(|b| *b == b' ') {
                None => {
                    out.extend_from_slice(&text[offset..]);
                    offset = text.len();
                }
                Some(blank) => {
                    out.extend_from_slice(&text[offset..end + blank]);
                    out.extend_from_slice(between);
                    offset = end + blank + 1;
                }
            }
        }
    }
    out.extend_from_slice(&text[offset..]);
    out
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || c.is_whitespace()
}

/// `ToPascalCase`.
fn pascal_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    let mut here = None;
    let mut first_upper = false;
    for c in rest.by_ref() {
        here = Some(c);
        if !is_connector(c) {
            first_upper = c.is_uppercase();
            here = Some(upper_char(c));
            break;
        }
        out.push(c);
    }
    let Some(mut here) = here else { return out };
    if rest.as_str().is_empty() {
        // The library writes the last letter once more, also a connector's.
        out.push(here);
        return out;
    }
    for c in rest {
        let before = std::mem::replace(&mut here, c);
        if is_connector(c) && is_connector(before) {
            out.push(before);
        } else if is_connector(before) {
            first_upper = c.is_uppercase();
            here = upper_char(c);
        } else {
            if first_upper {
                if c.is_uppercase() {
                    here = lower_char(c);
                } else {
                    first_upper = false;
                }
            }
            out.push(before);
        }
    }
    out.push(here);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Nothing,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

static PUNCTUATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{P}").ok());

fn is_punctuation(c: char) -> bool {
    let mut buffer = [0; 4];
    PUNCTUATION.as_ref().is_some_and(|p| p.is_match(c.encode_utf8(&mut buffer)))
}

/// A letter in the library's sense: not of those scripts that write words without blanks.
fn is_alphabet(c: char) -> bool {
    c.is_alphabetic()
        && !matches!(c, '\u{4E00}'..='\u{9FCC}' | '\u{3400}'..='\u{4D85}' | '\u{20000}'..='\u{2B81D}')
}

/// The first word and what follows it.
fn next_word(text: &str) -> (Word, &str, &str) {
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return (Word::Nothing, "", "") };
    let size = first.len_utf8();
    let run = |from: usize, more: &dyn Fn(char) -> bool| {
        text[from..].find(|c| !more(c)).map_or(text.len(), |i| from + i)
    };
    let lower = |c: char| is_alphabet(c) && !c.is_uppercase();
    let (kind, end) = if is_connector(first) {
        (Word::Connector, run(size, &is_connector))
    } else if is_punctuation(first) {
        (Word::Punctuation, run(size, &is_punctuation))
    } else if first.is_uppercase() {
        let end = match letters.next() {
            Some(c) if c.is_uppercase() => {
                let end = run(size, &char::is_uppercase);
                // The last capital before a small letter begins the next word.
                match text[end..].chars().next() {
                    Some(c) if is_alphabet(c) => {
                        let last = text[..end].chars().next_back().map_or(0, char::len_utf8);
                        end - last
                    }
                    _ => end,
                }
            }
            Some(c) if is_alphabet(c) => run(size, &lower),
            _ => size,
        };
        (Word::Upper, end)
    } else if is_alphabet(first) {
        (Word::Alphabet, run(size, &lower))
    } else if first.is_numeric() {
        (Word::Number, run(size, &char::is_numeric))
    } else {
        let other =
            |c: char| !is_connector(c) && !is_alphabet(c) && !c.is_numeric() && !is_punctuation(c);
        (Word::Other, run(size, &other))
    };
    (kind, &text[..end], &text[end..])
}

/// `ToSnakeCase` and `ToKebabCase`.
fn joined_words(text: &str, connector: char) -> String {
    use Word::{Alphabet, Connector, Nothing, Number, Punctuation};
    if text.is_empty() {
        return String::new();
    }
    let mut out = String::with_capacity(text.len() + 4);
    let (mut kind, mut word, mut rest) = next_word(text);
    while !rest.is_empty() {
        if kind != Connector {
            push_lower(&mut out, kind, word, connector);
        }
        let (before, last) = (kind, word);
        (kind, word, rest) = next_word(rest);
        let ends = |kind: Word| matches!(kind, Connector | Punctuation);
        match before {
            Number => {
                while matches!(kind, Alphabet | Number) {
                    push_lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if kind != Nothing && !ends(kind) {
                    out.push(connector);
                }
            }
            Connector => push_lower(&mut out, before, last, connector),
            Punctuation => {}
            _ if kind != Number => {
                if !ends(kind) {
                    out.push(connector);
                }
            }
            _ if rest.is_empty() => {}
            _ => {
                let number = word;
                (kind, word, rest) = next_word(rest);
                // A number belongs to the word before it, unless small letters follow.
                if kind != Alphabet {
                    push_lower(&mut out, Number, number, connector);
                    if !ends(kind) {
                        out.push(connector);
                    }
                    continue;
                }
                out.push(connector);
                push_lower(&mut out, Number, number, connector);
                while matches!(kind, Alphabet | Number) {
                    push_lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if kind != Nothing && !ends(kind) {
                    out.push(connector);
                }
            }
        }
    }
    push_lower(&mut out, kind, word, connector);
    out
}

fn push_lower(out: &mut String, kind: Word, word: &str, connector: char) {
    if !matches!(kind, Word::Upper | Word::Connector) {
        out.push_str(word);
        return;
    }
    for c in word.chars() {
        out.push(if is_connector(c) { connector } else { lower_char(c) });
    }
}
