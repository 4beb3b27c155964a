//! What controllers ask of pods, and pods made of templates.

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_object::Object;

use crate::conditions;
use crate::resource::Kind;

/// Marks what the simulation plays.
pub(crate) const SIMULATED: &str = "windlass.dev/simulated";
/// The node on which everything runs.
pub(crate) const NODE: &str = "windlass-node";

/// The pod's phase.
pub(crate) fn phase(pod: &Object) -> &str {
    pod.str_at(&["status", "phase"])
}

/// Neither ended nor being deleted.
pub(crate) fn is_active(pod: &Object) -> bool {
    !is_ended(pod) && !pod.is_terminating()
}

/// Succeeded or failed.
pub(crate) fn is_ended(pod: &Object) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Ready by its condition.
pub(crate) fn is_ready(pod: &Object) -> bool {
    conditions::is_true(pod, "Ready")
}

/// Ready for `min_ready_seconds`; otherwise how many seconds are still missing, if it is ready.
pub(crate) fn availability(
    pod: &Object,
    min_ready_seconds: i64,
    now: Timestamp,
) -> Result<(), Option<u64>> {
    let conditions = conditions::of(pod);
    let ready = conditions::find(&conditions, "Ready")
        .filter(|condition| condition["status"] == "True")
        .ok_or(None)?;
    let wanted = u64::try_from(min_ready_seconds).unwrap_or_default();
    let age = conditions::age(ready["lastTransitionTime"].as_str(), now).unwrap_or_default();
    match wanted.saturating_sub(age.as_secs()) {
        0 => Ok(()),
        missing => Err(Some(missing)),
    }
}

/// The owner reference of a controller.
pub(crate) fn controlled_by(kind: Kind, owner: &Object) -> Value {
    json!([{
        "apiVersion": kind.resource().api_version(), "kind": kind.resource().kind,
        "name": owner.name(), "uid": owner.uid(),
        "controller": true, "blockOwnerDeletion": true,
    }])
}

/// A pod of a workload's template, named by the server unless the caller names it. It is put on
/// the node at once, so that it needs no scheduling.
pub(crate) fn from_template(kind: Kind, owner: &Object, template: &Value) -> Object {
    let mut pod = Object::default();
    pod.set(&["apiVersion"], "v1");
    pod.set(&["kind"], "Pod");
    pod.set(&["metadata", "namespace"], owner.namespace());
    pod.set(&["metadata", "generateName"], format!("{}-", owner.name()));
    for part in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template["metadata"].get(part) {
            pod.set(&["metadata", part], value.clone());
        }
    }
    pod.set(&["metadata", "ownerReferences"], controlled_by(kind, owner));
    pod.set(&["spec"], template["spec"].clone());
    pod.set_label(SIMULATED, "true");
    if pod.str_at(&["spec", "nodeName"]).is_empty() && claims(&pod).next().is_none() {
        pod.set(&["spec", "nodeName"], NODE);
    }
    pod
}

/// The names of the PersistentVolumeClaims that a pod mounts.
pub(crate) fn claims(pod: &Object) -> impl Iterator<Item = &str> {
    pod.get(&["spec", "volumes"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str())
}

/// Orders pods so that those whose loss hurts least come first: unready, then young, then by name.
pub(crate) fn cheapest_first(pods: &mut [&Object]) {
    pods.sort_by(|a, b| {
        let age = |pod: &Object| pod.str_at(&["metadata", "creationTimestamp"]).to_owned();
        is_ready(a)
            .cmp(&is_ready(b))
            .then_with(|| age(b).cmp(&age(a)))
            .then_with(|| b.name().cmp(a.name()))
    });
}

/// A short name for a value, stable and of letters that make no words.
pub(crate) fn short_hash(value: &Value, salt: Option<i64>) -> String {
    use sha2::{Digest as _, Sha256};
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut hash = Sha256::new();
    hash.update(value.to_string());
    hash.update(salt.unwrap_or_default().to_le_bytes());
    hash.finalize()
        .iter()
        .take(10)
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect()
}
