//! What the simulation knows: the newest state seen of every watched object.
//!
//! One [`World`] is fed by the watches and by the answers to the simulation's own writes, so a
//! controller always sees what it wrote. Resource versions are numbers that grow (as Kubernetes
//! promises since 1.35), so the older of two states is dropped, whichever way it came. A deleted
//! object's identity is remembered for a while, lest a late event bring it back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use windlass_object::{Object, OwnerReference};

use crate::resource::{Kind, KindId, Resource};

/// How many deleted identities are remembered.
const GONE_BOUND: usize = 16_384;

/// The kinds whose objects controllers adopt.
const ADOPTED: &[Kind] = &[Kind::Pod, Kind::ReplicaSet];

type Names = BTreeMap<String, Arc<Object>>;

/// Where an object is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) kind: KindId,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// A change of one object.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) kind: KindId,
    /// The state before; nothing when the object is new.
    pub(crate) old: Option<Arc<Object>>,
    /// The state now; nothing when it is gone.
    pub(crate) new: Option<Arc<Object>>,
}

impl Change {
    /// The newer state there is.
    pub(crate) fn object(&self) -> Option<&Arc<Object>> {
        self.new.as_ref().or(self.old.as_ref())
    }
}

#[derive(Debug)]
struct Store {
    resource: Resource,
    synced: bool,
    objects: HashMap<String, Names>,
}

/// The newest state of everything.
#[derive(Debug)]
pub(crate) struct World {
    stores: Vec<Store>,
    places: HashMap<String, Place>,
    dependents: HashMap<String, BTreeSet<Place>>,
    /// What has no controller, of the kinds that controllers adopt.
    uncontrolled: BTreeSet<Place>,
    gone: HashSet<String>,
    gone_order: VecDeque<String>,
    /// Whether discovery has named all kinds.
    pub(crate) discovered: bool,
}

impl Default for World {
    fn default() -> Self {
        let store = |kind: &Kind| Store {
            resource: kind.resource().clone(),
            synced: false,
            objects: HashMap::new(),
        };
        Self {
            stores: Kind::ALL.iter().map(store).collect(),
            places: HashMap::new(),
            dependents: HashMap::new(),
            uncontrolled: BTreeSet::new(),
            gone: HashSet::new(),
            gone_order: VecDeque::new(),
            discovered: false,
        }
    }
}

impl World {
    /// The watched resources.
    pub(crate) fn resources(&self) -> impl Iterator<Item = (KindId, &Resource)> {
        let number = |index: usize| KindId(u16::try_from(index).unwrap_or(u16::MAX));
        self.stores.iter().enumerate().map(move |(index, store)| (number(index), &store.resource))
    }

    /// The resource of a number.
    pub(crate) fn resource(&self, kind: KindId) -> &Resource {
        &self.stores[usize::from(kind.0)].resource
    }

    /// Adds a resource that discovery found, unless it is there already.
    pub(crate) fn add_resource(&mut self, resource: Resource) -> Option<KindId> {
        let same = |store: &Store| {
            store.resource.group == resource.group && store.resource.plural == resource.plural
        };
        if self.stores.iter().any(same) {
            return None;
        }
        let number = u16::try_from(self.stores.len()).ok()?;
        self.stores.push(Store { resource, synced: false, objects: HashMap::new() });
        Some(KindId(number))
    }

    /// Notes that all objects of a kind have been seen.
    pub(crate) fn set_synced(&mut self, kind: KindId) {
        self.stores[usize::from(kind.0)].synced = true;
    }

    /// Whether all objects of all kinds have been seen.
    pub(crate) fn all_synced(&self) -> bool {
        self.discovered && self.stores.iter().all(|store| store.synced)
    }

    /// Whether all objects of the known kinds have been seen.
    pub(crate) fn known_synced(&self) -> bool {
        self.stores.iter().take(Kind::ALL.len()).all(|store| store.synced)
    }

    /// One object.
    pub(crate) fn get(
        &self,
        kind: impl Into<KindId>,
        namespace: &str,
        name: &str,
    ) -> Option<&Arc<Object>> {
        self.stores[usize::from(kind.into().0)].objects.get(namespace)?.get(name)
    }

    /// The objects of a kind in one namespace, by name; the empty one for what has none.
    pub(crate) fn list(
        &self,
        kind: impl Into<KindId>,
        namespace: &str,
    ) -> impl Iterator<Item = &Arc<Object>> {
        self.stores[usize::from(kind.into().0)]
            .objects
            .get(namespace)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    /// The objects of a kind in all namespaces.
    pub(crate) fn list_all(&self, kind: impl Into<KindId>) -> impl Iterator<Item = &Arc<Object>> {
        self.stores[usize::from(kind.into().0)].objects.values().flat_map(BTreeMap::values)
    }

    /// Whether an object with this identity exists, and where.
    pub(crate) fn place(&self, uid: &str) -> Option<&Place> {
        self.places.get(uid)
    }

    /// The objects that name this identity as an owner.
    pub(crate) fn dependents(&self, uid: &str) -> impl Iterator<Item = (&Place, &Arc<Object>)> {
        self.dependents
            .get(uid)
            .into_iter()
            .flatten()
            .filter_map(|place| Some((place, self.get(place.kind, &place.namespace, &place.name)?)))
    }

    /// The objects of a kind whose controller is `owner`.
    pub(crate) fn controlled<'a>(
        &'a self,
        owner: &'a Object,
        kind: Kind,
    ) -> impl Iterator<Item = &'a Arc<Object>> {
        self.dependents(owner.uid()).filter(move |(place, _)| place.kind == kind.into()).filter_map(
            |(_, object)| {
                controller(object).is_some_and(|by| by.uid == owner.uid()).then_some(object)
            },
        )
    }

    /// The pods or ReplicaSets of a namespace that no controller has.
    pub(crate) fn uncontrolled<'a>(
        &'a self,
        kind: Kind,
        namespace: &str,
    ) -> impl Iterator<Item = &'a Arc<Object>> {
        let (kind, namespace) = (KindId::from(kind), namespace.to_owned());
        let first = Place { kind, namespace: namespace.clone(), name: String::new() };
        self.uncontrolled
            .range(first..)
            .take_while(move |place| place.kind == kind && place.namespace == namespace)
            .filter_map(|place| self.get(place.kind, &place.namespace, &place.name))
    }

    /// Takes in a state of an object. Gives the change, if it is news.
    pub(crate) fn put(&mut self, kind: KindId, mut object: Object) -> Option<Change> {
        if self.gone.contains(object.uid()) {
            return None;
        }
        object.remove(&["metadata", "managedFields"]);
        let new = Arc::new(object);
        let names =
            self.stores[usize::from(kind.0)].objects.entry(new.namespace().to_owned()).or_default();
        let old = names.get(new.name()).cloned();
        if old.as_ref().is_some_and(|old| version(old) >= version(&new)) {
            return None;
        }
        names.insert(new.name().to_owned(), new.clone());
        if let Some(old) = &old {
            self.unlink(kind, old);
        }
        self.link(kind, &new);
        Some(Change { kind, old, new: Some(new) })
    }

    /// Takes in that an object is gone. Gives the change, if it is news.
    pub(crate) fn remove(&mut self, kind: KindId, object: &Object) -> Option<Change> {
        if self.gone.insert(object.uid().to_owned()) {
            self.gone_order.push_back(object.uid().to_owned());
            if self.gone_order.len() > GONE_BOUND
                && let Some(oldest) = self.gone_order.pop_front()
            {
                self.gone.remove(&oldest);
            }
        }
        let objects = &mut self.stores[usize::from(kind.0)].objects;
        let names = objects.get_mut(object.namespace())?;
        if names.get(object.name())?.uid() != object.uid() {
            return None;
        }
        let old = names.remove(object.name())?;
        if names.is_empty() {
            objects.remove(object.namespace());
        }
        self.unlink(kind, &old);
        Some(Change { kind, old: Some(old), new: None })
    }

    /// Takes in a whole list: what is not in it and not younger than it is gone.
    pub(crate) fn replace(
        &mut self,
        kind: KindId,
        objects: Vec<Object>,
        list_version: u64,
    ) -> Vec<Change> {
        let listed: HashSet<String> =
            objects.iter().map(|object| object.uid().to_owned()).collect();
        let stale: Vec<Arc<Object>> = self
            .list_all(kind)
            .filter(|old| !listed.contains(old.uid()) && version(old) <= list_version)
            .cloned()
            .collect();
        let mut changes: Vec<Change> =
            stale.iter().filter_map(|old| self.remove(kind, old)).collect();
        changes.extend(objects.into_iter().filter_map(|object| self.put(kind, object)));
        self.set_synced(kind);
        changes
    }

    fn link(&mut self, kind: KindId, object: &Object) {
        let place = Place {
            kind,
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
        };
        let mut controlled = false;
        for owner in object.owner_references() {
            controlled |= owner.controller == Some(true);
            self.dependents.entry(owner.uid).or_default().insert(place.clone());
        }
        if !controlled && ADOPTED.iter().any(|adopted| KindId::from(*adopted) == kind) {
            self.uncontrolled.insert(place.clone());
        }
        self.places.insert(object.uid().to_owned(), place);
    }

    fn unlink(&mut self, kind: KindId, object: &Object) {
        let place = Place {
            kind,
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
        };
        for owner in object.owner_references() {
            if let Some(places) = self.dependents.get_mut(&owner.uid) {
                places.remove(&place);
                if places.is_empty() {
                    self.dependents.remove(&owner.uid);
                }
            }
        }
        self.uncontrolled.remove(&place);
        self.places.remove(object.uid());
    }
}

/// The resource version as the number that it is.
pub(crate) fn version(object: &Object) -> u64 {
    object.resource_version().parse().unwrap_or_default()
}

/// The owner that manages the object.
pub(crate) fn controller(object: &Object) -> Option<OwnerReference> {
    object.owner_references().into_iter().find(|owner| owner.controller == Some(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_object::Object;

    use super::World;
    use crate::resource::{Kind, KindId};

    fn pod(name: &str, uid: &str, version: u64) -> Object {
        Object::try_from(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "namespace": "n", "name": name, "uid": uid, "resourceVersion": version.to_string(),
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r",
                    "uid": "owner", "controller": true}],
            },
        }))
        .unwrap()
    }

    #[test]
    fn older_states_and_deleted_identities_do_not_come_back() {
        let kind = KindId::from(Kind::Pod);
        let mut world = World::default();
        assert!(world.put(kind, pod("a", "1", 5)).is_some());
        assert!(world.put(kind, pod("a", "1", 5)).is_none());
        assert!(world.put(kind, pod("a", "1", 4)).is_none());
        assert_eq!(world.dependents("owner").count(), 1);
        assert!(world.remove(kind, &pod("a", "1", 6)).is_some());
        assert!(world.put(kind, pod("a", "1", 5)).is_none());
        assert_eq!(world.dependents("owner").count(), 0);
        assert!(world.put(kind, pod("a", "2", 7)).is_some());
        assert!(world.remove(kind, &pod("a", "1", 8)).is_none());
    }

    #[test]
    fn a_list_removes_what_is_not_in_it_but_nothing_younger() {
        let kind = KindId::from(Kind::Pod);
        let mut world = World::default();
        world.put(kind, pod("old", "1", 5));
        world.put(kind, pod("young", "2", 20));
        let changes = world.replace(kind, vec![pod("listed", "3", 9)], 10);
        assert_eq!(changes.len(), 2);
        let names: Vec<&str> = world.list(kind, "n").map(|pod| pod.name()).collect();
        assert_eq!(names, ["listed", "young"]);
    }
}
