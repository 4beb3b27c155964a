//! Go's decoding of JSON into structs, with its words for what does not fit.
//!
//! Keys are found without regard to case, null leaves a field as it is, scalars become texts where
//! a text is asked for, and the first misfit is told after all the rest has been read.

use std::collections::BTreeMap;
use windlass_object::go;

use serde_json::Value;

/// A value that does not fit its field, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go {place}of type {wanted}"
)]
pub struct DecodeError {
    found: &'static str,
    place: String,
    wanted: String,
}

impl DecodeError {
    /// A document that is no mapping, where one of Go's `map[string]interface {}` is asked for.
    pub(crate) fn no_map(found: &Value) -> Self {
        Self::no("map[string]interface {}", found)
    }

    /// A document that is not of the type `wanted`.
    pub(crate) fn no(wanted: &str, found: &Value) -> Self {
        let wanted = wanted.to_owned();
        Self { found: go::json_type(found), place: "value ".to_owned(), wanted }
    }
}

/// Reads one document.
pub(crate) struct Decoder {
    root: &'static str,
    path: Vec<String>,
    error: Option<DecodeError>,
}

impl Decoder {
    pub(crate) fn new(root: &'static str) -> Self {
        Self { root, path: Vec::new(), error: None }
    }

    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        self.error.map_or(Ok(()), Err)
    }

    /// Calls the field that is read by its name in Go, where no tag gives it another.
    pub(crate) fn named(&mut self, name: &str) {
        if let Some(last) = self.path.last_mut() {
            name.clone_into(last);
        }
    }

    fn misfit(&mut self, found: &Value, wanted: &str) {
        if self.error.is_some() {
            return;
        }
        let place = if self.path.is_empty() {
            "value ".to_owned()
        } else {
            format!("struct field {}.{} ", self.root, self.path.join("."))
        };
        self.error =
            Some(DecodeError { found: go::json_type(found), place, wanted: wanted.to_owned() });
    }

    /// Hands each key, in lower case, with its value to `field`. A misfit within is one of this type,
    /// at the whole path.
    pub(crate) fn object(
        &mut self,
        type_name: &'static str,
        value: &Value,
        mut field: impl FnMut(&mut Self, &str, &Value),
    ) {
        match value {
            Value::Null => {}
            Value::Object(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by_key(|(key, _)| *key);
                let unnamed = type_name.contains(' ');
                let name = type_name.rsplit('.').next().filter(|_| !unnamed).unwrap_or_default();
                let outer = std::mem::replace(&mut self.root, name);
                for (key, value) in sorted {
                    self.path.push(key.clone());
                    field(self, &key.to_lowercase(), value);
                    self.path.pop();
                }
                self.root = outer;
            }
            other => self.misfit(other, type_name),
        }
    }

    pub(crate) fn string(&mut self, target: &mut String, value: &Value) {
        match value {
            Value::Null => {}
            value => match text(value) {
                Some(text) => *target = text,
                None => self.misfit(value, "string"),
            },
        }
    }

    pub(crate) fn bool(&mut self, target: &mut bool, value: &Value) {
        match value {
            Value::Null => {}
            Value::Bool(b) => *target = *b,
            other => self.misfit(other, "bool"),
        }
    }

    pub(crate) fn strings(&mut self, target: &mut Vec<String>, value: &Value) {
        self.list("[]string", target, value, |d, item| {
            let mut text = String::new();
            d.string(&mut text, item);
            text
        });
    }

    pub(crate) fn list<T>(
        &mut self,
        type_name: &str,
        target: &mut Vec<T>,
        value: &Value,
        mut item: impl FnMut(&mut Self, &Value) -> T,
    ) {
        match value {
            Value::Null => {}
            Value::Array(items) => *target = items.iter().map(|v| item(self, v)).collect(),
            other => self.misfit(other, type_name),
        }
    }

    pub(crate) fn string_map(&mut self, target: &mut BTreeMap<String, String>, value: &Value) {
        match value {
            Value::Null => {}
            Value::Object(entries) => {
                for (key, value) in entries {
                    let mut text = String::new();
                    self.string(&mut text, value);
                    target.insert(key.clone(), text);
                }
            }
            other => self.misfit(other, "map[string]string"),
        }
    }
}

/// A scalar as the YAML library writes it where a text is asked for.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Number(n) if n.is_f64() => {
            let f = n.as_f64().unwrap_or_default();
            // Go prints the shortest text that gives the same float of 32 bits.
            #[allow(clippy::cast_possible_truncation)]
            let short = f as f32;
            Some(match short {
                f32::INFINITY => "+Inf".to_owned(),
                f32::NEG_INFINITY => "-Inf".to_owned(),
                short => general(&format!("{short:e}")),
            })
        }
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// `strconv.FormatFloat` with `g` and as few digits as do: digits in scientific notation, laid out
/// plainly while the exponent is small.
fn general(scientific: &str) -> String {
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific.to_owned();
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return scientific.parse::<f64>().map_or(scientific.to_owned(), |f| f.to_string());
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
