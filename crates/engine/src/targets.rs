//! From rendered manifests to the objects that an application wants.
//!
//! Objects get the namespace that their scope asks for and the application's mark. Of objects that
//! appear more than once the last counts.

use std::collections::HashMap;
use std::sync::Arc;

use windlass_object::{Object, ResourceKey};

use crate::hook::{self, DeletionHook};
use crate::state::{ApiKinds, Condition, ConditionType};
use crate::tracking::{Tracking, is_crd};

/// Whose manifests they are, and what is known of kinds.
pub struct Context<'a> {
    /// Instance name of the application, from [`crate::tracking::instance_name`].
    pub instance: &'a str,
    /// Destination namespace, for namespaced objects that have none; may be empty.
    pub namespace: &'a str,
    /// How objects are marked.
    pub tracking: &'a Tracking,
    /// Scope of kinds. Kinds that are not served are taken to be namespaced.
    pub kinds: &'a dyn ApiKinds,
    /// Whether settings exclude a kind.
    pub excluded: &'a dyn Fn(&windlass_object::GroupKind) -> bool,
}

/// What an application wants in its cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// Its objects, hooks among them, each once.
    pub objects: Vec<Arc<Object>>,
    /// Hooks of its deletion that are hooks of nothing else, each once.
    pub deletion_hooks: Vec<Arc<Object>>,
    /// What a person should know.
    pub conditions: Vec<Condition>,
}

/// Prepares manifests.
pub fn prepare(manifests: impl IntoIterator<Item = Object>, context: &Context<'_>) -> Targets {
    let mut targets = Targets::default();
    let mut by_key: HashMap<ResourceKey, (usize, usize)> = HashMap::new();
    let mut objects: Vec<Object> = Vec::new();
    for (i, mut object) in manifests.into_iter().enumerate() {
        targets.conditions.extend(odd_annotation(&object));
        place(&mut object, context);
        if !is_crd(&object)
            && let Err(error) =
                context.tracking.set(&mut object, context.instance, context.namespace)
        {
            let message = format!(
                "Failed to normalize target state: failed to set app instance label on resource {}/{}: {error}",
                object.kind(),
                object.name()
            );
            targets.conditions.push(Condition::new(ConditionType::ComparisonError, message));
        }
        let mut key = object.key();
        if key.name.is_empty() {
            // Each run makes another object of it, so that no two are the same.
            key.name = format!("{}{i}", object.str_at(&["metadata", "generateName"]));
        }
        match by_key.get_mut(&key) {
            Some((place, count)) => {
                objects[*place] = object;
                *count += 1;
            }
            None => {
                by_key.insert(key, (objects.len(), 1));
                objects.push(object);
            }
        }
    }
    let mut repeated: Vec<Condition> = by_key
        .iter()
        .filter(|(_, (_, count))| *count > 1)
        .map(|(key, (_, count))| {
            let message =
                format!("Resource {key} appeared {count} times among application resources.");
            Condition::new(ConditionType::RepeatedResourceWarning, message)
        })
        .collect();
    repeated.sort();
    targets.conditions.extend(repeated);
    for object in objects {
        if (context.excluded)(&object.group_kind()) {
            let (group, kind, name) = (object.group(), object.kind(), object.name());
            let message = format!("Resource {group}/{kind} {name} is excluded in the settings");
            targets
                .conditions
                .push(Condition::new(ConditionType::ExcludedResourceWarning, message));
        } else if only_at_deletion(&object) {
            targets.deletion_hooks.push(Arc::new(object));
        } else {
            targets.objects.push(Arc::new(object));
        }
    }
    targets
}

/// An annotation that is no text: the API would refuse the object.
fn odd_annotation(object: &Object) -> Option<Condition> {
    let annotations = object.get(&["metadata", "annotations"])?.as_object()?;
    let (key, value) = annotations.iter().find(|(_, value)| !value.is_string())?;
    let message = format!(
        "Failed to load target state: failed to generate manifest: failed to set app instance \
         tracking info on {}: metadata.annotations: {key:?} is {value}, which is no string: put it in quotes",
        object.key()
    );
    Some(Condition::new(ConditionType::ComparisonError, message))
}

/// Gives an object the namespace that its scope asks for.
fn place(object: &mut Object, context: &Context<'_>) {
    let namespaced = context.kinds.namespaced(&object.group_kind()).unwrap_or(true);
    if !namespaced {
        object.remove(&["metadata", "namespace"]);
    } else if object.namespace().is_empty() && !context.namespace.is_empty() {
        object.set(&["metadata", "namespace"], context.namespace);
    }
}

fn only_at_deletion(object: &Object) -> bool {
    let at = |moment| hook::runs_at(object, moment);
    let in_sync = hook::types(object).iter().any(|kind| matches!(kind, hook::HookType::Phase(_)));
    (at(DeletionHook::PreDelete) || at(DeletionHook::PostDelete)) && !in_sync
}
