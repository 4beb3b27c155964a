//! Which kinds the simulation watches, and how the API addresses them.

use std::sync::{Arc, LazyLock};

/// A resource of the API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ResourceType {
    /// Group, empty for the core group.
    pub(crate) group: String,
    /// Version.
    pub(crate) version: String,
    /// Kind.
    pub(crate) kind: String,
    /// Plural name, as in paths.
    pub(crate) plural: String,
    /// Whether its objects live in namespaces.
    pub(crate) namespaced: bool,
    /// Whether only metadata is kept, as owner references need no more.
    pub(crate) metadata_only: bool,
}

/// A shared [`ResourceType`].
pub(crate) type Resource = Arc<ResourceType>;

impl ResourceType {
    /// `apiVersion`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The path of the collection in a namespace, or of all objects when `namespace` is empty.
    pub(crate) fn path(&self, namespace: &str) -> String {
        let root = if self.group.is_empty() { "/api/" } else { "/apis/" };
        let group = self.api_version();
        if self.namespaced && !namespace.is_empty() {
            format!("{root}{group}/namespaces/{namespace}/{}", self.plural)
        } else {
            format!("{root}{group}/{}", self.plural)
        }
    }
}

macro_rules! kinds {
    ($($name:ident $group:literal $version:literal $plural:literal $namespaced:literal $metadata:literal;)*) => {
        /// The kinds that controllers of the simulation know.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Kind { $($name,)* }

        impl Kind {
            /// All of them, in the order of [`KindId`].
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];
        }

        static KNOWN: LazyLock<Vec<Resource>> = LazyLock::new(|| vec![$(Arc::new(ResourceType {
            group: $group.to_owned(),
            version: $version.to_owned(),
            kind: stringify!($name).to_owned(),
            plural: $plural.to_owned(),
            namespaced: $namespaced,
            metadata_only: $metadata,
        }),)*]);
    };
}

kinds! {
    Namespace "" "v1" "namespaces" false false;
    Node "" "v1" "nodes" false false;
    Pod "" "v1" "pods" true false;
    Service "" "v1" "services" true false;
    Endpoints "" "v1" "endpoints" true false;
    PersistentVolumeClaim "" "v1" "persistentvolumeclaims" true false;
    PersistentVolume "" "v1" "persistentvolumes" false false;
    ServiceAccount "" "v1" "serviceaccounts" true true;
    ConfigMap "" "v1" "configmaps" true true;
    Deployment "apps" "v1" "deployments" true false;
    ReplicaSet "apps" "v1" "replicasets" true false;
    StatefulSet "apps" "v1" "statefulsets" true false;
    DaemonSet "apps" "v1" "daemonsets" true false;
    ControllerRevision "apps" "v1" "controllerrevisions" true false;
    Job "batch" "v1" "jobs" true false;
    CronJob "batch" "v1" "cronjobs" true false;
    EndpointSlice "discovery.k8s.io" "v1" "endpointslices" true false;
    Ingress "networking.k8s.io" "v1" "ingresses" true false;
    StorageClass "storage.k8s.io" "v1" "storageclasses" false false;
    HorizontalPodAutoscaler "autoscaling" "v2" "horizontalpodautoscalers" true false;
    PodDisruptionBudget "policy" "v1" "poddisruptionbudgets" true false;
    ClusterRole "rbac.authorization.k8s.io" "v1" "clusterroles" false false;
    CustomResourceDefinition "apiextensions.k8s.io" "v1" "customresourcedefinitions" false true;
}

impl Kind {
    /// How the API addresses it.
    pub(crate) fn resource(self) -> &'static Resource {
        &KNOWN[self as usize]
    }

    /// The known kind of a group and kind.
    pub(crate) fn of(group: &str, kind: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.resource().group == group && known.resource().kind == kind)
    }

    /// The known kind that an owner reference names.
    pub(crate) fn of_api_version(api_version: &str, kind: &str) -> Option<Self> {
        Self::of(api_version.split_once('/').map_or("", |(group, _)| group), kind)
    }
}

/// The number of a watched resource: known kinds first, then those that discovery found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KindId(pub(crate) u16);

impl From<Kind> for KindId {
    fn from(kind: Kind) -> Self {
        Self(kind as u16)
    }
}
