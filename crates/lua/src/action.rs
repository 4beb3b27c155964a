//! Actions: which an object offers, and what one makes of it.

use std::collections::BTreeMap;

use mlua::Value as LuaValue;
use serde_json::{Map, Value};
pub use windlass_customizations::action::{Action, Impact, Operation, Parameter};
use windlass_object::Object;

use crate::{Error, Sandbox, Script, convert};

impl Sandbox {
    /// The actions that the scripts say an object offers, by name. The first script that names one
    /// describes it.
    ///
    /// # Errors
    /// When a script fails, exceeds a bound or returns something else than a table of actions.
    pub fn actions(&self, scripts: &[Script], object: &Object) -> Result<Vec<Action>, Error> {
        let mut actions = BTreeMap::new();
        for script in scripts {
            let found = self.run(script, object, &[], |result| match result {
                LuaValue::Table(_) => convert::from_lua(result),
                other => Err(convert::not_a_table(other)),
            })?;
            let found = match found {
                Value::Object(found) => found,
                Value::Array(items) if items.is_empty() => continue,
                _ => return Err(Error::Result("a table of actions by name is wanted".to_owned())),
            };
            for (name, value) in found {
                let action = action(&name, &value);
                actions.entry(name).or_insert(action);
            }
        }
        Ok(actions.into_values().collect())
    }

    /// What an action makes of an object: one object to patch, or objects each with its operation.
    ///
    /// # Errors
    /// When the script fails, exceeds a bound or returns no objects.
    pub fn act(
        &self,
        script: &Script,
        object: &Object,
        parameters: &[Parameter],
    ) -> Result<Vec<Impact>, Error> {
        let result = self.run(script, object, parameters, |result| match result {
            LuaValue::Table(_) => convert::from_lua(result),
            other => Err(convert::not_a_table(other)),
        })?;
        let mut impacts = match result {
            Value::Array(items) => items.into_iter().map(impact).collect::<Result<Vec<_>, _>>()?,
            one => vec![Impact { operation: Operation::Patch, object: to_object(one)? }],
        };
        for impact in &mut impacts {
            if impact.operation == Operation::Patch {
                restore_empty(impact.object.fields_mut(), object.fields());
            }
        }
        Ok(impacts)
    }
}

fn action(name: &str, value: &Value) -> Action {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let parameters = value.get("params").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    Action {
        name: name.to_owned(),
        disabled: value.get("disabled").and_then(Value::as_bool).unwrap_or(false),
        icon_class: text("iconClass"),
        display_name: text("displayName"),
        parameters: parameters
            .iter()
            .map(|parameter| {
                let text =
                    |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or_default();
                Parameter { name: text("name").to_owned(), value: text("default").to_owned() }
            })
            .collect(),
    }
}

fn impact(value: Value) -> Result<Impact, Error> {
    let Value::Object(mut fields) = value else {
        return Err(Error::Object("a list of tables with operation and resource is wanted".into()));
    };
    let operation = match fields.get("operation").and_then(Value::as_str) {
        Some("create") => Operation::Create,
        Some("patch") => Operation::Patch,
        _ => {
            let given = fields.get("operation").map(ToString::to_string).unwrap_or_default();
            return Err(Error::Operation(given));
        }
    };
    let resource = fields.remove("resource").unwrap_or_default();
    Ok(Impact { operation, object: to_object(resource)? })
}

fn to_object(value: Value) -> Result<Object, Error> {
    Object::try_from(value).map_err(|error| Error::Object(error.to_string()))
}

/// An empty table came back as an empty list; where it was a map it is one again.
fn restore_empty(new: &mut Map<String, Value>, old: &Map<String, Value>) {
    for (key, was) in old {
        if let Some(is) = new.get_mut(key) {
            restore(is, was);
        }
    }
}

fn restore(is: &mut Value, was: &Value) {
    match (is, was) {
        (Value::Object(is), Value::Object(was)) => restore_empty(is, was),
        (Value::Array(is), Value::Array(was)) => {
            is.iter_mut().zip(was).for_each(|(is, was)| restore(is, was));
        }
        (is @ Value::Array(_), Value::Object(_)) if is.as_array().is_some_and(Vec::is_empty) => {
            *is = Value::Object(Map::new());
        }
        _ => {}
    }
}
