//! What Helm does not say of a failure: the value that is missing, or of another kind than is wanted,
//! and where it could be set; names that were meant; blocks that were not ended.

use windlass_gotemplate::{ParseError, Value};

use super::text::{self, Part, Place, Scope};
use super::{Frame, Missing, Source, Trace};

/// Names that are told as being there, at most.
const NAMES: usize = 8;

/// What a path comes to.
enum Found {
    /// Nothing, or an empty text, at this path.
    Absent(String),
    /// A value that is no table stands in the way: its path, and what it is.
    Other(String, &'static str),
    /// It has a value, of this kind.
    There(String, &'static str),
    /// Lists on the way have no item.
    Nowhere,
}

/// Adds to a trace what is known beyond it.
pub(super) fn add(trace: &mut Trace, source: &Source<'_>) {
    let (Some(own), Some(innermost)) = (trace.frames.first(), trace.frames.last()) else { return };
    // Helpers see the values of the chart whose template includes them.
    let chart = source.chart_of(&own.file);
    let text = (source.text)(&innermost.file).unwrap_or_default();
    let action = text::action_at(text, innermost.line, innermost.column);
    let scope = text::scope_at(text, action.as_ref().map_or(0, |action| action.start));
    let whole = action.map(|action| text::inner(&text[action])).unwrap_or_default();
    let mut notes = Vec::new();
    if let Some((chart, prefix)) = chart {
        let look = Look { scope: &scope, values: source.values, prefix, chart };
        trace.missing = look.missing(&trace.cause, innermost, whole, &mut notes);
        if innermost.expression.starts_with("fail ") {
            let condition = scope.open.iter().rev().find(|block| block.word == "if");
            if let Some(block) = condition {
                let (line, _) = text::position(text, block.at);
                let (file, rest) = (&innermost.file, block.rest);
                notes.push(format!("because of {{{{ if {rest} }}}} at {file}:{line}"));
                trace.missing = look.absent(block.rest);
            }
        }
    }
    notes.extend(absent_template(&trace.cause, source));
    trace.notes = notes;
}

struct Look<'a> {
    scope: &'a Scope<'a>,
    values: &'a Value,
    /// Where the chart's values are in the top chart's.
    prefix: &'a str,
    /// The chart's path.
    chart: &'a str,
}

impl Look<'_> {
    fn missing(
        &self,
        cause: &str,
        innermost: &Frame,
        whole: &str,
        notes: &mut Vec<String>,
    ) -> Option<Missing> {
        let expression = &innermost.expression;
        let is_required = expression.starts_with("required ");
        let of_nothing =
            ["got interface {}", "nil pointer", "untyped nil", "<nil>", "invalid value;"];
        let wants = is_required || of_nothing.iter().any(|words| cause.contains(words));
        for path in text::paths(expression) {
            if let Some(note) = self.astray(path) {
                notes.push(note);
                return None;
            }
        }
        let own = text::paths(expression);
        let piped = text::paths(whole);
        // What stands before a function in a pipe is its last argument.
        for path in piped.iter().filter(|_| cause.starts_with("wrong type") && own.is_empty()) {
            if let Some(Found::There(path, kind)) = self.find(path)
                && kind_of_type(cause.rsplit("got ").next().unwrap_or_default()) == kind
            {
                notes.extend(misfit(cause, &path, kind));
                return None;
            }
        }
        for path in own.into_iter().chain(piped.into_iter().filter(|_| wants)) {
            match self.find(path) {
                Some(Found::Absent(path)) => return Some(self.at(path)),
                Some(Found::Other(path, kind)) if cause.contains("can't evaluate field") => {
                    notes.push(format!("{path} is {kind} here, not a table: it has no such field"));
                    return None;
                }
                Some(Found::There(path, kind)) => notes.extend(misfit(cause, &path, kind)),
                _ => {}
            }
        }
        None
    }

    /// The first path of an expression that has no value.
    fn absent(&self, expression: &str) -> Option<Missing> {
        text::paths(expression).into_iter().find_map(|path| match self.find(path)? {
            Found::Absent(path) => Some(self.at(path)),
            _ => None,
        })
    }

    fn at(&self, path: String) -> Missing {
        Missing { path, files: vec![format!("{}/values.yaml", self.chart)] }
    }

    /// `.Values` where the dot is something else.
    fn astray(&self, path: &str) -> Option<String> {
        let tops = [".Values.", ".Release.", ".Chart.", ".Capabilities.", ".Files.", ".Template."];
        let top = tops.iter().find(|top| path.starts_with(**top))?;
        let block = self.scope.dot_is_of()?;
        if self.scope.dot == Place::Root {
            return None;
        }
        let (word, rest, top) = (block.word, block.rest, top.trim_end_matches('.'));
        Some(format!(
            "inside {{{{ {word} {rest} }}}} the dot is what that gives: write ${top} for the top"
        ))
    }

    fn find(&self, path: &str) -> Option<Found> {
        let Place::Values(parts) = self.scope.place(path) else { return None };
        if parts.is_empty() {
            return None;
        }
        let mut all: Vec<Part> = self
            .prefix
            .split('.')
            .filter(|name| !name.is_empty())
            .map(|name| Part::Key(name.to_owned()))
            .collect();
        all.extend(parts);
        Some(find(self.values, &all, ""))
    }
}

fn find(value: &Value, parts: &[Part], at: &str) -> Found {
    let Some((part, rest)) = parts.split_first() else {
        return match value {
            value if value.is_nil() || value.as_str() == Some("") => Found::Absent(at.to_owned()),
            value => Found::There(at.to_owned(), kind(value)),
        };
    };
    if value.is_nil() || (value.as_str() == Some("") && !at.is_empty()) {
        return Found::Absent(format!("{at}{}", shown(parts, at.is_empty())));
    }
    match part {
        Part::Key(key) => {
            let Value::Map(map) = value else { return Found::Other(at.to_owned(), kind(value)) };
            let below = format!("{at}{}", shown(&parts[..1], at.is_empty()));
            match map.get(key) {
                Some(value) if !value.is_nil() => find(&value, rest, &below),
                _ => Found::Absent(format!("{at}{}", shown(parts, at.is_empty()))),
            }
        }
        Part::Item => {
            let items: Vec<(String, Value)> = match value {
                Value::List(list) => {
                    let items = list.items.iter().enumerate();
                    items.map(|(i, item)| (format!("{at}[{i}]"), item.clone())).collect()
                }
                Value::Map(map) => {
                    let entries = map.entries();
                    let items = entries.iter();
                    items.map(|(key, item)| (format!("{at}.{key}"), item.clone())).collect()
                }
                _ => Vec::new(),
            };
            let mut last = Found::Nowhere;
            for (at, item) in items {
                match find(&item, rest, &at) {
                    found @ (Found::Absent(_) | Found::Other(..)) => return found,
                    found => last = found,
                }
            }
            last
        }
    }
}

fn shown(parts: &[Part], first: bool) -> String {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Key(key) if first && out.is_empty() => out.push_str(key),
            Part::Key(key) => {
                out.push('.');
                out.push_str(key);
            }
            Part::Item => out.push_str("[0]"),
        }
    }
    out
}

fn kind(value: &Value) -> &'static str {
    match value.kind_name() {
        "map" => "a table",
        "slice" => "a list",
        "string" => "a text",
        "bool" => "true or false",
        "float64" | "int" | "int64" => "a number",
        _ => "something else",
    }
}

/// The same of a type's name in Go.
fn kind_of_type(name: &str) -> &'static str {
    match name {
        "map[string]interface {}" => "a table",
        "[]interface {}" => "a list",
        "string" => "a text",
        "bool" => "true or false",
        "float64" | "int" | "int64" => "a number",
        _ => "something else",
    }
}

/// What to do about a value of another kind than the function takes.
fn misfit(cause: &str, path: &str, kind: &str) -> Option<String> {
    if cause.contains("incompatible types for comparison") && kind == "a number" {
        return Some(format!(
            "{path} is a number, and numbers of values are float64: compare (int .Values.{path}), or \
             write the constant with a point, as 80.0"
        ));
    }
    let wanted = cause.strip_prefix("wrong type for value; expected ")?.split(';').next()?;
    let help = match (wanted, kind) {
        ("string", "a number" | "true or false") => {
            format!(": quote it, set it with --set-string {path}=…, or use toString on it")
        }
        ("string", _) => ", and a text is wanted".to_owned(),
        ("map[string]interface {}", _) => ", and a table is wanted".to_owned(),
        ("[]interface {}", _) => ", and a list is wanted".to_owned(),
        ("int" | "int64", _) => ", and a whole number is wanted: use int on it".to_owned(),
        ("bool", _) => ", and true or false is wanted".to_owned(),
        _ => return None,
    };
    Some(format!("{path} is {kind}{help}"))
}

/// What is there in the place of a template that is not.
fn absent_template(cause: &str, source: &Source<'_>) -> Option<String> {
    let name = cause
        .split_once("no template \"")
        .and_then(|(_, rest)| rest.split_once("\" associated with"))
        .or_else(|| cause.strip_prefix("template \"")?.split_once("\" not defined"))?
        .0;
    let all = (source.definitions)();
    if let Some((nearest, file)) = nearest(name, all.iter().map(|(n, f)| (&**n, f))) {
        return Some(format!("did you mean {nearest:?}, of {file}?"));
    }
    let family = name.split_once('.').map(|(family, _)| family);
    let related: Vec<&str> = all
        .iter()
        .map(|(name, _)| &**name)
        .filter(|other| other.split_once('.').map(|(family, _)| family) == family)
        .take(NAMES)
        .collect();
    match (family, &*related) {
        (Some(family), []) => {
            Some(format!("nothing here defines {family}.…: is a library chart missing in charts/?"))
        }
        (_, []) => None,
        _ => Some(format!("defined are {}", related.join(", "))),
    }
}

/// The name that is most like another, if one is.
fn nearest<'n, T>(name: &str, all: impl Iterator<Item = (&'n str, T)>) -> Option<(&'n str, T)> {
    let bound = (name.len() / 3).clamp(1, 3);
    all.map(|(other, more)| (distance(name, other), other, more))
        .filter(|(distance, ..)| *distance <= bound)
        .min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)))
        .map(|(_, other, more)| (other, more))
}

/// How many letters must be put in, taken away or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// What is known of a template that cannot be parsed: the line, the place in it, and what was meant.
pub(super) fn of_parse_error<'f>(
    error: &ParseError,
    text: &str,
    functions: impl Iterator<Item = &'f str>,
) -> (Frame, Vec<String>) {
    let begin = text::offset(text, error.line).unwrap_or(0);
    let line = text[begin..].lines().next().unwrap_or_default();
    let message = &error.message;
    let quoted = message.split('"').nth(1).unwrap_or_default();
    let mut column = line.find("{{").unwrap_or(0);
    let mut notes = Vec::new();
    if message.starts_with("function ") {
        column = word_at(line, quoted).unwrap_or(column);
        let tops = ["Values", "Release", "Chart", "Files", "Capabilities", "Template"];
        if tops.contains(&quoted) {
            notes.push(format!("write .{quoted}: what templates are given begins with a dot"));
        } else if let Some((nearest, ())) = nearest(quoted, functions.map(|name| (name, ()))) {
            notes.push(format!("did you mean {nearest}?"));
        }
    } else if message.starts_with("undefined variable") {
        column = word_at(line, quoted).unwrap_or(column);
        let scope = text::scope_at(text, begin + column);
        let block = scope.open.last().map(|block| format!(" of {{{{ {} }}}}", block.word));
        let block = block.unwrap_or_default();
        notes.push(format!(
            "a variable is known from its := to the end of the block that it stands in{block}"
        ));
    } else if message == "unexpected EOF" {
        let scope = text::scope_at(text, text.len());
        if let Some(block) = scope.open.last() {
            let (at, _) = text::position(text, block.at);
            let file = &error.name;
            let (word, rest) = (block.word, block.rest);
            notes.push(format!("{{{{ {word} {rest} }}}} at {file}:{at} is never ended"));
        }
    } else if let Some(bad) = message.strip_prefix("bad character U+") {
        let letter = u32::from_str_radix(bad.split(' ').next().unwrap_or_default(), 16);
        match letter.ok().and_then(char::from_u32) {
            Some('-') => notes.push(
                "a key with a - in it is read by index, as {{ index .Values \"my-key\" }}"
                    .to_owned(),
            ),
            Some('[') => notes.push(
                "an item of a list is read by index, as {{ index .Values.list 0 }}".to_owned(),
            ),
            _ => {}
        }
    } else if message.starts_with('\'') {
        column = line.find(&**message).unwrap_or(column);
        notes.push("texts stand in double quotes".to_owned());
    } else if message.starts_with("unexpected {{end}}") {
        notes.push("all blocks before it are ended".to_owned());
    }
    // A line that is read as part of an action that began before it.
    let before = &text[..begin + column.min(line.len())];
    if let Some(at) = before.rfind("{{").filter(|at| *at < begin && !before[*at..].contains("}}")) {
        let (opened, _) = text::position(text, at);
        notes.push(format!(
            "the action of {}:{opened} goes on here: is its }}}} missing?",
            error.name
        ));
    }
    let frame = Frame {
        file: error.name.to_string(),
        line: error.line,
        column: column + 1,
        template: error.name.to_string(),
        expression: line.trim().to_owned(),
        action: Some(line.trim().to_owned()),
    };
    (frame, notes)
}

/// Where a word stands in a line by itself.
fn word_at(line: &str, word: &str) -> Option<usize> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let mut found = line.match_indices(word).map(|(at, _)| at);
    found.find(|at| {
        let before = line[..*at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(|c| is_word(c) && c != '.')
    })
}
