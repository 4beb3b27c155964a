//! ControllerRevisions: the templates that StatefulSets and DaemonSets have had.

use serde_json::{Value, json};
use windlass_object::Object;

use crate::plan::{Action, Plan, Target};
use crate::pods;
use crate::resource::Kind;
use crate::world::World;

/// The label by which a pod names its revision.
pub(crate) const LABEL: &str = "controller-revision-hash";

/// The newest template's revision.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Revision {
    /// Its name.
    pub(crate) name: String,
    /// The hash in its name.
    pub(crate) hash: String,
}

/// The revision of the object's template; plans to make it, and to delete those over the limit
/// that `in_use` does not name.
pub(crate) fn newest(
    world: &World,
    kind: Kind,
    owner: &Object,
    in_use: &[&str],
    plan: &mut Plan,
) -> Revision {
    let template = owner.get(&["spec", "template"]).cloned().unwrap_or_default();
    let collisions = owner.int_at(&["status", "collisionCount"]);
    let hash = pods::short_hash(&template, collisions);
    let name = format!("{}-{hash}", owner.name());
    let mut all: Vec<&Object> =
        world.controlled(owner, Kind::ControllerRevision).map(|revision| &**revision).collect();
    all.sort_by_key(|revision| number(revision));
    let newest = all.last().map_or(0, |revision| number(revision));
    match all.iter().find(|revision| revision.name() == name) {
        None => {
            let object = make(kind, owner, &name, &hash, template, newest + 1);
            plan.actions.push(Action::Create { kind: Kind::ControllerRevision, object });
        }
        // Back to an older template: its revision becomes the newest.
        Some(revision) if number(revision) < newest => plan.actions.push(Action::Patch {
            target: Target::of(Kind::ControllerRevision, revision),
            subresource: "",
            patch: json!({"revision": newest + 1}),
        }),
        Some(_) => {}
    }
    let limit = owner.int_at(&["spec", "revisionHistoryLimit"]).unwrap_or(10);
    let spare: Vec<&&Object> = all
        .iter()
        .filter(|revision| revision.name() != name && !in_use.contains(&revision.name()))
        .collect();
    let surplus = spare.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
    for revision in spare.into_iter().take(surplus) {
        plan.delete(Kind::ControllerRevision, revision);
    }
    Revision { name, hash }
}

/// The template that a revision keeps.
pub(crate) fn template(world: &World, namespace: &str, name: &str) -> Option<Value> {
    let revision = world.get(Kind::ControllerRevision, namespace, name)?;
    let mut template = revision.get(&["data", "spec", "template"])?.clone();
    template.as_object_mut()?.remove("$patch");
    Some(template)
}

fn number(revision: &Object) -> i64 {
    revision.int_at(&["revision"]).unwrap_or(0)
}

fn make(
    kind: Kind,
    owner: &Object,
    name: &str,
    hash: &str,
    mut template: Value,
    number: i64,
) -> Object {
    let mut object = Object::default();
    object.set(&["apiVersion"], "apps/v1");
    object.set(&["kind"], "ControllerRevision");
    object.set(&["metadata", "name"], name);
    object.set(&["metadata", "namespace"], owner.namespace());
    object.set(&["metadata", "labels"], template["metadata"]["labels"].clone());
    if let Some(annotations) = owner.get(&["metadata", "annotations"]) {
        object.set(&["metadata", "annotations"], annotations.clone());
    }
    let label = if kind == Kind::DaemonSet { LABEL } else { "controller.kubernetes.io/hash" };
    object.set_label(label, hash);
    object.set(&["metadata", "ownerReferences"], pods::controlled_by(kind, owner));
    template["$patch"] = json!("replace");
    object.set(&["data", "spec", "template"], template);
    object.set(&["revision"], number);
    object
}
