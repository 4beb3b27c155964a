//! How a value of a type is taken apart, and whether it fits the type.

use windlass_object::{Map, Value, go};

use crate::fields::{Element, Scalar};
use crate::quote::go_value;
use crate::table::{Kind, ListType, Type};

/// How a value is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Scalar,
    List,
    Map,
}

/// A value that does not fit its type, as structured-merge-diff reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidValue {
    pub(crate) path: String,
    pub(crate) message: String,
}

impl Shape {
    /// The shape of a value of a type: its own if the type allows it, else the type's (for a type
    /// that allows several: map, then scalar, then list).
    pub(crate) fn of(ty: Type<'_>, value: Option<&Value>) -> Self {
        match ty.node().kind {
            Kind::Object => Self::Map,
            Kind::Array => Self::List,
            Kind::Any | Kind::IntOrString => match value {
                Some(Value::Array(_)) => Self::List,
                Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => Self::Scalar,
                _ => Self::Map,
            },
            _ => Self::Scalar,
        }
    }
}

/// The items of a list; none for null, nothing and other values.
pub(crate) fn items(value: Option<&Value>) -> Option<&Vec<Value>> {
    value.and_then(Value::as_array)
}

/// The fields of a map; none for null, nothing and other values.
pub(crate) fn map(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

/// Whether lists of this type are one leaf.
pub(crate) fn is_atomic_list(ty: Type<'_>) -> bool {
    ty.node().list == ListType::Atomic
}

/// The path element of an item of a list that is not atomic.
pub(crate) fn list_element(ty: Type<'_>, item: &Value) -> Result<Element, String> {
    let ListType::Map(keys) = &ty.node().list else {
        return match item {
            Value::Object(_) => {
                Err("associative list without keys has an element that's a map type".into())
            }
            Value::Array(_) => Err("not supported: associative list with lists as elements".into()),
            Value::Null => {
                Err("associative list without keys has an element that's an explicit null".into())
            }
            scalar => Ok(Element::Value(Scalar(scalar.clone()))),
        };
    };
    let Value::Object(fields) = item else {
        let what = if item.is_null() { "a null element" } else { "non-map elements" };
        return Err(format!("associative list with keys may not have {what}"));
    };
    let mut found: Vec<(String, Scalar)> = Vec::with_capacity(keys.len());
    for key in keys.iter() {
        let default = || ty.item().declared(key)?.node().default.as_deref();
        if let Some(value) = fields.get(&**key).or_else(default) {
            found.push((key.to_string(), Scalar(value.clone())));
        }
    }
    if found.is_empty() {
        let keys: Vec<String> = keys.iter().map(|k| go::quote(k)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't \
             have default values for any key fields)",
            keys.join(" ")
        ));
    }
    found.sort();
    Ok(Element::Key(found))
}

/// The items of a list with their elements; items that have none are left out.
pub(crate) fn list_parts<'v>(ty: Type<'_>, items: &'v [Value]) -> Vec<(Element, &'v Value)> {
    items.iter().filter_map(|item| Some((list_element(ty, item).ok()?, item))).collect()
}

/// What does not fit the type. Duplicate list items are told unless `duplicates` are allowed.
pub(crate) fn check(value: &Value, ty: Type<'_>, duplicates: bool) -> Vec<InvalidValue> {
    let mut found = Vec::new();
    walk(value, ty, duplicates, &mut String::new(), &mut found);
    found
}

fn walk(
    value: &Value,
    ty: Type<'_>,
    duplicates: bool,
    path: &mut String,
    found: &mut Vec<InvalidValue>,
) {
    if value.is_null() {
        return;
    }
    match Shape::of(ty, Some(value)) {
        Shape::Scalar => {
            if let Some(message) = wrong_scalar(value, ty.node().kind, ty.node().format.as_deref())
            {
                report(found, path, message);
            }
        }
        Shape::List => {
            let Value::Array(items) = value else {
                return report(found, path, format!("expected list, got &{{{}}}", go_value(value)));
            };
            let mut seen = std::collections::BTreeSet::new();
            for (i, item) in items.iter().enumerate() {
                let element = if is_atomic_list(ty) {
                    Element::Index(i64::try_from(i).unwrap_or(i64::MAX))
                } else {
                    match list_element(ty, item) {
                        Ok(element) => element,
                        Err(message) => {
                            return report(found, path, format!("element {i}: {message}"));
                        }
                    }
                };
                if !is_atomic_list(ty) && !seen.insert(element.clone()) && !duplicates {
                    report(found, path, format!("duplicate entries for key {element}"));
                }
                descend(path, &element, |path| walk(item, ty.item(), duplicates, path, found));
            }
        }
        Shape::Map => {
            let Value::Object(map) = value else {
                return report(found, path, format!("expected map, got &{{{}}}", go_value(value)));
            };
            for (name, value) in map {
                let element = Element::field(name);
                let Some(field) = ty.field(name) else {
                    let path = format!("{path}{element}");
                    return report(found, &path, "field not declared in schema".into());
                };
                descend(path, &element, |path| walk(value, field, duplicates, path, found));
            }
        }
    }
}

fn report(found: &mut Vec<InvalidValue>, path: &str, message: String) {
    found.push(InvalidValue { path: path.to_owned(), message });
}

fn descend(path: &mut String, element: &Element, walk: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push_str(&element.to_string());
    walk(path);
    path.truncate(length);
}

fn wrong_scalar(value: &Value, kind: Kind, format: Option<&str>) -> Option<String> {
    match (kind, value) {
        (Kind::Integer | Kind::Number, Value::Number(_)) | (Kind::Boolean, Value::Bool(_)) => None,
        (Kind::Integer | Kind::Number, other) => {
            let go = match other {
                Value::String(_) => "string",
                Value::Bool(_) => "bool",
                Value::Array(_) => "[]interface {}",
                _ => "map[string]interface {}",
            };
            Some(format!("expected numeric (int or float), got {go}"))
        }
        (Kind::Boolean, other) => Some(format!("expected boolean, got &{{{}}}", go_value(other))),
        (Kind::String, Value::String(_)) => None,
        (Kind::String, other) if format.is_none_or(|f| f == "byte") => Some(format!(
            "expected string, got &value.valueUnstructured{{Value:{}}}",
            go_value(other)
        )),
        (_, Value::Array(_) | Value::Object(_)) => {
            Some(format!("expected any scalar, got &{{{}}}", go_value(value)))
        }
        _ => None,
    }
}
