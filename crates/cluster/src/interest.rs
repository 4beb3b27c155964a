//! Who wants to hear of objects that are not theirs.
//!
//! A chart that looks something up in the cluster depends on it, and on the kinds that are served.
//! Whoever rendered it holds an
//! [`Interest`] in what was looked at, for as long as the render counts.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};

use parking_lot::RwLock;
use windlass_object::{GroupKind, Object, ResourceKey};

use crate::store::ObjectId;

/// All interests in the objects of a cluster, by what they are in. A key without a name means all
/// objects of the kind in a namespace, without a namespace all of the kind, and one with nothing but a
/// namespace all that is in it.
#[derive(Debug, Default)]
pub(crate) struct Interests(RwLock<Registered>);

#[derive(Debug, Default)]
struct Registered {
    next: u64,
    by_key: HashMap<ResourceKey, Vec<(u64, Arc<str>)>>,
    in_kinds: Vec<(u64, Arc<str>)>,
}

impl Interests {
    /// The applications that want to hear of other kinds that are served.
    pub(crate) fn in_kinds(&self) -> Vec<Arc<str>> {
        self.0.read().in_kinds.iter().map(|(_, app)| app.clone()).collect()
    }

    /// The applications that want to hear of any object of a kind, sorted.
    pub(crate) fn of_kind(&self, kind: &GroupKind) -> Vec<Arc<str>> {
        let registered = self.0.read();
        let of_it = registered.by_key.iter().filter(|(key, _)| key.group_kind() == *kind);
        let mut found: Vec<Arc<str>> =
            of_it.flat_map(|(_, holders)| holders.iter().map(|(_, app)| app.clone())).collect();
        found.sort();
        found.dedup();
        found
    }

    /// The applications that want to hear of an object, sorted.
    pub(crate) fn of(&self, object: &ObjectId) -> Vec<Arc<str>> {
        let registered = self.0.read();
        if registered.by_key.is_empty() {
            return Vec::new();
        }
        let key = object.key();
        let mut wider = key.clone();
        wider.name.clear();
        let mut widest = wider.clone();
        widest.namespace.clear();
        let space = ResourceKey::new("", "", &key.namespace, "");
        let mut found: Vec<Arc<str>> = [&key, &wider, &widest, &space]
            .into_iter()
            .filter_map(|key| registered.by_key.get(key))
            .flat_map(|holders| holders.iter().map(|(_, app)| app.clone()))
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

/// The interest of an application in objects of a cluster; it ends when it is dropped.
#[derive(Debug)]
pub struct Interest {
    interests: Weak<Interests>,
    id: u64,
    app: Arc<str>,
    keys: parking_lot::Mutex<Vec<ResourceKey>>,
}

impl Interest {
    pub(crate) fn new(interests: &Arc<Interests>, app: &str) -> Self {
        let mut registered = interests.0.write();
        registered.next += 1;
        Self {
            interests: Arc::downgrade(interests),
            id: registered.next,
            app: app.into(),
            keys: parking_lot::Mutex::default(),
        }
    }

    /// Other kinds that are served from now on are told.
    pub fn add_kinds(&self) {
        if let Some(interests) = self.interests.upgrade() {
            let mut registered = interests.0.write();
            if registered.in_kinds.iter().all(|(id, _)| *id != self.id) {
                registered.in_kinds.push((self.id, self.app.clone()));
            }
        }
    }

    /// Changes from now on are told. A key without a name means all objects of the kind in a
    /// namespace, without a namespace all of the kind, and one with nothing but a namespace all that
    /// is in it.
    pub fn add(&self, key: &ResourceKey) {
        let mut keys = self.keys.lock();
        if keys.contains(key) {
            return;
        }
        keys.push(key.clone());
        if let Some(interests) = self.interests.upgrade() {
            let mut registered = interests.0.write();
            let holders = registered.by_key.entry(key.clone()).or_default();
            holders.push((self.id, self.app.clone()));
        }
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        let Some(interests) = self.interests.upgrade() else { return };
        let mut registered = interests.0.write();
        registered.in_kinds.retain(|(id, _)| *id != self.id);
        for key in self.keys.get_mut().drain(..) {
            if let Some(holders) = registered.by_key.get_mut(&key) {
                holders.retain(|(id, _)| *id != self.id);
                if holders.is_empty() {
                    registered.by_key.remove(&key);
                }
            }
        }
    }
}

/// Objects in the versions in which they were seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen(BTreeMap<(Box<str>, Box<str>), Box<str>>);

impl Seen {
    /// Of objects of one kind.
    pub fn of<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Self {
        objects.into_iter().map(|o| (o.namespace(), o.name(), o.resource_version())).collect()
    }
}

/// From namespace, name and resource version.
impl<'a> FromIterator<(&'a str, &'a str, &'a str)> for Seen {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a str, &'a str)>>(objects: T) -> Self {
        let each = objects.into_iter();
        Self(
            each.map(|(space, name, version)| ((space.into(), name.into()), version.into()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interest_is_in_one_object_or_many_and_ends() {
        let interests = Arc::<Interests>::default();
        let key = |namespace: &str, name: &str| ResourceKey::new("", "ConfigMap", namespace, name);
        let one = Interest::new(&interests, "one");
        one.add(&key("a", "x"));
        one.add(&key("a", "x"));
        let some = Interest::new(&interests, "some");
        some.add(&key("a", ""));
        let all = Interest::new(&interests, "all");
        all.add(&key("", ""));
        let of = |namespace: &str, name: &str| {
            interests.of(&ObjectId::of(&key(namespace, name))).join(" ")
        };
        assert_eq!(of("a", "x"), "all one some");
        assert_eq!(of("a", "y"), "all some");
        assert_eq!(of("b", "x"), "all");
        let space = Interest::new(&interests, "space");
        space.add(&ResourceKey::new("", "", "b", ""));
        assert_eq!((of("a", "y"), of("b", "x")), ("all some".into(), "all space".into()));
        drop(space);
        let again = Interest::new(&interests, "one");
        again.add(&key("a", "x"));
        drop((one, all));
        assert_eq!(of("a", "x"), "one some");
        drop((again, some));
        assert_eq!(of("a", "x"), "");
        assert!(interests.0.read().by_key.is_empty());
    }
}
