//! What a ReplicaSet says of its Deployment.

use serde_json::Value;
use windlass_object::Object;

use crate::deployment::{HASH, HISTORY_BOUND, MOST, OWN, REVISION};
use crate::rollout::Set;

pub(crate) fn same_template(deployment: &Object, set: &Object) -> bool {
    let mut template = set.get(&["spec", "template"]).cloned().unwrap_or_default();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove(HASH);
    }
    deployment.get(&["spec", "template"]) == Some(&template)
}

pub(crate) fn copied(deployment: &Object) -> impl Iterator<Item = (&String, &Value)> {
    deployment
        .get(&["metadata", "annotations"])
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(key, _)| !OWN.contains(&key.as_str()))
}

pub(crate) fn extended(history: &str, revision: i64) -> String {
    let mut revisions: Vec<&str> = history.split(',').filter(|part| !part.is_empty()).collect();
    let revision = revision.to_string();
    revisions.push(&revision);
    while revisions.join(",").len() > HISTORY_BOUND {
        revisions.remove(0);
    }
    revisions.join(",")
}

pub(crate) fn facts(set: &Object) -> Set {
    Set {
        name: set.name().to_owned(),
        created: created(set).to_owned(),
        replicas: replicas(set),
        available: status(set, "availableReplicas"),
        most_before: set.annotation(MOST).and_then(|most| most.parse().ok()),
    }
}

pub(crate) fn created(set: &Object) -> &str {
    set.str_at(&["metadata", "creationTimestamp"])
}

pub(crate) fn replicas(set: &Object) -> i64 {
    set.int_at(&["spec", "replicas"]).unwrap_or(1)
}

pub(crate) fn revision(set: &Object) -> i64 {
    set.annotation(REVISION).and_then(|revision| revision.parse().ok()).unwrap_or(0)
}

pub(crate) fn status(object: &Object, name: &str) -> i64 {
    object.int_at(&["status", name]).unwrap_or(0)
}
