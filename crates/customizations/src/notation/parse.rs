//! From text to rules.

use super::{Node, Operand, Order, Path, Piece, Rule, Test};
use crate::Status;

/// A line that is not in the notation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ParseError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it, and how it should be.
    pub what: String,
}

struct Line<'a> {
    number: usize,
    indent: usize,
    text: &'a str,
}

/// Reads rules: for each `kind` line its kinds and their rule.
///
/// # Errors
/// At the first line that is not in the notation.
pub fn parse(text: &str) -> Result<Vec<(Vec<String>, Rule)>, ParseError> {
    let lines: Vec<Line<'_>> = text
        .lines()
        .enumerate()
        .map(|(index, line)| Line {
            number: index + 1,
            indent: line.len() - line.trim_start().len(),
            text: line.trim(),
        })
        .filter(|line| !line.text.is_empty() && !line.text.starts_with("# "))
        .collect();
    let mut rest = lines.as_slice();
    let mut rules = Vec::new();
    while let Some((head, after)) = rest.split_first() {
        let Some(kinds) = head.text.strip_prefix("kind ").filter(|_| head.indent == 0) else {
            return Err(head.error("a rule starts with `kind group/Kind`"));
        };
        rest = after;
        let body = block(&mut rest, 0)?;
        rules.push((kinds.split_whitespace().map(str::to_owned).collect(), Rule::new(body)));
    }
    Ok(rules)
}

impl Line<'_> {
    fn error(&self, what: impl Into<String>) -> ParseError {
        ParseError { line: self.number, what: what.into() }
    }
}

fn block(rest: &mut &[Line<'_>], outer: usize) -> Result<Vec<Node>, ParseError> {
    let mut nodes = Vec::new();
    let Some(indent) = rest.first().map(|line| line.indent).filter(|indent| *indent > outer) else {
        return Ok(nodes);
    };
    while let Some((line, after)) = rest.split_first() {
        if line.indent <= outer {
            break;
        }
        if line.indent != indent {
            return Err(line.error("indented otherwise than the lines before it"));
        }
        *rest = after;
        nodes.push(node(line, rest)?);
    }
    Ok(nodes)
}

fn node(line: &Line<'_>, rest: &mut &[Line<'_>]) -> Result<Node, ParseError> {
    let (word, argument) = line.text.split_once(' ').unwrap_or((line.text, ""));
    match word {
        "when" => Ok(Node::When { tests: tests(line, argument)?, body: block(rest, line.indent)? }),
        "each" | "last" => {
            let path = if argument.is_empty() { "status.conditions" } else { argument };
            let body = block(rest, line.indent)?;
            Ok(Node::Each { path: Path::parse(path), body, last: word == "last" })
        }
        "odd" => Ok(Node::Odd { tests: Vec::new(), name: argument.trim().to_owned() }),
        _ => {
            let Some((left, right)) = line.text.split_once("->") else {
                return Err(line.error("neither a block nor `tests -> Status message`"));
            };
            let right = right.trim();
            let (status, message) = right.split_once(' ').unwrap_or((right, ""));
            let tests = tests(line, left.trim())?;
            if status == "odd" {
                return Ok(Node::Odd { tests, name: message.trim().to_owned() });
            }
            let status = Status::parse(status)
                .ok_or_else(|| line.error(format!("{status:?} is no health status")))?;
            Ok(Node::Verdict { tests, status, message: pieces(line, message)? })
        }
    }
}

fn tests(line: &Line<'_>, text: &str) -> Result<Vec<Test>, ParseError> {
    if text == "else" {
        return Ok(Vec::new());
    }
    text.split(" & ").map(|one| test(line, one.trim())).collect()
}

const ORDERS: [(&str, Order); 4] = [
    (" <= ", Order::LessOrEqual),
    (" >= ", Order::GreaterOrEqual),
    (" < ", Order::Less),
    (" > ", Order::Greater),
];

fn test(line: &Line<'_>, text: &str) -> Result<Test, ParseError> {
    let (wanted, positive) = match text.strip_prefix('!') {
        Some(rest) => (false, rest),
        None => (true, text),
    };
    if let Some(inner) = positive.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or_else(|| line.error("`[` without `]`"))?;
        return Ok(condition(inner, wanted));
    }
    for (sign, order) in ORDERS {
        if let Some((left, right)) = text.split_once(sign) {
            return Ok(Test::Order { left: operand(left), order, right: operand(right) });
        }
    }
    if let Some((path, text)) = positive.split_once(" ~ ") {
        let (path, text) = (Path::parse(path.trim()), text.trim().to_owned());
        return Ok(Test::Contains { path, wanted, text });
    }
    let Some((left, right)) = text.split_once('=') else {
        return Ok(Test::Present { path: Path::parse(positive), wanted });
    };
    let (left, wanted) = match left.strip_suffix('!') {
        Some(left) => (left.trim(), false),
        None => (left.trim(), true),
    };
    let right = right.trim();
    if left.starts_with('#') || left.contains('?') {
        let order = if wanted { Order::Equal } else { Order::NotEqual };
        return Ok(Test::Order { left: operand(left), order, right: operand(right) });
    }
    let path = Path::parse(left);
    Ok(match right.strip_prefix('@') {
        Some(other) => Test::Same { path, wanted, other: Path::parse(other) },
        None => Test::Words { path, wanted, words: right.split('|').map(str::to_owned).collect() },
    })
}

fn condition(text: &str, wanted: bool) -> Test {
    let words = |text: &str| text.split('|').map(str::to_owned).collect::<Vec<_>>();
    let (types, statuses, is) = match text.split_once('=') {
        None => (text, "", true),
        Some((types, statuses)) => match types.strip_suffix('!') {
            Some(types) => (types, statuses, false),
            None => (types, statuses, true),
        },
    };
    let types = if types == "*" { Vec::new() } else { words(types) };
    let statuses = if statuses.is_empty() { Vec::new() } else { words(statuses) };
    Test::Condition { types, statuses, is, wanted }
}

fn operand(text: &str) -> Operand {
    let text = text.trim();
    if let Some(path) = text.strip_prefix('#') {
        return Operand::Length(Path::parse(path));
    }
    if let Ok(number) = text.parse() {
        return Operand::Number(number);
    }
    if let Some(text) = text.strip_prefix('\'') {
        return Operand::Text(text.trim_end_matches('\'').to_owned());
    }
    let text = text.strip_prefix('@').unwrap_or(text);
    match text.split_once('?') {
        Some((path, default)) => {
            Operand::Field { path: Path::parse(path), default: default.parse().ok() }
        }
        None => Operand::Field { path: Path::parse(text), default: None },
    }
}

fn pieces(line: &Line<'_>, text: &str) -> Result<Vec<Piece>, ParseError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let (field, after) =
            after.split_once('}').ok_or_else(|| line.error("`{` without `}` in a message"))?;
        let (path, default) = field.split_once('|').unwrap_or((field, ""));
        pieces.push(Piece::Field { path: Path::parse(path), default: default.to_owned() });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

impl Path {
    fn parse(text: &str) -> Self {
        let (relative, mut rest) = match text.strip_prefix('.') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut keys = Vec::new();
        while !rest.is_empty() {
            if let Some((key, after)) = rest.strip_prefix('"').and_then(|r| r.split_once('"')) {
                keys.push(key.to_owned());
                rest = after.strip_prefix('.').unwrap_or(after);
            } else {
                let (key, after) = rest.split_once('.').unwrap_or((rest, ""));
                keys.push(key.to_owned());
                rest = after;
            }
        }
        Self { relative, keys }
    }
}
