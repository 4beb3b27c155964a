//! Which controllers there are, and which of them a change concerns.

use jiff::Timestamp;
use windlass_object::Object;

use crate::plan::Plan;
use crate::resource::{Kind, KindId};
use crate::world::{Change, World, controller};
use crate::{
    claim, clusterrole, cronjob, daemonset, deployment, disruption, endpoints, exposure, garbage,
    job, kubelet, namespace, node, replicaset, scale, selector, statefulset,
};

/// A unit of work.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// The controller of a kind, for one object.
    Object { kind: Kind, namespace: String, name: String },
    /// Endpoints and EndpointSlices of a Service.
    Endpoints { namespace: String, name: String },
    /// Owners and deletion of one object.
    Garbage { kind: KindId, namespace: String, name: String },
}

/// Looks at what a key names.
pub(crate) fn reconcile(world: &World, key: &Key, authority: Option<&str>, now: Timestamp) -> Plan {
    match key {
        Key::Object { kind: Kind::Node, .. } => node::reconcile(world, now),
        Key::Object { kind, namespace, name } => world
            .get(*kind, namespace, name)
            .map_or_else(Plan::nothing, |object| of_kind(world, *kind, object, authority, now)),
        Key::Endpoints { namespace, name } => world
            .get(Kind::Service, namespace, name)
            .map_or_else(Plan::nothing, |service| endpoints::reconcile(world, service)),
        Key::Garbage { kind, namespace, name } => world
            .get(*kind, namespace, name)
            .map_or_else(Plan::nothing, |object| garbage::reconcile(world, *kind, object)),
    }
}

fn of_kind(
    world: &World,
    kind: Kind,
    object: &Object,
    authority: Option<&str>,
    now: Timestamp,
) -> Plan {
    match kind {
        Kind::Namespace => namespace::reconcile(world, object, authority),
        Kind::Pod => kubelet::reconcile(world, object, now),
        Kind::Service => exposure::service(object),
        Kind::Ingress => exposure::ingress(object),
        Kind::PersistentVolumeClaim => claim::reconcile(world, object),
        Kind::PersistentVolume => claim::volume(world, object),
        Kind::Deployment => deployment::reconcile(world, object, now),
        Kind::ReplicaSet => replicaset::reconcile(world, object, now),
        Kind::StatefulSet => statefulset::reconcile(world, object, now),
        Kind::DaemonSet => daemonset::reconcile(world, object, now),
        Kind::Job => job::reconcile(world, object, now),
        Kind::CronJob => cronjob::reconcile(world, object, now),
        Kind::HorizontalPodAutoscaler => scale::reconcile(world, object, now),
        Kind::PodDisruptionBudget => disruption::reconcile(world, object, now),
        Kind::ClusterRole => clusterrole::reconcile(world, object),
        Kind::Node
        | Kind::Endpoints
        | Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::ControllerRevision
        | Kind::EndpointSlice
        | Kind::StorageClass
        | Kind::CustomResourceDefinition => Plan::nothing(),
    }
}

fn key(kind: Kind, namespace: &str, name: &str) -> Key {
    Key::Object { kind, namespace: namespace.to_owned(), name: name.to_owned() }
}

/// What a change concerns, in the world after it.
pub(crate) fn concerned(world: &World, change: &Change) -> Vec<Key> {
    let Some(object) = change.object() else { return Vec::new() };
    let namespace = object.namespace();
    let mut keys = Vec::new();
    let kind = Kind::ALL.get(usize::from(change.kind.0)).copied();
    if let (Some(kind), Some(_)) = (kind, &change.new) {
        keys.push(key(kind, namespace, object.name()));
    }
    for state in [&change.old, &change.new].into_iter().flatten() {
        if let Some(owner) = controller(state)
            && let Some(kind) = Kind::of_api_version(&owner.api_version, &owner.kind)
        {
            keys.push(key(kind, namespace, &owner.name));
        }
    }
    garbage_keys(world, change, object, &mut keys);
    if !namespace.is_empty()
        && world.get(Kind::Namespace, "", namespace).is_some_and(|n| n.is_terminating())
    {
        keys.push(key(Kind::Namespace, "", namespace));
    }
    if let Some(kind) = kind {
        relatives(world, kind, change, object, &mut keys);
    }
    keys.sort();
    keys.dedup();
    keys
}

fn garbage_keys(world: &World, change: &Change, object: &Object, keys: &mut Vec<Key>) {
    let mut add = |kind: KindId, object: &Object| {
        keys.push(Key::Garbage {
            kind,
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
        });
    };
    let Some(new) = &change.new else {
        for (place, dependent) in world.dependents(object.uid()) {
            add(place.kind, dependent);
        }
        for owner in object.owner_references() {
            if let Some(place) = world.place(&owner.uid)
                && let Some(owner) = world.get(place.kind, &place.namespace, &place.name)
                && garbage::is_concerned(owner)
            {
                add(place.kind, owner);
            }
        }
        return;
    };
    let owners = new.owner_references();
    let unknown = owners.iter().any(|owner| world.place(&owner.uid).is_none());
    let terminating_owners = owners.iter().filter_map(|owner| {
        let place = world.place(&owner.uid)?;
        let owner = world.get(place.kind, &place.namespace, &place.name)?;
        garbage::is_concerned(owner).then_some((place.kind, owner))
    });
    let terminating_owners: Vec<_> = terminating_owners.collect();
    if unknown || !terminating_owners.is_empty() {
        add(change.kind, new);
    }
    // An owner that loses a dependent may have waited for that.
    for owner in change.old.iter().flat_map(|old| old.owner_references()) {
        if let Some(place) = world.place(&owner.uid)
            && let Some(owner) = world.get(place.kind, &place.namespace, &place.name)
            && garbage::is_concerned(owner)
        {
            add(place.kind, owner);
        }
    }
    for (kind, owner) in terminating_owners {
        add(kind, owner);
    }
    if garbage::is_concerned(new) {
        add(change.kind, new);
        for (place, dependent) in world.dependents(new.uid()) {
            add(place.kind, dependent);
        }
    }
}

fn relatives(world: &World, kind: Kind, change: &Change, object: &Object, keys: &mut Vec<Key>) {
    let namespace = object.namespace();
    match kind {
        Kind::Pod => pod_relatives(world, change, namespace, keys),
        Kind::Service => keys.push(Key::Endpoints {
            namespace: namespace.to_owned(),
            name: object.name().to_owned(),
        }),
        Kind::Endpoints | Kind::EndpointSlice => {
            let service = object
                .label(endpoints::SERVICE)
                .filter(|_| kind == Kind::EndpointSlice)
                .unwrap_or(object.name());
            keys.push(Key::Endpoints { namespace: namespace.to_owned(), name: service.to_owned() });
        }
        Kind::ServiceAccount | Kind::ConfigMap if change.new.is_none() => {
            keys.push(key(Kind::Namespace, "", namespace));
        }
        Kind::PersistentVolumeClaim => {
            for pod in world.list(Kind::Pod, namespace) {
                if crate::pods::claims(pod).any(|claim| claim == object.name()) {
                    keys.push(key(Kind::Pod, namespace, pod.name()));
                }
            }
            let volume = object.str_at(&["spec", "volumeName"]);
            if !volume.is_empty() {
                keys.push(key(Kind::PersistentVolume, "", volume));
            }
        }
        Kind::PersistentVolume => {
            let claim = |part| object.str_at(&["spec", "claimRef", part]);
            keys.push(key(Kind::PersistentVolumeClaim, claim("namespace"), claim("name")));
        }
        Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet => {
            for scaler in world.list(Kind::HorizontalPodAutoscaler, namespace) {
                if scaler.str_at(&["spec", "scaleTargetRef", "name"]) == object.name() {
                    keys.push(key(Kind::HorizontalPodAutoscaler, namespace, scaler.name()));
                }
            }
        }
        Kind::ClusterRole => {
            for role in world.list_all(Kind::ClusterRole) {
                if role.get(&["aggregationRule"]).is_some() {
                    keys.push(key(Kind::ClusterRole, "", role.name()));
                }
            }
        }
        Kind::Node | Kind::StorageClass => {
            keys.push(key(Kind::Node, "", ""));
            if kind == Kind::Node && (change.old.is_none() || change.new.is_none()) {
                let sets = world.list_all(Kind::DaemonSet);
                keys.extend(sets.map(|set| key(Kind::DaemonSet, set.namespace(), set.name())));
            }
        }
        _ => {}
    }
}

fn pod_relatives(world: &World, change: &Change, namespace: &str, keys: &mut Vec<Key>) {
    let states = || [&change.old, &change.new].into_iter().flatten();
    for service in world.list(Kind::Service, namespace) {
        let selector = service.get(&["spec", "selector"]);
        if states().any(|pod| selector::matches_map(selector, pod)) {
            keys.push(Key::Endpoints {
                namespace: namespace.to_owned(),
                name: service.name().to_owned(),
            });
        }
    }
    for budget in world.list(Kind::PodDisruptionBudget, namespace) {
        if states().any(|pod| selector::matches(budget.get(&["spec", "selector"]), pod)) {
            keys.push(key(Kind::PodDisruptionBudget, namespace, budget.name()));
        }
    }
    // A pod that uses a claim keeps the claim from being deleted.
    let ends = change.new.as_ref().is_none_or(|pod| crate::pods::is_ended(pod));
    if ends {
        for claim in states().flat_map(|pod| crate::pods::claims(pod)) {
            keys.push(key(Kind::PersistentVolumeClaim, namespace, claim));
        }
    }
    // Pods that nobody controls are adopted.
    if let Some(pod) = &change.new
        && controller(pod).is_none()
    {
        for (kind, namespace, set) in [Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet]
            .into_iter()
            .flat_map(|kind| world.list(kind, namespace).map(move |set| (kind, namespace, set)))
        {
            if selector::matches(set.get(&["spec", "selector"]), pod) {
                keys.push(key(kind, namespace, set.name()));
            }
        }
    }
}

/// What is looked at when the simulation starts.
pub(crate) fn initial() -> Key {
    key(Kind::Node, "", "")
}

/// The objects whose owners or deletion may need work once all kinds are known.
pub(crate) fn garbage(world: &World) -> Vec<Key> {
    let mut keys = Vec::new();
    for (kind, _) in world.resources() {
        for object in world.list_all(kind) {
            let mut owners = object.owner_references().into_iter();
            if garbage::is_concerned(object) || owners.any(|o| world.place(&o.uid).is_none()) {
                keys.push(Key::Garbage {
                    kind,
                    namespace: object.namespace().to_owned(),
                    name: object.name().to_owned(),
                });
            }
        }
    }
    let ending = world.list_all(Kind::Namespace).filter(|namespace| namespace.is_terminating());
    keys.extend(ending.map(|namespace| key(Kind::Namespace, "", namespace.name())));
    keys
}
