//! Which resources exist.
//!
//! A [`Catalog`] holds the built-in resources of Kubernetes and those of the CustomResourceDefinitions that are
//! established. It is read through immutable [`Snapshot`]s: a request takes one and sees the same resources until it
//! is answered, whatever CRDs come and go beside it. Taking a snapshot costs an atomic load.

mod builtin;
mod resource;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use windlass_object::GroupVersionKind;

pub use resource::{GroupVersion, Origin, ResourceType, Subresource, Verb, Verbs};

/// All resources that are served, built in and custom. Clones share the same state.
#[derive(Clone)]
pub struct Catalog {
    current: Arc<ArcSwap<Snapshot>>,
    writer: Arc<Mutex<()>>,
}

/// The resources at one moment.
pub struct Snapshot {
    revision: u64,
    /// In discovery order: built-in groups first, then custom ones by name; versions by preference.
    groups: Vec<Group>,
    by_plural: HashMap<(String, String, String), Arc<ResourceType>>,
    by_kind: HashMap<GroupVersionKind, Arc<ResourceType>>,
    custom: BTreeMap<String, Vec<Arc<ResourceType>>>,
}

/// An API group and its served versions.
#[derive(Clone, Debug)]
pub struct Group {
    /// Name; empty for the core group.
    pub name: String,
    /// Served versions, the preferred one first.
    pub versions: Vec<Version>,
}

/// The resources of one version of a group.
#[derive(Clone, Debug)]
pub struct Version {
    /// Such as `v1beta1`.
    pub name: String,
    /// Sorted by plural name.
    pub resources: Vec<Arc<ResourceType>>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalog {
    /// The built-in resources alone.
    pub fn new() -> Self {
        let snapshot = Snapshot::build(0, BTreeMap::new());
        Self { current: Arc::new(ArcSwap::from_pointee(snapshot)), writer: Arc::default() }
    }

    /// The resources as they are now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Serves the resources of a CRD in the place of those it had before. `resources` has one entry a served version;
    /// an empty list takes the CRD's resources out of service.
    pub fn set_custom(&self, crd: &str, resources: Vec<Arc<ResourceType>>) {
        let _writer = self.writer.lock();
        let now = self.current.load();
        let mut custom = now.custom.clone();
        if resources.is_empty() {
            custom.remove(crd);
        } else {
            custom.insert(crd.to_owned(), resources);
        }
        self.current.store(Arc::new(Snapshot::build(now.revision + 1, custom)));
    }
}

impl Snapshot {
    fn build(revision: u64, custom: BTreeMap<String, Vec<Arc<ResourceType>>>) -> Self {
        let mut groups = builtin::groups().to_vec();
        let builtin_groups = groups.len();
        for resource in custom.values().flatten() {
            insert(&mut groups, builtin_groups, resource);
        }
        let mut by_plural = HashMap::new();
        let mut by_kind = HashMap::new();
        for resource in groups.iter().flat_map(|g| &g.versions).flat_map(|v| &v.resources) {
            by_plural.insert(
                (resource.group.clone(), resource.version.clone(), resource.plural.clone()),
                Arc::clone(resource),
            );
            by_kind.insert(resource.gvk(), Arc::clone(resource));
        }
        Self { revision, groups, by_plural, by_kind, custom }
    }

    /// Grows with every change: equal revisions of one catalog have equal resources.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The resource at `/apis/{group}/{version}/…/{plural}`.
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<ResourceType>> {
        self.by_plural.get(&(group.to_owned(), version.to_owned(), plural.to_owned()))
    }

    /// The resource that holds objects of a kind.
    pub fn kind(&self, gvk: &GroupVersionKind) -> Option<&Arc<ResourceType>> {
        self.by_kind.get(gvk)
    }

    /// A group by name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// The groups in discovery order; the core group is the first.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Every resource in every served version, in discovery order.
    pub fn resources(&self) -> impl Iterator<Item = &Arc<ResourceType>> {
        self.groups.iter().flat_map(|group| &group.versions).flat_map(|version| &version.resources)
    }

    /// Each resource once, in the version it is stored in: what must be watched or swept to see every object.
    pub fn stored(&self) -> impl Iterator<Item = &Arc<ResourceType>> {
        self.resources().filter(|resource| {
            resource.storage.as_ref().is_some_and(|storage| {
                storage.group == resource.group && storage.version == resource.version
            })
        })
    }
}

impl Group {
    /// A version by name.
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.name == name)
    }
}

/// Puts a custom resource into its group and version, keeping both in discovery order.
fn insert(groups: &mut Vec<Group>, builtin_groups: usize, resource: &Arc<ResourceType>) {
    let at = match groups.iter().position(|group| group.name == resource.group) {
        Some(at) => at,
        None => {
            let at = builtin_groups
                + groups[builtin_groups..].partition_point(|group| group.name < resource.group);
            groups.insert(at, Group { name: resource.group.clone(), versions: Vec::new() });
            at
        }
    };
    let versions = &mut groups[at].versions;
    let at = match versions.iter().position(|version| version.name == resource.version) {
        Some(at) => at,
        None => {
            let priority = version_priority(&resource.version);
            let at = versions.partition_point(|version| version_priority(&version.name) > priority);
            let version = Version { name: resource.version.clone(), resources: Vec::new() };
            versions.insert(at, version);
            at
        }
    };
    let resources = &mut versions[at].resources;
    let at = resources.partition_point(|other| other.plural < resource.plural);
    resources.insert(at, Arc::clone(resource));
}

/// Orders versions as Kubernetes prefers them: stable, beta, alpha, each by number, then all other names.
pub fn version_priority(version: &str) -> (u8, u64, u64, std::cmp::Reverse<String>) {
    let other = || (0, 0, 0, std::cmp::Reverse(version.to_owned()));
    let Some(rest) = version.strip_prefix('v') else { return other() };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (major, stage) = rest.split_at(digits);
    let number = |text: &str| match text {
        "" => None,
        zero if zero.starts_with('0') => None,
        text => text.parse::<u64>().ok(),
    };
    let Some(major) = number(major) else { return other() };
    let (rank, minor) = if stage.is_empty() {
        (3, Some(0))
    } else if let Some(minor) = stage.strip_prefix("beta") {
        (2, number(minor))
    } else if let Some(minor) = stage.strip_prefix("alpha") {
        (1, number(minor))
    } else {
        (0, None)
    };
    match minor {
        Some(minor) => (rank, major, minor, std::cmp::Reverse(String::new())),
        None => other(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_stability() {
        let mut versions = [
            "foo1",
            "v3beta1",
            "v12alpha1",
            "v2",
            "v10",
            "v11beta2",
            "v10beta3",
            "v1",
            "v0",
            "foo10",
        ];
        versions.sort_by_key(|version| std::cmp::Reverse(version_priority(version)));
        assert_eq!(
            versions,
            [
                "v10",
                "v2",
                "v1",
                "v11beta2",
                "v10beta3",
                "v3beta1",
                "v12alpha1",
                "foo1",
                "foo10",
                "v0"
            ]
        );
    }

    #[test]
    fn a_snapshot_outlives_a_change() {
        let catalog = Catalog::new();
        let before = catalog.snapshot();
        let widget = ResourceType::custom_for_test("example.com", "v1", "widgets", "Widget");
        catalog.set_custom("widgets.example.com", vec![Arc::new(widget)]);
        let after = catalog.snapshot();
        assert!(before.resource("example.com", "v1", "widgets").is_none());
        assert!(after.resource("example.com", "v1", "widgets").is_some());
        assert!(after.kind(&GroupVersionKind::new("example.com", "v1", "Widget")).is_some());
        assert_eq!(after.groups().last().map(|g| g.name.as_str()), Some("example.com"));
        catalog.set_custom("widgets.example.com", vec![]);
        assert!(catalog.snapshot().resource("example.com", "v1", "widgets").is_none());
        assert_eq!(catalog.snapshot().revision(), before.revision() + 2);
    }

    #[test]
    fn events_are_stored_once() {
        let snapshot = Catalog::new().snapshot();
        let stored: Vec<_> =
            snapshot.stored().filter(|r| r.plural == "events").map(|r| r.api_version()).collect();
        assert_eq!(stored, ["v1"]);
        assert!(snapshot.stored().all(|r| r.plural != "tokenreviews"));
    }
}
