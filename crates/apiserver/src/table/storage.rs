//! Volumes.

use jiff::Timestamp;
use serde_json::Value;
use windlass_object::Object;

use super::age;
use super::cells::cells;
use super::text::{at, count, field, list, or, plain};

fn created(object: &Object, now: Timestamp) -> String {
    age::since(object.str_at(&["metadata", "creationTimestamp"]), now)
}

fn optional(object: &Object, path: &[&str], absent: &str) -> String {
    object.get(path).map_or_else(|| absent.to_owned(), plain)
}

fn access_modes(object: &Object, path: &[&str]) -> String {
    let modes = list(object, path);
    let has = |mode: &str| modes.iter().any(|one| one == mode);
    let known = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let short = known.into_iter().filter(|(mode, _)| has(mode)).map(|(_, short)| short);
    short.collect::<Vec<_>>().join(",")
}

fn class(object: &Object) -> String {
    match object.annotation("volume.beta.kubernetes.io/storage-class") {
        Some(class) => class.to_owned(),
        None => at(object, &["spec", "storageClassName"]),
    }
}

fn phase(object: &Object) -> &str {
    if object.is_terminating() { "Terminating" } else { object.str_at(&["status", "phase"]) }
}

pub(super) fn persistent_volume(object: &Object, now: Timestamp) -> Vec<Value> {
    let claim = object.get(&["spec", "claimRef"]);
    let claim =
        claim.map(|claim| format!("{}/{}", field(claim, "/namespace"), field(claim, "/name")));
    cells![
        object.name(),
        optional(object, &["spec", "capacity", "storage"], "0"),
        access_modes(object, &["spec", "accessModes"]),
        at(object, &["spec", "persistentVolumeReclaimPolicy"]),
        phase(object),
        claim.unwrap_or_default(),
        class(object),
        optional(object, &["spec", "volumeAttributesClassName"], "<unset>"),
        at(object, &["status", "reason"]),
        created(object, now),
        optional(object, &["spec", "volumeMode"], "<unset>"),
    ]
}

pub(super) fn persistent_volume_claim(object: &Object, now: Timestamp) -> Vec<Value> {
    let volume = object.str_at(&["spec", "volumeName"]);
    let (capacity, modes) = if volume.is_empty() {
        (String::new(), String::new())
    } else {
        let capacity = optional(object, &["status", "capacity", "storage"], "0");
        (capacity, access_modes(object, &["status", "accessModes"]))
    };
    cells![
        object.name(),
        phase(object),
        volume,
        capacity,
        modes,
        class(object),
        optional(object, &["spec", "volumeAttributesClassName"], "<unset>"),
        created(object, now),
        optional(object, &["spec", "volumeMode"], "<unset>"),
    ]
}

pub(super) fn storage_class(object: &Object, now: Timestamp) -> Vec<Value> {
    let default = ["storageclass.kubernetes.io", "storageclass.beta.kubernetes.io"]
        .iter()
        .any(|domain| object.annotation(&format!("{domain}/is-default-class")) == Some("true"));
    cells![
        format!("{}{}", object.name(), if default { " (default)" } else { "" }),
        at(object, &["provisioner"]),
        optional(object, &["reclaimPolicy"], "Delete"),
        optional(object, &["volumeBindingMode"], "Immediate"),
        flag(object, &["allowVolumeExpansion"], false),
        created(object, now),
    ]
}

fn flag(object: &Object, path: &[&str], absent: bool) -> bool {
    object.get(path).and_then(Value::as_bool).unwrap_or(absent)
}

pub(super) fn volume_attachment(object: &Object, now: Timestamp) -> Vec<Value> {
    cells![
        object.name(),
        at(object, &["spec", "attacher"]),
        at(object, &["spec", "source", "persistentVolumeName"]),
        at(object, &["spec", "nodeName"]),
        flag(object, &["status", "attached"], false),
        created(object, now),
    ]
}

pub(super) fn attributes_class(object: &Object, now: Timestamp) -> Vec<Value> {
    cells![object.name(), at(object, &["driverName"]), created(object, now)]
}

pub(super) fn csi_driver(object: &Object, now: Timestamp) -> Vec<Value> {
    let modes: Vec<String> =
        list(object, &["spec", "volumeLifecycleModes"]).iter().map(plain).collect();
    let tokens = object.get(&["spec", "tokenRequests"]).and_then(Value::as_array);
    let tokens = tokens.map_or_else(
        || "<unset>".to_owned(),
        |all| all.iter().map(|one| field(one, "/audience")).collect::<Vec<_>>().join(","),
    );
    cells![
        object.name(),
        flag(object, &["spec", "attachRequired"], true),
        flag(object, &["spec", "podInfoOnMount"], false),
        flag(object, &["spec", "storageCapacity"], false),
        tokens,
        flag(object, &["spec", "requiresRepublish"], false),
        or(&modes.join(","), "<none>"),
        created(object, now),
    ]
}

pub(super) fn csi_node(object: &Object, now: Timestamp) -> Vec<Value> {
    cells![object.name(), count(object, &["spec", "drivers"]), created(object, now)]
}

pub(super) fn csi_capacity(object: &Object, _now: Timestamp) -> Vec<Value> {
    cells![
        object.name(),
        at(object, &["storageClassName"]),
        optional(object, &["capacity"], "<unset>"),
    ]
}
