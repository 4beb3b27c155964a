//! What a template sees as `.`: `Values`, `Release`, `Chart`, `Files`, `Capabilities`, `Subcharts`.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_gotemplate::{Element, Map, Value};
use windlass_sprig::VALUES;

use super::{capabilities, files, metadata};
use crate::Capabilities;
use crate::render::Release;
use crate::scope::Scope;

/// What all charts of a render share.
pub(super) struct Shared {
    release: Value,
    capabilities: Value,
}

impl Shared {
    pub(super) fn new(release: &Release, capabilities: &Capabilities) -> Self {
        let release = Value::map([
            ("Name", Value::string(&*release.name)),
            ("Namespace", Value::string(&*release.namespace)),
            ("IsUpgrade", Value::Bool(release.is_upgrade)),
            ("IsInstall", Value::Bool(!release.is_upgrade)),
            ("Revision", Value::Int(release.revision)),
            ("Service", Value::string("Helm")),
        ]);
        Self { release, capabilities: capabilities::value(capabilities) }
    }

    /// The scope of one chart, its subcharts still to come.
    pub(super) fn scope(&self, scope: &Scope<'_>, values: &Value, root: bool) -> Rc<Map> {
        let entries: BTreeMap<Rc<str>, Value> = [
            ("Chart", metadata::value(&scope.metadata, root)),
            ("Files", files::value(&scope.chart.files)),
            ("Release", self.release.clone()),
            ("Capabilities", self.capabilities.clone()),
            ("Values", named(values)),
        ]
        .map(|(k, v)| (k.into(), v))
        .into();
        Rc::new(Map::new(Element::Any, entries))
    }
}

/// Values under the name of their type.
fn named(values: &Value) -> Value {
    match values {
        Value::Map(map) => Value::Map(Rc::new(map.converted(&VALUES))),
        other => other.clone(),
    }
}

/// The values of a chart that has none.
pub(super) fn no_values() -> Value {
    Value::Map(Rc::new(Map::of_type(&VALUES, BTreeMap::new())))
}
