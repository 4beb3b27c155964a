//! The kinds that a cluster serves, and its objects by kind.

use std::collections::HashMap;

use futures::{StreamExt, stream};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, PropagationPolicy};
use kube::core::{ApiResource, DynamicObject};
use kube::discovery::{Discovery, Scope, verbs};
use kube::{Api, Client};
use windlass_cluster::KindFilter;
use windlass_engine::state::ApiKinds;
use windlass_object::{GroupKind, GroupVersionKind, Object, ResourceKey, Value};
use windlass_tree::ClusterVersions;

use super::connection::refused;
use crate::cli::failure::Failure;

/// The address of the cluster that is looked at, as settings name it.
const IN_CLUSTER: &str = "https://kubernetes.default.svc";
/// How many requests are under way at once.
const CONCURRENCY: usize = 16;

/// What discovery told.
pub(crate) struct Kinds {
    client: Client,
    served: HashMap<GroupVersionKind, Kind>,
    /// The version that each kind is looked at in.
    preferred: HashMap<GroupKind, GroupVersionKind>,
}

struct Kind {
    resource: ApiResource,
    namespaced: bool,
    listed: bool,
}

impl Kinds {
    pub(crate) async fn discover(client: &Client) -> anyhow::Result<Self> {
        let discovery = Discovery::new(client.clone()).run().await.map_err(|e| refused(&e))?;
        let mut served = HashMap::new();
        let mut preferred = HashMap::new();
        for group in discovery.groups() {
            for (resource, _) in group.recommended_resources() {
                let gvk = gvk(&resource);
                preferred.insert(gvk.group_kind(), gvk);
            }
            for version in group.versions() {
                for (resource, capabilities) in group.versioned_resources(version) {
                    let kind = Kind {
                        namespaced: capabilities.scope == Scope::Namespaced,
                        listed: capabilities.supports_operation(verbs::LIST),
                        resource,
                    };
                    served.insert(gvk(&kind.resource), kind);
                }
            }
        }
        Ok(Self { client: client.clone(), served, preferred })
    }

    /// The kinds of a group that are served under a resource's name, such as `deployments`, each in the
    /// version that is preferred.
    pub(crate) fn named(&self, group: &str, resource: &str) -> Vec<String> {
        let known = self.preferred.iter().filter(|(key, _)| key.group == group);
        let found = known.filter(|(_, gvk)| {
            self.served.get(gvk).is_some_and(|kind| kind.resource.plural == resource)
        });
        found.map(|(key, _)| key.kind.clone()).collect()
    }

    fn kind(&self, group_kind: &GroupKind) -> Option<&Kind> {
        self.served.get(self.preferred.get(group_kind)?)
    }

    fn api(&self, kind: &Kind, namespace: &str) -> Api<DynamicObject> {
        if kind.namespaced && !namespace.is_empty() {
            Api::namespaced_with(self.client.clone(), namespace, &kind.resource)
        } else {
            Api::all_with(self.client.clone(), &kind.resource)
        }
    }

    /// The object of a name; none if it, or its kind, is not there. A version of the kind is asked
    /// for first, where one is given.
    async fn fetch(&self, key: &ResourceKey, version: &str) -> anyhow::Result<Option<Object>> {
        let asked = GroupVersionKind::new(&key.group, version, &key.kind);
        let Some(kind) = self.served.get(&asked).or_else(|| self.kind(&key.group_kind())) else {
            return Ok(None);
        };
        if key.name.is_empty() {
            // What has yet to get its name (`generateName`) is not there.
            return Ok(None);
        }
        let found = self.api(kind, &key.namespace).get_opt(&key.name).await;
        found.map_err(|e| refused(&e))?.map(|o| object(&o, &kind.resource)).transpose()
    }

    /// Whether objects of a kind in just this version lie in namespaces; none if it is not served.
    pub(crate) fn namespaced_version(&self, gvk: &GroupVersionKind) -> Option<bool> {
        self.served.get(gvk).map(|kind| kind.namespaced)
    }

    /// An object in just this version; none if it, or the version, is not there.
    pub(crate) async fn get(
        &self,
        gvk: &GroupVersionKind,
        namespace: &str,
        name: &str,
    ) -> anyhow::Result<Option<Object>> {
        let Some(kind) = self.served.get(gvk) else { return Ok(None) };
        let found = self.api(kind, namespace).get_opt(name).await.map_err(|e| refused(&e))?;
        found.map(|found| object(&found, &kind.resource)).transpose()
    }

    /// The objects of a kind in just this version, at most `limit`.
    pub(crate) async fn list(
        &self,
        gvk: &GroupVersionKind,
        namespace: &str,
        limit: usize,
    ) -> anyhow::Result<Vec<Object>> {
        let Some(kind) = self.served.get(gvk) else { return Ok(Vec::new()) };
        let params = ListParams::default().limit(u32::try_from(limit).unwrap_or(u32::MAX));
        let found = self.api(kind, namespace).list(&params).await.map_err(|e| refused(&e))?;
        if found.metadata.continue_.is_some_and(|next| !next.is_empty()) {
            return Err(Failure::generic(format!("there are more than {limit} {}", gvk.kind)));
        }
        found.items.iter().map(|found| object(found, &kind.resource)).collect()
    }

    /// The objects of these names and versions, none for one that is not there.
    pub(crate) async fn fetch_each(
        &self,
        keys: impl IntoIterator<Item = (ResourceKey, String)>,
    ) -> anyhow::Result<Vec<Option<Object>>> {
        let fetches =
            keys.into_iter().map(|(key, version)| async move { self.fetch(&key, &version).await });
        let found: Vec<_> = stream::iter(fetches).buffered(CONCURRENCY).collect().await;
        found.into_iter().collect()
    }

    /// The objects of these names and versions that are there.
    pub(crate) async fn fetch_all(
        &self,
        keys: impl IntoIterator<Item = (ResourceKey, String)>,
    ) -> anyhow::Result<Vec<Object>> {
        Ok(self.fetch_each(keys).await?.into_iter().flatten().collect())
    }

    fn api_of(&self, object: &Object) -> anyhow::Result<Api<DynamicObject>> {
        let kind = self.served.get(&object.gvk()).or_else(|| self.kind(&object.group_kind()));
        let kind = kind.ok_or_else(|| {
            Failure::generic(format!("the cluster does not serve the kind {}", object.gvk()))
        })?;
        Ok(self.api(kind, object.namespace()))
    }

    /// Creates an object, or asks whether it could be created.
    pub(crate) async fn create(&self, object: &Object, dry_run: bool) -> anyhow::Result<()> {
        let parameters = PostParams { dry_run, ..PostParams::default() };
        let new: DynamicObject = serde_json::from_value(object.to_value())?;
        let created = self.api_of(object)?.create(&parameters, &new).await;
        created.map(|_| ()).map_err(|error| refused(&error))
    }

    /// Deletes an object, with what it owns unless that is to stay.
    pub(crate) async fn delete(
        &self,
        object: &Object,
        force: bool,
        orphan: bool,
    ) -> anyhow::Result<()> {
        let propagation =
            if orphan { PropagationPolicy::Orphan } else { PropagationPolicy::Foreground };
        let parameters = DeleteParams {
            propagation_policy: Some(propagation),
            grace_period_seconds: force.then_some(0),
            ..DeleteParams::default()
        };
        let deleted = self.api_of(object)?.delete(object.name(), &parameters).await;
        deleted.map(|_| ()).map_err(|error| refused(&error))
    }

    /// Patches an object as Kubernetes merges its kind.
    pub(crate) async fn patch_strategic(
        &self,
        object: &Object,
        change: &Value,
    ) -> anyhow::Result<()> {
        let parameters = PatchParams::default();
        let api = self.api_of(object)?;
        let patched = api.patch(object.name(), &parameters, &Patch::Strategic(change)).await;
        patched.map(|_| ()).map_err(|error| refused(&error))
    }

    /// Merges a change into an object. What changes its status goes to the status subresource,
    /// where its kind has one.
    pub(crate) async fn patch(&self, object: &Object, mut change: Value) -> anyhow::Result<()> {
        let api = self.api_of(object)?;
        let parameters = PatchParams::default();
        if change.get("status").is_some() {
            match api.patch_status(object.name(), &parameters, &Patch::Merge(&change)).await {
                Ok(_) => {
                    change.as_object_mut().map(|fields| fields.remove("status"));
                }
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(error) => return Err(refused(&error)),
            }
        }
        if change.as_object().is_none_or(serde_json::Map::is_empty) {
            return Ok(());
        }
        let patched = api.patch(object.name(), &parameters, &Patch::Merge(&change)).await;
        patched.map(|_| ()).map_err(|error| refused(&error))
    }

    /// How many objects there are of the kinds that are looked at, in the cluster of this address.
    /// Kinds that may not be listed count nothing.
    pub(crate) async fn count(&self, filter: &KindFilter, server: &str) -> i64 {
        let kinds = self.preferred.iter().filter(|(kind, _)| filter.allows(kind, server));
        let kinds = kinds.filter_map(|(_, gvk)| self.served.get(gvk)).filter(|kind| kind.listed);
        let counts = kinds.map(|kind| async move {
            let first = ListParams::default().limit(1);
            let page = self.api(kind, "").list_metadata(&first).await;
            page.map_or(0, |page| {
                let shown = i64::try_from(page.items.len()).unwrap_or_default();
                shown + page.metadata.remaining_item_count.unwrap_or_default()
            })
        });
        stream::iter(counts).buffered(CONCURRENCY).fold(0, |sum, n| async move { sum + n }).await
    }

    /// Everything in a namespace that has an owner.
    pub(crate) async fn owned(&self, namespace: &str, filter: &KindFilter) -> Vec<Object> {
        let mut all = self.in_namespace(namespace, filter).await;
        all.retain(|object| !object.owner_references().is_empty());
        all
    }

    /// Everything in a namespace, of the kinds that are looked at. Kinds that may not be listed are
    /// left out.
    pub(crate) async fn in_namespace(&self, namespace: &str, filter: &KindFilter) -> Vec<Object> {
        let kinds = self.preferred.iter().filter(|(kind, _)| filter.allows(kind, IN_CLUSTER));
        let kinds = kinds.filter_map(|(_, gvk)| self.served.get(gvk));
        let lists = kinds.filter(|k| k.namespaced && k.listed).map(|kind| async move {
            let listed = self.api(kind, namespace).list(&ListParams::default()).await;
            let items = listed.map(|l| l.items).unwrap_or_default();
            items.iter().filter_map(|o| object(o, &kind.resource).ok()).collect::<Vec<_>>()
        });
        let lists: Vec<Vec<Object>> = stream::iter(lists).buffered(CONCURRENCY).collect().await;
        lists.into_iter().flatten().collect()
    }
}

/// What charts see of a cluster.
pub(crate) async fn versions(client: &Client) -> anyhow::Result<ClusterVersions> {
    let version = client.apiserver_version().await.map_err(|e| refused(&e))?;
    let discovery = Discovery::new(client.clone()).run().await.map_err(|e| refused(&e))?;
    let mut apis = std::collections::BTreeSet::new();
    for group in discovery.groups() {
        for version in group.versions() {
            for (resource, _) in group.versioned_resources(version) {
                apis.insert(resource.api_version.clone());
                apis.insert(format!("{}/{}", resource.api_version, resource.kind));
            }
        }
    }
    let kubernetes = version.git_version.trim_start_matches('v').to_owned();
    Ok(ClusterVersions { kubernetes, apis })
}

fn gvk(resource: &ApiResource) -> GroupVersionKind {
    GroupVersionKind::new(&resource.group, &resource.version, &resource.kind)
}

fn object(found: &DynamicObject, resource: &ApiResource) -> anyhow::Result<Object> {
    let mut object = Object::try_from(serde_json::to_value(found)?)?;
    object.set(&["apiVersion"], resource.api_version.as_str());
    object.set(&["kind"], resource.kind.as_str());
    Ok(object)
}

impl ApiKinds for Kinds {
    fn namespaced(&self, kind: &GroupKind) -> Option<bool> {
        self.kind(kind).map(|k| k.namespaced)
    }

    fn serves(&self, kind: &GroupVersionKind) -> bool {
        self.served.contains_key(kind)
    }
}
