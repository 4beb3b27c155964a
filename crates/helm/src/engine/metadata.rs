//! `.Chart`: a mapping by the names of Go's fields.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;
use windlass_gotemplate::{Element, Map, Value};

use crate::metadata::{Dependency, Maintainer, Metadata};

pub(super) fn value(metadata: &Metadata, root: bool) -> Value {
    let m = metadata;
    let annotations: BTreeMap<Rc<str>, Value> =
        m.annotations.iter().map(|(k, v)| ((&**k).into(), text(v))).collect();
    let annotations = match m.has_annotations {
        true => Map::new(Element::String, annotations),
        false => Map::nil(Element::String),
    };
    Value::map([
        ("Name", text(&m.name)),
        ("Home", text(&m.home)),
        ("Sources", texts(&m.sources)),
        ("Version", text(&m.version)),
        ("Description", text(&m.description)),
        ("Keywords", texts(&m.keywords)),
        ("Maintainers", Value::list(m.maintainers.iter().map(maintainer).collect())),
        ("Icon", text(&m.icon)),
        ("APIVersion", text(&m.api_version)),
        ("Condition", text(&m.condition)),
        ("Tags", text(&m.tags)),
        ("AppVersion", text(&m.app_version)),
        ("Deprecated", Value::Bool(m.deprecated)),
        ("Annotations", Value::Map(Rc::new(annotations))),
        ("KubeVersion", text(&m.kube_version)),
        ("Dependencies", Value::list(m.dependencies.iter().map(dependency).collect())),
        ("Type", text(&m.kind)),
        ("IsRoot", Value::Bool(root)),
    ])
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn texts(items: &[String]) -> Value {
    Value::list(items.iter().map(|s| text(s)).collect())
}

fn maintainer(m: &Maintainer) -> Value {
    Value::map([("Name", text(&m.name)), ("Email", text(&m.email)), ("URL", text(&m.url))])
}

fn dependency(d: &Dependency) -> Value {
    Value::map([
        ("Name", text(&d.name)),
        ("Version", text(&d.version)),
        ("Repository", text(&d.repository)),
        ("Condition", text(&d.condition)),
        ("Tags", texts(&d.tags)),
        ("Enabled", Value::Bool(d.enabled)),
        ("ImportValues", Value::list(d.import_values.iter().map(import).collect())),
        ("Alias", text(&d.alias)),
    ])
}

/// An entry of `import-values`, as a pair of strings after Helm has read it.
fn import(entry: &Json) -> Value {
    let pairs = entry.as_object().into_iter().flatten();
    let entries = pairs.map(|(k, v)| ((&**k).into(), text(v.as_str().unwrap_or_default())));
    Value::Map(Rc::new(Map::new(Element::String, entries.collect())))
}
