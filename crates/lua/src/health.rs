//! What a health script says.

use mlua::Value as LuaValue;
use serde_json::Value;
use windlass_object::Object;

use crate::{Error, Sandbox, Script, convert};

const STATUSES: [&str; 6] =
    ["Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"];

/// Health as a script tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// One of Argo CD's six words.
    pub status: &'static str,
    /// Why, for people.
    pub message: String,
}

impl Sandbox {
    /// Health of an object; none if the script returns nothing, or an empty table. A status that
    /// there is not is `Unknown`.
    ///
    /// # Errors
    /// When the script fails, exceeds a bound or returns something else than a table.
    pub fn health(&self, script: &Script, object: &Object) -> Result<Option<Health>, Error> {
        self.run(script, object, &[], |result| match result {
            LuaValue::Nil => Ok(None),
            LuaValue::Table(_) => convert::from_lua(result).map(|value| read(&value)),
            other => Err(convert::not_a_table(other)),
        })
    }
}

/// A field that is no text makes a result of nothing.
fn read(value: &Value) -> Option<Health> {
    let fields = value.as_object()?;
    let field = |name: &str| {
        let mut found = fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next_back().map_or(Some(""), |(_, value)| match value {
            Value::Null => Some(""),
            value => value.as_str(),
        })
    };
    let (status, message) = (field("status")?, field("message")?);
    Some(match STATUSES.into_iter().find(|known| *known == status) {
        Some(status) => Health { status, message: message.to_owned() },
        None => Health {
            status: "Unknown",
            message: "Lua returned an invalid health status".to_owned(),
        },
    })
}
