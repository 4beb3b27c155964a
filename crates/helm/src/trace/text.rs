//! A template's own text: the action that stands at a place, the blocks that are open there, and
//! what the dot and the variables are in them, as far as the text alone says.

use std::collections::BTreeMap;
use std::ops::Range;

/// Where in the values something is: keys, and whatever item of a list or table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Key(String),
    Item,
}

/// What the dot or a variable is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The root of what a template is given.
    Root,
    /// Something in the chart's values.
    Values(Vec<Part>),
    /// Something that the text does not tell.
    Unknown,
}

/// A block that is open at a place.
#[derive(Clone, Debug)]
pub(super) struct Block<'t> {
    /// `if`, `with`, `range`, `define`, `block`.
    pub(super) word: &'t str,
    /// What stands behind the word.
    pub(super) rest: &'t str,
    /// Where its action begins, in bytes.
    pub(super) at: usize,
    outer: Place,
    dot: Place,
    variables: BTreeMap<String, Place>,
}

/// What holds at a place of a text.
#[derive(Clone, Debug)]
pub(super) struct Scope<'t> {
    pub(super) dot: Place,
    variables: BTreeMap<String, Place>,
    /// The outermost first.
    pub(super) open: Vec<Block<'t>>,
}

/// The actions of a text, without comments: where each is, its braces included.
pub(super) fn actions(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = text[at..].find("{{").map(|i| at + i) {
        let inside = text[begin + 2..].trim_start_matches('-').trim_start();
        if inside.starts_with("/*") {
            let Some(end) = text[begin..].find("*/") else { break };
            at = begin + end + 2;
            continue;
        }
        let Some(end) = close(&text[begin..]) else { break };
        found.push(begin..begin + end);
        at = begin + end;
    }
    found
}

/// Where an action ends: behind the first `}}` that is in no string.
fn close(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if c == '"' || c == '`' => quote = Some(c),
            None if text[at..].starts_with("}}") => return Some(at + 2),
            None => {}
        }
    }
    None
}

/// What an action says, without its braces.
pub(super) fn inner(action: &str) -> &str {
    let text = action.strip_prefix("{{").unwrap_or(action);
    let text = text.strip_suffix("}}").unwrap_or(text);
    let text = text.strip_prefix('-').unwrap_or(text).trim_start();
    let trimmed = text.trim_end();
    match trimmed.strip_suffix('-') {
        Some(rest) if rest.ends_with(char::is_whitespace) => rest.trim_end(),
        _ => trimmed,
    }
}

/// The action that a place, a line and a column from 1, lies in.
pub(super) fn action_at(text: &str, line: usize, column: usize) -> Option<Range<usize>> {
    let at = offset(text, line)? + column.checked_sub(1)?;
    actions(text).into_iter().find(|action| action.contains(&at))
}

/// Where a line begins, in bytes.
pub(super) fn offset(text: &str, line: usize) -> Option<usize> {
    let mut begin = 0;
    for _ in 1..line {
        begin += text[begin..].find('\n')? + 1;
    }
    Some(begin)
}

/// Line and column of a byte, from 1.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let column = before.rfind('\n').map_or(at, |newline| at - newline - 1);
    (1 + before.matches('\n').count(), column + 1)
}

/// What holds before the action that begins at a byte.
pub(super) fn scope_at(text: &str, end: usize) -> Scope<'_> {
    let mut scope = Scope { dot: Place::Root, variables: BTreeMap::new(), open: Vec::new() };
    for action in actions(text).into_iter().take_while(|action| action.start < end) {
        let begin = action.start;
        scope.pass(inner(&text[action]), begin);
    }
    scope
}

impl<'t> Scope<'t> {
    fn pass(&mut self, inner: &'t str, at: usize) {
        let (word, rest) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let rest = rest.trim();
        match word {
            "if" | "with" | "range" | "define" | "block" => {
                let block = Block {
                    word,
                    rest,
                    at,
                    outer: self.dot.clone(),
                    dot: self.dot.clone(),
                    variables: self.variables.clone(),
                };
                self.open.push(block);
                self.enter(word, rest);
            }
            "else" => {
                let Some(block) = self.open.last() else { return };
                (self.dot, self.variables) = (block.outer.clone(), block.variables.clone());
                if let Some((word @ ("if" | "with"), rest)) = rest.split_once(char::is_whitespace) {
                    self.enter(word, rest.trim());
                }
            }
            "end" => {
                if let Some(block) = self.open.pop() {
                    (self.dot, self.variables) = (block.dot, block.variables);
                }
            }
            _ => {
                self.declare(inner);
            }
        }
    }

    fn enter(&mut self, word: &str, rest: &str) {
        match word {
            "define" | "block" => {
                // Helpers are mostly given the root.
                self.dot = Place::Root;
                self.variables.clear();
            }
            "with" => {
                let value = self.declare(rest);
                self.dot = value;
            }
            "range" => {
                let (names, over) = declared(rest);
                let item = match self.place(over) {
                    Place::Values(mut path) => {
                        path.push(Part::Item);
                        Place::Values(path)
                    }
                    _ => Place::Unknown,
                };
                let (last, keys) = match names.split_last() {
                    Some((last, keys)) => (Some(last), keys),
                    None => (None, &[][..]),
                };
                for key in keys {
                    self.variables.insert((*key).to_owned(), Place::Unknown);
                }
                if let Some(name) = last {
                    self.variables.insert((*name).to_owned(), item.clone());
                }
                self.dot = item;
            }
            _ => {
                self.declare(rest);
            }
        }
    }

    /// Takes in what an action declares; what it gives.
    fn declare(&mut self, inner: &str) -> Place {
        let (names, value) = declared(inner);
        let place = self.place(value);
        for name in names {
            self.variables.insert(name.to_owned(), place.clone());
        }
        place
    }

    /// What an expression is, if it is nothing but a path.
    pub(super) fn place(&self, expression: &str) -> Place {
        let expression = expression.trim();
        let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
        if expression.is_empty() || !expression.chars().all(is_path) {
            return Place::Unknown;
        }
        let (head, names) = match expression.split_once('.') {
            Some((head, names)) => (head, names),
            None => (expression, ""),
        };
        let base = match head {
            "" => self.dot.clone(),
            "$" => Place::Root,
            name => self.variables.get(name).cloned().unwrap_or(Place::Unknown),
        };
        let mut names = names.split('.').filter(|name| !name.is_empty());
        let mut path = match base {
            Place::Root => match names.next() {
                Some("Values") => Vec::new(),
                None => return base,
                Some(_) => return Place::Unknown,
            },
            Place::Values(path) => path,
            Place::Unknown => return Place::Unknown,
        };
        path.extend(names.map(|name| Part::Key(name.to_owned())));
        Place::Values(path)
    }

    /// The block that made the dot what it is.
    pub(super) fn dot_is_of(&self) -> Option<&Block<'t>> {
        self.open.iter().rev().find(|block| matches!(block.word, "with" | "range"))
    }
}

/// The variables that an action declares or sets, and what it gives them.
fn declared(inner: &str) -> (Vec<&str>, &str) {
    let sign = inner.find(":=").map(|at| (at, 2));
    let sign = sign.or_else(|| inner.find(" = ").map(|at| (at, 3)));
    let Some((at, width)) = sign else { return (Vec::new(), inner) };
    let names: Vec<&str> = inner[..at].split(',').map(str::trim).collect();
    if names.iter().all(|name| name.starts_with('$') && !name.contains(char::is_whitespace)) {
        return (names, &inner[at + width..]);
    }
    (Vec::new(), inner)
}

/// The paths in an expression, such as `.Values.a` and `$x.b`: not those in strings.
pub(super) fn paths(expression: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let mut rest = expression;
    let mut quote = None;
    while let Some(c) = rest.chars().next() {
        let width = c.len_utf8();
        if let Some(q) = quote {
            if c == '\\' && q == '"' {
                rest = rest
                    .get(1 + rest[1..].chars().next().map_or(0, char::len_utf8)..)
                    .unwrap_or("");
                continue;
            }
            if c == q {
                quote = None;
            }
            rest = &rest[width..];
        } else if matches!(c, '"' | '`') {
            quote = Some(c);
            rest = &rest[width..];
        } else if is_path(c) {
            let end = rest.find(|c| !is_path(c)).unwrap_or(rest.len());
            let word = &rest[..end];
            if word.starts_with(['.', '$']) && word.len() > 1 {
                found.push(word);
            }
            rest = &rest[end..];
        } else {
            rest = &rest[width..];
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_end_outside_of_strings() {
        let text = "a {{/* {{ no }} */}} {{ tpl \"{{ .x }}\" . }} {{- `}}` -}} {{ open";
        let found: Vec<&str> = actions(text).into_iter().map(|at| &text[at]).collect();
        assert_eq!(found, ["{{ tpl \"{{ .x }}\" . }}", "{{- `}}` -}}"]);
        assert_eq!(inner("{{- .x -}}"), ".x");
    }

    #[test]
    fn paths_are_told_from_strings() {
        assert_eq!(paths("printf \"%s .no\" .Values.a ($x.b | len) . 1.5"), [".Values.a", "$x.b"]);
    }

    #[test]
    fn what_the_dot_is() {
        let check = |text: &str, path: &str, want: Place| {
            assert_eq!(scope_at(text, text.len()).place(path), want, "{text} {path}");
        };
        let values = |parts: &[&str]| {
            Place::Values(
                parts
                    .iter()
                    .map(|part| match *part {
                        "[]" => Part::Item,
                        key => Part::Key(key.to_owned()),
                    })
                    .collect(),
            )
        };
        check("", ".Values.a.b", values(&["a", "b"]));
        check("", ".Release.Name", Place::Unknown);
        check("{{ with .Values.a }}", ".b", values(&["a", "b"]));
        check("{{ with .Values.a }}", "$.Values.b", values(&["b"]));
        check("{{ with .Values.a }}{{ end }}", ".Values.b", values(&["b"]));
        check("{{ with .Values.a }}{{ else }}", ".Values.b", values(&["b"]));
        check("{{ range $i, $x := .Values.l }}", "$x.n", values(&["l", "[]", "n"]));
        check("{{ range .Values.l }}{{ if .a }}", ".n", values(&["l", "[]", "n"]));
        check("{{ range $i, $x := .Values.l }}", "$i.n", Place::Unknown);
        check("{{- $v := .Values.a -}}", "$v.n", values(&["a", "n"]));
        check("{{ define \"x\" }}", ".Values.n", values(&["n"]));
        check("{{ define \"x\" }}", ".n", Place::Unknown);
        check("{{ with dict \"a\" 1 }}", ".n", Place::Unknown);
    }
}
