//! Desired against live state of a whole application.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use windlass_object::{GroupKind, Object, ResourceKey};

use crate::annotation;
use crate::diff::{self, Diff, Mode};
use crate::health::{self, CustomHealth, Judged};
use crate::hook::{self, DeletionHook};
use crate::state::{
    ApiKinds, Condition, ConditionType, Health, OperationPhase, ResourceStatus, SyncStatusCode,
};
use crate::sync::{NamespaceMetadata, Pair, namespace};
use crate::targets::Targets;

/// Live objects by name: those marked as the application's, and those that Git names whoever they
/// belong to. Objects that the project does not permit are left out.
pub type LiveObjects = BTreeMap<ResourceKey, Arc<Object>>;

/// The application, and what comparison goes by.
pub struct Settings<'a> {
    /// Name of the application object.
    pub name: &'a str,
    /// Name with which it marks its objects.
    pub instance: &'a str,
    /// `<namespace>/<name>`, for messages.
    pub qualified_name: &'a str,
    /// The application object itself, which may be among its own objects.
    pub key: ResourceKey,
    /// Destination namespace.
    pub namespace: &'a str,
    /// Metadata of the destination namespace, if the application manages it.
    pub namespace_metadata: Option<&'a NamespaceMetadata>,
    /// Whether that metadata is another than the last sync's.
    pub namespace_metadata_changed: bool,
    /// Whether some manifests could not be had. Then nothing is found superfluous, and the whole
    /// is `Unknown`.
    pub incomplete: bool,
    /// Application-wide value of `Prune`.
    pub prune_default: Option<&'a str>,
    /// Application-wide value of `Delete`.
    pub delete_default: Option<&'a str>,
    /// What discovery knows.
    pub kinds: &'a dyn ApiKinds,
    /// Whether the project lets objects of a kind and name (namespaced or not) be synced.
    pub permitted: &'a dyn Fn(&GroupKind, &str, bool) -> bool,
    /// Health checks beside the built-in ones.
    pub health: &'a dyn CustomHealth,
    /// How objects are compared.
    pub diff: diff::Settings<'a>,
    /// By which mode an object is compared; both versions are there.
    pub mode: &'a dyn Fn(&Object, &Object) -> Mode,
}

/// One object of an application and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its line in `status.resources`.
    pub status: ResourceStatus,
    /// As Git has it.
    pub target: Option<Arc<Object>>,
    /// As the cluster has it.
    pub live: Option<Arc<Object>>,
    /// How they differ.
    pub diff: Diff,
    /// Whether the live object is the application's own, not a copy that kept its mark.
    pub own: bool,
}

/// How an application stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Its objects, ordered by `group/kind/namespace/name`.
    pub resources: Vec<Resource>,
    /// Hooks of its syncs, as Git has them.
    pub hooks: Vec<Arc<Object>>,
    /// Whether it is in sync.
    pub sync: SyncStatusCode,
    /// Its health, and what causes it.
    pub health: Health,
    /// What a person should know.
    pub conditions: Vec<Condition>,
}

impl Comparison {
    /// The objects of a sync: the application's own, of them those that are selected.
    pub fn pairs(&self, selected: impl Fn(&Resource) -> bool) -> Vec<Pair> {
        self.resources
            .iter()
            // A hook of a generated name is not marked by that name, and is ours nevertheless.
            .filter(|resource| (resource.own || resource.status.hook) && selected(resource))
            .map(|resource| Pair {
                target: resource.target.clone(),
                live: resource.live.clone(),
                modified: Some(resource.diff.modified),
            })
            .collect()
    }
}

/// Why a sync must not begin: the state in which the operation ends.
pub fn blocked(conditions: &[Condition], fail_on_shared: bool) -> Option<(OperationPhase, String)> {
    let shared = conditions.iter().find(|c| c.kind == ConditionType::SharedResourceWarning);
    if let Some(shared) = shared.filter(|_| fail_on_shared) {
        let message = format!("Shared resource found: {}", shared.message);
        return Some((OperationPhase::Failed, message));
    }
    let errors: Vec<String> = conditions
        .iter()
        .filter(|c| {
            matches!(c.kind, ConditionType::ComparisonError | ConditionType::InvalidSpecError)
        })
        .map(|c| format!("{}: {}", c.kind, c.message))
        .collect();
    (!errors.is_empty()).then(|| (OperationPhase::Error, errors.join(";")))
}

/// Compares what Git wants with what is there.
pub fn compare(targets: &Targets, live: &LiveObjects, settings: &Settings<'_>) -> Comparison {
    let mut conditions = targets.conditions.clone();
    conditions.extend(shared(live, settings));
    let (pairs, hooks) = pair_up(targets, live, settings);

    let mut resources: Vec<Resource> = Vec::with_capacity(pairs.len());
    let mut sync = SyncStatusCode::Synced;
    let mut incomplete = settings.incomplete;
    for (target, live) in pairs {
        let (resource, differs) = match assess(target, live, &hooks, settings, &mut conditions) {
            Ok(assessed) => assessed,
            Err(resource) => {
                incomplete = true;
                (*resource, false)
            }
        };
        if differs {
            sync = SyncStatusCode::OutOfSync;
        }
        resources.push(resource);
    }
    resources.sort_by_cached_key(|resource| resource.status.key().to_string());
    if incomplete {
        sync = SyncStatusCode::Unknown;
    } else if settings.namespace_metadata_changed {
        sync = SyncStatusCode::OutOfSync;
    }

    let mut judged: Vec<Judged<'_>> = resources
        .iter_mut()
        .map(|resource| Judged {
            target: resource.target.as_deref(),
            live: resource.live.as_deref(),
            is_self: resource.live.as_ref().is_some_and(|live| live.key() == settings.key),
            status: &mut resource.status,
        })
        .collect();
    let (health, problem) = health::application(&mut judged, settings.health);
    conditions.extend(problem);
    conditions.sort();
    conditions.dedup();
    Comparison { resources, hooks, sync, health, conditions }
}

/// Warnings of live objects that are marked for another application.
fn shared<'a>(
    live: &'a LiveObjects,
    settings: &'a Settings<'_>,
) -> impl Iterator<Item = Condition> + 'a {
    live.values().filter_map(|object| {
        let other = settings.diff.tracking.instance(object)?;
        (other != settings.instance).then(|| {
            let message = format!(
                "{}/{} is part of applications {} and {}",
                object.kind(),
                object.name(),
                settings.qualified_name,
                other.replace('_', "/")
            );
            Condition::new(ConditionType::SharedResourceWarning, message)
        })
    })
}

type Pairs = Vec<(Option<Arc<Object>>, Option<Arc<Object>>)>;

/// Finds the live object of each target; the rest are superfluous. Hooks are set apart, and objects
/// that are ignored left out.
fn pair_up(
    targets: &Targets,
    live: &LiveObjects,
    settings: &Settings<'_>,
) -> (Pairs, Vec<Arc<Object>>) {
    let mut rest = live.clone();
    let mut pairs: Pairs = Vec::new();
    let mut hooks = Vec::new();
    drop_duplicates(&mut rest, targets);
    let managed_namespace = managed_namespace(targets, live, settings);
    for target in targets.objects.iter().chain(managed_namespace.iter()) {
        if hook::is_ignored(target) {
            continue;
        }
        if hook::is_hook(target) {
            hooks.push(target.clone());
            continue;
        }
        let mut key = target.key();
        let scope = settings.kinds.namespaced(&target.group_kind());
        if key.namespace.is_empty() {
            settings.namespace.clone_into(&mut key.namespace);
        }
        // A kind that is not served may have either scope; missing its object would delete it.
        let mut found = (scope != Some(false)).then(|| rest.remove(&key)).flatten();
        if found.is_none() && scope != Some(true) {
            key.namespace.clear();
            found = rest.remove(&key);
        }
        pairs.push((Some(target.clone()), found));
    }
    pairs.extend(rest.into_values().map(|live| (None, Some(live))));
    (pairs, hooks)
}

/// The API may serve one object under two groups; the one that Git does not name goes.
fn drop_duplicates(live: &mut LiveObjects, targets: &Targets) {
    let mut by_uid: HashMap<String, Vec<ResourceKey>> = HashMap::new();
    for (key, object) in live.iter().filter(|(_, object)| !object.uid().is_empty()) {
        by_uid.entry(object.uid().to_owned()).or_default().push(key.clone());
    }
    for keys in by_uid.into_values().filter(|keys| keys.len() > 1) {
        let mut left = keys.len();
        for key in keys {
            if left > 1 && !targets.objects.iter().any(|target| target.key() == key) {
                live.remove(&key);
                left -= 1;
            }
        }
    }
}

/// What a marked destination namespace is compared with when Git does not have it.
fn managed_namespace(
    targets: &Targets,
    live: &LiveObjects,
    settings: &Settings<'_>,
) -> Option<Arc<Object>> {
    let metadata = settings.namespace_metadata?;
    let is_it = |object: &Object| {
        object.kind() == "Namespace"
            && object.group().is_empty()
            && object.name() == settings.namespace
    };
    let in_git = targets.objects.iter().any(|target| is_it(target));
    let there = live.values().any(|object| is_it(object));
    (there && !in_git).then(|| Arc::new(namespace(settings.namespace, Some(metadata))))
}

/// One object's line; whether it puts the application out of sync. In error, its line where it
/// could not be compared.
fn assess(
    target: Option<Arc<Object>>,
    live: Option<Arc<Object>>,
    hooks: &[Arc<Object>],
    settings: &Settings<'_>,
    conditions: &mut Vec<Condition>,
) -> Result<(Resource, bool), Box<Resource>> {
    let (wanted, actual) = (target.as_deref(), live.as_deref());
    let Some(object) = actual.or(wanted) else {
        return Err(Box::new(Resource {
            status: ResourceStatus::default(),
            target,
            live,
            diff: Diff::default(),
            own: false,
        }));
    };
    let own = actual.is_none_or(|live| settings.diff.tracking.is_own(live, wanted, settings.name));
    let superfluous = wanted.is_none() && own && !settings.incomplete;
    let mut status = line(object, wanted, actual, hooks, settings);
    status.requires_pruning = superfluous;

    let mode = match (wanted, actual) {
        (Some(target), Some(live)) => (settings.mode)(target, live),
        _ => Mode::default(),
    };
    let diff = match diff::diff(wanted, actual, &mode, &settings.diff) {
        Ok(diff) => diff,
        Err(error) => {
            let message = format!("Failed to compare desired state to live state: {error}");
            let condition = Condition::new(ConditionType::ComparisonError, message);
            if !conditions.contains(&condition) {
                conditions.push(condition);
            }
            status.status = Some(SyncStatusCode::Unknown);
            return Err(Box::new(Resource { status, target, live, diff: Diff::default(), own }));
        }
    };

    let skipped = wanted.is_some_and(hook::is_skipped);
    let managed_namespace = settings.namespace_metadata.is_some()
        && actual.is_none()
        && object.kind() == "Namespace"
        && object.group().is_empty()
        && object.name() == settings.namespace;
    let mut differs = false;
    if status.hook || hook::is_ignored(object) || skipped || !own {
        status.status = None;
    } else if wanted.is_none() && settings.incomplete {
        status.status = Some(SyncStatusCode::Unknown);
    } else if !managed_namespace && (diff.modified || wanted.is_none() || actual.is_none()) {
        status.status = Some(SyncStatusCode::OutOfSync);
        let extraneous = wanted.is_none()
            && annotation::has(object, annotation::COMPARE_OPTIONS, "IgnoreExtraneous");
        differs = !extraneous;
    } else {
        status.status = Some(SyncStatusCode::Synced);
    }

    let scope = settings.kinds.namespaced(&object.group_kind());
    let namespaced = scope == Some(true);
    if !(settings.permitted)(&object.group_kind(), object.name(), namespaced) {
        status.status = Some(SyncStatusCode::Unknown);
    }
    if namespaced && object.namespace().is_empty() {
        let message = format!("Namespace for {} {} is missing.", object.name(), object.gvk());
        conditions.push(Condition::new(ConditionType::InvalidSpecError, message));
    }
    Ok((Resource { status, target, live, diff, own }, differs))
}

fn line(
    object: &Object,
    target: Option<&Object>,
    live: Option<&Object>,
    hooks: &[Arc<Object>],
    settings: &Settings<'_>,
) -> ResourceStatus {
    let at_deletion = [DeletionHook::PreDelete, DeletionHook::PostDelete]
        .iter()
        .any(|m| hook::runs_at(object, *m));
    let is_hook = hook::is_hook(object) || at_deletion;
    let wave = match target {
        Some(target) => hook::wave(target),
        None if is_hook => hooks
            .iter()
            .find(|hook| {
                hook.name() == object.name()
                    && hook.kind() == object.kind()
                    && hook.namespace() == object.namespace()
            })
            .map_or(0, |hook| hook::wave(hook)),
        None => 0,
    };
    let confirm = |object: Option<&Object>| {
        object.is_some_and(|object| {
            let option = |name: &str, default: Option<&str>| {
                let own = annotation::value(object, annotation::SYNC_OPTIONS, name);
                own.or(default) == Some("confirm")
            };
            option("Delete", settings.delete_default) || option("Prune", settings.prune_default)
        })
    };
    let gvk = object.gvk();
    ResourceStatus {
        namespace: object.namespace().to_owned(),
        name: object.name().to_owned(),
        hook: is_hook,
        sync_wave: wave,
        requires_deletion_confirmation: confirm(target) || confirm(live),
        group: gvk.group,
        version: gvk.version,
        kind: gvk.kind,
        ..ResourceStatus::default()
    }
}
