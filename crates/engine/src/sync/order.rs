//! Order of tasks: phase, wave, kind, name; and what others depend on before them.

use std::collections::HashMap;

use super::task::Task;
use crate::tracking::is_crd;

/// Kinds in the order in which Helm and Argo CD install them. Kinds that are not here come last.
const KINDS: [&str; 35] = [
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
];

/// Sorts tasks, then moves a namespace before the first task in it and a CRD before the first
/// object of its kind, into that task's phase and wave.
pub(super) fn sort(tasks: &mut Vec<Task>) {
    tasks.sort_by_cached_key(|task| {
        let kind = task.object().kind();
        let rank = KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len());
        (task.phase, task.wave, rank, task.object().name().to_owned(), task.namespace.clone())
    });
    lift(
        tasks,
        |task| is_namespace(task).then(|| task.object().name().to_owned()),
        |task| (!task.namespace.is_empty()).then(|| task.namespace.clone()),
    );
    lift(tasks, defined_kind, |task| {
        Some(format!("{}/{}", task.object().group(), task.object().kind()))
    });
}

/// Moves each task that provides something before the first that needs it.
fn lift(
    tasks: &mut Vec<Task>,
    provides: impl Fn(&Task) -> Option<String>,
    needs: impl Fn(&Task) -> Option<String>,
) {
    let mut first_need: HashMap<String, usize> = HashMap::new();
    for i in 0..tasks.len() {
        if tasks[i].is_prune() {
            continue;
        }
        if let Some(thing) = provides(&tasks[i]) {
            let Some(&place) = first_need.get(&thing) else { continue };
            let mut provider = tasks.remove(i);
            provider.wave = tasks[place].wave;
            provider.phase = tasks[place].phase;
            tasks.insert(place, provider);
            for index in first_need.values_mut().filter(|index| **index >= place) {
                *index += 1;
            }
        } else if let Some(thing) = needs(&tasks[i]) {
            first_need.entry(thing).or_insert(i);
        }
    }
}

fn is_namespace(task: &Task) -> bool {
    task.object().kind() == "Namespace" && task.object().group().is_empty()
}

/// `<group>/<kind>` that a CRD defines.
fn defined_kind(task: &Task) -> Option<String> {
    let object = task.object();
    let group = object.get(&["spec", "group"])?.as_str()?;
    let kind = object.get(&["spec", "names", "kind"])?.as_str()?;
    is_crd(object).then(|| format!("{group}/{kind}"))
}

/// Has objects that go be deleted in the reverse of the order in which they came: the waves of
/// prune tasks change places, first with last. With `PruneLast` they come in a wave of their own
/// after the last of phase Sync.
pub(super) fn place_prunes(tasks: &mut [Task], prune_last: bool) {
    let mut waves: Vec<i64> = tasks.iter().filter(|t| t.is_prune()).map(|t| t.wave).collect();
    waves.sort_unstable();
    waves.dedup();
    for task in tasks.iter_mut().filter(|t| t.is_prune()) {
        if let Ok(i) = waves.binary_search(&task.wave) {
            task.wave = waves[waves.len() - 1 - i];
        }
    }
    let sync = crate::state::SyncPhase::Sync;
    let last = tasks.iter().filter(|t| t.phase == sync).map(|t| t.wave).max().unwrap_or(0).max(0);
    for task in tasks.iter_mut().filter(|t| t.is_prune()) {
        let own = task
            .live
            .as_ref()
            .is_some_and(|live| crate::annotation::sync_option(live, "PruneLast=true"));
        if prune_last || own {
            task.wave = last.saturating_add(1);
        }
    }
}
