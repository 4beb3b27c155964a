//! Objects that are kept for long and seldom looked at.

use serde_json::{Map, Number, Value};

use crate::Object;

/// An object in as little memory as its content takes, to be made an [`Object`] of again when it is
/// needed. The maps of an [`Object`] are made to be changed: one entry of theirs takes the room of
/// eleven, which adds up where the manifests of thousands of applications are at rest.
#[derive(Clone, Debug, PartialEq)]
pub struct CompactObject(Fields);

type Fields = Box<[(Box<str>, Compact)]>;

#[derive(Clone, Debug, PartialEq)]
enum Compact {
    Null,
    Bool(bool),
    Number(Number),
    String(Box<str>),
    Array(Box<[Compact]>),
    Object(Fields),
}

impl From<Object> for CompactObject {
    fn from(object: Object) -> Self {
        match object.into_value() {
            Value::Object(map) => Self(fields(map)),
            _ => Self(Fields::default()),
        }
    }
}

impl From<&CompactObject> for Object {
    fn from(compact: &CompactObject) -> Self {
        map(&compact.0).into()
    }
}

impl From<Value> for Compact {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::String(text.into()),
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Value::Object(map) => Self::Object(fields(map)),
        }
    }
}

impl From<&Compact> for Value {
    fn from(compact: &Compact) -> Self {
        match compact {
            Compact::Null => Self::Null,
            Compact::Bool(value) => Self::Bool(*value),
            Compact::Number(number) => Self::Number(number.clone()),
            Compact::String(text) => Self::String(text.to_string()),
            Compact::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Compact::Object(fields) => Self::Object(map(fields)),
        }
    }
}

fn fields(map: Map<String, Value>) -> Fields {
    map.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

fn map(fields: &Fields) -> Map<String, Value> {
    fields.iter().map(|(key, value)| (key.to_string(), value.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn nothing_of_an_object_is_lost() {
        let value = json!({
            "apiVersion": "v1", "empty": {}, "none": null, "list": [], "on": true,
            "numbers": [0, -1, u64::MAX, 0.1, 1e300, 0.30000000000000004],
            "deep": {"z": {"y": [{"x": [["text", ""]]}]}, "a": ["b", {"c": false}]},
        });
        let object = Object::try_from(value).unwrap();
        assert_eq!(Object::from(&CompactObject::from(object.clone())), object);
    }
}
