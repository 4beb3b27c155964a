//! Templates of kubectl's `-o jsonpath` and of `helm show values --jsonpath`: text with paths in
//! braces, as client-go's `util/jsonpath` prints them.

use serde_json::Value;

use super::{JsonPath, Step, take};
use crate::go;

/// How deep ranges may lie in each other.
const DEPTH: usize = 32;

/// A template that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Vec<Node>);

/// A template that cannot be read, in client-go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace that is never closed.
    #[error("unclosed action")]
    Unclosed,
    /// Something that begins no part of an action.
    #[error("unrecognized character in action: U+{:04X} '{_0}'", u32::from(*_0))]
    Character(char),
    /// Ranges within ranges within ranges.
    #[error("ranges lie in each other more than {DEPTH} deep: write them one behind the other")]
    Depth,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    Path(JsonPath),
    Range(JsonPath, Vec<Node>),
    /// What can be read and not be printed: a name without a dot, a range without an end.
    Senseless,
}

impl Template {
    /// Reads a template such as `{range .items[*]}{.name}{"\n"}{end}`.
    ///
    /// # Errors
    /// When an action is not closed or begins with what no action begins with.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut rest = text;
        let mut open: Vec<(JsonPath, Vec<Node>)> = Vec::new();
        let mut nodes = Vec::new();
        while let Some(at) = rest.find('{') {
            if at > 0 {
                nodes.push(Node::Text(rest[..at].to_owned()));
            }
            let (action, behind) = action(&rest[at + 1..]).ok_or(TemplateError::Unclosed)?;
            rest = behind;
            match action.trim() {
                "end" => match open.pop() {
                    Some((path, outer)) => {
                        let inner = std::mem::replace(&mut nodes, outer);
                        nodes.push(Node::Range(path, inner));
                    }
                    None => nodes.push(Node::Senseless),
                },
                action => match action.strip_prefix("range ") {
                    Some(path) if open.len() < DEPTH => match JsonPath::parse(path.trim()) {
                        Ok(path) => open.push((path, std::mem::take(&mut nodes))),
                        Err(_) => nodes.push(Node::Senseless),
                    },
                    Some(_) => return Err(TemplateError::Depth),
                    None => nodes.push(node(action)?),
                },
            }
        }
        if !rest.is_empty() {
            nodes.push(Node::Text(rest.to_owned()));
        }
        if !open.is_empty() {
            nodes = vec![Node::Senseless];
        }
        Ok(Self(nodes))
    }

    /// The template with the values that its paths lead to; nothing where one leads nowhere.
    /// `scalar` writes what is no list and no map.
    pub fn print(&self, value: &Value, scalar: &dyn Fn(&Value) -> String) -> Option<String> {
        let mut out = String::new();
        print(&self.0, value, scalar, &mut out)?;
        Some(out)
    }
}

/// What stands up to the brace that closes, and what stands behind it; braces in quotes are text.
fn action(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if std::mem::take(&mut escaped) => {}
            (_, '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '}') => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

fn node(action: &str) -> Result<Node, TemplateError> {
    let Some(first) = action.chars().next() else {
        return Ok(Node::Path(JsonPath(Vec::new())));
    };
    let path = |text: &str| JsonPath::parse(text).map_or(Node::Senseless, Node::Path);
    Ok(match first {
        '"' | '\'' => quoted(action).map_or(Node::Senseless, Node::Text),
        '@' => path(&action[1..]),
        '$' | '[' => path(action),
        '.' if action.len() > 1 => {
            if let Some(comma) = outside_brackets(action, ',') {
                return Err(TemplateError::Character(comma));
            }
            path(action)
        }
        '.' => Node::Senseless,
        c if c.is_ascii_digit() || c == '-' => match action.parse::<f64>() {
            Ok(_) => Node::Text(action.to_owned()),
            Err(_) => Node::Senseless,
        },
        _ if action == "true" || action == "false" => Node::Text(action.to_owned()),
        c if c.is_alphabetic() => Node::Senseless,
        c => return Err(TemplateError::Character(c)),
    })
}

/// `c`, if it stands in a path outside of brackets.
fn outside_brackets(path: &str, c: char) -> Option<char> {
    let mut depth = 0_usize;
    for other in path.chars() {
        match other {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            other if other == c && depth == 0 => return Some(c),
            _ => {}
        }
    }
    None
}

/// A quoted text with Go's short escapes.
fn quoted(text: &str) -> Option<String> {
    let quote = text.chars().next()?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            c @ ('\\' | '"' | '\'') => c,
            _ => return None,
        });
    }
    Some(out)
}

fn print(
    nodes: &[Node],
    value: &Value,
    scalar: &dyn Fn(&Value) -> String,
    out: &mut String,
) -> Option<()> {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Path(path) => {
                for (i, found) in strict(path, value)?.into_iter().enumerate() {
                    if i > 0 {
                        out.push(' ');
                    }
                    match found {
                        Value::Array(_) | Value::Object(_) => out.push_str(&go::to_json(found)),
                        Value::Null => out.push_str("null"),
                        other => out.push_str(&scalar(other)),
                    }
                }
            }
            Node::Range(path, inner) => {
                for found in strict(path, value)? {
                    print(inner, found, scalar, out)?;
                }
            }
            Node::Senseless => return None,
        }
    }
    Some(())
}

/// Where the path leads; nothing where a name or an index leads nowhere.
fn strict<'v>(path: &JsonPath, value: &'v Value) -> Option<Vec<&'v Value>> {
    let mut found = vec![value];
    for step in &path.0 {
        let mut next = Vec::new();
        for value in found {
            take(step, value, &mut next);
        }
        if next.is_empty() && matches!(step, Step::Field(_) | Step::Union(_)) {
            return None;
        }
        found = next;
    }
    Some(found)
}
