//! JSON with the repeated keys noticed.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::de::{SliceRead, StreamDeserializer};
use serde_json::{Map, Value};

use super::resolve;

/// One JSON value of a stream.
pub(super) struct Item {
    pub(super) value: Value,
    /// Whether some object has a key twice; the last one won.
    pub(super) repeats_keys: bool,
}

pub(super) fn stream(text: &[u8]) -> StreamDeserializer<'_, SliceRead<'_>, Item> {
    serde_json::Deserializer::from_slice(text).into_iter()
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut repeats_keys = false;
        let value = Seed(&mut repeats_keys).deserialize(deserializer)?;
        Ok(Self { value, repeats_keys })
    }
}

struct Seed<'a>(&'a mut bool);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, i: i64) -> Result<Value, E> {
        Ok(i.into())
    }

    fn visit_u64<E>(self, u: u64) -> Result<Value, E> {
        #[expect(clippy::cast_precision_loss, reason = "as Kubernetes' JSON decoder does")]
        Ok(i64::try_from(u).map_or_else(|_| Value::from(u as f64), Value::from))
    }

    fn visit_f64<E: serde::de::Error>(self, f: f64) -> Result<Value, E> {
        resolve::json_number(f).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(s.into())
    }

    fn visit_string<E>(self, s: String) -> Result<Value, E> {
        Ok(Value::String(s))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Seed(self.0))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Seed(self.0))?;
            *self.0 |= fields.insert(key, value).is_some();
        }
        Ok(Value::Object(fields))
    }
}
