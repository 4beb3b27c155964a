//! Volumes and claims.

use serde_json::Value;
use windlass_object::Object;

use crate::field::{forbidden, immutable, invalid, items, not_supported, required, text};
use crate::status::FieldError;

fn spec(object: &Object) -> &Value {
    object.get(&["spec"]).unwrap_or(&Value::Null)
}

pub(super) fn claim(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    let spec_of = spec(new);
    if items(spec_of, "/accessModes").is_empty() {
        out.push(required("spec.accessModes", "at least 1 access mode is required"));
    }
    access_modes(spec_of, out);
    if spec_of.pointer("/resources/requests/storage").is_none() {
        out.push(required("spec.resources[storage]", ""));
    }
    let Some(old) = old else { return };
    let fixed = |object: &Object| {
        let mut spec = spec(object).clone();
        if let Some(spec) = spec.as_object_mut() {
            // The binder's part, and what may grow.
            for field in ["resources", "volumeAttributesClassName"] {
                spec.remove(field);
            }
            if text(old.get(&["spec"]).unwrap_or(&Value::Null), "/volumeName").is_empty() {
                spec.remove("volumeName");
            }
        }
        spec
    };
    if fixed(old) != fixed(new) {
        out.push(forbidden(
            "spec",
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        ));
    }
}

fn access_modes(spec: &Value, out: &mut Vec<FieldError>) {
    const KNOWN: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
    for mode in items(spec, "/accessModes").iter().filter_map(Value::as_str) {
        if !KNOWN.contains(&mode) {
            out.push(not_supported("spec.accessModes", mode, &KNOWN));
        }
    }
}

pub(super) fn volume(new: &Object, out: &mut Vec<FieldError>) {
    // What a volume says beside where it is.
    const OTHER: [&str; 9] = [
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    ];
    let spec = spec(new);
    if items(spec, "/accessModes").is_empty() {
        out.push(required("spec.accessModes", ""));
    }
    access_modes(spec, out);
    let capacity = spec.get("capacity").and_then(Value::as_object);
    if capacity.is_none_or(serde_json::Map::is_empty) {
        out.push(required("spec.capacity", ""));
    }
    if capacity.is_none_or(|capacity| capacity.len() != 1 || !capacity.contains_key("storage")) {
        let mut error = not_supported("spec.capacity", "", &["storage"]);
        error.value = Some(spec.get("capacity").cloned().unwrap_or_default());
        out.push(error);
    }
    let sources = spec.as_object().into_iter().flatten();
    let sources =
        sources.filter(|(key, value)| !OTHER.contains(&key.as_str()) && value.is_object());
    match sources.count() {
        0 => out.push(required("spec", "must specify a volume type")),
        1 => {}
        _ => out.push(forbidden("spec", "may not specify more than 1 volume type")),
    }
}

pub(super) fn class(old: Option<&Object>, new: &Object, out: &mut Vec<FieldError>) {
    let provisioner = new.str_at(&["provisioner"]);
    if provisioner.is_empty() {
        out.push(required("provisioner", ""));
    }
    match new.str_at(&["reclaimPolicy"]) {
        "" | "Delete" | "Retain" => {}
        other => out.push(not_supported("reclaimPolicy", other, &["Delete", "Retain"])),
    }
    match new.str_at(&["volumeBindingMode"]) {
        "Immediate" | "WaitForFirstConsumer" => {}
        "" => out.push(required("volumeBindingMode", "")),
        other => {
            let known = ["Immediate", "WaitForFirstConsumer"];
            out.push(not_supported("volumeBindingMode", other, &known));
        }
    }
    let Some(old) = old else { return };
    let absent = Value::Object(serde_json::Map::new());
    let parameters =
        |object: &Object| object.get(&["parameters"]).cloned().unwrap_or_else(|| absent.clone());
    if parameters(new) != parameters(old) {
        out.push(invalid("parameters", parameters(new), "field is immutable"));
    }
    for field in ["provisioner", "reclaimPolicy", "volumeBindingMode"] {
        immutable(field, new.get(&[field]), old.get(&[field]), out);
    }
}
