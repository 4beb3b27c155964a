//! How one task is carried out: which request, by which options.

use std::sync::Arc;

use windlass_object::Object;

use super::action::{Action, Verb};
use super::options::Options;
use super::task::Task;
use crate::annotation;
use crate::state::ApiKinds;
use crate::tracking::is_crd;

/// The request that applies a task's target.
pub(super) fn apply(task: &Task, options: &Options, kinds: &dyn ApiKinds) -> Option<Action> {
    let target = task.target.as_ref()?;
    let own = |entry: &str| annotation::sync_option(target, entry);
    let force = options.force || task.has_option("Force=true");
    let validate = options.validate && !own("Validate=false");
    // A server-side apply into a namespace that a dry run did not create fails, so that a dry run
    // is never one.
    let server_side = !options.dry_run
        && !own("ServerSideApply=false")
        && (options.server_side_apply || own("ServerSideApply=true"));
    let migrate = options.migrate_from.as_ref().filter(|manager| {
        server_side && task.live.as_ref().is_some_and(|live| updates_fields(live, manager))
    });

    let namespaced = kinds.namespaced(&target.group_kind());
    let object = placed(target, &task.namespace, namespaced);
    let verb = if options.replace || task.has_option("Replace=true") {
        match &task.live {
            // Replacing one of these may delete it, and all that is in it.
            Some(live) if is_crd(target) || target.kind() == "Namespace" => {
                let mut update = (*object).clone();
                update.set(&["metadata", "resourceVersion"], live.resource_version());
                Verb::Update { object: Arc::new(update) }
            }
            Some(_) => Verb::Replace { object, force },
            None => Verb::Create { object, validate },
        }
    } else if server_side {
        Verb::ServerSideApply { object, force, validate, migrate: migrate.cloned() }
    } else {
        Verb::Apply { object, force, validate }
    };
    Some(action(task, verb, options, namespaced))
}

/// The request that prunes a task's live object; none if it is on its way already.
pub(super) fn prune(task: &Task, options: &Options, kinds: &dyn ApiKinds) -> Option<Action> {
    let live = task.live.as_ref()?;
    if live.is_terminating() || options.dry_run {
        return None;
    }
    let verb = Verb::Delete { propagation: options.propagation };
    Some(action(task, verb, options, kinds.namespaced(&live.group_kind())))
}

/// The request that deletes a hook.
pub(super) fn delete_hook(task: &Task, options: &Options, kinds: &dyn ApiKinds) -> Action {
    let verb = Verb::Delete { propagation: options.propagation };
    action(task, verb, options, kinds.namespaced(&task.object().group_kind()))
}

/// The request that takes our finalizer from a hook; none if it has none.
pub(super) fn release(task: &Task, options: &Options, kinds: &dyn ApiKinds) -> Option<Action> {
    let live = task.live.as_ref()?;
    let held = task.hook && live.finalizers().any(|f| f == annotation::HOOK_FINALIZER);
    (held && !options.dry_run)
        .then(|| action(task, Verb::ReleaseHook, options, kinds.namespaced(&live.group_kind())))
}

fn action(task: &Task, verb: Verb, options: &Options, namespaced: Option<bool>) -> Action {
    let id = task.id();
    let mut key = id.key.clone();
    match (&task.live, namespaced) {
        (Some(live), _) => live.namespace().clone_into(&mut key.namespace),
        (None, Some(false)) => key.namespace.clear(),
        (None, _) => {}
    }
    Action { task: id, key, kind: task.kind(), verb, dry_run: options.dry_run }
}

/// The object in its namespace: the destination's if it has none and is not cluster-scoped.
fn placed(target: &Arc<Object>, namespace: &str, namespaced: Option<bool>) -> Arc<Object> {
    let wanted = if namespaced == Some(false) { "" } else { namespace };
    if target.namespace() == wanted {
        return target.clone();
    }
    let mut object = (**target).clone();
    if wanted.is_empty() {
        object.remove(&["metadata", "namespace"]);
    } else {
        object.set(&["metadata", "namespace"], wanted);
    }
    Arc::new(object)
}

/// Whether a manager owns fields of an object by client-side apply.
fn updates_fields(live: &Object, manager: &str) -> bool {
    let entries = live.get(&["metadata", "managedFields"]).and_then(|v| v.as_array());
    entries.into_iter().flatten().any(|entry| {
        entry.get("manager").and_then(|v| v.as_str()) == Some(manager)
            && entry.get("operation").and_then(|v| v.as_str()) == Some("Update")
    })
}
