//! What a render works on: a chart whose dependencies were switched, renamed and given values.
//!
//! Values are the template engine's own, whose mappings are shared: Helm's coalescing lets tables
//! of globals and of imports be one and the same in several charts, and templates that change one
//! change the others. So the sharing is copied, not the intent.

mod coalesce;
mod dependencies;

use std::rc::Rc;

use serde_json::Value as Json;
use windlass_gotemplate::{Map, Value};

use crate::chart::Chart;
use crate::error::Error;
use crate::log::Log;
use crate::metadata::Metadata;
use crate::values::Values;

pub(crate) use coalesce::coalesce_values;
pub(crate) use dependencies::is_compatible;

/// One chart of a render.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'c> {
    pub(crate) chart: &'c Chart,
    /// The chart's, its dependencies changed, its name an alias.
    pub(crate) metadata: Metadata,
    /// Its default values, with what was imported into them.
    pub(crate) values: Value,
    pub(crate) dependencies: Vec<Scope<'c>>,
}

impl<'c> Scope<'c> {
    /// The chart with its dependencies as `values` switch them.
    pub(crate) fn new(chart: &'c Chart, values: &Value, log: &Log) -> Result<Self, Error> {
        let mut scope = Self::raw(chart);
        dependencies::process(&mut scope, values, log)?;
        Ok(scope)
    }

    fn raw(chart: &'c Chart) -> Self {
        Self {
            chart,
            metadata: chart.metadata.clone(),
            values: to_value(&chart.values),
            dependencies: chart.dependencies.iter().map(Self::raw).collect(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.metadata.name
    }
}

/// Values as templates have them.
pub(crate) fn to_value(values: &Values) -> Value {
    Value::map(values.as_map().iter().map(|(k, v)| (&**k, from_json(v))))
}

/// A chart's own values below those given, subcharts left alone. Tables within `given` are changed.
pub(crate) fn over(given: &Value, own: &Values, log: &Log) -> Value {
    let all = empty();
    for (key, value) in table(given).into_iter().flat_map(|map| map.entries().clone()) {
        all.set(key, value);
    }
    if let Value::Map(own) = to_value(own) {
        coalesce::tables(&all, &own, "", coalesce::Mode::Coalesce, log);
    }
    Value::Map(all)
}

pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => match n.as_i64() {
            Some(i) => Value::Int64(i),
            None => Value::Float64(n.as_f64().unwrap_or_default()),
        },
        Json::String(s) => Value::string(&**s),
        Json::Array(items) => Value::list(items.iter().map(from_json).collect()),
        Json::Object(map) => Value::map(map.iter().map(|(k, v)| (&**k, from_json(v)))),
    }
}

/// How deep values may lie in each other. A chart that imports a table into itself makes values
/// that hold themselves; the real helm dies of that.
const MAX_DEPTH: usize = 400;

/// A copy that shares nothing with the original.
fn deep_copy(value: &Value) -> Result<Value, Error> {
    copy(value, 0)
}

fn copy(value: &Value, depth: usize) -> Result<Value, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::Cycle { depth: MAX_DEPTH });
    }
    Ok(match value {
        Value::List(list) => {
            let items = list.items.iter().map(|v| copy(v, depth + 1));
            Value::list(items.collect::<Result<_, _>>()?)
        }
        Value::Map(map) => {
            let entries = map.entries();
            let entries = entries.iter().map(|(k, v)| Ok((k.clone(), copy(v, depth + 1)?)));
            Value::map(entries.collect::<Result<Vec<_>, Error>>()?)
        }
        other => other.clone(),
    })
}

fn table(value: &Value) -> Option<&Rc<Map>> {
    match value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

/// The table at a path of keys with dots, as `Values.Table` finds it.
fn table_at(from: &Value, path: &str) -> Result<Rc<Map>, String> {
    let mut at = table(from).cloned().unwrap_or_else(empty);
    for key in path.split('.') {
        let next = at.get(key);
        let missing = || format!("{} is not a table", windlass_gotemplate::fmt::quote(key));
        at = next.as_ref().and_then(table).cloned().ok_or_else(missing)?;
    }
    Ok(at)
}

fn empty() -> Rc<Map> {
    Rc::new(Map::new(windlass_gotemplate::Element::Any, std::collections::BTreeMap::new()))
}
