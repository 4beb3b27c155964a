//! What the API server makes of a built-in object before admission sees it.
//!
//! The server decodes into Go structs, fills in defaults, and encodes again. Three passes do the
//! same: [`typed::decode`] drops what the structs cannot hold (nulls, unknown fields, zero values),
//! then every struct gets its defaults from parent to child, then [`typed::encode`] puts in what
//! Go always writes (empty structs, fields without `omitempty`) and leaves out what it does not.
//!
//! Which defaults a struct has is code in Kubernetes and so it is here: one function a Go struct,
//! found by the name of its definition, one file an API group. What the API server itself fills in
//! later (addresses, generated selectors, service accounts) is not here.

mod admission;
mod apps;
mod autoscaling;
mod batch;
mod core;
mod networking;
mod others;
mod pod;
mod pod_resources;
mod storage;
mod typed;

use windlass_object::{GroupVersionKind, Map, Object, Value, json};

use crate::Schemas;
use crate::table::{Kind, Type};

type Fields = Map<String, Value>;

/// Makes of a built-in object what the API server makes of it before admission: defaults filled
/// in, normalised. Objects of other kinds are not touched. Doing it twice changes nothing.
pub fn builtin(object: &mut Object) {
    let Some(schema) = Schemas::builtin().of(&object.gvk()) else { return };
    if !schema.definition().is_some_and(|name| name.starts_with("io.k8s.")) {
        return;
    }
    core::convert(object);
    let mut value = std::mem::take(object).into_value();
    typed::decode(&mut value, schema.ty());
    fill(&mut value, schema.ty());
    typed::encode(&mut value, schema.ty());
    if let Ok(done) = Object::try_from(value) {
        *object = done;
    }
}

/// What going through the Go struct of a definition (`io.k8s.api.core.v1.PodSpec`) makes of a value;
/// no defaults are filled in. Whether there is such a definition.
pub fn remarshal(value: &mut Value, definition: &str) -> bool {
    let Some(schema) = Schemas::builtin().definition(definition) else { return false };
    typed::decode(value, schema.ty());
    typed::encode(value, schema.ty());
    true
}

/// A built-in object that holds nothing, as the API server writes it: Go's zero value of the kind.
/// To the owners of fields, this is what a new object is made of.
pub fn empty(gvk: &GroupVersionKind) -> Option<Object> {
    let schema = Schemas::builtin().of(gvk)?;
    if !schema.definition().is_some_and(|name| name.starts_with("io.k8s.")) {
        return None;
    }
    let mut value = json!({"apiVersion": gvk.api_version(), "kind": gvk.kind});
    typed::decode(&mut value, schema.ty());
    typed::encode(&mut value, schema.ty());
    Object::try_from(value).ok()
}

/// Fills in the defaults of a struct and then of what is in it.
fn fill(value: &mut Value, ty: Type<'_>) {
    match value {
        Value::Object(map) => {
            let definition =
                ty.node().definition.as_deref().and_then(|d| d.strip_prefix("io.k8s."));
            if let Some(definition) = definition {
                of_struct(map, definition);
            }
            for (name, field) in ty.fields() {
                if let Some(default) = declared_default(field)
                    && !map.contains_key(name)
                {
                    map.insert(name.to_owned(), default.clone());
                }
            }
            for (name, value) in map {
                if let Some(field) = ty.field(name).filter(|field| field.node().kind != Kind::Any) {
                    fill(value, field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, ty.item())),
        _ => {}
    }
}

/// The default that the definition itself tells. Most of those are Go's zero values, which say
/// nothing, except of pointers.
fn declared_default(field: Type<'_>) -> Option<&Value> {
    let node = field.node();
    let default = node.default.as_deref()?;
    let zero = typed::is_zero(default) || default.is_object();
    (!zero || (node.go.is_pointer() && !default.is_object())).then_some(default)
}

/// The defaults of one Go struct.
fn of_struct(map: &mut Fields, definition: &str) {
    match definition.strip_prefix("api.").unwrap_or(definition) {
        name if name.starts_with("core.") => {
            pod::of(map, name);
            core::of(map, name);
        }
        name if name.starts_with("apps.") => apps::of(map, name),
        name if name.starts_with("batch.") => batch::of(map, name),
        name if name.starts_with("autoscaling.") => autoscaling::of(map, name),
        name if name.starts_with("admissionregistration.") => admission::of(map, name),
        name if name.starts_with("networking.") || name.starts_with("discovery.") => {
            networking::of(map, name);
        }
        name if name.starts_with("storage.") => storage::of(map, name),
        name => others::of(map, name),
    }
}

/// Fills in a field that is absent.
fn absent(map: &mut Fields, name: &str, default: impl Into<Value>) {
    map.entry(name).or_insert_with(|| default.into());
}

/// The fields of a struct in a struct, if it is there.
fn inner<'m>(map: &'m mut Fields, name: &str) -> Option<&'m mut Fields> {
    map.get_mut(name)?.as_object_mut()
}

/// The structs in a list.
fn items<'m>(map: &'m mut Fields, name: &str) -> impl Iterator<Item = &'m mut Fields> {
    map.get_mut(name)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
}

/// A text, empty if absent.
fn text<'m>(map: &'m Fields, name: &str) -> &'m str {
    map.get(name).and_then(Value::as_str).unwrap_or_default()
}
