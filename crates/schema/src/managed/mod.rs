//! Server-side apply and the bookkeeping of `managedFields`.
//!
//! Every field of an object has owners: managers, each with an operation (Apply or Update), a
//! subresource and a set of paths. [`apply`] merges a configuration into the live object and makes
//! its manager the owner of exactly what it says; [`update`] gives the manager of any other write
//! what that write changed. Both take the same steps as the API server in the same order.
//!
//! Owners that wrote through another version of the same kind are treated as if the fields had the
//! same paths in all versions, which holds for custom resources without a conversion webhook and
//! for nearly all built-in fields.

mod apply;
mod owners;
mod reset;
mod updater;

use windlass_object::{Object, Value};

use crate::{Schema, fields::FieldSet};

pub use apply::{ApplyError, Conflict, apply};
pub use reset::reset_fields;

use owners::{Owners, is_reset};

/// The annotation in which client-side apply keeps the last configuration.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Who writes, when, and through which endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// Field manager; `unknown` if empty.
    pub manager: &'a str,
    /// Subresource, such as `status`; empty for the main resource.
    pub subresource: &'a str,
    /// Now, RFC 3339 in whole seconds and UTC: `2026-01-02T03:04:05Z`.
    pub time: &'a str,
    /// Fields that this endpoint does not write: see [`reset_fields`].
    pub reset: &'a FieldSet,
}

/// `new` with `metadata.managedFields` as any write that is not an apply leaves them. `new` is the
/// whole object after the write, with defaults filled in; its own `managedFields` are what the
/// client sent: an empty list or `[{}]` forgets all owners, none or unreadable ones keep the live
/// ones. `live` is none for a create.
pub fn update(
    live: Option<&Object>,
    mut new: Object,
    write: &Write<'_>,
    schema: &Schema,
) -> Object {
    let of_live =
        |live: Option<&Object>| live.and_then(|live| Owners::read(live).ok()).unwrap_or_default();
    let owners = if !write.subresource.is_empty() {
        of_live(live)
    } else if is_reset(&new) {
        Owners::default()
    } else {
        match Owners::read(&new) {
            Ok(owners) if !owners.is_empty() => owners,
            _ => of_live(live),
        }
    };
    new.remove(&["metadata", "managedFields"]);
    let known = live.is_some_and(|live| !live.uid().is_empty());
    if owners.is_empty() && known {
        return new;
    }
    let old = live.map_or_else(Object::default, without_owners);
    let owners = updater::update(&old, &new, owners, write, schema);
    owners.write(&mut new);
    new
}

/// Whether two states of an object differ in nothing but the times in `managedFields`: then the
/// write must not happen, or the object would change with every apply.
pub fn only_times_differ(old: &Object, new: &Object) -> bool {
    let timeless = |object: &Object| {
        let mut value = object.to_value();
        let entries = value.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut);
        for entry in entries.into_iter().flatten() {
            if let Some(entry) = entry.as_object_mut() {
                entry.remove("time");
            }
        }
        value
    };
    timeless(old) == timeless(new)
}

fn without_owners(object: &Object) -> Object {
    let mut object = object.clone();
    object.remove(&["metadata", "managedFields"]);
    object
}
