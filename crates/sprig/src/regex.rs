//! Regular expressions in Go's syntax.

mod syntax;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex::{NoExpand, Regex};
use windlass_gotemplate::{CallError, Element, List, Type, Value, fmt};

use crate::table::{Table, by_parts, int, string, text};
use crate::text::too_long;

use Type::{Int, String as Str};

/// A regular expression in Go's syntax.
///
/// # Errors
/// In the words of `regexp.Compile`.
pub fn regexp(pattern: &str) -> Result<Regex, String> {
    let translated =
        syntax::translate(pattern).map_err(|e| format!("error parsing regexp: {e}"))?;
    Regex::new(&translated)
        .map_err(|_| format!("error parsing regexp: expression too large: `{pattern}`"))
}

/// Patterns that are kept compiled; a template seldom has more.
const MAX_KEPT: usize = 256;

/// Compiled patterns by their text.
#[derive(Clone, Default)]
struct Patterns(Rc<RefCell<HashMap<Box<str>, Regex>>>);

impl Patterns {
    /// The pattern compiled, or `regexp.Compile`'s words.
    fn compile(&self, pattern: &str) -> Result<Regex, String> {
        if let Some(found) = self.0.borrow().get(pattern) {
            return Ok(found.clone());
        }
        let compiled = regexp(pattern)?;
        let mut kept = self.0.borrow_mut();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(pattern.into(), compiled.clone());
        Ok(compiled)
    }

    /// As the functions that do not begin with `must` fail: `regexp.MustCompile`'s panic.
    fn get(&self, pattern: &Value, must: bool) -> Result<Regex, CallError> {
        let pattern = text(pattern);
        self.compile(&pattern).map_err(|error| {
            if must {
                return error.into();
            }
            let quoted = if pattern.contains(['`', '\u{feff}'])
                || pattern.chars().any(|c| c.is_control() && c != '\t')
            {
                fmt::quote(&pattern)
            } else {
                format!("`{pattern}`")
            };
            format!("regexp: Compile({quoted}): {error}").into()
        })
    }
}

pub(crate) fn add(t: &mut Table) {
    let patterns = Patterns::default();
    let p = patterns.clone();
    t.put(&["regexMatch"], &[Str, Str], move |a| {
        let found = p.compile(&text(&a[0])).is_ok_and(|r| r.is_match(&text(&a[1])));
        Ok(Value::Bool(found))
    });
    let p = patterns.clone();
    t.put(&["mustRegexMatch"], &[Str, Str], move |a| {
        Ok(Value::Bool(p.get(&a[0], true)?.is_match(&text(&a[1]))))
    });
    for (must, prefix) in [(false, "regex"), (true, "mustRegex")] {
        let name = |rest: &str| format!("{prefix}{rest}");
        let p = patterns.clone();
        t.put(&[&name("FindAll")], &[Str, Str, Int], move |a| {
            let (pattern, text) = (p.get(&a[0], must)?, text(&a[1]));
            let limit = usize::try_from(int(&a[2])).unwrap_or(usize::MAX);
            let found: Vec<&str> =
                pattern.find_iter(&text).take(limit).map(|m| m.as_str()).collect();
            Ok(strings_or_nil(&found))
        });
        let p = patterns.clone();
        t.put(&[&name("Find")], &[Str, Str], move |a| {
            let (pattern, text) = (p.get(&a[0], must)?, text(&a[1]));
            string(pattern.find(&text).map_or("", |m| m.as_str()))
        });
        let p = patterns.clone();
        t.put(&[&name("ReplaceAll")], &[Str, Str, Str], move |a| {
            let (pattern, all, new) = (p.get(&a[0], must)?, text(&a[1]), text(&a[2]));
            bounded(&pattern, &all, &new)?;
            string(pattern.replace_all(&all, new.as_ref()).into_owned())
        });
        let p = patterns.clone();
        t.put(&[&name("ReplaceAllLiteral")], &[Str, Str, Str], move |a| {
            let (pattern, all, new) = (p.get(&a[0], must)?, text(&a[1]), text(&a[2]));
            bounded(&pattern, &all, &new)?;
            string(pattern.replace_all(&all, NoExpand(&new)).into_owned())
        });
        let p = patterns.clone();
        t.put(&[&name("Split")], &[Str, Str, Int], move |a| {
            let (source, all) = (text(&a[0]), text(&a[1]));
            let pattern = p.get(&a[0], must)?;
            Ok(strings_or_nil(&split(&pattern, source.is_empty(), &all, int(&a[2]))))
        });
    }
    t.put(&["regexQuoteMeta"], &[Str], |a| {
        Ok(by_parts(&a[0], |text| {
            let mut out = String::new();
            for c in text.chars() {
                if r"\.+*?()|[]{}^$".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
            out
        }))
    });
}

fn strings_or_nil(found: &[&str]) -> Value {
    if found.is_empty() {
        return Value::List(List::nil(Element::String).into());
    }
    Value::strings(found.iter().copied())
}

/// Whether a replacement stays within bounds, roughly: groups may be written several times.
fn bounded(pattern: &Regex, all: &str, new: &str) -> Result<(), CallError> {
    let matches = if new.len() > 64 { pattern.find_iter(all).count() } else { 0 };
    let groups = new.matches('$').count().saturating_mul(all.len());
    let size = matches.saturating_mul(new.len()).saturating_add(groups);
    if size > crate::table::MAX_TEXT { Err(too_long()) } else { Ok(()) }
}

/// `Regexp.Split`.
fn split<'a>(pattern: &Regex, is_empty: bool, text: &'a str, limit: i64) -> Vec<&'a str> {
    let limit = match limit {
        0 => return Vec::new(),
        n => usize::try_from(n).unwrap_or(usize::MAX),
    };
    if !is_empty && text.is_empty() {
        return vec![""];
    }
    let (mut parts, mut begin, mut end) = (Vec::new(), 0, 0);
    for found in pattern.find_iter(text).take(limit) {
        if parts.len() + 1 == limit {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(&text[begin..end]);
        }
        begin = found.end();
    }
    if end != text.len() {
        parts.push(&text[begin..]);
    }
    parts
}
