//! From a rule and an object to a verdict.

use serde_json::Value;
use windlass_object::Object;

use super::{Node, Operand, Order, Path, Piece, Test};
use crate::{Verdict, odd};

/// The health rule of a kind.
#[derive(Clone, Debug)]
pub struct Rule {
    body: Vec<Node>,
}

/// Where paths lead: the object, and the element at hand.
#[derive(Clone, Copy)]
struct Scope<'a> {
    object: &'a Object,
    element: Option<&'a Value>,
    /// Whether a bracketed condition means the element at hand.
    within: bool,
}

impl Rule {
    pub(super) fn new(body: Vec<Node>) -> Self {
        Self { body }
    }

    /// Health of an object; none if no line decides.
    pub fn judge(&self, object: &Object) -> Option<Verdict> {
        Scope { object, element: None, within: false }.run(&self.body)
    }

    /// Names of the functions that it hands over to.
    #[cfg(test)]
    pub(crate) fn functions(&self) -> Vec<&str> {
        fn of<'a>(nodes: &'a [Node], names: &mut Vec<&'a str>) {
            for node in nodes {
                match node {
                    Node::Odd { name, .. } => names.push(name),
                    Node::When { body, .. } | Node::Each { body, .. } => of(body, names),
                    Node::Verdict { .. } => {}
                }
            }
        }
        let mut names = Vec::new();
        of(&self.body, &mut names);
        names
    }
}

impl<'a> Scope<'a> {
    fn run(self, nodes: &[Node]) -> Option<Verdict> {
        nodes.iter().find_map(|node| self.node(node))
    }

    fn node(self, node: &Node) -> Option<Verdict> {
        match node {
            Node::Verdict { tests, status, message } => {
                let scope = self.holds(tests)?;
                Some(Verdict { status: *status, message: scope.message(message) })
            }
            Node::When { tests, body } => self.holds(tests)?.run(body),
            Node::Odd { tests, name } => {
                self.holds(tests)?;
                odd::function(name)?(self.object)
            }
            Node::Each { path, body, last } => {
                let verdicts = elements(self.value(path))
                    .filter_map(|element| self.at(element, true).run(body));
                if *last { verdicts.last() } else { { verdicts }.next() }
            }
        }
    }

    fn at(self, element: &'a Value, within: bool) -> Self {
        Self { element: Some(element), within, ..self }
    }

    /// The scope in which all tests hold: with the first condition that fits, if one is asked for.
    fn holds(self, tests: &[Test]) -> Option<Self> {
        let binds = |test: &Test| matches!(test, Test::Condition { wanted: true, .. });
        if self.within || !tests.iter().any(binds) {
            return tests.iter().all(|test| self.test(test)).then_some(self);
        }
        let mut candidates = elements(self.object.get(&["status", "conditions"]));
        candidates.find_map(|element| {
            let scope = self.at(element, false);
            let mut bound = false;
            let all = tests.iter().all(|test| {
                if !bound && binds(test) {
                    bound = true;
                    return fits(test, element);
                }
                scope.test(test)
            });
            all.then_some(scope)
        })
    }

    fn test(self, test: &Test) -> bool {
        match test {
            Test::Present { path, wanted } => self.value(path).is_some() == *wanted,
            Test::Words { path, wanted, words } => {
                let text = self.value(path).and_then(scalar);
                text.is_some_and(|text| words.contains(&text)) == *wanted
            }
            Test::Same { path, wanted, other } => {
                same(self.value(path), self.value(other)) == *wanted
            }
            Test::Contains { path, wanted, text } => {
                let value = self.value(path).and_then(Value::as_str);
                value.is_some_and(|value| value.contains(text.as_str())) == *wanted
            }
            Test::Order { left, order, right } => self.compare(left, *order, right),
            Test::Condition { wanted, .. } => {
                let found = match self.element.filter(|_| self.within) {
                    Some(element) => fits(test, element),
                    None => elements(self.object.get(&["status", "conditions"]))
                        .any(|element| fits(test, element)),
                };
                found == *wanted
            }
        }
    }

    fn compare(self, left: &Operand, order: Order, right: &Operand) -> bool {
        let by = match (self.operand(left), self.operand(right)) {
            (Some(Measure::Number(a)), Some(Measure::Number(b))) => a.partial_cmp(&b),
            (Some(Measure::Text(a)), Some(Measure::Text(b))) => Some(a.cmp(b)),
            _ => None,
        };
        match order {
            Order::Less => by.is_some_and(std::cmp::Ordering::is_lt),
            Order::LessOrEqual => by.is_some_and(std::cmp::Ordering::is_le),
            Order::Greater => by.is_some_and(std::cmp::Ordering::is_gt),
            Order::GreaterOrEqual => by.is_some_and(std::cmp::Ordering::is_ge),
            Order::Equal => by.is_some_and(std::cmp::Ordering::is_eq),
            Order::NotEqual => !by.is_some_and(std::cmp::Ordering::is_eq),
        }
    }

    fn operand<'b>(self, operand: &'b Operand) -> Option<Measure<'b>>
    where
        'a: 'b,
    {
        match operand {
            Operand::Number(number) => Some(Measure::Number(*number)),
            Operand::Text(text) => Some(Measure::Text(text)),
            #[allow(clippy::cast_precision_loss)]
            Operand::Length(path) => Some(Measure::Number(match self.value(path) {
                Some(Value::Array(list)) => list.len() as f64,
                Some(Value::Object(map)) => map.len() as f64,
                Some(Value::String(text)) => text.len() as f64,
                _ => 0.0,
            })),
            Operand::Field { path, default } => match self.value(path) {
                Some(Value::Number(number)) => number.as_f64().map(Measure::Number),
                Some(Value::String(text)) => Some(Measure::Text(text)),
                _ => default.map(Measure::Number),
            },
        }
    }

    /// The value at a path; null is as absent.
    fn value(self, path: &Path) -> Option<&'a Value> {
        let mut keys = path.keys.iter();
        let mut value = if path.relative {
            self.element?
        } else {
            self.object.fields().get(keys.next()?.as_str())?
        };
        for key in keys {
            value = match value {
                Value::Array(list) => list.get(key.parse::<usize>().ok()?)?,
                value => value.get(key.as_str())?,
            };
        }
        (!value.is_null()).then_some(value)
    }

    fn message(self, pieces: &[Piece]) -> String {
        let mut message = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => message.push_str(text),
                Piece::Field { path, default } => match self.value(path).and_then(scalar) {
                    Some(text) => message.push_str(&text),
                    None => message.push_str(default),
                },
            }
        }
        message
    }
}

enum Measure<'a> {
    Number(f64),
    Text(&'a str),
}

fn fits(test: &Test, element: &Value) -> bool {
    let Test::Condition { types, statuses, is, .. } = test else { return false };
    let field = |name: &str| element.get(name).and_then(Value::as_str).unwrap_or_default();
    let any = |words: &[String], word: &str| words.is_empty() || words.iter().any(|w| w == word);
    any(types, field("type")) && (statuses.is_empty() || any(statuses, field("status")) == *is)
}

/// Elements of a list, or values of a map.
fn elements(value: Option<&Value>) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Some(Value::Array(list)) => Box::new(list.iter()),
        Some(Value::Object(map)) => Box::new(map.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// A word, a number, a truth value, or a list of them, as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => float.to_string(),
            None => number.to_string(),
        }),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Array(list) => {
            let words: Option<Vec<String>> = list.iter().map(scalar).collect();
            words.map(|words| words.join(", "))
        }
        _ => None,
    }
}

fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}
