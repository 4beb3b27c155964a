//! The mirror of one cluster, indexed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockWriteGuard};
use windlass_engine::state::Health;
use windlass_object::{GroupKind, Object, ResourceKey};

use crate::changes::{Change, ChangeKind, Changes, FieldChange};
use crate::decode::{Decoded, Owner, Uid, decompress};
use crate::describe::{Detail, InfoItem, Network};
use crate::discovery::ApiKind;

mod gone;

use crate::interest::{Interests, Seen};
use gone::Gone;

/// Names an object; kinds and namespaces are shared by all who have them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    pub(crate) kind: Arc<GroupKind>,
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
}

impl ObjectId {
    /// The same name as a key.
    pub fn key(&self) -> ResourceKey {
        ResourceKey::new(&self.kind.group, &self.kind.kind, &*self.namespace, &*self.name)
    }

    pub(crate) fn of(key: &ResourceKey) -> Self {
        Self {
            kind: Arc::new(key.group_kind()),
            namespace: key.namespace.as_str().into(),
            name: key.name.as_str().into(),
        }
    }
}

/// What is known of one object.
pub struct Node {
    pub(crate) id: ObjectId,
    pub(crate) api: Arc<ApiKind>,
    pub(crate) uid: Uid,
    resource_version: Box<str>,
    created: Box<str>,
    terminating: bool,
    pub(crate) owners: Box<[Owner]>,
    app: Option<Arc<str>>,
    health: Option<Health>,
    pub(crate) detail: Option<Box<Detail>>,
    body: Option<Box<[u8]>>,
    by: Option<Box<FieldChange>>,
    digest: Option<u64>,
}

impl Node {
    /// Its name.
    pub fn key(&self) -> ResourceKey {
        self.id.key()
    }

    /// Its kind, as it is watched.
    pub fn api(&self) -> &ApiKind {
        &self.api
    }

    /// Its identity in time.
    pub fn uid(&self) -> Uid {
        self.uid
    }

    /// Its resource version.
    pub fn resource_version(&self) -> &str {
        &self.resource_version
    }

    /// When it was created, in Kubernetes' form.
    pub fn created(&self) -> &str {
        &self.created
    }

    /// Whether it is being deleted.
    pub fn is_terminating(&self) -> bool {
        self.terminating
    }

    /// The application that manages it.
    pub fn application(&self) -> Option<&Arc<str>> {
        self.app.as_ref()
    }

    /// Its health, if its kind has any.
    pub fn health(&self) -> Option<&Health> {
        self.health.as_ref()
    }

    /// Images of a Pod.
    pub fn images(&self) -> &[String] {
        self.detail.as_deref().map_or(&[], |detail| &detail.images)
    }

    /// Remarks.
    pub fn info(&self) -> &[InfoItem] {
        self.detail.as_deref().map_or(&[], |detail| &detail.info)
    }

    /// How it is reached.
    pub fn network(&self) -> Option<&Network> {
        self.detail.as_deref()?.network.as_deref()
    }

    /// Who wrote it last, of managed objects.
    pub fn last_writer(&self) -> Option<&FieldChange> {
        self.by.as_deref()
    }

    /// The whole object, if it is kept: of managed objects.
    pub fn object(&self) -> Option<Object> {
        decompress(self.body.as_deref()?)
    }

    /// Whether what came in a version is older news: an answer to a change overtakes the watch.
    /// Resource versions of a kind are numbers that grow; one that is none orders nothing.
    fn is_newer_than(&self, version: &str) -> bool {
        let number = |text: &str| text.parse::<u64>().ok();
        match (number(&self.resource_version), number(version)) {
            (Some(known), Some(other)) => known > other,
            _ => false,
        }
    }

    fn is_managed(&self) -> bool {
        self.app.is_some()
    }

    /// Whether nothing that concerns anybody is other than it was.
    fn concerns_nobody_since(&self, old: &Self) -> bool {
        let status = |node: &Self| node.health.as_ref().map(|health| health.status);
        let shown = |node: &Self| {
            let detail = node.detail.as_deref();
            detail.map(|detail| (detail.images.clone(), detail.network.clone()))
        };
        self.digest.is_some()
            && self.digest == old.digest
            && self.uid == old.uid
            && status(self) == status(old)
            && shown(self) == shown(old)
    }
}

/// The mirror.
#[derive(Default)]
pub(crate) struct Store {
    inner: RwLock<Inner>,
    pub(crate) changes: Arc<Changes>,
    pub(crate) interests: Arc<Interests>,
}

#[derive(Default)]
struct Inner {
    objects: BTreeMap<ObjectId, Arc<Node>>,
    children: HashMap<Uid, BTreeSet<ObjectId>>,
    by_app: HashMap<Arc<str>, BTreeSet<ObjectId>>,
    kinds: HashMap<GroupKind, Arc<GroupKind>>,
    namespaces: HashSet<Arc<str>>,
    apps: HashSet<Arc<str>>,
    gone: Gone,
}

/// Longest chain of owners that is followed: a ring of owners must not hang anybody.
const OWNERS: usize = 16;

impl Inner {
    fn share(set: &mut HashSet<Arc<str>>, text: &str) -> Arc<str> {
        if let Some(known) = set.get(text) {
            return known.clone();
        }
        let shared: Arc<str> = text.into();
        set.insert(shared.clone());
        shared
    }

    fn kind(&mut self, kind: &GroupKind) -> Arc<GroupKind> {
        if let Some(known) = self.kinds.get(kind) {
            return known.clone();
        }
        let shared = Arc::new(kind.clone());
        self.kinds.insert(kind.clone(), shared.clone());
        shared
    }

    fn id(&mut self, api: &ApiKind, decoded: &Decoded) -> ObjectId {
        ObjectId {
            kind: self.kind(&api.group_kind()),
            namespace: Self::share(&mut self.namespaces, &decoded.namespace),
            name: (&*decoded.name).into(),
        }
    }

    fn insert(
        &mut self,
        id: ObjectId,
        api: &Arc<ApiKind>,
        decoded: Decoded,
    ) -> (Arc<Node>, Option<Arc<Node>>) {
        let app = decoded.app.map(|app| Self::share(&mut self.apps, &app));
        let node = Arc::new(Node {
            id: id.clone(),
            api: api.clone(),
            uid: decoded.uid,
            resource_version: decoded.resource_version,
            created: decoded.created,
            terminating: decoded.terminating,
            owners: decoded.owners,
            app,
            health: decoded.health,
            detail: decoded.detail,
            body: decoded.body,
            by: decoded.by.map(Box::new),
            digest: decoded.digest,
        });
        let old = self.objects.insert(id, node.clone());
        if let Some(old) = &old {
            self.unlink(old);
        }
        for owner in &node.owners {
            self.children.entry(owner.uid).or_default().insert(node.id.clone());
        }
        if let Some(app) = &node.app {
            self.by_app.entry(app.clone()).or_default().insert(node.id.clone());
        }
        (node, old)
    }

    fn unlink(&mut self, node: &Node) {
        for owner in &node.owners {
            if let Some(children) = self.children.get_mut(&owner.uid) {
                children.remove(&node.id);
                if children.is_empty() {
                    self.children.remove(&owner.uid);
                }
            }
        }
        if let Some(app) = &node.app
            && let Some(objects) = self.by_app.get_mut(app)
        {
            objects.remove(&node.id);
            if objects.is_empty() {
                self.by_app.remove(app);
            }
        }
    }

    fn owner<'a>(&'a self, node: &Node, owner: &Owner) -> Option<&'a Arc<Node>> {
        let mut id = ObjectId {
            kind: self.kinds.get(&owner.kind)?.clone(),
            namespace: node.id.namespace.clone(),
            name: owner.name.clone(),
        };
        let found = self.objects.get(&id).filter(|found| found.uid == owner.uid);
        found.or_else(|| {
            id.namespace = self.namespaces.get("")?.clone();
            self.objects.get(&id).filter(|found| found.uid == owner.uid)
        })
    }

    /// Applications that the object belongs to, itself or by an owner.
    fn applications(&self, node: &Node) -> Vec<Arc<str>> {
        let mut found: Vec<Arc<str>> = node.app.iter().cloned().collect();
        let mut level: Vec<&Node> = vec![node];
        for _ in 0..OWNERS {
            let owners: Vec<&Node> = level
                .iter()
                .flat_map(|node| node.owners.iter().filter_map(|o| self.owner(node, o)))
                .map(|node| &**node)
                .collect();
            if owners.is_empty() {
                break;
            }
            found.extend(owners.iter().filter_map(|node| node.app.clone()));
            level = owners;
        }
        found.sort();
        found.dedup();
        found
    }
}

impl Store {
    /// Takes an object in, and tells if that changed anything.
    pub(crate) fn upsert(&self, api: &Arc<ApiKind>, decoded: Decoded) -> ObjectId {
        let mut inner = self.inner.write();
        let id = inner.id(api, &decoded);
        let version = &decoded.resource_version;
        if inner.objects.get(&id).is_some_and(|known| known.is_newer_than(version))
            || inner.gone.contains(decoded.uid)
        {
            return id;
        }
        let (node, old) = inner.insert(id, api, decoded);
        if old.as_ref().is_some_and(|old| *old.resource_version == *node.resource_version) {
            return node.id.clone();
        }
        let mut apps = inner.applications(&node);
        if let Some(app) = old.as_ref().and_then(|old| old.app.clone()) {
            apps.push(app);
            apps.sort();
            apps.dedup();
        }
        drop(inner);
        let managed = node.is_managed() || old.as_ref().is_some_and(|old| old.is_managed());
        let interested = self.interests.of(&node.id);
        if apps.is_empty() && interested.is_empty() {
            return node.id.clone();
        }
        // Whoever looked something up in it took it whole.
        let ignored = old.as_ref().is_some_and(|old| node.concerns_nobody_since(old));
        if ignored {
            apps.clear();
        }
        self.changes.push(Change {
            key: node.key(),
            interested,
            kind: if old.is_some() { ChangeKind::Modified } else { ChangeKind::Added },
            managed,
            apps,
            old_resource_version: old.map(|old| old.resource_version.clone()).unwrap_or_default(),
            resource_version: node.resource_version.clone(),
            by: node.by.as_deref().cloned(),
        });
        node.id.clone()
    }

    /// What a key names: one object, or without a name all objects of the kind in a namespace, or
    /// without that all of the kind.
    pub(crate) fn seen(&self, key: &ResourceKey) -> Seen {
        let inner = self.inner.read();
        let first = ObjectId::of(key);
        let one = !key.name.is_empty();
        inner
            .objects
            .range(&first..)
            .take(if one { 1 } else { usize::MAX })
            .take_while(|(id, _)| id.kind == first.kind && (!one || **id == first))
            .take_while(|(id, _)| key.namespace.is_empty() || id.namespace == first.namespace)
            .map(|(id, node)| (&*id.namespace, &*id.name, &*node.resource_version))
            .collect()
    }

    /// Forgets an object of which a watch says, in this version, that it is gone.
    pub(crate) fn remove(&self, key: &ResourceKey, uid: Uid, version: &str) {
        let mut inner = self.inner.write();
        inner.gone.insert(uid);
        self.forget(inner, &ObjectId::of(key), |node| !node.is_newer_than(version));
    }

    /// Forgets an object of which the answer to a deletion says that it is gone.
    pub(crate) fn removed(&self, key: &ResourceKey, uid: Uid) {
        let mut inner = self.inner.write();
        inner.gone.insert(uid);
        self.forget(inner, &ObjectId::of(key), |node| node.uid == uid);
    }

    fn forget(
        &self,
        mut inner: RwLockWriteGuard<'_, Inner>,
        id: &ObjectId,
        is_meant: impl Fn(&Node) -> bool,
    ) {
        let found = inner.objects.get(id).filter(|node| is_meant(node));
        let Some(node) = found.cloned() else { return };
        let apps = inner.applications(&node);
        inner.objects.remove(id);
        inner.unlink(&node);
        drop(inner);
        let interested = self.interests.of(&node.id);
        if apps.is_empty() && interested.is_empty() {
            return;
        }
        self.changes.push(Change {
            key: node.key(),
            interested,
            kind: ChangeKind::Deleted,
            managed: node.is_managed(),
            apps,
            old_resource_version: node.resource_version.clone(),
            resource_version: node.resource_version.clone(),
            by: None,
        });
    }

    /// Forgets the objects of a kind that a complete list of it in a version, of a namespace or
    /// of everywhere, did not have.
    pub(crate) fn retain(
        &self,
        kind: &GroupKind,
        namespace: &str,
        seen: &HashSet<ObjectId>,
        version: &str,
    ) {
        for id in self.ids_of(kind) {
            if (namespace.is_empty() || *id.namespace == *namespace) && !seen.contains(&id) {
                self.forget(self.inner.write(), &id, |node| !node.is_newer_than(version));
            }
        }
    }

    fn ids_of(&self, kind: &GroupKind) -> Vec<ObjectId> {
        let first = ObjectId::of(&ResourceKey::new(&kind.group, &kind.kind, "", ""));
        let inner = self.inner.read();
        let range = inner.objects.range((Bound::Included(&first), Bound::Unbounded));
        range.map(|(id, _)| id).take_while(|id| *id.kind == *kind).cloned().collect()
    }

    /// Whether any cluster-scoped object of a kind has such a name.
    pub(crate) fn any_named(&self, kind: &GroupKind, holds: impl Fn(&str) -> bool) -> bool {
        let first = ObjectId::of(&ResourceKey::new(&kind.group, &kind.kind, "", ""));
        let inner = self.inner.read();
        let range = inner.objects.range((Bound::Included(&first), Bound::Unbounded));
        let mut ids = range.map(|(id, _)| id).take_while(|id| *id.kind == *kind);
        ids.any(|id| holds(&id.name))
    }

    /// One object.
    pub(crate) fn get(&self, key: &ResourceKey) -> Option<Arc<Node>> {
        self.inner.read().objects.get(&ObjectId::of(key)).cloned()
    }

    /// What an application manages.
    pub(crate) fn of_application(&self, app: &str) -> Vec<Arc<Node>> {
        let inner = self.inner.read();
        let ids = inner.by_app.get(app).into_iter().flatten();
        ids.filter_map(|id| inner.objects.get(id).cloned()).collect()
    }

    /// Applications that manage anything.
    pub(crate) fn applications(&self) -> Vec<Arc<str>> {
        self.inner.read().by_app.keys().cloned().collect()
    }

    /// The direct children of an object, by owner references and by inference.
    pub(crate) fn children(&self, node: &Node) -> Vec<Arc<Node>> {
        let inner = self.inner.read();
        let owned = inner.children.get(&node.uid).into_iter().flatten();
        let mut found: Vec<Arc<Node>> =
            owned.filter_map(|id| inner.objects.get(id).cloned()).collect();
        drop(inner);
        found.extend(self.inferred(node));
        found
    }

    /// Children that name no owner: a Service's Endpoints, a StatefulSet's claims.
    fn inferred(&self, node: &Node) -> Vec<Arc<Node>> {
        let named = |kind: &str, name: &str| {
            self.get(&ResourceKey::new("", kind, &*node.id.namespace, name))
        };
        match (node.id.kind.group.as_str(), node.id.kind.kind.as_str()) {
            ("", "Service") => {
                let endpoints = named("Endpoints", &node.id.name);
                endpoints.into_iter().filter(|found| found.owners.is_empty()).collect()
            }
            ("apps", "StatefulSet") => {
                let Some(detail) = &node.detail else { return Vec::new() };
                self.claims(&node.id, &detail.claim_templates)
            }
            _ => Vec::new(),
        }
    }

    fn claims(&self, set: &ObjectId, templates: &[String]) -> Vec<Arc<Node>> {
        let key = ResourceKey::new("", "PersistentVolumeClaim", &*set.namespace, "");
        let first = ObjectId::of(&key);
        let inner = self.inner.read();
        let range = inner.objects.range((Bound::Included(&first), Bound::Unbounded));
        let here =
            range.take_while(|(id, _)| *id.kind == *first.kind && id.namespace == first.namespace);
        let is_claim = |name: &str| {
            templates.iter().any(|template| {
                name.strip_prefix(template.as_str())
                    .and_then(|rest| rest.strip_prefix('-'))
                    .and_then(|rest| rest.strip_prefix(&*set.name))
                    .and_then(|rest| rest.strip_prefix('-'))
                    .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
            })
        };
        here.filter(|(id, node)| node.owners.is_empty() && is_claim(&id.name))
            .map(|(_, node)| node.clone())
            .collect()
    }

    /// Every object in a namespace (or of the cluster scope) that has no owner.
    pub(crate) fn roots_in(&self, namespace: &str) -> Vec<Arc<Node>> {
        let inner = self.inner.read();
        let here = inner.objects.values().filter(|node| *node.id.namespace == *namespace);
        here.filter(|node| node.owners.is_empty()).cloned().collect()
    }

    /// How many objects there are.
    pub(crate) fn len(&self) -> usize {
        self.inner.read().objects.len()
    }
}

#[cfg(test)]
mod tests;
