//! Namespaces: what every one has, and how one ends.

use serde_json::json;
use windlass_object::Object;

use crate::plan::{Action, Plan, Propagation, Target};
use crate::resource::{Kind, KindId};
use crate::world::World;

const ROOT_CA: &str = "kube-root-ca.crt";

pub(crate) fn reconcile(world: &World, namespace: &Object, authority: Option<&str>) -> Plan {
    if namespace.is_terminating() {
        end(world, namespace)
    } else {
        furnish(world, namespace, authority)
    }
}

/// The service account `default`, and the ConfigMap with which pods check the API's certificate.
fn furnish(world: &World, namespace: &Object, authority: Option<&str>) -> Plan {
    let mut plan = Plan::nothing();
    let name = namespace.name();
    let mut create = |kind: Kind, object: &str, data: serde_json::Value| {
        if world.get(kind, name, object).is_some() {
            return;
        }
        let mut new = Object::default();
        new.set(&["apiVersion"], "v1");
        new.set(&["kind"], kind.resource().kind.as_str());
        new.set(&["metadata", "name"], object);
        new.set(&["metadata", "namespace"], name);
        if !data.is_null() {
            new.set(&["data"], data);
        }
        plan.actions.push(Action::Create { kind, object: new });
    };
    create(Kind::ServiceAccount, "default", json!(null));
    if let Some(authority) = authority {
        create(Kind::ConfigMap, ROOT_CA, json!({"ca.crt": authority}));
    }
    plan
}

/// Deletes everything in it; when nothing is left, the namespace itself may go.
fn end(world: &World, namespace: &Object) -> Plan {
    let mut plan = Plan::nothing();
    if !world.all_synced() {
        return plan;
    }
    let mut empty = true;
    let kinds: Vec<KindId> = world
        .resources()
        .filter(|(_, resource)| resource.namespaced)
        .map(|(kind, _)| kind)
        .collect();
    for kind in kinds {
        for object in world.list(kind, namespace.name()) {
            empty = false;
            if !object.is_terminating() {
                plan.actions.push(Action::Delete {
                    target: Target::new(world.resource(kind), object),
                    propagation: Propagation::Background,
                    grace_seconds: None,
                });
            }
        }
    }
    if empty {
        let target = Target::of(Kind::Namespace, namespace);
        plan.actions.push(Action::FinalizeNamespace { target });
    }
    plan
}
