//! One resource in one version.

use std::sync::Arc;

use windlass_object::{GroupKind, GroupVersionKind};

use crate::crd::CustomVersion;

/// A group and a version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupVersion {
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
}

impl GroupVersion {
    /// As `apiVersion` has it.
    pub fn api_version(&self) -> String {
        GroupVersionKind::new(&self.group, &self.version, "").api_version()
    }
}

/// A resource in one served version.
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// API group; empty for the core group.
    pub group: String,
    /// Version, such as `v1`.
    pub version: String,
    /// Name in paths, such as `deployments`.
    pub plural: String,
    /// Such as `deployment`.
    pub singular: String,
    /// Such as `Deployment`.
    pub kind: String,
    /// Such as `DeploymentList`.
    pub list_kind: String,
    /// Such as `deploy`.
    pub short_names: Vec<String>,
    /// Such as `all`.
    pub categories: Vec<String>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// What can be done with it.
    pub verbs: Verbs,
    /// Sorted by name.
    pub subresources: Vec<Subresource>,
    /// The group and version that its objects are stored in; none for what is computed, such as reviews.
    pub storage: Option<GroupVersion>,
    /// Discovery's `storageVersionHash`.
    pub storage_version_hash: Option<String>,
    /// Whether Kubernetes brings it or a CRD.
    pub origin: Origin,
}

/// Where a resource comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Kubernetes itself.
    BuiltIn,
    /// A CustomResourceDefinition.
    Custom(Arc<CustomVersion>),
}

/// A subresource, such as `status`.
#[derive(Clone, Debug)]
pub struct Subresource {
    /// Last part of its path.
    pub name: String,
    /// The kind it takes and returns.
    pub kind: String,
    /// That kind's group and version where they are not the resource's own.
    pub group_version: Option<GroupVersion>,
    /// Whether its path has a namespace.
    pub namespaced: bool,
    /// What can be done with it.
    pub verbs: Verbs,
}

/// What a client may ask of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// POST
    Create,
    /// DELETE of one object.
    Delete,
    /// DELETE of all that are selected.
    DeleteCollection,
    /// GET of one object.
    Get,
    /// GET of all that are selected.
    List,
    /// PATCH
    Patch,
    /// PUT
    Update,
    /// GET with `watch`.
    Watch,
}

/// Each verb, its letter in the built-in table and its name, sorted by name.
const VERBS: [(Verb, char, &str); 8] = [
    (Verb::Create, 'c', "create"),
    (Verb::Delete, 'd', "delete"),
    (Verb::DeleteCollection, 'D', "deletecollection"),
    (Verb::Get, 'g', "get"),
    (Verb::List, 'l', "list"),
    (Verb::Patch, 'p', "patch"),
    (Verb::Update, 'u', "update"),
    (Verb::Watch, 'w', "watch"),
];

impl Verb {
    /// As RBAC and discovery spell it.
    pub fn name(self) -> &'static str {
        VERBS[self as usize].2
    }
}

/// A set of verbs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verbs(u8);

impl Verbs {
    /// Every verb.
    pub const ALL: Self = Self(0xff);

    /// The set of these.
    pub const fn of(verbs: &[Verb]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < verbs.len() {
            bits |= 1 << verbs[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    /// From letters as the built-in table has them.
    pub(super) fn from_letters(letters: &str) -> Self {
        let has = |letter| letters.contains(letter);
        Self(
            VERBS
                .iter()
                .filter(|(_, letter, _)| has(*letter))
                .fold(0, |bits, (verb, ..)| bits | 1 << *verb as u8),
        )
    }

    /// Whether a verb is in the set.
    pub fn contains(self, verb: Verb) -> bool {
        self.0 & 1 << verb as u8 != 0
    }

    /// The names, sorted.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        VERBS.iter().filter(move |(verb, ..)| self.contains(*verb)).map(|(.., name)| *name)
    }
}

impl ResourceType {
    /// Its kind.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::new(&self.group, &self.version, &self.kind)
    }

    /// Its kind without the version.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }

    /// As objects carry it.
    pub fn api_version(&self) -> String {
        self.gvk().api_version()
    }

    /// As messages name it: `deployments.apps`, `pods`.
    pub fn group_resource(&self) -> String {
        GroupKind::new(&self.group, &self.plural).to_string()
    }

    /// A subresource by name.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|subresource| subresource.name == name)
    }

    /// Whether writes to the main resource leave `status` alone.
    pub fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }

    /// What its CRD says of this version, for a custom resource.
    pub fn custom(&self) -> Option<&Arc<CustomVersion>> {
        match &self.origin {
            Origin::BuiltIn => None,
            Origin::Custom(version) => Some(version),
        }
    }

    #[cfg(test)]
    pub(crate) fn custom_for_test(group: &str, version: &str, plural: &str, kind: &str) -> Self {
        Self {
            group: group.into(),
            version: version.into(),
            plural: plural.into(),
            singular: kind.to_lowercase(),
            kind: kind.into(),
            list_kind: format!("{kind}List"),
            short_names: vec![],
            categories: vec![],
            namespaced: true,
            verbs: Verbs::ALL,
            subresources: vec![],
            storage: Some(GroupVersion { group: group.into(), version: version.into() }),
            storage_version_hash: None,
            origin: Origin::Custom(Arc::default()),
        }
    }
}
