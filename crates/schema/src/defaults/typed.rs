//! What going through Go structs does to an object.

use windlass_object::{Map, Value, json};

use crate::table::{Kind, Type};

/// Leaves what the Go structs hold after decoding: no nulls, no unknown fields, no zero values
/// where zero and absent are the same; structs that are always there are there.
pub(super) fn decode(value: &mut Value, ty: Type<'_>) {
    if ty.node().kind == Kind::Any {
        return;
    }
    match value {
        Value::Object(map) if ty.fields().next().is_some() => {
            map.retain(|name, value| {
                ty.field(name).is_some_and(|field| !value.is_null() && !vanishes(value, field))
            });
            for (name, field) in ty.fields() {
                if is_struct(field) && !map.contains_key(name) {
                    map.insert(name.to_owned(), Value::Object(Map::new()));
                }
            }
            for (name, value) in map {
                if let Some(field) = ty.field(name) {
                    decode(value, field);
                }
            }
        }
        Value::Object(map) => {
            let Some(additional) = ty.additional() else { return };
            for value in map.values_mut() {
                decode_element(value, additional);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| decode_element(item, ty.item())),
        Value::String(text) if ty.node().format.as_deref() == Some("byte") => {
            text.retain(|c| c != '\n' && c != '\r');
        }
        _ => {}
    }
}

/// Elements of lists and maps cannot be absent: null is their zero value.
fn decode_element(value: &mut Value, ty: Type<'_>) {
    if value.is_null() {
        *value = match ty.node().kind {
            Kind::String => json!(""),
            Kind::Integer | Kind::Number => json!(0),
            Kind::Boolean => json!(false),
            Kind::Object if ty.fields().next().is_some() => json!({}),
            _ => Value::Null,
        };
    }
    decode(value, ty);
}

/// Makes of decoded structs what Go writes.
pub(super) fn encode(value: &mut Value, ty: Type<'_>) {
    match (ty.node().kind, &mut *value) {
        (Kind::Any, _) => {}
        (Kind::Quantity, quantity) => canonical_quantity(quantity),
        (_, Value::Object(map)) if ty.fields().next().is_some() => {
            for (name, field) in ty.fields() {
                match map.get_mut(name) {
                    Some(value) => {
                        encode(value, field);
                        if field.node().go.omit_empty && vanishes(value, field) {
                            map.remove(name);
                        }
                    }
                    None => {
                        if let Some(value) = written_zero(field) {
                            map.insert(name.to_owned(), value);
                        }
                    }
                }
            }
        }
        (_, Value::Object(map)) => {
            if let Some(additional) = ty.additional() {
                map.values_mut().for_each(|value| encode(value, additional));
            }
        }
        (_, Value::Array(items)) => items.iter_mut().for_each(|item| encode(item, ty.item())),
        _ => {}
    }
}

/// Whether a value is Go's zero value of its type.
pub(super) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Whether decoding cannot tell the value of a field from its absence.
fn vanishes(value: &Value, field: Type<'_>) -> bool {
    let go = &field.node().go;
    if go.go_type.is_empty() || go.is_pointer() {
        return false;
    }
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty() && !is_struct(field),
        other => field.node().kind != Kind::Any && is_zero(other),
    }
}

/// A Go struct that is a part of another one and so always there.
fn is_struct(field: Type<'_>) -> bool {
    let go = &field.node().go.go_type;
    field.node().kind == Kind::Object
        && field.fields().next().is_some()
        && !go.is_empty()
        && !go.starts_with(['*', '['])
        && !go.starts_with("map[")
}

/// What Go writes for a field that has its zero value; none if it writes nothing.
fn written_zero(field: Type<'_>) -> Option<Value> {
    let node = field.node();
    let go = &node.go;
    if go.go_type.is_empty() || go.omit_zero {
        return None;
    }
    let nullable =
        go.is_pointer() || go.go_type.starts_with(['[']) || go.go_type.starts_with("map[");
    // Structs are written whether or not they are empty: the tag says nothing of them.
    let value = match node.kind {
        _ if nullable => Value::Null,
        Kind::String if node.format.as_deref() == Some("date-time") => return Some(Value::Null),
        Kind::Quantity => return Some(json!("0")),
        Kind::IntOrString => return Some(json!(0)),
        Kind::Any if &*go.go_type == "runtime.RawExtension" => return Some(Value::Null),
        Kind::String => json!(""),
        Kind::Integer | Kind::Number => json!(0),
        Kind::Boolean => json!(false),
        _ => Value::Null,
    };
    (!go.omit_empty).then_some(value)
}

fn canonical_quantity(value: &mut Value) {
    let text = match &*value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    if let Ok(quantity) = text.parse::<windlass_object::quantity::Quantity>() {
        *value = Value::String(quantity.to_string());
    }
}
