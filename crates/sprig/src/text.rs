//! Strings: trimming, case by letter, cutting, joining. Cutting counts bytes, as Go's does.

use windlass_gotemplate::{CallError, Element, List, Map, Type, Value, fmt};

use crate::table::{
    Answer, MAX_TEXT, Table, bytes, count, int, printed, shown_bytes, string, text,
};

use Type::{Any, Int, String as Str};

pub(crate) fn add(t: &mut Table) {
    t.put(&["hello"], &[], |_| string("Hello!"));
    t.put(&["trim"], &[Str], |a| Ok(trimmed(&a[0])));
    t.put(&["upper"], &[Str], |a| string(upper(&text(&a[0]))));
    t.put(&["lower"], &[Str], |a| string(lower(&text(&a[0]))));
    t.put(&["title"], &[Str], |a| string(title(&text(&a[0]))));
    t.put(&["substr"], &[Int, Int, Str], |a| substring(int(&a[0]), int(&a[1]), bytes(&a[2])));
    t.put(&["trunc"], &[Int, Str], |a| Ok(truncated(int(&a[0]), &a[1])));
    t.put(&["repeat"], &[Int, Str], |a| string(repeat(&text(&a[1]), int(&a[0]))?));
    t.put(&["trimAll", "trimall"], &[Str, Str], |a| {
        let cut = text(&a[0]);
        string(text(&a[1]).trim_matches(|c| cut.contains(c)))
    });
    t.put(&["trimSuffix"], &[Str, Str], |a| {
        let (all, cut) = (bytes(&a[1]), bytes(&a[0]));
        Ok(all.strip_suffix(cut).map_or_else(|| a[1].clone(), |r| Value::text(r.to_vec())))
    });
    t.put(&["trimPrefix"], &[Str, Str], |a| {
        let (all, cut) = (bytes(&a[1]), bytes(&a[0]));
        Ok(all.strip_prefix(cut).map_or_else(|| a[1].clone(), |r| Value::text(r.to_vec())))
    });
    t.put(&["contains"], &[Str, Str], |a| {
        Ok(Value::Bool(text(&a[1]).contains(text(&a[0]).as_ref())))
    });
    t.put(&["hasPrefix"], &[Str, Str], |a| Ok(Value::Bool(bytes(&a[1]).starts_with(bytes(&a[0])))));
    t.put(&["hasSuffix"], &[Str, Str], |a| Ok(Value::Bool(bytes(&a[1]).ends_with(bytes(&a[0])))));
    t.put(&["replace"], &[Str, Str, Str], |a| {
        let (old, new, all) = (text(&a[0]), text(&a[1]), text(&a[2]));
        if !all.contains(old.as_ref()) {
            return Ok(a[2].clone());
        }
        let times = if old.is_empty() { all.len() } else { all.matches(old.as_ref()).count() };
        if times.saturating_mul(new.len()) > MAX_TEXT {
            return Err(too_long());
        }
        string(all.replace(old.as_ref(), &new))
    });
    t.put(&["indent"], &[Int, Str], |a| indented(int(&a[0]), &a[1], ""));
    t.put(&["nindent"], &[Int, Str], |a| indented(int(&a[0]), &a[1], "\n"));
    t.put(&["plural"], &[Str, Str, Int], |a| {
        Ok(if int(&a[2]) == 1 { a[0].clone() } else { a[1].clone() })
    });
    t.variadic(&["quote"], &[Any], |a| {
        Ok(join_set(a, |v| fmt::quote_bytes(&shown_bytes(v)).into_bytes()))
    });
    t.variadic(&["squote"], &[Any], |a| {
        Ok(join_set(a, |v| [b"'", &printed(v)[..], b"'"].concat()))
    });
    t.variadic(&["cat"], &[Any], |a| Ok(join_set(a, printed)));
    t.put(&["toString"], &[Any], |a| Ok(to_string(&a[0])));
    t.put(&["toStrings"], &[Any], |a| Ok(list(strings_of(&a[0]))));
    t.put(&["join"], &[Str, Any], |a| {
        let parts = strings_of(&a[1]);
        let parts: Vec<&[u8]> = parts.iter().filter_map(Value::string_bytes).collect();
        Ok(Value::text(parts.join(bytes(&a[0]))))
    });
    t.put(&["splitList"], &[Str, Str], |a| Ok(Value::strings(split(&text(&a[1]), &text(&a[0])))));
    t.put(&["split"], &[Str, Str], |a| Ok(numbered(split(&text(&a[1]), &text(&a[0])))));
    t.put(&["splitn"], &[Str, Int, Str], |a| {
        Ok(numbered(split_n(&text(&a[2]), &text(&a[0]), int(&a[1]))))
    });
}

pub(crate) fn too_long() -> CallError {
    format!("the text would be longer than {MAX_TEXT} bytes").into()
}

/// A letter's one-letter upper case; Go maps letter by letter.
pub(crate) fn upper_char(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// A letter's one-letter lower case.
pub(crate) fn lower_char(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn upper(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    text.chars().map(upper_char).collect()
}

fn lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(lower_char).collect()
}

/// `strings.Title`: a letter behind a separator goes to upper case, the rest stays.
fn title(text: &str) -> String {
    let mut before = ' ';
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let separated = if before.is_ascii() {
            !before.is_ascii_alphanumeric() && before != '_'
        } else {
            !before.is_alphabetic() && !before.is_numeric() && before.is_whitespace()
        };
        out.push(if separated { upper_char(c) } else { c });
        before = c;
    }
    out
}

fn out_of_range(range: &str) -> CallError {
    format!("runtime error: slice bounds out of range {range}").into()
}

/// Negative `start`: all before `end`; `end` negative or too large: all from `start`.
fn substring(start: i64, end: i64, text: &[u8]) -> Answer {
    let length = count(text.len());
    let cut = |from: i64, to: i64| {
        let at = |n: i64| usize::try_from(n).unwrap_or_default();
        Ok(Value::text(text[at(from)..at(to)].to_vec()))
    };
    if start < 0 {
        return match end {
            ..0 => Err(out_of_range(&format!("[:{end}]"))),
            _ if end > length => Err(out_of_range(&format!("[:{end}] with length {length}"))),
            _ => cut(0, end),
        };
    }
    let end = if end < 0 || end > length { length } else { end };
    if start > end {
        return Err(out_of_range(&format!("[{start}:{end}]")));
    }
    cut(start, end)
}

/// Without blanks at both ends.
fn trimmed(value: &Value) -> Value {
    if let Value::String(text) = value {
        return Value::string(text.trim());
    }
    let all = bytes(value);
    let first = all.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let last = all.utf8_chunks().last().filter(|chunk| chunk.invalid().is_empty());
    let last = last.map_or("", |chunk| chunk.valid());
    let from = first.len() - first.trim_start().len();
    let to = all.len() - (last.len() - last.trim_end().len());
    Value::text(all[from..to].to_vec())
}

fn truncated(width: i64, value: &Value) -> Value {
    let text = bytes(value);
    let length = count(text.len());
    let at = |n: i64| usize::try_from(n).unwrap_or_default();
    if width < 0 && length + width > 0 {
        Value::text(text[at(length + width)..].to_vec())
    } else if width >= 0 && length > width {
        Value::text(text[..at(width)].to_vec())
    } else {
        value.clone()
    }
}

fn repeat(text: &str, times: i64) -> Result<String, CallError> {
    let Ok(times) = usize::try_from(times) else {
        return Err("strings: negative Repeat count".into());
    };
    if text.len().saturating_mul(times) > MAX_TEXT {
        return Err(too_long());
    }
    Ok(text.repeat(times))
}

fn indented(width: i64, value: &Value, lead: &str) -> Answer {
    let pad = repeat(" ", width)?;
    let Value::String(text) = value else {
        // Bytes that are no UTF-8: rare enough to be copied once more.
        let lines: Vec<Vec<u8>> =
            bytes(value).split(|b| *b == b'\n').map(|l| [pad.as_bytes(), l].concat()).collect();
        return Ok(Value::text([lead.as_bytes(), &lines.join(&b'\n')].concat()));
    };
    let lines = 1 + text.matches('\n').count();
    if pad.len().saturating_mul(lines) > MAX_TEXT {
        return Err(too_long());
    }
    let mut out = String::with_capacity(lead.len() + text.len() + pad.len() * lines);
    out.push_str(lead);
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            out.push('\n');
        }
        out.push_str(&pad);
        out.push_str(line);
    }
    string(out)
}

/// What is not nil, each as `show` writes it, with blanks between.
fn join_set(args: &[Value], show: impl Fn(&Value) -> Vec<u8>) -> Value {
    let set = args.iter().filter(|v| !matches!(v, Value::Nil | Value::NilInterface));
    Value::text(set.map(show).collect::<Vec<_>>().join(&b' '))
}

fn to_string(value: &Value) -> Value {
    match value {
        Value::String(_) | Value::Binary(_) => value.clone(),
        Value::Bytes(b) => Value::text(b.to_vec()),
        other => Value::text(printed(other)),
    }
}

fn list(items: Vec<Value>) -> Value {
    Value::List(List::new(Element::String, items).into())
}

/// The elements of a list as strings, without nils; of anything else, its own text.
pub(crate) fn strings_of(value: &Value) -> Vec<Value> {
    let one = |v: &Value| match v {
        Value::String(_) | Value::Binary(_) => v.clone(),
        other => Value::text(shown_bytes(other).into_owned()),
    };
    match &value.underlying() {
        Value::List(l) => l
            .items
            .iter()
            .filter(|v| !matches!(v, Value::Nil | Value::NilInterface))
            .map(one)
            .collect(),
        Value::Bytes(b) => b.iter().map(|b| Value::string(b.to_string())).collect(),
        Value::Nil | Value::NilInterface => Vec::new(),
        _ => vec![one(value)],
    }
}

/// `strings.Split`: an empty separator splits letters.
pub(crate) fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    if separator.is_empty() {
        return text.split("").filter(|s| !s.is_empty()).collect();
    }
    text.split(separator).collect()
}

fn split_n<'a>(text: &'a str, separator: &str, limit: i64) -> Vec<&'a str> {
    match usize::try_from(limit) {
        Err(_) => split(text, separator),
        Ok(0) => Vec::new(),
        Ok(n) if separator.is_empty() => {
            let at = text.char_indices().map(|(i, _)| i).nth(n - 1).unwrap_or(text.len());
            let mut parts = split(&text[..at], "");
            if at < text.len() {
                parts.push(&text[at..]);
            }
            parts
        }
        Ok(n) => text.splitn(n, separator).collect(),
    }
}

fn numbered(parts: Vec<&str>) -> Value {
    let entry = |(i, part): (usize, &str)| (format!("_{i}").into(), Value::string(part));
    let entries = parts.into_iter().enumerate().map(entry).collect();
    Value::Map(Map::new(Element::String, entries).into())
}
