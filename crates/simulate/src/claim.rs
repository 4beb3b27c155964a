//! PersistentVolumeClaims: a volume is made for each, whatever its class, and goes with it.

use serde_json::{Value, json};
use windlass_object::Object;

use crate::plan::{Action, Plan, Target};
use crate::pods::{self, SIMULATED};
use crate::resource::Kind;
use crate::script;
use crate::world::World;

const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";
const VOLUME_PROTECTION: &str = "kubernetes.io/pv-protection";
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

pub(crate) fn reconcile(world: &World, claim: &Object) -> Plan {
    let mut plan = Plan::nothing();
    if claim.is_terminating() {
        let used = world
            .list(Kind::Pod, claim.namespace())
            .any(|pod| !pods::is_ended(pod) && pods::claims(pod).any(|name| name == claim.name()));
        if !used && claim.finalizers().any(|finalizer| finalizer == CLAIM_PROTECTION) {
            let target = Target::of(Kind::PersistentVolumeClaim, claim);
            plan.remove_finalizer(target, claim, CLAIM_PROTECTION);
        }
        return plan;
    }
    // `pending` is a script of its own: a claim has no containers.
    if claim.annotation(script::ANNOTATION) == Some("pending") {
        return plan;
    }
    let bound = claim.str_at(&["spec", "volumeName"]);
    let name = if bound.is_empty() { wanted(world, claim) } else { Some(bound.to_owned()) };
    let Some(name) = name else { return plan };
    let volume = world.get(Kind::PersistentVolume, "", &name);
    if volume.is_none() && bound.is_empty() {
        let object = make(world, claim, &name);
        plan.actions.push(Action::Create { kind: Kind::PersistentVolume, object });
    }
    if bound.is_empty() {
        plan.actions.push(Action::Patch {
            target: Target::of(Kind::PersistentVolumeClaim, claim),
            subresource: "",
            patch: json!({
                "metadata": {"annotations": {
                    "pv.kubernetes.io/bind-completed": "yes",
                    "pv.kubernetes.io/bound-by-controller": "yes",
                }},
                "spec": {"volumeName": name},
            }),
        });
        return plan;
    }
    if let Some(volume) = volume {
        let mut status = claim.get(&["status"]).cloned().unwrap_or_else(|| json!({}));
        status["phase"] = json!("Bound");
        for (field, from) in [("accessModes", "accessModes"), ("capacity", "capacity")] {
            if let Some(value) = volume.get(&["spec", from]) {
                status[field] = value.clone();
            }
        }
        plan.status(Kind::PersistentVolumeClaim, claim, &status);
    }
    plan
}

/// The volume for a claim: one that waits for it or, with the class `""`, any that is free;
/// otherwise one of its own.
fn wanted(world: &World, claim: &Object) -> Option<String> {
    let reserved = world.list_all(Kind::PersistentVolume).find(|volume| {
        volume.str_at(&["spec", "claimRef", "name"]) == claim.name()
            && volume.str_at(&["spec", "claimRef", "namespace"]) == claim.namespace()
    });
    if let Some(volume) = reserved {
        return Some(volume.name().to_owned());
    }
    if claim.get(&["spec", "storageClassName"]) == Some(&json!("")) {
        let free = world.list_all(Kind::PersistentVolume).find(|volume| {
            volume.get(&["spec", "claimRef"]).is_none()
                && volume.str_at(&["spec", "storageClassName"]).is_empty()
        });
        return free.map(|volume| volume.name().to_owned());
    }
    Some(format!("pvc-{}", claim.uid()))
}

fn make(world: &World, claim: &Object, name: &str) -> Object {
    let class = claim.str_at(&["spec", "storageClassName"]);
    let default = || {
        world
            .list_all(Kind::StorageClass)
            .find(|class| class.annotation(DEFAULT_CLASS) == Some("true"))
            .map_or("standard", |class| class.name())
    };
    let class = if class.is_empty() { default() } else { class };
    let mut volume = Object::default();
    volume.set(&["apiVersion"], "v1");
    volume.set(&["kind"], "PersistentVolume");
    volume.set(&["metadata", "name"], name);
    volume.set_label(SIMULATED, "true");
    volume.set(
        &["spec"],
        json!({
            "accessModes": claim.get(&["spec", "accessModes"]),
            "capacity": {"storage": claim.get(&["spec", "resources", "requests", "storage"])},
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": claim.name(),
                "namespace": claim.namespace(), "uid": claim.uid(),
            },
            "hostPath": {"path": format!("/simulated/{name}")},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": class,
            "volumeMode": claim.get(&["spec", "volumeMode"]).cloned()
                .unwrap_or_else(|| json!("Filesystem")),
        }),
    );
    volume
}

/// A volume is bound while its claim is there; one that was made for a claim goes with it.
pub(crate) fn volume(world: &World, volume: &Object) -> Plan {
    let mut plan = Plan::nothing();
    let reference = |part| volume.str_at(&["spec", "claimRef", part]);
    let claim = world
        .get(Kind::PersistentVolumeClaim, reference("namespace"), reference("name"))
        .filter(|claim| reference("uid").is_empty() || claim.uid() == reference("uid"));
    if volume.is_terminating() {
        if claim.is_none() && volume.finalizers().any(|finalizer| finalizer == VOLUME_PROTECTION) {
            let target = Target::of(Kind::PersistentVolume, volume);
            plan.remove_finalizer(target, volume, VOLUME_PROTECTION);
        }
        return plan;
    }
    let phase = match claim {
        Some(claim) if claim.str_at(&["spec", "volumeName"]) == volume.name() => "Bound",
        Some(_) => return plan,
        None if volume.get(&["spec", "claimRef"]).is_none() => "Available",
        None if volume.str_at(&["spec", "persistentVolumeReclaimPolicy"]) == "Delete"
            && volume.label(SIMULATED) == Some("true")
            && volume.str_at(&["status", "phase"]) == "Bound" =>
        {
            plan.delete(Kind::PersistentVolume, volume);
            return plan;
        }
        None if volume.str_at(&["status", "phase"]) == "Bound" => "Released",
        None => return plan,
    };
    let mut status = volume.get(&["status"]).cloned().unwrap_or_else(|| json!({}));
    if status["phase"].as_str() != Some(phase) {
        status["phase"] = Value::from(phase);
        plan.status(Kind::PersistentVolume, volume, &status);
    }
    plan
}
