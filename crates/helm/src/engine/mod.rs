//! Runs a chart's templates.

mod capabilities;
mod files;
mod functions;
mod metadata;
mod top;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_gotemplate::{Context, Map, MissingKey, Set, Value, fmt};
use windlass_sprig::VALUES;

use crate::error::Error;
use crate::render::{Options, Release};
use crate::scope::Scope;
use crate::trace::{self, Source};
use crate::{Capabilities, path};

pub use functions::Lookup;
pub(crate) use functions::{MARK_END, MARK_START};

/// One template of a render.
struct Template<'c> {
    text: Cow<'c, str>,
    /// What it sees as `.`.
    dot: Rc<Map>,
    base_path: String,
}

/// Renders every template that is no partial. The texts, by their paths.
pub(crate) fn run(
    scope: &Scope<'_>,
    values: &Value,
    release: &Release,
    capabilities: &Capabilities,
    options: &Options,
) -> Result<BTreeMap<String, String>, Error> {
    let shared = top::Shared::new(release, capabilities);
    let mut templates = BTreeMap::new();
    collect(scope, values, &shared, "", &mut templates);
    let functions = functions::table(options);
    let mut set = Set::default();
    set.missing_key = MissingKey::Zero;
    let order = in_order(&templates);
    for name in &order {
        let parsed = set.parse(name, &templates[*name].text, &functions);
        let text = &templates[*name].text;
        parsed.map_err(|e| trace::parse_error(name, &e, text, functions.names()))?;
    }
    set.seal();
    let text = |name: &str| templates.get(name).map(|template| &*template.text);
    let definitions = || set.definitions();
    let source = Source::new(scope, values, &text, &definitions);
    let mut rendered = BTreeMap::new();
    for name in order {
        if path::base(name).starts_with('_') {
            continue;
        }
        let template = &templates[name];
        let about = BTreeMap::from([
            ("Name".into(), Value::string(name.as_str())),
            ("BasePath".into(), Value::string(&*template.base_path)),
        ]);
        template.dot.set("Template", Value::Map(Rc::new(Map::of_type(&VALUES, about))));
        let dot = Value::Map(Rc::new(template.dot.converted(&VALUES)));
        let bytes = Context::new(&set, &functions, options.limits)
            .execute(name, &dot)
            .map_err(|error| trace::exec_error(name, &error, &source))?;
        let text = match functions::without_no_value(bytes) {
            Ok(text) => text,
            Err(bytes) if path::base(name) == "NOTES.txt" => fmt::lossy(&bytes).into_owned(),
            Err(bytes) => return Err(not_utf8(name, &bytes)),
        };
        rendered.insert(name.clone(), text);
    }
    Ok(rendered)
}

/// What Helm's YAML reader says to bytes that are no UTF-8.
fn not_utf8(name: &str, bytes: &[u8]) -> Error {
    let mark = "error converting YAML to JSON: yaml: invalid leading UTF-8 octet";
    Error::Manifest {
        path: name.to_owned(),
        reason: mark.to_owned(),
        excerpt: Vec::new(),
        output: fmt::lossy(bytes).into_owned(),
    }
}

/// Deeper files first, and of one depth the later names first.
fn in_order<'t>(templates: &'t BTreeMap<String, Template<'_>>) -> Vec<&'t String> {
    let mut names: Vec<&String> = templates.keys().collect();
    names.sort_by_cached_key(|name| {
        (std::cmp::Reverse(name.matches('/').count()), std::cmp::Reverse(*name))
    });
    names
}

fn collect<'c>(
    scope: &Scope<'c>,
    values: &Value,
    shared: &top::Shared,
    parent: &str,
    templates: &mut BTreeMap<String, Template<'c>>,
) -> Value {
    let root = parent.is_empty();
    let full =
        if root { scope.name().to_owned() } else { format!("{parent}/charts/{}", scope.name()) };
    let mut subcharts: BTreeMap<Rc<str>, Value> = BTreeMap::new();
    let dot = shared.scope(scope, values, root);
    for child in &scope.dependencies {
        let inner = match values {
            Value::Map(map) => map.get(child.name()).filter(|v| matches!(v, Value::Map(_))),
            _ => None,
        };
        let inner = inner.unwrap_or_else(top::no_values);
        let below = collect(child, &inner, shared, &full, templates);
        subcharts.insert(child.name().into(), below);
    }
    let subcharts = Map::new(windlass_gotemplate::Element::Any, subcharts);
    dot.set("Subcharts", Value::Map(Rc::new(subcharts)));
    let library = scope.chart.is_library();
    for file in &scope.chart.templates {
        if library && !path::base(&file.name).starts_with('_') {
            continue;
        }
        let template = Template {
            text: file.text(),
            dot: dot.clone(),
            base_path: format!("{full}/templates"),
        };
        templates.insert(format!("{full}/{}", file.name), template);
    }
    Value::Map(dot)
}
