//! Structs to JSON as Go's `encoding/json` does it: what is empty is left out.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Something that is written as JSON.
pub(crate) trait Encode {
    /// As a value, whatever it is.
    fn whole(&self) -> Value;

    /// As a field: nothing if it is empty.
    fn encode(&self) -> Option<Value>;
}

impl Encode for String {
    fn whole(&self) -> Value {
        Value::String(self.clone())
    }

    fn encode(&self) -> Option<Value> {
        (!self.is_empty()).then(|| self.whole())
    }
}

impl Encode for bool {
    fn whole(&self) -> Value {
        Value::Bool(*self)
    }

    fn encode(&self) -> Option<Value> {
        self.then(|| self.whole())
    }
}

impl Encode for i64 {
    fn whole(&self) -> Value {
        Value::from(*self)
    }

    fn encode(&self) -> Option<Value> {
        (*self != 0).then(|| self.whole())
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn whole(&self) -> Value {
        if self.is_empty() {
            return Value::Null;
        }
        Value::Array(self.iter().map(Encode::whole).collect())
    }

    fn encode(&self) -> Option<Value> {
        (!self.is_empty()).then(|| self.whole())
    }
}

impl<T: Encode> Encode for Option<T> {
    fn whole(&self) -> Value {
        self.as_ref().map_or(Value::Null, Encode::whole)
    }

    fn encode(&self) -> Option<Value> {
        self.as_ref().map(Encode::whole)
    }
}

impl Encode for BTreeMap<String, String> {
    fn whole(&self) -> Value {
        self.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect()
    }

    fn encode(&self) -> Option<Value> {
        (!self.is_empty()).then(|| self.whole())
    }
}

impl Encode for Map<String, Value> {
    fn whole(&self) -> Value {
        Value::Object(self.clone())
    }

    fn encode(&self) -> Option<Value> {
        (!self.is_empty()).then(|| self.whole())
    }
}
