//! From the world to tasks.

use std::collections::HashMap;
use std::sync::Arc;

use windlass_object::{Object, Value, json};

use super::options::{NamespaceMetadata, Request};
use super::task::{Task, TaskId};
use super::{State, World, order};
use crate::annotation::{self, HOOK_FINALIZER};
use crate::hook;
use crate::state::{ApiKinds, SyncPhase};
use crate::tracking::is_crd;

/// Tasks of a sync in order, and those that cannot be.
pub(super) struct Tasks {
    /// All, ordered, with what earlier steps stored.
    pub(super) all: Vec<Task>,
    /// Those that the cluster or the project does not know or allow, with the reason.
    pub(super) refused: Vec<(Task, String)>,
}

pub(super) fn build(request: &Request<'_>, world: &World<'_>, state: &State) -> Tasks {
    let mut tasks: Vec<Task> = Vec::new();
    for pair in &world.pairs {
        let Some(object) = pair.target.as_ref().or(pair.live.as_ref()) else { continue };
        if hook::is_hook(object) {
            continue;
        }
        for phase in hook::phases(object) {
            let task = Task::new(phase, pair.target.clone(), pair.live.clone(), request.namespace);
            tasks.extend(task.map(|task| Task { modified: pair.modified, ..task }));
        }
    }
    if !request.options.skip_hooks {
        for object in world.hooks {
            for phase in hook::phases(object) {
                let target = Arc::new(named_hook(object, phase, request));
                let live = live_hook(&target, request.namespace, world);
                tasks.extend(Task::new(phase, Some(target), live, request.namespace));
            }
        }
    }
    tasks.extend(namespace_task(request, world));

    order::place_prunes(&mut tasks, request.options.prune_last);
    order::sort(&mut tasks);
    let lines: HashMap<TaskId, usize> = state
        .results
        .iter()
        .enumerate()
        .filter_map(|(line, r)| Some((TaskId { key: r.key(), phase: r.sync_phase? }, line)))
        .collect();
    for task in &mut tasks {
        if let Some(&line) = lines.get(&task.id()) {
            task.resume(&state.results[line], line);
        }
    }
    let refused = tasks.iter().filter_map(|task| {
        let reason = check(task, request, world).err()?;
        Some((task.clone(), reason))
    });
    let refused = refused.collect();
    Tasks { all: tasks, refused }
}

/// A hook as it is created: its generated name the same whenever it is asked for in one operation,
/// and with the finalizer that keeps it until its phase is over.
fn named_hook(object: &Object, phase: SyncPhase, request: &Request<'_>) -> Object {
    let mut named = object.clone();
    if object.name().is_empty() {
        let revision = request.revision;
        let short =
            if revision.len() >= 8 { revision.get(..7).unwrap_or(revision) } else { revision };
        let started = request.started_at.as_second();
        let suffix = format!("{short}-{phase}-{started}").to_lowercase();
        let prefix = object.str_at(&["metadata", "generateName"]);
        named.set(&["metadata", "name"], format!("{prefix}{suffix}"));
    }
    if !object.finalizers().any(|f| f == HOOK_FINALIZER) {
        let mut finalizers: Vec<Value> = object.finalizers().map(Value::from).collect();
        finalizers.push(HOOK_FINALIZER.into());
        named.set(&["metadata", "finalizers"], finalizers);
    }
    named
}

/// The live object of a hook. One that is cluster-scoped has no namespace whatever its target says.
fn live_hook(target: &Object, default_namespace: &str, world: &World<'_>) -> Option<Arc<Object>> {
    let mut key = target.key();
    if key.namespace.is_empty() {
        default_namespace.clone_into(&mut key.namespace);
    }
    let is_it = |live: &&Arc<Object>| {
        live.name() == key.name
            && live.kind() == key.kind
            && live.group() == key.group
            && (live.namespace().is_empty() || live.namespace() == key.namespace)
    };
    world.pairs.iter().filter_map(|pair| pair.live.as_ref()).find(is_it).cloned()
}

/// The task that creates the destination namespace, or manages its metadata. A namespace in Git
/// goes before it.
fn namespace_task(request: &Request<'_>, world: &World<'_>) -> Option<Task> {
    let options = request.options;
    let in_git = world.pairs.iter().filter_map(|pair| pair.target.as_deref()).any(|target| {
        target.kind() == "Namespace"
            && target.group().is_empty()
            && target.name() == request.namespace
    });
    if !options.create_namespace || request.namespace.is_empty() || in_git {
        return None;
    }
    if options.namespace_metadata.is_none() && world.namespace.is_some() {
        return None;
    }
    let target = namespace(request.namespace, options.namespace_metadata.as_ref());
    Task::new(SyncPhase::PreSync, Some(Arc::new(target)), world.namespace.clone(), "")
}

/// A namespace as `CreateNamespace=true` makes it. Managed metadata is applied on the server, so
/// that labels and annotations of others stay.
pub fn namespace(name: &str, metadata: Option<&NamespaceMetadata>) -> Object {
    let mut namespace = Object::default();
    namespace.set(&["apiVersion"], "v1");
    namespace.set(&["kind"], "Namespace");
    namespace.set(&["metadata"], json!({"name": name}));
    // Argo CD writes the typed object out, with its empty structures.
    namespace.set(&["spec"], json!({}));
    namespace.set(&["status"], json!({}));
    if let Some(metadata) = metadata {
        for (key, value) in &metadata.labels {
            namespace.set_label(key, value);
        }
        for (key, value) in &metadata.annotations {
            namespace.set_annotation(key, value);
        }
        namespace.set_annotation(annotation::SYNC_OPTIONS, "ServerSideApply=true");
    }
    namespace
}

/// Whether the cluster serves the kind of a task, or will, and the project allows the object.
fn check(task: &Task, request: &Request<'_>, world: &World<'_>) -> Result<(), String> {
    let kind = task.kind();
    if world.kinds.serves(&kind) {
        if let Some(target) = task.target.as_deref().filter(|target| target.name().is_empty()) {
            let prefix = target.str_at(&["metadata", "generateName"]);
            let created =
                request.options.replace || annotation::sync_option(target, "Replace=true");
            // An apply of it would make another object each time.
            if prefix.is_empty() {
                return Err(format!("{} has no name: set metadata.name", kind.kind));
            } else if !created {
                return Err(format!("from {prefix}: cannot use generate name with apply"));
            }
        }
        let namespaced = world.kinds.namespaced(&kind.group_kind()).unwrap_or(true);
        return (world.permit)(task.object(), namespaced);
    }
    let target = task.target.as_deref();
    let will_be_served = request.options.skip_dry_run_on_missing
        || target.is_some_and(|t| annotation::sync_option(t, "SkipDryRunOnMissingResource=true"))
        || defines(world, &kind.group, &kind.kind);
    if will_be_served { Ok(()) } else { Err(not_served(task, world.kinds)) }
}

/// Whether the application brings the CRD of a kind.
fn defines(world: &World<'_>, group: &str, kind: &str) -> bool {
    let targets = world.pairs.iter().filter_map(|pair| pair.target.as_ref());
    targets.chain(world.hooks).any(|object| {
        is_crd(object)
            && object.str_at(&["spec", "group"]) == group
            && object.str_at(&["spec", "names", "kind"]) == kind
    })
}

fn not_served(task: &Task, kinds: &dyn ApiKinds) -> String {
    let wanted = task.kind();
    let (group, kind) = (&wanted.group, &wanted.kind);
    let object = format!("{}/{}", task.namespace, task.object().name());
    if kinds.serves_group_version(&wanted) {
        let dot = if group.is_empty() { "" } else { "." };
        return format!("{kind}{dot}{group} \"\" not found");
    }
    match kinds.served_instead(&wanted) {
        None => format!(
            "The Kubernetes API could not find {group}/{kind} for requested resource {object}. \
             Make sure the {kind:?} CRD is installed on the destination cluster."
        ),
        Some(served) => format!(
            "The Kubernetes API could not find version {:?} of {group}/{kind} for requested \
             resource {object}. Version {:?} of {}/{} is installed on the destination cluster.",
            wanted.version, served.version, served.group, served.kind
        ),
    }
}
