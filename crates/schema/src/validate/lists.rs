//! Uniqueness of list items, and what every embedded resource has.

use windlass_object::{Map, Value};

use super::{FieldError, child};
use crate::table::{ListType, Type};

/// Items of sets, and keys of maps, come once.
pub(super) fn unique(value: &Value, ty: Type<'_>, path: &str, errors: &mut Vec<FieldError>) {
    match value {
        Value::Array(items) => {
            if ty.node().structural {
                match &ty.node().list {
                    ListType::Atomic => {}
                    ListType::Set => repetitions(items, path, errors),
                    ListType::Map(keys) => unique_keys(items, keys, path, errors),
                }
            }
            for (i, item) in items.iter().enumerate() {
                unique(item, ty.item(), &format!("{path}[{i}]"), errors);
            }
        }
        Value::Object(map) => {
            for (name, value) in map {
                match (ty.declared(name), ty.known(name)) {
                    (Some(field), _) => unique(value, field, &child(path, name), errors),
                    (None, Some(field)) => unique(value, field, &format!("{path}[{name}]"), errors),
                    (None, None) => {}
                }
            }
        }
        _ => {}
    }
}

/// The second appearance of each item that comes more than once.
fn repetitions(items: &[Value], path: &str, errors: &mut Vec<FieldError>) {
    for (i, item) in items.iter().enumerate() {
        if items[..i].iter().filter(|other| *other == item).count() == 1 {
            errors.push(FieldError::duplicate(format!("{path}[{i}]"), item));
        }
    }
}

fn unique_keys(items: &[Value], keys: &[Box<str>], path: &str, errors: &mut Vec<FieldError>) {
    for (i, item) in items.iter().enumerate() {
        if !item.is_object() && !item.is_null() {
            let place = format!("{path}[{i}]");
            let detail = "must be an object for an array of list-type map";
            errors.push(FieldError::invalid(&place, &super::printed(item), detail));
            return;
        }
    }
    let keys_of = |item: &Value| {
        let fields =
            keys.iter().filter_map(|key| Some((key.to_string(), item.get(&**key)?.clone())));
        Value::Object(fields.collect::<Map<_, _>>())
    };
    let keys: Vec<Value> = items.iter().map(keys_of).collect();
    repetitions(&keys, path, errors);
}

/// Embedded resources say what they are.
pub(super) fn embedded(value: &Value, ty: Type<'_>, path: &str, errors: &mut Vec<FieldError>) {
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                embedded(item, ty.item(), &format!("{path}[{i}]"), errors);
            }
        }
        Value::Object(map) => {
            if ty.node().embedded && !path.is_empty() {
                for name in ["apiVersion", "kind"] {
                    if map.get(name).is_none_or(|v| v.as_str() == Some("")) {
                        errors.push(FieldError::required(child(path, name)));
                    }
                }
            }
            for (name, value) in map {
                if let Some(field) = ty.known(name) {
                    embedded(value, field, &child(path, name), errors);
                }
            }
        }
        _ => {}
    }
}
