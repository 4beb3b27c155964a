//! The kinds that an API serves.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use windlass_object::{GroupKind, GroupVersionKind};

use crate::Error;
use crate::http::{Call, Transport};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,\
                          application/json";

/// A kind in a version, and where it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKind {
    /// API group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// The resource's name in paths, such as `deployments`.
    pub resource: String,
    /// The resource's name for one object, such as `deployment`; may be empty.
    pub singular: String,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// What can be done, such as `list`.
    pub verbs: Vec<String>,
}

impl ApiKind {
    /// Group, version and kind.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::new(&self.group, &self.version, &self.kind)
    }

    /// Group and kind.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }

    /// Whether a verb is served.
    pub fn allows(&self, verb: &str) -> bool {
        self.verbs.iter().any(|v| v == verb)
    }

    /// The collection's path: of a namespace, or of the whole cluster when that is empty.
    pub fn collection(&self, namespace: &str) -> String {
        let base = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if self.namespaced && !namespace.is_empty() {
            format!("{base}/namespaces/{namespace}/{}", self.resource)
        } else {
            format!("{base}/{}", self.resource)
        }
    }

    /// An object's path.
    pub fn path(&self, namespace: &str, name: &str) -> String {
        format!("{}/{name}", self.collection(namespace))
    }

    /// As kubectl names an object of the kind: `deployment.apps/x`, `configmap/x`.
    pub fn printed(&self, name: &str) -> String {
        let kind = self.kind.to_lowercase();
        if self.group.is_empty() {
            format!("{kind}/{name}")
        } else {
            format!("{kind}.{}/{name}", self.group)
        }
    }
}

/// The kinds of one API at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiKinds {
    by_kind: HashMap<GroupKind, Vec<Arc<ApiKind>>>,
    group_versions: Vec<String>,
    version: String,
    unavailable: Vec<String>,
}

impl ApiKinds {
    /// The kind in exactly this version.
    pub fn get(&self, gvk: &GroupVersionKind) -> Option<&Arc<ApiKind>> {
        self.by_kind.get(&gvk.group_kind())?.iter().find(|kind| kind.version == gvk.version)
    }

    /// The kind in the version that the server prefers.
    pub fn preferred(&self, kind: &GroupKind) -> Option<&Arc<ApiKind>> {
        self.by_kind.get(kind)?.first()
    }

    /// Whether objects of the kind live in namespaces, when the kind is known.
    pub fn namespaced(&self, kind: &GroupKind) -> Option<bool> {
        self.preferred(kind).map(|kind| kind.namespaced)
    }

    /// The versions in which a kind is served, the preferred one first.
    pub fn versions(&self, kind: &GroupKind) -> Vec<String> {
        self.by_kind
            .get(kind)
            .map(|kinds| kinds.iter().map(|k| k.gvk().api_version()).collect())
            .unwrap_or_default()
    }

    /// Every kind once, in its preferred version.
    pub fn all(&self) -> impl Iterator<Item = &Arc<ApiKind>> {
        self.by_kind.values().filter_map(|versions| versions.first())
    }

    /// Every kind in every version.
    pub fn all_versions(&self) -> impl Iterator<Item = &Arc<ApiKind>> {
        self.by_kind.values().flatten()
    }

    /// What charts see as API versions: `apps/v1`, `apps/v1/Deployment`, sorted.
    pub fn api_versions(&self) -> Vec<String> {
        let mut versions = self.group_versions.clone();
        versions
            .extend(self.all_versions().map(|k| format!("{}/{}", k.gvk().api_version(), k.kind)));
        versions.sort();
        versions.dedup();
        versions
    }

    /// The server's version, such as `v1.36.3`.
    pub fn server_version(&self) -> &str {
        &self.version
    }

    /// Group versions whose server does not answer just now.
    pub fn unavailable(&self) -> &[String] {
        &self.unavailable
    }

    /// Asks the API.
    pub(crate) async fn discover(transport: &Transport) -> Result<Self, Error> {
        let mut kinds = Self::default();
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            git_version: String,
        }
        kinds.version = transport.json::<Version>(&Call::get("/version")).await?.git_version;
        for root in ["/api", "/apis"] {
            let mut call = Call::get(root);
            call.accept = AGGREGATED;
            let found: Discovered = transport.json(&call).await?;
            if found.kind == "APIGroupDiscoveryList" {
                kinds.add_groups(found.items);
            } else {
                kinds.add_legacy(transport, root, found).await?;
            }
        }
        kinds.group_versions.sort();
        Ok(kinds)
    }

    fn add_groups(&mut self, groups: Vec<Group>) {
        for group in groups {
            for version in group.versions {
                let name = GroupVersionKind::new(&group.metadata.name, &version.version, "");
                self.group_versions.push(name.api_version());
                if version.freshness == "Stale" {
                    self.unavailable.push(name.api_version());
                }
                for resource in version.resources {
                    let kind = resource.response_kind.unwrap_or_default();
                    self.add(ApiKind {
                        group: group.metadata.name.clone(),
                        version: version.version.clone(),
                        kind: kind.kind,
                        resource: resource.resource,
                        singular: resource.singular_resource,
                        namespaced: resource.scope == "Namespaced",
                        verbs: resource.verbs,
                    });
                }
            }
        }
    }

    /// Older servers answer group by group.
    async fn add_legacy(
        &mut self,
        transport: &Transport,
        root: &str,
        found: Discovered,
    ) -> Result<(), Error> {
        let mut versions: Vec<String> = found.versions;
        for mut group in found.groups {
            let preferred = group.preferred_version.group_version;
            group.versions.sort_by_key(|v| v.group_version != preferred);
            versions.extend(group.versions.into_iter().map(|v| v.group_version));
        }
        for version in versions {
            let list: LegacyList =
                match transport.json(&Call::get(format!("{root}/{version}"))).await {
                    Ok(list) => list,
                    Err(error) if error.is_unreachable() => return Err(error),
                    Err(_) => {
                        self.unavailable.push(version);
                        continue;
                    }
                };
            self.group_versions.push(version.clone());
            let gvk = GroupVersionKind::from_api_version(&version, "");
            for resource in list.resources.into_iter().filter(|r| !r.name.contains('/')) {
                self.add(ApiKind {
                    group: gvk.group.clone(),
                    version: gvk.version.clone(),
                    kind: resource.kind,
                    resource: resource.name,
                    singular: resource.singular_name,
                    namespaced: resource.namespaced,
                    verbs: resource.verbs,
                });
            }
        }
        Ok(())
    }

    fn add(&mut self, kind: ApiKind) {
        let versions = self.by_kind.entry(kind.group_kind()).or_default();
        if !versions.iter().any(|known| known.version == kind.version) {
            versions.push(Arc::new(kind));
        }
    }

    /// Kinds that one has and the other does not, by kind and preferred version.
    pub(crate) fn preferred_map(&self) -> BTreeMap<GroupKind, Arc<ApiKind>> {
        self.all().map(|kind| (kind.group_kind(), kind.clone())).collect()
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Discovered {
    kind: String,
    items: Vec<Group>,
    versions: Vec<String>,
    groups: Vec<LegacyGroup>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Group {
    metadata: Name,
    versions: Vec<GroupVersion>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Name {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GroupVersion {
    version: String,
    freshness: String,
    resources: Vec<Resource>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Resource {
    resource: String,
    singular_resource: String,
    scope: String,
    verbs: Vec<String>,
    response_kind: Option<GroupVersionKind>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LegacyGroup {
    versions: Vec<LegacyVersion>,
    preferred_version: LegacyVersion,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LegacyVersion {
    group_version: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LegacyList {
    resources: Vec<LegacyResource>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LegacyResource {
    name: String,
    singular_name: String,
    namespaced: bool,
    kind: String,
    verbs: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_is_preferred() {
        let groups: Vec<Group> = serde_json::from_value(serde_json::json!([{
            "metadata": {"name": "autoscaling"},
            "versions": [
                {"version": "v2", "resources": [{"resource": "horizontalpodautoscalers",
                  "responseKind": {"group": "autoscaling", "version": "v2", "kind": "HorizontalPodAutoscaler"},
                  "scope": "Namespaced", "verbs": ["list", "watch"]}]},
                {"version": "v1", "resources": [{"resource": "horizontalpodautoscalers",
                  "responseKind": {"group": "autoscaling", "version": "v1", "kind": "HorizontalPodAutoscaler"},
                  "scope": "Namespaced", "verbs": ["list", "watch"]}]},
            ],
        }]))
        .unwrap();
        let mut kinds = ApiKinds::default();
        kinds.add_groups(groups);
        let hpa = GroupKind::new("autoscaling", "HorizontalPodAutoscaler");
        assert_eq!(kinds.preferred(&hpa).unwrap().version, "v2");
        assert_eq!(kinds.versions(&hpa), ["autoscaling/v2", "autoscaling/v1"]);
        let path = kinds.preferred(&hpa).unwrap().path("a", "b");
        assert_eq!(path, "/apis/autoscaling/v2/namespaces/a/horizontalpodautoscalers/b");
        assert!(
            kinds.api_versions().contains(&"autoscaling/v2/HorizontalPodAutoscaler".to_owned())
        );
    }
}
