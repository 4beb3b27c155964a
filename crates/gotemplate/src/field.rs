//! Field access: `.a.b`, where most templates fail.

use std::rc::Rc;

use crate::map_type::Receiver;
use crate::set::MissingKey;
use crate::value::Value;

/// What a field access comes to.
pub(crate) enum Found {
    /// A value.
    Value(Value),
    /// A method, still to be called.
    Method(Rc<dyn crate::value::Object>),
}

/// Looks a field up. `known` says whether Go knows the receiver's type, and not only an interface:
/// values out of maps and lists of anything are such. `has_arguments` says whether arguments were given, which only methods take.
pub(crate) fn field(
    receiver: &Value,
    known: bool,
    name: &str,
    has_arguments: bool,
    missing: MissingKey,
) -> Result<Found, String> {
    match receiver {
        Value::Nil if missing == MissingKey::Error => {
            Err(format!("nil data; no entry for key {}", crate::fmt::quote(name)))
        }
        Value::Nil => Ok(Found::Value(Value::Nil)),
        Value::NilInterface => Err(format!("nil pointer evaluating interface {{}}.{name}")),
        Value::Object(object) if object.has_method(name) => Ok(Found::Method(object.clone())),
        Value::Object(object) => {
            if object.is_nil() {
                return Err(format!("nil pointer evaluating {}.{name}", object.type_name()));
            }
            match object.field(name) {
                Some(_) if has_arguments => {
                    Err(format!("{name} has arguments but cannot be invoked as function"))
                }
                Some(value) => Ok(Found::Value(value)),
                None => Err(no_field(name, receiver, known)),
            }
        }
        Value::Map(map) => {
            if let Some(receiver) = Receiver::of(map, name) {
                return Ok(Found::Method(Rc::new(receiver)));
            }
            if has_arguments {
                return Err(format!("{name} is not a method but has arguments"));
            }
            let value = map.get(name);
            match (value, missing) {
                // A null in a map is an interface that holds nothing.
                (Some(Value::Nil), _) => Ok(Found::Value(Value::NilInterface)),
                (Some(value), _) => Ok(Found::Value(value)),
                (None, MissingKey::Invalid) => Ok(Found::Value(Value::Nil)),
                (None, MissingKey::Zero) => Ok(Found::Value(map.element.zero())),
                (None, MissingKey::Error) => {
                    Err(format!("map has no entry for key {}", crate::fmt::quote(name)))
                }
            }
        }
        other => Err(no_field(name, other, known)),
    }
}

fn no_field(name: &str, receiver: &Value, known: bool) -> String {
    format!("can't evaluate field {name} in type {}", static_type(receiver, known))
}

/// The type that Go names: values out of maps and lists are known there as interfaces only.
fn static_type(value: &Value, known: bool) -> String {
    match value {
        _ if known => value.type_name(),
        Value::Object(o) => o.type_name().to_owned(),
        Value::Map(m) if m.named.is_some() => value.type_name(),
        _ => "interface {}".to_owned(),
    }
}
