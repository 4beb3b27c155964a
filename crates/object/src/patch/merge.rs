//! JSON Merge Patch.

use serde_json::{Map, Value};

/// Applies a merge patch in place: null removes, objects merge, everything else replaces.
///
/// Beyond the RFC, nulls vanish also from objects inside a list that is new or takes the place of
/// something that was no object, as in Kubernetes.
pub fn apply_merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = without_nulls(patch);
        return;
    };
    let Value::Object(fields) = target else {
        *target = without_nulls(patch);
        return;
    };
    for (key, change) in changes {
        if change.is_null() {
            fields.remove(key);
            continue;
        }
        match fields.get_mut(key) {
            Some(old @ Value::Object(_)) if change.is_object() => apply_merge_patch(old, change),
            // An object that gives way to something else does so as it is.
            Some(old @ Value::Object(_)) => *old = change.clone(),
            _ => {
                fields.insert(key.clone(), without_nulls(change));
            }
        }
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| (k.clone(), without_nulls(v)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// The smallest merge patch that makes `modified` of `original`. Lists are replaced whole. A null
/// in `modified` cannot be expressed: it removes.
pub fn create_merge_patch(original: &Value, modified: &Value) -> Value {
    match (original, modified) {
        (Value::Object(old), Value::Object(new)) => Value::Object(difference(old, new)),
        _ => modified.clone(),
    }
}

fn difference(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, value) in new {
        match (old.get(key), value) {
            (Some(Value::Object(before)), Value::Object(after)) => {
                let inner = difference(before, after);
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            (Some(before), after) if same(before, after) => {}
            _ => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    for key in old.keys().filter(|k| !new.contains_key(*k)) {
        patch.insert(key.clone(), Value::Null);
    }
    patch
}

/// Equality in which 1 and 1.0 are one number.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            x == y || (x.is_f64() != y.is_f64() && x.as_f64() == y.as_f64())
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(a, b)| same(a, b))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}

/// What was removed between `original` and `modified` is set in what was changed since.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the patch conflicts with itself: it both removes and sets {path}")]
pub struct Conflict {
    /// The field, as a JSON pointer.
    pub path: String,
}

/// The merge patch that brings `current` to `modified`: it sets what differs from `current` and
/// removes only what `original` had and `modified` has not, so that what others added to `current`
/// stays. What apimachinery's `jsonmergepatch` computes for kinds without a schema.
///
/// # Errors
/// [`Conflict`] when both halves speak about the same field and differ.
pub fn three_way_merge_patch(
    original: &Value,
    modified: &Value,
    current: &Value,
) -> Result<Value, Conflict> {
    let sets = keep(&create_merge_patch(current, modified), Half::Sets);
    let mut patch = keep(&create_merge_patch(original, modified), Half::Removals);
    conflict(&sets, &patch, &mut Vec::new())?;
    apply_merge_patch(&mut patch, &sets);
    Ok(patch)
}

#[derive(Clone, Copy, PartialEq)]
enum Half {
    Sets,
    Removals,
}

fn keep(patch: &Value, half: Half) -> Value {
    let Value::Object(fields) = patch else { return Value::Object(Map::new()) };
    let mut kept = Map::new();
    for (key, value) in fields {
        let value = match value {
            Value::Null if half == Half::Removals => Value::Null,
            Value::Null => continue,
            // An empty object is a value to set, not an empty patch.
            Value::Object(inner) if inner.is_empty() && half == Half::Sets => value.clone(),
            Value::Object(_) => match keep(value, half) {
                Value::Object(inner) if inner.is_empty() => continue,
                inner => inner,
            },
            _ if half == Half::Sets => value.clone(),
            _ => continue,
        };
        kept.insert(key.clone(), value);
    }
    Value::Object(kept)
}

fn conflict<'v>(a: &'v Value, b: &'v Value, path: &mut Vec<&'v str>) -> Result<(), Conflict> {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            for (key, value) in x {
                if let Some(other) = y.get(key) {
                    path.push(key);
                    conflict(value, other, path)?;
                    path.pop();
                }
            }
            Ok(())
        }
        _ if same(a, b) => Ok(()),
        _ => Err(Conflict { path: crate::Pointer::from_tokens(path.iter().copied()).to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn applies() {
        let check = |mut target: Value, patch: Value, wanted: Value| {
            apply_merge_patch(&mut target, &patch);
            assert_eq!(target, wanted, "{patch}");
        };
        check(json!({"a": "b", "c": 1}), json!({"a": "z", "c": null}), json!({"a": "z"}));
        check(json!({"a": {"b": 1}}), json!({"a": {"c": 2}}), json!({"a": {"b": 1, "c": 2}}));
        check(json!({}), json!({"a": {"b": {"c": null}}}), json!({"a": {"b": {}}}));
        check(json!({"a": [1]}), json!({"a": [null, {"x": null}]}), json!({"a": [null, {}]}));
        check(json!({"a": {}}), json!({"a": [{"x": null}]}), json!({"a": [{"x": null}]}));
        check(json!([1]), json!({"a": null, "b": 2}), json!({"b": 2}));
        check(json!({"a": 1}), json!("x"), json!("x"));
    }

    #[test]
    fn creates() {
        let check = |original: Value, modified: Value, wanted: Value| {
            let patch = create_merge_patch(&original, &modified);
            assert_eq!(patch, wanted);
            let mut applied = original;
            apply_merge_patch(&mut applied, &patch);
            assert!(same(&applied, &modified));
        };
        check(
            json!({"a": 1, "b": {"c": 2, "d": 3}}),
            json!({"b": {"c": 2, "e": 4}}),
            json!({"a": null, "b": {"d": null, "e": 4}}),
        );
        check(json!({"a": [1, 2]}), json!({"a": [1]}), json!({"a": [1]}));
        check(json!({"a": 1}), json!({"a": 1.0}), json!({}));
        check(json!({"a": {"b": 1}}), json!({"a": 3}), json!({"a": 3}));
    }

    #[test]
    fn keeps_what_others_added() {
        let original = json!({"spec": {"x": 1, "old": true}});
        let modified = json!({"spec": {"x": 2}});
        let current = json!({"spec": {"x": 1, "old": true, "theirs": 1}, "status": {}});
        let patch = three_way_merge_patch(&original, &modified, &current).unwrap();
        assert_eq!(patch, json!({"spec": {"x": 2, "old": null}}));
        let gone = three_way_merge_patch(&json!({"a": 1}), &json!({}), &json!({})).unwrap();
        assert_eq!(gone, json!({"a": null}));
        let empty = three_way_merge_patch(&json!({}), &json!({"a": {}}), &json!({})).unwrap();
        assert_eq!(empty, json!({"a": {}}));
    }
}
