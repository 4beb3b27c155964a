//! One step of a field path.

use std::cmp::Ordering;
use std::fmt;

use windlass_object::{Value, go};

/// A step from a value to one of its parts. The order is that of structured-merge-diff.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// A field of an object.
    Field(String),
    /// The item of a list with these key fields, sorted by name.
    Key(Vec<(String, Scalar)>),
    /// The item of a set.
    Value(Scalar),
    /// The item of a list at an index.
    Index(i64),
}

/// A value in a path, with a total order: numbers, strings, booleans, lists, maps, null.
#[derive(Clone, Debug)]
pub struct Scalar(pub Value);

impl Element {
    /// A field.
    pub fn field(name: &str) -> Self {
        Self::Field(name.to_owned())
    }

    /// Reads a key of `FieldsV1`; none for kinds of keys that are not known.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let mut chars = text.chars();
        let (Some(tag), Some(colon)) = (chars.next(), chars.next()) else {
            return Err(format!("key must be 2 characters long: {text:?}"));
        };
        if colon != ':' {
            return Err(format!("missing colon: {text}"));
        }
        let rest = chars.as_str();
        let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|e| e.to_string());
        match tag {
            'f' => Ok(Some(Self::Field(rest.to_owned()))),
            'v' => Ok(Some(Self::Value(Scalar(json(rest)?)))),
            'k' => match json(rest)? {
                Value::Object(map) => {
                    let keys = map.into_iter().map(|(k, v)| (k, Scalar(v))).collect();
                    Ok(Some(Self::Key(keys)))
                }
                _ => Err(format!("not an object: {rest}")),
            },
            'i' => rest
                .parse()
                .map(|i| Some(Self::Index(i)))
                .map_err(|_| format!("not an index: {rest}")),
            _ => Ok(None),
        }
    }

    /// Writes a key of `FieldsV1`.
    pub(super) fn to_key(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => {
                let fields: Vec<String> = keys
                    .iter()
                    .map(|(name, value)| {
                        format!(
                            "{}:{}",
                            go::to_json(&Value::String(name.clone())),
                            go::to_json(&value.0)
                        )
                    })
                    .collect();
                format!("k:{{{}}}", fields.join(","))
            }
            Self::Value(value) => format!("v:{}", go::to_json(&value.0)),
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(keys) => {
                f.write_str("[")?;
                for (i, (name, value)) in keys.iter().enumerate() {
                    let comma = if i > 0 { "," } else { "" };
                    write!(f, "{comma}{name}={value}")?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Value::String(text) => f.write_str(&go::quote(text)),
            Value::Array(items) => {
                let items: Vec<String> =
                    items.iter().map(|v| Self(v.clone()).to_string()).collect();
                write!(f, "[{}]", items.join(","))
            }
            Value::Object(map) => {
                for (key, value) in map {
                    write!(f, "{key}={}", Self(value.clone()))?;
                }
                Ok(())
            }
            other => write!(f, "{other}"),
        }
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scalar {}

impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scalar {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.as_f64().unwrap_or_default().total_cmp(&y.as_f64().unwrap_or_default()),
        },
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Bool(x), Value::Bool(y)) => x.cmp(y),
        (Value::Array(x), Value::Array(y)) => x
            .iter()
            .zip(y)
            .map(|(x, y)| compare(x, y))
            .find(|o| o.is_ne())
            .unwrap_or_else(|| x.len().cmp(&y.len())),
        (Value::Object(x), Value::Object(y)) => x
            .iter()
            .zip(y)
            .map(|((k, x), (l, y))| k.cmp(l).then_with(|| compare(x, y)))
            .find(|o| o.is_ne())
            .unwrap_or_else(|| x.len().cmp(&y.len())),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

/// Whether two values are equal as structured-merge-diff sees it: 1 and 1.0 are.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => compare(a, b).is_eq(),
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, x)| y.get(k).is_some_and(|y| equal(x, y)))
        }
        _ => a == b,
    }
}
