//! Maps whose type has a name and methods of its own, as Helm's `common.Values` has.

use std::rc::Rc;

use crate::function::Type;
use crate::value::{Map, Object, Value};

/// A named type of maps.
#[derive(Debug)]
pub struct MapType {
    /// As Go prints it, such as `common.Values`.
    pub name: &'static str,
    /// What can be called on it: methods come before keys.
    pub methods: &'static [Method],
}

/// A method of a map's type.
#[derive(Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What it takes, in order.
    pub parameters: &'static [Type],
    /// Calls it; the arguments are of the parameters' types. An error is in Go's words.
    pub call: fn(&Map, &[Value]) -> Result<Value, String>,
}

/// A map as the receiver of its methods.
#[derive(Debug)]
pub(crate) struct Receiver {
    map: Rc<Map>,
    kind: &'static MapType,
}

impl Receiver {
    /// The map, if its type has a method of that name.
    pub(crate) fn of(map: &Rc<Map>, method: &str) -> Option<Self> {
        let kind = map.named?;
        let has = kind.methods.iter().any(|m| m.name == method);
        has.then(|| Self { map: map.clone(), kind })
    }

    fn method(&self, name: &str) -> Option<&'static Method> {
        self.kind.methods.iter().find(|m| m.name == name)
    }
}

impl Object for Receiver {
    fn type_name(&self) -> &str {
        self.kind.name
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.map.get(name)
    }

    fn has_method(&self, name: &str) -> bool {
        self.method(name).is_some()
    }

    fn parameters(&self, method: &str) -> Option<&'static [Type]> {
        self.method(method).map(|m| m.parameters)
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        let method = self.method(name).ok_or_else(|| format!("there is no method {name}"))?;
        (method.call)(&self.map, args)
    }

    fn print(&self) -> String {
        crate::fmt::print_one(&Value::Map(self.map.clone()))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
