//! JSONPath in kubectl's dialect, for columns and selectors of custom resources, and templates of it.
//!
//! The parts are field names (`.a`, `['a']`), all of something (`.*`, `[*]`), indices and slices (`[0]`, `[-1]`,
//! `[1:3:2]`), unions of indices, descent (`..a`) and filters (`[?(@.type=="Ready")]`). A missing key finds nothing.

mod template;

use serde_json::Value;

pub use template::{Template, TemplateError};

/// Longest path that is read.
const LIMIT: usize = 4096;

/// A path that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath(Vec<Step>);

/// A path that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("JSONPath {path:?}: {what} at byte {at}")]
pub struct JsonPathError {
    path: String,
    at: usize,
    what: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    All,
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Union(Vec<i64>),
    Descend,
    Filter(Operand, Option<(Comparison, Operand)>),
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Path(Vec<Step>),
    Literal(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl JsonPath {
    /// Reads a path without braces, such as `.status.conditions[?(@.type=="Ready")].status`.
    ///
    /// # Errors
    /// When it is no path, with the byte where it ends to be one.
    pub fn parse(path: &str) -> Result<Self, JsonPathError> {
        let mut parser = Parser { text: path, at: 0 };
        if path.len() > LIMIT {
            return Err(parser.error("path is too long"));
        }
        let steps = parser.steps(false)?;
        if parser.at < path.len() {
            return Err(parser.error("unexpected character"));
        }
        Ok(Self(steps))
    }

    /// Everything the path leads to, in order.
    pub fn find<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        walk(&self.0, value)
    }
}

/// A found value as kubectl prints it: strings bare, everything else as JSON.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

fn walk<'v>(steps: &[Step], value: &'v Value) -> Vec<&'v Value> {
    let mut found = vec![value];
    for step in steps {
        let mut next = Vec::new();
        for value in found {
            take(step, value, &mut next);
        }
        found = next;
    }
    found
}

fn take<'v>(step: &Step, value: &'v Value, out: &mut Vec<&'v Value>) {
    match step {
        Step::Field(name) => out.extend(value.get(name)),
        Step::All => match value {
            Value::Array(items) => out.extend(items),
            Value::Object(map) => out.extend(map.values()),
            _ => {}
        },
        Step::Slice { start, end, step } => {
            let Some(items) = value.as_array() else { return };
            let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
            let from_end = |at: i64| if at < 0 { at + length } else { at };
            let start = from_end(start.unwrap_or(0)).max(0);
            let end = from_end(end.unwrap_or(length)).min(length);
            let mut at = start;
            while at < end {
                out.extend(usize::try_from(at).ok().and_then(|at| items.get(at)));
                at += (*step).max(1);
            }
        }
        Step::Union(indices) => {
            let Some(items) = value.as_array() else { return };
            for index in indices {
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let at = if *index < 0 { index + length } else { *index };
                out.extend(usize::try_from(at).ok().and_then(|at| items.get(at)));
            }
        }
        Step::Descend => descend(value, out),
        Step::Filter(left, right) => {
            let items: Vec<&Value> = match value {
                Value::Array(items) => items.iter().collect(),
                Value::Object(map) => map.values().collect(),
                _ => return,
            };
            out.extend(items.into_iter().filter(|item| holds(left, right.as_ref(), item)));
        }
    }
}

fn descend<'v>(value: &'v Value, out: &mut Vec<&'v Value>) {
    out.push(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| descend(item, out)),
        Value::Object(map) => map.values().for_each(|item| descend(item, out)),
        _ => {}
    }
}

fn holds(left: &Operand, right: Option<&(Comparison, Operand)>, item: &Value) -> bool {
    let value = |operand: &Operand| match operand {
        Operand::Path(steps) => walk(steps, item).first().map(|value| (*value).clone()),
        Operand::Literal(value) => Some(value.clone()),
    };
    let Some(left) = value(left) else { return false };
    let Some((comparison, right)) = right else { return true };
    let Some(right) = value(right) else { return false };
    let order = match (&left, &right) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (a, b) if a == b => Some(std::cmp::Ordering::Equal),
        _ => None,
    };
    match comparison {
        Comparison::Equal => order.is_some_and(std::cmp::Ordering::is_eq),
        Comparison::NotEqual => !order.is_some_and(std::cmp::Ordering::is_eq),
        Comparison::Less => order.is_some_and(std::cmp::Ordering::is_lt),
        Comparison::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
        Comparison::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
        Comparison::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn error(&self, what: &'static str) -> JsonPathError {
        JsonPathError { path: self.text.chars().take(200).collect(), at: self.at, what }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        let eaten = self.text[self.at..].starts_with(token);
        if eaten {
            self.at += token.len();
        }
        eaten
    }

    fn spaces(&mut self) {
        while self.eat(" ") {}
    }

    /// Steps up to the end, or inside of a filter up to what is no step.
    fn steps(&mut self, nested: bool) -> Result<Vec<Step>, JsonPathError> {
        let mut steps = Vec::new();
        if !nested {
            self.eat("$");
        }
        loop {
            match self.peek() {
                Some('.') => {
                    if self.eat("..") {
                        steps.push(Step::Descend);
                        if self.peek() == Some('[') {
                            continue;
                        }
                    } else {
                        self.at += 1;
                    }
                    if self.eat("*") {
                        steps.push(Step::All);
                        continue;
                    }
                    let name = self.name(nested);
                    if !name.is_empty() {
                        steps.push(Step::Field(name));
                    } else if self.at < self.text.len() && self.peek() != Some('[') {
                        return Err(self.error("field name expected"));
                    }
                }
                Some('[') => {
                    self.at += 1;
                    steps.push(self.bracket()?);
                }
                Some(_) if !nested && steps.is_empty() => {
                    let name = self.name(nested);
                    if name.is_empty() {
                        return Err(self.error("unexpected character"));
                    }
                    steps.push(Step::Field(name));
                }
                _ => return Ok(steps),
            }
        }
    }

    /// A field name; a backslash takes the next character as it is.
    fn name(&mut self, nested: bool) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek() {
            let ends = matches!(c, '.' | '[' | ']' | '{' | '}')
                || nested && matches!(c, ' ' | ')' | '=' | '!' | '<' | '>' | '&' | '|');
            if ends {
                break;
            }
            self.at += c.len_utf8();
            match c {
                '\\' => {
                    if let Some(next) = self.peek() {
                        name.push(next);
                        self.at += next.len_utf8();
                    }
                }
                c => name.push(c),
            }
        }
        name
    }

    /// What follows `[`, with the closing bracket.
    fn bracket(&mut self) -> Result<Step, JsonPathError> {
        let step = match self.peek() {
            Some('*') => {
                self.at += 1;
                Step::All
            }
            Some('\'' | '"') => match self.quoted()? {
                Value::String(name) => Step::Field(name),
                _ => return Err(self.error("string expected")),
            },
            Some('?') => self.filter()?,
            _ => self.indices()?,
        };
        if self.eat("]") { Ok(step) } else { Err(self.error("] expected")) }
    }

    fn indices(&mut self) -> Result<Step, JsonPathError> {
        let first = self.integer();
        if self.eat(":") {
            let end = self.integer();
            let step = if self.eat(":") { self.integer() } else { None };
            return Ok(Step::Slice { start: first, end, step: step.unwrap_or(1) });
        }
        let mut all = vec![first.ok_or_else(|| self.error("index expected"))?];
        while self.eat(",") {
            all.push(self.integer().ok_or_else(|| self.error("index expected"))?);
        }
        Ok(Step::Union(all))
    }

    fn integer(&mut self) -> Option<i64> {
        let rest = &self.text[self.at..];
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].chars().take_while(char::is_ascii_digit).count();
        let number = rest[..sign + digits].parse().ok()?;
        self.at += sign + digits;
        Some(number)
    }

    /// `?(left op right)` or `?(left)`.
    fn filter(&mut self) -> Result<Step, JsonPathError> {
        if !self.eat("?(") {
            return Err(self.error("( expected"));
        }
        self.spaces();
        let left = self.operand()?;
        self.spaces();
        let comparisons = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let comparison = comparisons.into_iter().find(|(token, _)| self.eat(token));
        let right = match comparison {
            None => None,
            Some((_, comparison)) => {
                self.spaces();
                let right = self.operand()?;
                self.spaces();
                Some((comparison, right))
            }
        };
        if self.eat(")") { Ok(Step::Filter(left, right)) } else { Err(self.error(") expected")) }
    }

    fn operand(&mut self) -> Result<Operand, JsonPathError> {
        if self.eat("@") {
            return Ok(Operand::Path(self.steps(true)?));
        }
        if matches!(self.peek(), Some('\'' | '"')) {
            return self.quoted().map(Operand::Literal);
        }
        let rest = &self.text[self.at..];
        let end = rest.find([' ', ')', '=', '!', '<', '>']).unwrap_or(rest.len());
        let word = &rest[..end];
        let literal = serde_json::from_str(word).map_err(|_| self.error("value expected"))?;
        self.at += end;
        Ok(Operand::Literal(literal))
    }

    fn quoted(&mut self) -> Result<Value, JsonPathError> {
        let Some(quote @ ('\'' | '"')) = self.peek() else {
            return Err(self.error("quote expected"));
        };
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            match c {
                c if c == quote => return Ok(Value::String(text)),
                '\\' => {
                    if let Some(next) = self.peek() {
                        text.push(next);
                        self.at += next.len_utf8();
                    }
                }
                c => text.push(c),
            }
        }
        Err(self.error("closing quote expected"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let value = json!({
            "spec": {"a.b": 1, "list": [1, 2, 3, 4]},
            "status": {"conditions": [
                {"type": "Ready", "status": "True", "n": 3},
                {"type": "Synced", "status": "False", "n": 5},
            ]},
        });
        let check = |path: &str, expected: Value| {
            let found = JsonPath::parse(path).unwrap();
            let found: Vec<Value> = found.find(&value).into_iter().cloned().collect();
            assert_eq!(Value::Array(found), expected, "{path}");
        };
        check(".spec.list[0]", json!([1]));
        check(".spec.list[-1]", json!([4]));
        check(".spec.list[1:3]", json!([2, 3]));
        check(".spec.list[::2]", json!([1, 3]));
        check(".spec.list[0,2]", json!([1, 3]));
        check(".spec.list[*]", json!([1, 2, 3, 4]));
        check("$.spec.list[9]", json!([]));
        check(".spec.a\\.b", json!([1]));
        check(".spec['a.b']", json!([1]));
        check(".nothing.here", json!([]));
        check(".status.conditions[?(@.type==\"Ready\")].status", json!(["True"]));
        check(".status.conditions[?(@.type=='Synced')].status", json!(["False"]));
        check(".status.conditions[?(@.n > 3)].type", json!(["Synced"]));
        check(".status.conditions[?(@.n)].n", json!([3, 5]));
        check(".status.conditions[?(@.type != \"Ready\")].n", json!([5]));
        check("..type", json!(["Ready", "Synced"]));
    }

    #[test]
    fn broken_paths_are_refused() {
        for path in [".a[", ".a[x]", ".a[?(@.b==)]", ".a['b]", ".a]", ".a{b}"] {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_path_panics(path in "[.a\\[\\]'\"?()@=<>0-9:,*\\\\ü-]{0,20}") {
            if let Ok(path) = JsonPath::parse(&path) {
                path.find(&json!({"a": [{"a": 1}, "a"]}));
            }
        }
    }
}
