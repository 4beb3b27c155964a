//! YAML as sigs.k8s.io/yaml writes and reads it, by way of JSON.

use windlass_gotemplate::{CallError, Type, Value, fmt};
use windlass_object::{Number, Value as Data, yaml};

use crate::encode::base64;
use crate::table::{Table, string, text};

use Type::{Any, String as Str};

/// Nesting that is written and read.
const MAX_DEPTH: usize = 1_000;

pub(crate) fn add(t: &mut Table) {
    t.put(&["toYaml"], &[Any], |a| string(to_yaml(&a[0]).unwrap_or_default()));
    t.put(&["mustToYaml"], &[Any], |a| string(to_yaml(&a[0])?));
    t.put(&["toYamlPretty"], &[Any], |a| {
        if let Value::Binary(bytes) = &a[0] {
            return string(format!("!!binary {}", base64(bytes)));
        }
        let data = data(&a[0], Floats::Kept, 0).ok();
        let text = data.map(|d| yaml::to_string_with(&d, yaml::Indent::Wide)).unwrap_or_default();
        string(text.strip_suffix('\n').unwrap_or(&text))
    });
    t.put(&["fromYaml"], &[Str], |a| {
        let failed = |error: String| Value::map([("Error", Value::string(error))]);
        Ok(match from_yaml(&text(&a[0])) {
            Ok(map @ Value::Map(_)) => map,
            Ok(Value::Nil) => Value::map::<&str>([]),
            Ok(other) => failed(mismatch(&other, "map[string]interface {}")),
            Err(error) => failed(error),
        })
    });
    t.put(&["fromYamlArray"], &[Str], |a| {
        let failed = |error: String| Value::list(vec![Value::string(error)]);
        Ok(match from_yaml(&text(&a[0])) {
            Ok(list @ Value::List(_)) => list,
            Ok(Value::Nil) => Value::list(Vec::new()),
            Ok(other) => failed(mismatch(&other, "[]interface {}")),
            Err(error) => failed(error),
        })
    });
}

/// `toYaml`: the value as YAML, without the last line feed.
///
/// # Errors
/// When it holds what YAML by way of JSON has not.
pub fn to_yaml(value: &Value) -> Result<String, CallError> {
    let mut text = yaml::to_string(&data(value, Floats::Whole, 0)?);
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

/// What floats without a fraction become.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Floats {
    /// Integers, as going through JSON makes them.
    Whole,
    /// Floats.
    Kept,
}

/// The value as plain data.
///
/// # Errors
/// When it holds what JSON has not.
pub fn to_data(value: &Value) -> Result<Data, CallError> {
    data(value, Floats::Whole, 0)
}

fn data(value: &Value, floats: Floats, depth: usize) -> Result<Data, CallError> {
    if depth > MAX_DEPTH {
        let kind = value.type_name();
        return Err(format!("json: unsupported value: encountered a cycle via {kind}").into());
    }
    Ok(match value {
        Value::Nil | Value::NilInterface => Data::Null,
        Value::Bool(b) => Data::Bool(*b),
        Value::Int(n) | Value::Int64(n) => Data::from(*n),
        Value::Uint8(n) => Data::from(*n),
        Value::Uint64(n) => Data::from(*n),
        Value::Float64(f) => float(*f, floats)?,
        Value::String(s) => Data::from(&**s),
        Value::Binary(b) => Data::from(fmt::lossy(b).into_owned()),
        Value::Bytes(b) => Data::from(base64(b)),
        Value::List(l) if l.is_nil && floats == Floats::Whole => Data::Null,
        Value::List(l) => {
            let items = l.items.iter().map(|v| data(v, floats, depth + 1));
            Data::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Map(m) if m.is_nil && floats == Floats::Whole => Data::Null,
        Value::Map(m) => {
            let entries = m.entries();
            let entries =
                entries.iter().map(|(k, v)| Ok((k.to_string(), data(v, floats, depth + 1)?)));
            Data::Object(entries.collect::<Result<_, CallError>>()?)
        }
        Value::Object(o) if o.is_nil() => Data::Null,
        Value::Object(o) => data(&o.data(), floats, depth + 1)?,
    })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]
fn float(f: f64, floats: Floats) -> Result<Data, CallError> {
    // Beyond, the digits of the integer are more than Go prints.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if floats == Floats::Whole && f.fract() == 0.0 && f.abs() <= EXACT {
        return Ok(Data::from(f as i64));
    }
    Number::from_f64(f).map(Data::Number).ok_or_else(|| {
        format!("json: unsupported value: {}", windlass_gotemplate::fmt::shortest(f)).into()
    })
}

/// The first document of a text; none is nil.
fn from_yaml(text: &str) -> Result<Value, String> {
    match yaml::first(text.as_bytes(), &yaml::Options::values()) {
        Ok(document) => Ok(from_data(&document)),
        Err(error) => {
            let line = error.at.line;
            Err(format!("error converting YAML to JSON: yaml: line {line}: {}", error.problem))
        }
    }
}

/// Plain data as a value: every number is a float.
pub fn from_data(data: &Data) -> Value {
    match data {
        Data::Null => Value::Nil,
        Data::Bool(b) => Value::Bool(*b),
        Data::Number(n) => Value::Float64(n.as_f64().unwrap_or_default()),
        Data::String(s) => Value::string(s.as_str()),
        Data::Array(items) => Value::list(items.iter().map(from_data).collect()),
        Data::Object(fields) => Value::map(fields.iter().map(|(k, v)| (k.as_str(), from_data(v)))),
    }
}

fn mismatch(value: &Value, wanted: &str) -> String {
    let found = match value {
        Value::Map(_) => "object",
        Value::List(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        _ => "number",
    };
    format!(
        "error unmarshaling JSON: while decoding JSON: \
         json: cannot unmarshal {found} into Go value of type {wanted}"
    )
}
