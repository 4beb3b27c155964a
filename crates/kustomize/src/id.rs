//! What names a resource while its name, namespace and kind may still change.

use std::fmt;

use crate::kind_order;

/// The namespace of what has none, in comparisons.
pub(crate) const NOT_A_NAMESPACE: &str = "_non_namespaceable_";
/// The namespace of what names none.
pub(crate) const DEFAULT_NAMESPACE: &str = "default";

/// Group, version and kind. An empty part of a selector matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    /// Group; empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
}

impl Gvk {
    /// From `apiVersion` and `kind`.
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    /// `group/version`, or the version alone in the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            return self.version.clone();
        }
        format!("{}/{}", self.group, self.version)
    }

    /// Whether each part that `selector` gives is equal to ours.
    pub fn is_selected(&self, selector: &Self) -> bool {
        let ok = |mine: &str, wanted: &str| wanted.is_empty() || mine == wanted;
        ok(&self.group, &selector.group)
            && ok(&self.version, &selector.version)
            && ok(&self.kind, &selector.kind)
    }

    /// kustomize's legacy order of kinds.
    pub fn legacy_cmp(&self, other: &Self) -> std::cmp::Ordering {
        kind_order::rank(&self.kind)
            .cmp(&kind_order::rank(&other.kind))
            .then_with(|| self.stable_sort_bytes().cmp(other.stable_sort_bytes()))
    }

    /// `group_version_kind` with a mark for each empty part.
    pub fn stable_sort_string(&self) -> String {
        self.stable_sort_parts().concat()
    }

    fn stable_sort_parts(&self) -> [&str; 5] {
        fn or<'a>(text: &'a str, none: &'a str) -> &'a str {
            if text.is_empty() { none } else { text }
        }
        let (group, version) = (or(&self.group, "~G"), or(&self.version, "~V"));
        [group, "_", version, "_", or(&self.kind, "~K")]
    }

    fn stable_sort_bytes(&self) -> impl Iterator<Item = u8> {
        self.stable_sort_parts().into_iter().flat_map(str::bytes)
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn or<'a>(text: &'a str, none: &'a str) -> &'a str {
            if text.is_empty() { none } else { text }
        }
        let kind = or(&self.kind, "[noKind]");
        let version = or(&self.version, "[noVer]");
        write!(f, "{kind}.{version}.{}", or(&self.group, "[noGrp]"))
    }
}

/// A resource's name at one point of the build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResId {
    /// Group, version and kind.
    pub gvk: Gvk,
    /// Name.
    pub name: String,
    /// Namespace as it stands in the resource; may be empty.
    pub namespace: String,
    /// Whether the kind is known to have no namespace.
    pub cluster_scoped: bool,
}

impl ResId {
    /// The namespace for comparisons.
    pub fn effective_namespace(&self) -> &str {
        if self.cluster_scoped {
            NOT_A_NAMESPACE
        } else if self.namespace.is_empty() {
            DEFAULT_NAMESPACE
        } else {
            &self.namespace
        }
    }

    /// Whether both name the same resource: kind, name and effective namespace.
    pub fn same(&self, other: &Self) -> bool {
        self.effective_namespace() == other.effective_namespace() && self.same_gvkn(other)
    }

    /// Whether kind and name are the same.
    pub fn same_gvkn(&self, other: &Self) -> bool {
        self.name == other.name && self.gvk == other.gvk
    }

    /// Whether both are in the same effective namespace.
    pub fn same_namespace(&self, other: &Self) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    /// Whether each part that `selector` gives is equal to ours.
    pub fn is_selected_by(&self, selector: &Self) -> bool {
        (selector.name.is_empty() || selector.name == self.name)
            && (selector.namespace.is_empty() || selector.same_namespace(self))
            && self.gvk.is_selected(&selector.gvk)
    }
}

impl fmt::Display for ResId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn or<'a>(text: &'a str, none: &'a str) -> &'a str {
            if text.is_empty() { none } else { text }
        }
        let name = or(&self.name, "[noName]");
        write!(f, "{}/{name}.{}", self.gvk, or(&self.namespace, "[noNs]"))
    }
}
