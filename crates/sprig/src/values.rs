//! Helm's type of values, and what templates can call on it.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_gotemplate::{CallError, Element, Map, MapType, Method, Type, Value, fmt};

use crate::yaml::to_yaml;

/// `common.Values`: what `.Values`, `.Template` and the scope of a template are.
pub static VALUES: MapType = MapType {
    name: "common.Values",
    methods: &[
        Method { name: "AsMap", parameters: &[], call: |map, _| Ok(plain(map)) },
        Method { name: "Table", parameters: &[Type::String], call: table },
        Method { name: "PathValue", parameters: &[Type::String], call: path_value },
        Method { name: "YAML", parameters: &[], call: yaml },
        // There is no writer that a template could give.
        Method {
            name: "Encode",
            parameters: &[Type::Object("io.Writer")],
            call: |_, _| Err("there is no writer".to_owned()),
        },
    ],
};

fn plain(map: &Map) -> Value {
    if map.is_empty() {
        return Value::Map(Rc::new(Map::new(Element::Any, BTreeMap::new())));
    }
    Value::Map(Rc::new(map.unnamed()))
}

fn yaml(map: &Map, _: &[Value]) -> Result<Value, String> {
    match to_yaml(&plain(map)) {
        Ok(text) => Ok(Value::string(format!("{text}\n"))),
        Err(CallError::Message(message)) => Err(message),
        Err(_) => Err("the values cannot be written as YAML".to_owned()),
    }
}

fn text(args: &[Value]) -> &str {
    args.first().and_then(Value::as_str).unwrap_or_default()
}

fn table(map: &Map, args: &[Value]) -> Result<Value, String> {
    Ok(Value::Map(Rc::new(walk(map, text(args).split('.'))?)))
}

/// The map at the end of a path.
fn walk<'a>(map: &Map, path: impl Iterator<Item = &'a str>) -> Result<Map, String> {
    let mut at = map.converted(&VALUES);
    for name in path {
        at = match at.get(name) {
            Some(Value::Map(next)) => next.converted(&VALUES),
            _ => return Err(format!("{} is not a table", fmt::quote(name))),
        };
    }
    Ok(at)
}

fn path_value(map: &Map, args: &[Value]) -> Result<Value, String> {
    let path = text(args);
    if path.is_empty() {
        return Err("YAML path cannot be empty".to_owned());
    }
    let (tables, key) = path.rsplit_once('.').map_or((None, path), |(t, k)| (Some(t), k));
    let none = || format!("{} is not a value", fmt::quote(key));
    let at = walk(map, tables.into_iter().flat_map(|t| t.split('.'))).map_err(|_| none())?;
    match at.get(key) {
        Some(Value::Map(inner)) if inner.named.is_none() => Err(none()),
        Some(value) => Ok(value),
        None => Err(none()),
    }
}
