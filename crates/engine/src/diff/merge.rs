//! JSON merge patches, two-way and three-way, as custom resources are patched with.

use windlass_object::{Map, Value};

/// Applies a JSON merge patch.
pub(super) fn apply(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(map) = value else { return };
    for (key, change) in patch {
        if change.is_null() {
            map.remove(key);
        } else {
            apply(map.entry(key.as_str()).or_insert(Value::Null), change);
        }
    }
}

/// The patch that `kubectl apply` makes of what it applied last, what it is to apply and what is
/// there.
pub(super) fn three_way(original: &Value, modified: &Value, current: &Value) -> Value {
    let mut patch = changes(current, modified);
    let gone = deletions(original, modified);
    overlay(&mut patch, gone);
    patch
}

/// What `new` adds to and changes in `old`.
fn changes(old: &Value, new: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return new.clone() };
    let mut patch = Map::new();
    for (key, value) in new {
        match old.get(key) {
            Some(before) if before == value => {}
            Some(before @ Value::Object(_)) if value.is_object() => {
                let inner = changes(before, value);
                if inner.as_object().is_some_and(|inner| !inner.is_empty()) {
                    patch.insert(key.clone(), inner);
                }
            }
            _ if value.is_null() => {}
            _ => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(patch)
}

/// What `old` has and `new` has not, as nulls.
fn deletions(old: &Value, new: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        return Value::Object(Map::new());
    };
    let mut patch = Map::new();
    for (key, value) in old {
        match new.get(key) {
            None => {
                patch.insert(key.clone(), Value::Null);
            }
            Some(after @ Value::Object(_)) if value.is_object() => {
                let inner = deletions(value, after);
                if inner.as_object().is_some_and(|inner| !inner.is_empty()) {
                    patch.insert(key.clone(), inner);
                }
            }
            Some(Value::Null) if !value.is_null() => {
                patch.insert(key.clone(), Value::Null);
            }
            Some(_) => {}
        }
    }
    Value::Object(patch)
}

fn overlay(patch: &mut Value, over: Value) {
    match (patch, over) {
        (Value::Object(patch), Value::Object(over)) => {
            for (key, value) in over {
                match patch.get_mut(&key) {
                    Some(inner @ Value::Object(_)) if value.is_object() => overlay(inner, value),
                    _ => {
                        patch.insert(key, value);
                    }
                }
            }
        }
        (patch, over) => *patch = over,
    }
}

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
