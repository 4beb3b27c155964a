//! Parts of objects as cells show them.

use serde_json::Value;
use windlass_object::Object;

/// A string at a path of an object.
pub(super) fn at(object: &Object, path: &[&str]) -> String {
    object.str_at(path).to_owned()
}

/// A number at a path; 0 where there is none.
pub(super) fn int(object: &Object, path: &[&str]) -> i64 {
    object.int_at(path).unwrap_or_default()
}

/// The items of a list at a path.
pub(super) fn list<'a>(object: &'a Object, path: &[&str]) -> &'a [Value] {
    object.get(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// How many entries a map or list at a path has.
pub(super) fn count(object: &Object, path: &[&str]) -> i64 {
    let count = match object.get(path) {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(map)) => map.len(),
        _ => 0,
    };
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A string in a value.
pub(super) fn field<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A string, or what stands for an absent one.
pub(super) fn or<'a>(text: &'a str, absent: &'a str) -> &'a str {
    if text.is_empty() { absent } else { text }
}

/// A string, number or boolean as text.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The names and the images of containers.
pub(super) fn containers(containers: Option<&Value>) -> (String, String) {
    let all = containers.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let join = |name| all.iter().map(|c| field(c, name)).collect::<Vec<_>>().join(",");
    (join("/name"), join("/image"))
}

/// Labels as `a=b,c=d`.
pub(super) fn labels(labels: Option<&Value>) -> String {
    match labels.and_then(Value::as_object) {
        Some(map) if !map.is_empty() => {
            map.iter().map(|(k, v)| format!("{k}={}", plain(v))).collect::<Vec<_>>().join(",")
        }
        _ => "<none>".to_owned(),
    }
}

/// A label selector in its text form; empty where it selects everything or nothing.
pub(super) fn selector(selector: Option<&Value>) -> String {
    let mut parts: Vec<(&str, String)> = Vec::new();
    let selector = selector.unwrap_or(&Value::Null);
    for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
        parts.push((key, format!("{key}={}", plain(value))));
    }
    for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = field(expression, "/key");
        let values = expression["values"].as_array().into_iter().flatten();
        let mut values: Vec<&str> = values.filter_map(Value::as_str).collect();
        values.sort_unstable();
        let values = values.join(",");
        let text = match field(expression, "/operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return "<error>".to_owned(),
        };
        parts.push((key, text));
    }
    parts.sort_by(|a, b| a.0.cmp(b.0));
    parts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(",")
}

/// [`selector`], with a sign for an empty one.
pub(super) fn selector_or_none(value: Option<&Value>) -> String {
    or(&selector(value), "<none>").to_owned()
}

/// At most `max` items, and how many more there are.
pub(super) fn some_of(items: &[String], max: usize, empty: &str) -> String {
    if items.is_empty() {
        return empty.to_owned();
    }
    let shown = items[..items.len().min(max)].join(",");
    match items.len().saturating_sub(max) {
        0 => shown,
        more => format!("{shown} + {more} more..."),
    }
}
