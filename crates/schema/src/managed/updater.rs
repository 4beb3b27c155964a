//! What a write does to the owners.

use std::collections::BTreeMap;

use windlass_object::{Object, Value};

use super::owners::{Id, Owned, Owners};
use super::{Write, without_owners};
use crate::Schema;
use crate::fields::{
    Comparison, FieldSet, compare, merge, named_fields, reconcile, remove, set_of,
};

/// The paths that nobody owns.
fn unowned() -> FieldSet {
    let metadata = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    let paths = metadata.map(|name| ["metadata", name]);
    let top = [["apiVersion"], ["kind"], ["metadata"]];
    FieldSet::from_paths(
        paths.iter().map(<[&str; 2]>::as_slice).chain(top.iter().map(<[&str; 1]>::as_slice)),
    )
}

/// The owners after a write that is not an apply. The objects are without their own.
pub(super) fn update(
    old: &Object,
    new: &Object,
    owners: Owners,
    write: &Write<'_>,
    schema: &Schema,
) -> Owners {
    let mut owners = reconciled(owners, schema);
    let found = compare(&old.to_value(), &new.to_value(), schema).without(write.reset);
    let taken = found.modified.union(&found.added);
    release(&mut owners, None, &taken, &found);
    let set = taken.recursive_difference(write.reset).difference(&unowned());
    if !set.is_empty() {
        let id = Id::new(write, false, new.api_version());
        let set = match owners.0.get(&id) {
            Some(before) => set.union(&before.set),
            None => set,
        };
        let owned =
            Owned { api_version: new.api_version().into(), set, time: Some(write.time.into()) };
        owners.0.insert(id, owned);
    }
    owners.cap();
    owners
}

/// Takes paths that a write changed or removed from all owners but the one who writes.
fn release(owners: &mut Owners, writer: Option<&Id>, taken: &FieldSet, found: &Comparison) {
    for (id, owned) in &mut owners.0 {
        if Some(id) != writer {
            let conflicts = owned.set.intersection(taken);
            owned.set = owned.set.difference(&conflicts).difference(&found.removed);
        }
    }
    owners.0.retain(|_, owned| !owned.set.is_empty());
}

fn reconciled(mut owners: Owners, schema: &Schema) -> Owners {
    for owned in owners.0.values_mut() {
        owned.set = reconcile(&owned.set, schema.ty());
    }
    owners
}

/// The outcome of an apply.
pub(super) struct Applied {
    /// The merged object; none if it equals the live one.
    pub(super) object: Option<Object>,
    pub(super) owners: Owners,
}

/// The paths that an apply would take from each other owner.
pub(super) type Conflicts = BTreeMap<Id, FieldSet>;

/// Merges a configuration. The objects are without their owners.
pub(super) fn apply(
    live: &Object,
    config: &Object,
    owners: Owners,
    write: &Write<'_>,
    force: bool,
    schema: &Schema,
) -> Result<Applied, Conflicts> {
    let ty = schema.ty();
    let id = Id::new(write, true, "");
    let (old, config_value) = (live.to_value(), config.to_value());
    let mut owners = reconciled(owners, schema);
    let merged = merge(Some(&old), Some(&config_value), ty).unwrap_or(Value::Null);
    let set = set_of(&config_value, ty).recursive_difference(write.reset);
    let before = owners.0.insert(
        id.clone(),
        Owned {
            api_version: config.api_version().into(),
            set,
            time: owners.0.get(&id).and_then(|owned| owned.time.clone()),
        },
    );
    let merged = match before {
        Some(before) if !before.set.is_empty() => prune(&merged, &before.set, &owners, schema),
        _ => merged,
    };

    let found = compare(&old, &merged, schema).without(write.reset);
    let taken = found.modified.union(&found.added);
    let conflicts: Conflicts = owners
        .0
        .iter()
        .filter(|(other, _)| **other != id)
        .map(|(other, owned)| (other.clone(), owned.set.intersection(&taken)))
        .filter(|(_, set)| !set.is_empty())
        .collect();
    if !force && !conflicts.is_empty() {
        return Err(conflicts);
    }
    release(&mut owners, Some(&id), &taken, &found);
    if let Some(owned) = owners.0.get_mut(&id) {
        owned.set = owned.set.difference(&unowned());
    }
    owners.0.retain(|_, owned| !owned.set.is_empty());
    let changed = !crate::fields::equal(&old, &merged);
    if changed && let Some(owned) = owners.0.get_mut(&id) {
        owned.time = Some(write.time.into());
    }
    let object = changed.then(|| without_owners(&Object::try_from(merged).unwrap_or_default()));
    Ok(Applied { object, owners })
}

/// Takes out what the manager applied last time and not this time, unless another owner has it.
fn prune(merged: &Value, last: &FieldSet, owners: &Owners, schema: &Schema) -> Value {
    let ty = schema.ty();
    let last = named_fields(last, ty);
    let merged_set = named_fields(&set_of(merged, ty), ty);
    let pruned = remove(merged, &last, ty);

    // Put back what somebody owns.
    let owned = owners.0.values().fold(FieldSet::default(), |all, o| all.union(&o.set));
    let pruned_set = named_fields(&set_of(&pruned, ty), ty);
    let unowned = merged_set.difference(&pruned_set.union(&named_fields(&owned, ty)));
    let pruned = remove(merged, &unowned, ty);

    // Put back what was not the manager's before.
    let pruned_set = named_fields(&set_of(&pruned, ty), ty);
    let gone = merged_set.difference(&pruned_set).intersection(&last);
    remove(merged, &gone, ty)
}
