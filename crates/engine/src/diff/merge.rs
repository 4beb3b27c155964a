//! What of a live object was ever applied.

use windlass_object::{Map, Value};

/// What of `live` is in `wanted` too: fields of objects by name, items of lists by place. Items
/// after the last wanted one stay.
pub(super) fn restrict(wanted: &Value, live: &Value) -> Value {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => {
            let both = wanted
                .iter()
                .filter_map(|(key, wanted)| Some((key.clone(), restrict(wanted, live.get(key)?))));
            Value::Object(both.collect())
        }
        (Value::Array(wanted), Value::Array(live)) => {
            let items = live.iter().enumerate().map(|(i, item)| match wanted.get(i) {
                Some(wanted) => restrict(wanted, item),
                None => item.clone(),
            });
            Value::Array(items.collect())
        }
        _ => live.clone(),
    }
}

/// Whether `live` has all that is wanted, so that nothing need be patched whatever the schema.
/// Lists must be equal: how they merge only the schema tells.
pub(super) fn holds(live: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, wanted)| match (live.get(key), wanted) {
        (Some(Value::Object(live)), Value::Object(wanted)) => holds(live, wanted),
        (Some(live), wanted) => live == wanted,
        (None, _) => false,
    })
}
