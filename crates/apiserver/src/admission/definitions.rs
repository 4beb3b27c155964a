//! CustomResourceDefinitions: their resources come into service in the write that establishes them, and go out of it
//! when the last of their objects is gone.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use windlass_object::Object;

use super::Attributes;
use crate::catalog::ResourceType;
use crate::crd;
use crate::registry::{Registry, timestamp};

const GROUP: &str = "apiextensions.k8s.io";
const PLURAL: &str = "customresourcedefinitions";

/// Completes a definition and decides on its names.
pub(super) fn admit(attributes: &Attributes<'_>, old: Option<&Object>, new: &mut Object) {
    if new.get(&["spec", "versions"]).is_some_and(|versions| has_rules(versions, 0)) {
        attributes
            .warnings
            .add("x-kubernetes-validations are kept but not evaluated by the embedded API server");
    }
    crd::default(new);
    crd::prepare(new, old);
    let others = attributes.registry.all(GROUP, PLURAL, "");
    crd::establish(new, others.iter(), &timestamp(attributes.now));
}

/// Whether a schema has validation rules anywhere.
fn has_rules(value: &Value, depth: usize) -> bool {
    const DEPTH: usize = 200;
    match value {
        _ if depth > DEPTH => false,
        Value::Object(map) => {
            map.contains_key("x-kubernetes-validations")
                || map.values().any(|value| has_rules(value, depth + 1))
        }
        Value::Array(items) => items.iter().any(|value| has_rules(value, depth + 1)),
        _ => false,
    }
}

/// A definition that has objects stays until they are gone.
pub(super) fn guard_deletion(registry: &Arc<Registry>, definition: &mut Object, now: Timestamp) {
    if !definition.is_terminating() && !objects(registry, definition).is_empty() {
        crd::begin_deletion(definition, &timestamp(now));
    }
}

/// Puts the definition's resources into service, or takes them out.
pub(super) fn written(registry: &Arc<Registry>, old: Option<&Object>, new: Option<&Object>) {
    let Some(definition) = new.or(old) else { return };
    let group = definition.str_at(&["spec", "group"]).to_owned();
    let kind = definition.str_at(&["spec", "names", "kind"]).to_owned();
    let resources = new.map(crd::resources).unwrap_or_default();
    registry.schemas.rcu(|schemas| {
        let without = schemas.without(&group, &kind);
        if resources.is_empty() { without } else { without.with_crds([definition]).0 }
    });
    registry.catalog.set_custom(definition.name(), resources);
    match new {
        Some(definition) if definition.is_terminating() => {
            begin_cleanup(registry, definition.clone());
        }
        Some(_) => {}
        None => reconsider(registry, &group),
    }
}

/// Definitions whose names a deleted one had may take them.
fn reconsider(registry: &Arc<Registry>, group: &str) {
    let waits = |definition: &Object| {
        let conditions = definition.get(&["status", "conditions"]).and_then(Value::as_array);
        definition.str_at(&["spec", "group"]) == group
            && conditions.into_iter().flatten().any(|condition| {
                condition["type"] == "NamesAccepted" && condition["status"] == "False"
            })
    };
    let waiting: Vec<Object> =
        registry.all(GROUP, PLURAL, "").into_iter().filter(|crd| waits(crd)).collect();
    if waiting.is_empty() {
        return;
    }
    let registry = Arc::clone(registry);
    tokio::spawn(async move {
        // The write itself decides on the names.
        for definition in waiting {
            if let Err(error) = registry.overwrite(&definition).await {
                tracing::warn!(definition = definition.name(), %error, "names not reconsidered");
            }
        }
    });
}

/// The last object of a definition that is going lets it go.
pub(super) fn object_deleted(registry: &Arc<Registry>, resource: &ResourceType, name: &str) {
    let Some(definition) = registry.find(GROUP, PLURAL, "", name) else { return };
    let group = resource.storage.as_ref().map_or(&resource.group, |storage| &storage.group);
    if definition.is_terminating() && registry.all(group, &resource.plural, "").is_empty() {
        let registry = Arc::clone(registry);
        tokio::spawn(async move { release(&registry, definition).await });
    }
}

fn objects(registry: &Registry, definition: &Object) -> Vec<Object> {
    let spec = |path: &[&str]| definition.str_at(path).to_owned();
    registry.all(&spec(&["spec", "group"]), &spec(&["spec", "names", "plural"]), "")
}

/// Deletes the objects of a definition. Those with finalizers go when these are done with them.
fn begin_cleanup(registry: &Arc<Registry>, definition: Object) {
    let registry = Arc::clone(registry);
    tokio::spawn(async move {
        for object in objects(&registry, &definition) {
            if object.is_terminating() {
                continue;
            }
            if let Err(error) = registry.remove(&object).await {
                tracing::warn!(object = %object.key(), %error, "not deleted with its definition");
            }
        }
        if objects(&registry, &definition).is_empty() {
            release(&registry, definition).await;
        }
    });
}

/// Takes the finalizer off, which ends the definition.
async fn release(registry: &Arc<Registry>, definition: Object) {
    const ATTEMPTS: usize = 5;
    for attempt in 1..=ATTEMPTS {
        // Another write may have come between; the newest state decides.
        let Some(mut newest) = registry.find(GROUP, PLURAL, "", definition.name()) else { return };
        let left: Vec<Value> = newest
            .finalizers()
            .filter(|finalizer| *finalizer != crd::FINALIZER)
            .map(Value::from)
            .collect();
        newest.set(&["metadata", "finalizers"], Value::Array(left));
        match registry.overwrite(&newest).await {
            Ok(()) => return,
            Err(error) if attempt == ATTEMPTS => {
                tracing::warn!(definition = definition.name(), %error, "definition not released");
            }
            Err(_) => {}
        }
    }
}
