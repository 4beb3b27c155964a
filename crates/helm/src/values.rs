//! Values: what a chart's templates are given, before charts and subcharts share them.

use std::fmt;

use serde_json::{Map, Number, Value};
use windlass_object::yaml;

use crate::decode::DecodeError;
use crate::error::Error;
use crate::set;

/// A tree of values. An integer is Go's `int64`, which only `--set` makes; what comes from files
/// and JSON is a float, as in Helm.
#[derive(Clone, Default, PartialEq)]
pub struct Values(Map<String, Value>);

impl fmt::Debug for Values {
    /// The keys at the top only: values hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// Values that a program made: numbers are taken as they are, whole ones as `int64`.
    pub fn from_map(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// Values of a JSON or YAML value that was read already, numbers as files give them.
    pub fn from_document(document: Value) -> Result<Self, DecodeError> {
        match document {
            Value::Null => Ok(Self::default()),
            Value::Object(mut map) => {
                map.values_mut().for_each(floats);
                Ok(Self(map))
            }
            other => Err(DecodeError::no_map(&other)),
        }
    }

    /// Reads a values file; several documents are merged in order. `name` is what errors call it.
    ///
    /// # Errors
    /// When a document is not YAML, or no mapping.
    pub fn from_yaml(name: &str, text: &[u8]) -> Result<Self, Error> {
        Self::read(text).map_err(|reason| Error::ValuesFile { name: name.to_owned(), reason })
    }

    /// As [`Values::from_yaml`], the error in words alone.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        let parsed = yaml::parse(text, &yaml::Options::values());
        if let Some(error) = parsed.errors.first() {
            return Err(format!("cannot unmarshal yaml document: {}", yaml_error(error)));
        }
        let mut out = Self::default();
        for document in parsed.documents {
            let values = Self::from_document(document.value);
            let values = values.map_err(|e| format!("cannot unmarshal yaml document: {e}"))?;
            out.merge(values);
        }
        Ok(out)
    }

    /// Lays `over` on top: mappings are merged, everything else is replaced.
    pub fn merge(&mut self, over: Self) {
        merge(&mut self.0, over.0);
    }

    /// `--set`: `a.b=1,c[0]=x,d={1,2}`.
    ///
    /// # Errors
    /// When the text is no such expression, or does not fit what is there.
    pub fn set(&mut self, expression: &str) -> Result<(), Error> {
        set::parse(expression, &mut self.0, &mut set::Typed)
            .map_err(|reason| Error::Set { flag: "--set", reason })
    }

    /// `--set-string`: as [`Values::set`], every value a string.
    ///
    /// # Errors
    /// As [`Values::set`].
    pub fn set_string(&mut self, expression: &str) -> Result<(), Error> {
        set::parse(expression, &mut self.0, &mut set::Text)
            .map_err(|reason| Error::Set { flag: "--set-string", reason })
    }

    /// `--set-json`: `a.b={"c":1}`, or one JSON mapping.
    ///
    /// # Errors
    /// As [`Values::set`].
    pub fn set_json(&mut self, expression: &str) -> Result<(), Error> {
        let trimmed = expression.trim();
        if trimmed.starts_with('{') {
            let map = serde_json::from_str(trimmed).ok().map(Self::from_document);
            let Some(Ok(values)) = map else {
                return Err(Error::SetJson { prefix: "JSON: ", text: expression.to_owned() });
            };
            self.merge(values);
            return Ok(());
        }
        set::parse_json(expression, &mut self.0)
            .map_err(|_| Error::SetJson { prefix: "", text: expression.to_owned() })
    }

    /// `--set-file`: the values are names of files, which `read` gives.
    ///
    /// # Errors
    /// As [`Values::set`], and what `read` says.
    pub fn set_file(
        &mut self,
        expression: &str,
        read: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<(), Error> {
        set::parse(expression, &mut self.0, &mut set::Files(read))
            .map_err(|reason| Error::Set { flag: "--set-file", reason })
    }

    /// `--set-literal`: everything behind the first `=` is the value.
    ///
    /// # Errors
    /// As [`Values::set`].
    pub fn set_literal(&mut self, expression: &str) -> Result<(), Error> {
        set::parse_literal(expression, &mut self.0)
            .map_err(|reason| Error::Set { flag: "--set-literal", reason })
    }

    /// The mapping at the top.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The mapping at the top.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn merge(below: &mut Map<String, Value>, over: Map<String, Value>) {
    for (key, value) in over {
        match (below.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(over)) => merge(below, over),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

/// Makes every number a float: Go decodes JSON into nothing else.
pub(crate) fn floats(value: &mut Value) {
    match value {
        Value::Number(n) if !n.is_f64() => {
            if let Some(float) = n.as_f64().and_then(Number::from_f64) {
                *n = float;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(floats),
        Value::Object(map) => map.values_mut().for_each(floats),
        _ => {}
    }
}

/// A YAML error behind the words that Helm's library puts before it.
pub(crate) fn yaml_error(error: &yaml::Error) -> String {
    let yaml::Position { line, column } = error.at;
    if matches!(error.problem, yaml::Problem::Number(_) | yaml::Problem::LargeKey(_)) {
        let problem = &error.problem;
        return format!("error converting YAML to JSON: {problem} (line {line}, column {column})");
    }
    format!("error converting YAML to JSON: yaml: line {line}: {} (column {column})", error.problem)
}
