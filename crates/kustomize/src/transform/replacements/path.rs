//! Paths to fields: keys, indices, `[key=value]`, `*`.

use serde_json::{Map, Value};

use super::super::fields::{split as split_plain, wrong_kind};
use super::scalar;
use crate::error::{Error, Result};
use crate::resource::scalar_text;

/// How deep a path may go.
const MAX_PARTS: usize = 200;

/// A step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To a field.
    Key(String),
    /// To an item.
    Index(usize),
}

/// A field that a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The way to it; none if it is in no part of the object.
    pub(super) steps: Option<Vec<Step>>,
    /// Whether it was made.
    pub(super) is_new: bool,
}

/// What is made at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Map,
    List,
}

impl Kind {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Object(_) => Self::Map,
            Value::Array(_) => Self::List,
            _ => Self::Scalar,
        }
    }

    fn empty(self) -> Value {
        match self {
            Self::Scalar => Value::String(String::new()),
            Self::Map => Value::Object(Map::new()),
            Self::List => Value::Array(Vec::new()),
        }
    }

    /// What must stand where `next` of the path leads on, or this at its end.
    fn for_next(self, next: Option<&String>) -> Self {
        match next {
            None => self,
            Some(next) if is_match(next) || index(next).is_some() => Self::List,
            Some(_) => Self::Map,
        }
    }
}

/// Takes a path apart at its dots, but for those in brackets or behind a backslash.
pub(super) fn split(path: &str) -> Vec<String> {
    let mut parts = split_plain(path, '.').into_iter().take(MAX_PARTS);
    let mut joined = Vec::new();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            joined.push(part);
            continue;
        }
        let mut whole = part;
        for part in parts.by_ref() {
            whole.push('.');
            whole.push_str(&part);
            if part.ends_with(']') {
                break;
            }
        }
        if !whole.contains('=') {
            whole = whole.trim_matches(['[', ']']).to_owned();
        }
        joined.push(whole);
    }
    joined
}

fn is_match(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

fn index(part: &str) -> Option<usize> {
    part.strip_prefix('+').unwrap_or(part).parse().ok()
}

fn match_parts(part: &str) -> Result<(&str, &str)> {
    let inner = part.strip_suffix(']').unwrap_or(part);
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    inner.split_once('=').ok_or_else(|| {
        Error::told("list path element must contain fieldName=fieldValue for element to match")
    })
}

fn items(value: &Value) -> Result<&[Value]> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(&[]),
        other => Err(wrong_kind("SequenceNode", other)),
    }
}

/// The value that a path names, matches being exact.
///
/// # Errors
/// If something on the way is not what the path says, or for `*`.
pub(super) fn lookup<'v>(value: &'v Value, path: &[String]) -> Result<Option<&'v Value>> {
    let mut at = value;
    for part in path.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        match step(at, part)? {
            Some((_, next)) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// The way to the value that [`lookup`] finds.
pub(super) fn steps(value: &Value, path: &[String]) -> Option<Vec<Step>> {
    let mut at = value;
    let mut steps = Vec::new();
    for part in path.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        let (step, next) = step(at, part).ok()??;
        steps.push(step);
        at = next;
    }
    Some(steps)
}

fn step<'v>(at: &'v Value, part: &str) -> Result<Option<(Step, &'v Value)>> {
    let by_index = |items: &'v [Value], i: usize| items.get(i).map(|v| (Step::Index(i), v));
    if let Ok(number) = part.parse::<i64>() {
        let Ok(i) = usize::try_from(number) else {
            return Err(Error::told(format!("array index {number} cannot be negative")));
        };
        return Ok(by_index(items(at)?, i));
    }
    if part == "-" {
        let items = items(at)?;
        return Ok(items.len().checked_sub(1).and_then(|last| by_index(items, last)));
    }
    if part == "*" {
        return Err(Error::told("wildcard is not supported in PathGetter"));
    }
    if is_match(part) {
        let (field, wanted) = match_parts(part)?;
        let mut all = items(at)?.iter().enumerate();
        let found = all.find(|(_, item)| {
            let value = if field.is_empty() { Some(*item) } else { item.get(field) };
            value.is_some_and(|value| scalar_text(value) == wanted)
        });
        return Ok(found.map(|(i, value)| (Step::Index(i), value)));
    }
    match at {
        Value::Object(fields) => Ok(fields.get(part).map(|v| (Step::Key(part.to_owned()), v))),
        Value::Null => Ok(None),
        other => Err(wrong_kind("MappingNode", other)),
    }
}

/// The value at the end of a way.
pub(super) fn at_mut<'v>(value: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, |at, step| match step {
        Step::Key(key) => at.get_mut(key),
        Step::Index(i) => at.get_mut(i),
    })
}

/// All fields that a path names; matches are regular expressions for any part of the text. With
/// `create`, what is not there is made on the way.
///
/// # Errors
/// If something on the way is not what the path says.
pub(super) fn find(value: &mut Value, path: &[String], create: Option<Kind>) -> Result<Vec<Place>> {
    let mut finder =
        Finder { create, steps: Vec::new(), is_new: false, is_kept: true, found: vec![] };
    finder.walk(value, path)?;
    Ok(finder.found)
}

struct Finder {
    create: Option<Kind>,
    steps: Vec<Step>,
    is_new: bool,
    /// Whether the value at hand is a part of the object.
    is_kept: bool,
    found: Vec<Place>,
}

impl Finder {
    fn walk(&mut self, value: &mut Value, path: &[String]) -> Result<()> {
        let Some((part, rest)) = path.split_first() else {
            let steps = self.is_kept.then(|| self.steps.clone());
            self.found.push(Place { steps, is_new: self.is_new });
            return Ok(());
        };
        if let Some(i) = index(part) {
            self.item(value, i, rest)
        } else if is_match(part) {
            self.matching(value, part, rest)
        } else if part == "*" {
            for i in 0..items(value)?.len() {
                self.enter(value, Step::Index(i), rest)?;
            }
            Ok(())
        } else {
            self.field(value, part, rest)
        }
    }

    fn enter(&mut self, value: &mut Value, step: Step, rest: &[String]) -> Result<()> {
        let Some(next) = at_mut(value, std::slice::from_ref(&step)) else { return Ok(()) };
        self.steps.push(step);
        let out = self.walk(next, rest);
        self.steps.pop();
        out
    }

    fn enter_new(&mut self, value: &mut Value, step: Step, rest: &[String]) -> Result<()> {
        let before = std::mem::replace(&mut self.is_new, true);
        let out = self.enter(value, step, rest);
        self.is_new = before;
        out
    }

    /// Walks on in a value that is no part of the object.
    fn aside(&mut self, mut value: Value, path: &[String]) -> Result<()> {
        let before = std::mem::replace(&mut self.is_kept, false);
        let out = self.walk(&mut value, path);
        self.is_kept = before;
        out
    }

    fn field(&mut self, value: &mut Value, name: &String, rest: &[String]) -> Result<()> {
        let step = Step::Key(name.clone());
        let fields = match value {
            Value::Object(fields) => fields,
            // What is made in a null is lost.
            Value::Null => {
                return match self.create {
                    Some(create) => self.aside(create.for_next(rest.first()).empty(), rest),
                    None => Ok(()),
                };
            }
            other => return Err(wrong_kind("MappingNode", other)),
        };
        match (fields.get(name), self.create) {
            (None, None) => Ok(()),
            (None, Some(create)) => {
                fields.insert(name.clone(), create.for_next(rest.first()).empty());
                self.enter_new(value, step, rest)
            }
            (Some(Value::Object(_) | Value::Array(_)), _) => self.enter(value, step, rest),
            (Some(_), _) if rest.is_empty() => self.enter(value, step, rest),
            (Some(Value::String(text)), _) => {
                let options = windlass_object::yaml::Options::kustomize();
                let inner = windlass_object::yaml::parse_one(text.as_bytes(), &options);
                self.aside(inner.map_err(|e| Error::told(e.to_string()))?, rest)
            }
            (Some(scalar), _) => self.aside(scalar.clone(), rest),
        }
    }

    fn item(&mut self, value: &mut Value, i: usize, rest: &[String]) -> Result<()> {
        let count = items(value)?.len();
        let step = Step::Index(i);
        if count > i {
            return self.enter(value, step, rest);
        }
        match (value, self.create) {
            (value @ Value::Array(_), Some(create)) if count == i => {
                if let Value::Array(items) = value {
                    items.push(create.for_next(rest.first()).empty());
                }
                self.enter_new(value, step, rest)
            }
            _ => Err(Error::told(format!("index {i} specified but only {count} elements found"))),
        }
    }

    fn matching(&mut self, value: &mut Value, part: &str, rest: &[String]) -> Result<()> {
        let (field, pattern) = match_parts(part)?;
        let regex = windlass_sprig::regexp(pattern).map_err(Error::told)?;
        let before = self.found.len();
        let count = items(value)?.len();
        for i in 0..count {
            let item = &items(value)?[i];
            let text = if field.is_empty() { Some(item) } else { item.get(field) };
            let Some(text) = text.map(scalar::printed) else { continue };
            if !regex.is_match(&text) {
                continue;
            }
            let rest = if field.is_empty() { &[] } else { rest };
            self.enter(value, Step::Index(i), rest)?;
        }
        let Some(_) = self.create.filter(|_| self.found.len() == before) else { return Ok(()) };
        let Value::Array(items) = value else { return Ok(()) };
        let new = scalar::untyped(pattern);
        if field.is_empty() {
            items.push(new);
            return self.enter_new(value, Step::Index(count), &[]);
        }
        items.push(Value::Object(Map::from_iter([(field.to_owned(), new)])));
        self.enter(value, Step::Index(count), rest)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn splits_paths() {
        for (path, parts) in [
            ("metadata.name", vec!["metadata", "name"]),
            ("a.[name=x.y].b", vec!["a", "[name=x.y]", "b"]),
            ("metadata.annotations.[a.b/c]", vec!["metadata", "annotations", "a.b/c"]),
            ("a.b\\.c", vec!["a", "b.c"]),
            ("a.[x]", vec!["a", "[x]"]),
        ] {
            assert_eq!(split(path), parts, "{path}");
        }
    }

    #[track_caller]
    fn check(value: &Value, path: &str, create: Option<Kind>, after: &Value, places: &[&str]) {
        let mut made = value.clone();
        let found = find(&mut made, &split(path), create).unwrap();
        let found: Vec<String> = found
            .iter()
            .map(|place| match &place.steps {
                None => "-".to_owned(),
                Some(steps) => steps
                    .iter()
                    .map(|step| match step {
                        Step::Key(key) => format!("/{key}"),
                        Step::Index(i) => format!("/{i}"),
                    })
                    .collect(),
            })
            .collect();
        assert_eq!(found, places, "{path}");
        assert_eq!(&made, after, "{path}");
    }

    #[test]
    fn finds_and_makes_fields() {
        let value = json!({"a": [{"n": "x", "v": 1}, {"n": "xy"}], "s": ["p", "q"], "t": "{k: v}"});
        check(&value, "a.[n=x].v", None, &value, &["/a/0/v"]);
        check(&value, "a.[n=^x$].v", None, &value, &["/a/0/v"]);
        check(&value, "a.*.n", None, &value, &["/a/0/n", "/a/1/n"]);
        check(&value, "a.1.n", None, &value, &["/a/1/n"]);
        check(&value, "s.[=q]", None, &value, &["/s/1"]);
        check(&value, "a.[n=z].v", None, &value, &[]);
        check(&value, "t.k", None, &value, &["-"]);
        let scalar = Some(Kind::Scalar);
        check(&json!({}), "a.b", scalar, &json!({"a": {"b": ""}}), &["/a/b"]);
        check(&json!({}), "a.0.b", scalar, &json!({"a": [{"b": ""}]}), &["/a/0/b"]);
        check(
            &json!({"a": []}),
            "a.[n=z].v",
            scalar,
            &json!({"a": [{"n": "z", "v": ""}]}),
            &["/a/0/v"],
        );
        check(&json!({}), "a.[=7]", scalar, &json!({"a": [7]}), &["/a/0"]);
        assert!(find(&mut json!({"a": {}}), &split("a.*"), None).is_err());
        assert!(find(&mut json!({"a": []}), &split("a.1"), scalar).is_err());
    }
}
