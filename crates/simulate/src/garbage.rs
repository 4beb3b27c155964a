//! Garbage collection: what has lost all its owners goes, and the three ways of deletion.

use serde_json::json;
use windlass_object::{Object, OwnerReference};

use crate::plan::{Action, Plan, Propagation, Target};
use crate::resource::{KindId, Resource};
use crate::world::World;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// Looks at one object of any kind.
pub(crate) fn reconcile(world: &World, kind: KindId, object: &Object) -> Plan {
    let mut plan = Plan::nothing();
    let resource = world.resource(kind);
    if object.is_terminating() {
        if has(object, ORPHAN) {
            orphan(world, resource, object, &mut plan);
        } else if has(object, FOREGROUND) && world.all_synced() {
            wait_for_dependents(world, resource, object, &mut plan);
        }
    } else {
        collect(world, resource, object, &mut plan);
    }
    plan
}

/// Whether deletion in the foreground or without dependents is under way.
pub(crate) fn is_concerned(object: &Object) -> bool {
    object.is_terminating() && (has(object, ORPHAN) || has(object, FOREGROUND))
}

fn has(object: &Object, finalizer: &str) -> bool {
    object.finalizers().any(|other| other == finalizer)
}

fn orphan(world: &World, resource: &Resource, object: &Object, plan: &mut Plan) {
    for (place, dependent) in world.dependents(object.uid()) {
        let left: Vec<OwnerReference> = dependent
            .owner_references()
            .into_iter()
            .filter(|owner| owner.uid != object.uid())
            .collect();
        set_owners(world.resource(place.kind), dependent, &left, plan);
    }
    if plan.actions.is_empty() && world.all_synced() {
        plan.remove_finalizer(Target::new(resource, object), object, ORPHAN);
    }
}

fn set_owners(resource: &Resource, object: &Object, left: &[OwnerReference], plan: &mut Plan) {
    plan.actions.push(Action::Patch {
        target: Target::new(resource, object),
        subresource: "",
        patch: json!({"metadata": {
            "ownerReferences": left, "resourceVersion": object.resource_version(),
        }}),
    });
}

fn wait_for_dependents(world: &World, resource: &Resource, object: &Object, plan: &mut Plan) {
    let blocked = world.dependents(object.uid()).any(|(_, dependent)| {
        dependent
            .owner_references()
            .iter()
            .any(|owner| owner.uid == object.uid() && owner.block_owner_deletion == Some(true))
    });
    if !blocked {
        plan.remove_finalizer(Target::new(resource, object), object, FOREGROUND);
    }
}

/// An owner that is gone does not hold its dependent, one that waits for it to go does not either.
fn collect(world: &World, resource: &Resource, object: &Object, plan: &mut Plan) {
    let owners = object.owner_references();
    if owners.is_empty() {
        return;
    }
    let (mut solid, mut waiting, mut absent) = (Vec::new(), false, Vec::new());
    for owner in owners {
        let state = world
            .place(&owner.uid)
            .filter(|place| place.namespace.is_empty() || place.namespace == object.namespace())
            .and_then(|place| world.get(place.kind, &place.namespace, &place.name));
        match state {
            Some(there) if there.is_terminating() && has(there, FOREGROUND) => waiting = true,
            Some(_) => solid.push(owner),
            None => absent.push(owner),
        }
    }
    if !solid.is_empty() {
        // Absence is not certain before all kinds are known, so such a reference stays.
        if waiting {
            solid.extend(absent);
            set_owners(resource, object, &solid, plan);
        }
        return;
    }
    if !absent.is_empty() && !world.all_synced() {
        return;
    }
    let has_dependents = world.dependents(object.uid()).next().is_some();
    let propagation = if has(object, ORPHAN) {
        Propagation::Orphan
    } else if has(object, FOREGROUND) || (waiting && has_dependents) {
        Propagation::Foreground
    } else {
        Propagation::Background
    };
    // Of an owner whose kind is not served nobody knows whether it exists.
    let owners: Option<Vec<Target>> =
        absent.iter().map(|owner| target(world, object, owner)).collect();
    let Some(owners) = owners else { return };
    plan.actions.push(Action::Collect {
        target: Target::new(resource, object),
        owners,
        propagation,
    });
}

/// Where the API would have the owner; nothing when no such kind is served, or when the owner is
/// in a namespace and its dependent is not, which is no valid reference.
fn target(world: &World, object: &Object, owner: &OwnerReference) -> Option<Target> {
    let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
    let (_, resource) = world
        .resources()
        .find(|(_, resource)| resource.group == group && resource.kind == owner.kind)?;
    if resource.namespaced && object.namespace().is_empty() {
        return None;
    }
    Some(Target {
        resource: resource.clone(),
        namespace: if resource.namespaced { object.namespace() } else { "" }.to_owned(),
        name: owner.name.clone(),
        uid: owner.uid.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use windlass_object::Object;

    use super::reconcile;
    use crate::plan::{Action, Propagation};
    use crate::resource::{Kind, KindId};
    use crate::world::World;

    fn object(kind: &str, uid: &str, metadata: &Value) -> Object {
        let mut object = Object::try_from(json!({
            "apiVersion": "apps/v1", "kind": kind,
            "metadata": {"name": uid, "namespace": "n", "uid": uid, "resourceVersion": "1"},
        }))
        .unwrap();
        for (key, value) in metadata.as_object().unwrap() {
            object.set(&["metadata", key], value.clone());
        }
        object
    }

    fn owned_by(uids: &[&str]) -> Value {
        let owner = |uid: &&str| {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": uid, "uid": uid,
                "blockOwnerDeletion": true})
        };
        json!({"ownerReferences": uids.iter().map(owner).collect::<Vec<_>>()})
    }

    fn plan(owner: Option<Value>, dependent: &Object, look_at: &str) -> Vec<Action> {
        let mut world = World::default();
        world.discovered = true;
        for kind in Kind::ALL {
            world.set_synced(KindId::from(*kind));
        }
        if let Some(metadata) = owner {
            world.put(Kind::Deployment.into(), object("Deployment", "owner", &metadata));
        }
        world.put(Kind::ReplicaSet.into(), dependent.clone());
        let place = world.place(look_at).unwrap().clone();
        let seen = world.get(place.kind, "n", look_at).unwrap().clone();
        reconcile(&world, place.kind, &seen).actions
    }

    #[test]
    fn an_object_goes_when_its_last_owner_is_gone() {
        let dependent = object("ReplicaSet", "set", &owned_by(&["owner"]));
        assert_eq!(plan(Some(json!({})), &dependent, "set"), []);
        let actions = plan(None, &dependent, "set");
        let [Action::Collect { owners, propagation, .. }] = &actions[..] else {
            panic!("{actions:?}")
        };
        assert_eq!((owners[0].name.as_str(), *propagation), ("owner", Propagation::Background));
        let two = object("ReplicaSet", "set", &owned_by(&["owner", "other"]));
        assert_eq!(plan(Some(json!({})), &two, "set"), []);
    }

    #[test]
    fn an_owner_that_cannot_be_looked_for_is_not_taken_for_gone() {
        let owner =
            json!({"apiVersion": "example.org/v1", "kind": "Unknown", "name": "x", "uid": "x"});
        let dependent = object("ReplicaSet", "set", &json!({"ownerReferences": [owner]}));
        assert_eq!(plan(None, &dependent, "set"), []);
        let mut cluster_wide = object("ReplicaSet", "set", &owned_by(&["owner"]));
        cluster_wide.remove(&["metadata", "namespace"]);
        let mut world = World::default();
        world.discovered = true;
        for kind in Kind::ALL {
            world.set_synced(KindId::from(*kind));
        }
        let kind = KindId::from(Kind::ReplicaSet);
        assert_eq!(reconcile(&world, kind, &cluster_wide).actions, []);
    }

    #[test]
    fn foreground_waits_for_dependents_and_deletes_them() {
        let terminating = json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["foregroundDeletion"]});
        let dependent = object("ReplicaSet", "set", &owned_by(&["owner"]));
        assert_eq!(plan(Some(terminating.clone()), &dependent, "owner"), []);
        let actions = plan(Some(terminating.clone()), &dependent, "set");
        assert!(matches!(actions[..], [Action::Collect { .. }]), "{actions:?}");
        let stranger = object("ReplicaSet", "set", &json!({}));
        let actions = plan(Some(terminating), &stranger, "owner");
        let [Action::Patch { patch, .. }] = &actions[..] else { panic!("{actions:?}") };
        assert_eq!(patch["metadata"]["finalizers"], json!([]));
    }

    #[test]
    fn orphans_lose_their_owner_first() {
        let terminating =
            json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["orphan"]});
        let dependent = object("ReplicaSet", "set", &owned_by(&["owner", "other"]));
        let actions = plan(Some(terminating), &dependent, "owner");
        let [Action::Patch { target, patch, .. }] = &actions[..] else { panic!("{actions:?}") };
        assert_eq!(target.name, "set");
        assert_eq!(patch["metadata"]["ownerReferences"].as_array().unwrap().len(), 1);
    }
}
