//! JSON values as Lua values and back.
//!
//! Lua has one kind of number and one kind of table. A table with keys 1 to n is a list, an empty
//! one is a list too; null is nil, and so leaves no trace.

use mlua::{Lua, Table, Value as LuaValue};
use serde_json::{Map, Number, Value};

use crate::Error;

/// How deep a result may be nested.
const DEPTH: usize = 200;

/// A JSON value in a state.
pub(crate) fn to_lua(lua: &Lua, value: &Value) -> mlua::Result<LuaValue> {
    Ok(match value {
        Value::Null => LuaValue::Nil,
        Value::Bool(truth) => LuaValue::Boolean(*truth),
        Value::Number(number) => LuaValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => LuaValue::String(lua.create_string(text)?),
        Value::Array(items) => {
            let table = lua.create_table_with_capacity(items.len(), 0)?;
            for (index, item) in items.iter().filter(|item| !item.is_null()).enumerate() {
                table.raw_set(index + 1, to_lua(lua, item)?)?;
            }
            LuaValue::Table(table)
        }
        Value::Object(fields) => LuaValue::Table(map_to_lua(lua, fields)?),
    })
}

/// An object in a state.
pub(crate) fn map_to_lua(lua: &Lua, fields: &Map<String, Value>) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, fields.len())?;
    for (key, value) in fields {
        table.raw_set(key.as_str(), to_lua(lua, value)?)?;
    }
    Ok(table)
}

/// The type of a result that is no table, as Lua calls it.
pub(crate) fn not_a_table(value: &LuaValue) -> Error {
    Error::ReturnType(match value {
        LuaValue::Integer(_) => "number",
        value => value.type_name(),
    })
}

/// A result as JSON.
pub(crate) fn from_lua(value: &LuaValue) -> Result<Value, Error> {
    convert(value, 0)
}

fn convert(value: &LuaValue, depth: usize) -> Result<Value, Error> {
    if depth > DEPTH {
        let words = "cannot encode recursively nested tables to JSON";
        return Err(Error::Result(words.to_owned()));
    }
    match value {
        LuaValue::Nil => Ok(Value::Null),
        LuaValue::Boolean(truth) => Ok(Value::Bool(*truth)),
        LuaValue::Integer(number) => Ok(Value::from(*number)),
        LuaValue::Number(number) => to_number(*number),
        LuaValue::String(text) => Ok(Value::String(text.to_string_lossy())),
        LuaValue::Table(table) => table_to_json(table, depth),
        other => Err(Error::Result(format!("cannot encode {} to JSON", other.type_name()))),
    }
}

/// Whole numbers are whole, as a Kubernetes API wants them.
fn to_number(number: f64) -> Result<Value, Error> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[allow(clippy::cast_possible_truncation)]
        return Ok(Value::from(number as i64));
    }
    Number::from_f64(number)
        .map(Value::Number)
        .ok_or_else(|| Error::Result(format!("json: unsupported value: {number}")))
}

fn table_to_json(table: &Table, depth: usize) -> Result<Value, Error> {
    let mut fields = Map::new();
    let mut items: Vec<(f64, Value)> = Vec::new();
    for pair in table.pairs::<LuaValue, LuaValue>() {
        let (key, value) = pair.map_err(|error| Error::Result(error.to_string()))?;
        let value = convert(&value, depth + 1)?;
        match key {
            LuaValue::String(key) => {
                fields.insert(key.to_string_lossy(), value);
            }
            #[allow(clippy::cast_precision_loss)]
            LuaValue::Integer(index) => items.push((index as f64, value)),
            LuaValue::Number(index) => items.push((index, value)),
            _ => return Err(mixed()),
        }
    }
    if items.is_empty() {
        let empty = fields.is_empty();
        return Ok(if empty { Value::Array(Vec::new()) } else { Value::Object(fields) });
    }
    if !fields.is_empty() {
        return Err(mixed());
    }
    items.sort_by(|a, b| a.0.total_cmp(&b.0));
    #[allow(clippy::cast_precision_loss)]
    let dense = items.iter().enumerate().all(|(at, (index, _))| *index == (at + 1) as f64);
    if !dense {
        return Err(Error::Result("cannot encode sparse array".to_owned()));
    }
    Ok(Value::Array(items.into_iter().map(|(_, value)| value).collect()))
}

fn mixed() -> Error {
    Error::Result("cannot encode mixed or invalid key types".to_owned())
}
