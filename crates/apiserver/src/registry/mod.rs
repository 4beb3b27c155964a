//! Objects: how they are read and written.
//!
//! Every write is one function of the object as it is now to the object as it shall be, tried
//! again when another write came between. What is special to a kind is in [`rules`], in
//! `admission` and in the schemas; here is what holds for all.

mod create;
mod decode;
mod delete;
mod meta;
mod parse;
mod patch;
mod read;
mod rules;
mod subresource;
mod update;
mod upkeep;
mod watch;

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use windlass_object::Object;
use windlass_schema::{Schema, Schemas};

use crate::admission::Allocations;
use crate::auth::UserInfo;
use crate::catalog::{Catalog, ResourceType};
use crate::http::query::WriteOptions;
use crate::status::Status;
use crate::store::{Accepted, Key, Store};

pub use decode::{Media, decode, decode_options};
pub use delete::{DeleteOptions, Deleted};
pub use meta::{check_name, check_qualified};
pub use patch::Patch;
pub use read::{ListOptions, Page};
pub use rules::{Generation, NameRule, Rules};
pub use watch::{Feed, FeedItem};

/// The objects of a cluster and what is known of their kinds.
pub struct Registry {
    /// The database.
    pub store: Store,
    /// Which resources exist.
    pub catalog: Catalog,
    /// Types of the built-in kinds and of the established custom ones.
    pub schemas: ArcSwap<Schemas>,
    /// What services hold.
    pub allocations: Allocations,
}

impl Registry {
    /// Over a database.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            catalog: Catalog::new(),
            schemas: ArcSwap::from_pointee(Schemas::builtin()),
            allocations: Allocations::default(),
        }
    }

    /// The type of a resource's kind.
    pub fn schema(&self, resource: &ResourceType) -> Option<Schema> {
        self.schemas.load().of(&resource.gvk())
    }

    /// An object as the next write finds it, by the group that it is stored in and its plural.
    pub fn find(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<Object> {
        let key =
            Key { resource: collection_id(group, plural), path: path(namespace, name).into() };
        self.store.latest(&key).map(|entry| entry.object())
    }

    /// All visible objects of a resource, of one namespace unless that is empty.
    pub fn all(&self, group: &str, plural: &str, namespace: &str) -> Vec<Object> {
        let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
        let listed = self.store.list(&collection_id(group, plural), &prefix, None);
        listed.items.iter().map(|(_, entry)| entry.object()).collect()
    }
}

/// What the store calls a resource: by the group that it is stored in.
pub fn collection_id(group: &str, plural: &str) -> Arc<str> {
    format!("{group}/{plural}").into()
}

/// An object's path in its resource.
pub fn path(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// Warnings for the client, in order and each once.
#[derive(Default)]
pub struct Warnings(Mutex<Vec<String>>);

impl Warnings {
    /// Adds one.
    pub fn add(&self, text: impl Into<String>) {
        let text = text.into();
        let mut all = self.0.lock();
        if !all.contains(&text) {
            all.push(text);
        }
    }

    /// Takes them all.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }
}

/// One request for a resource.
pub struct Call<'a> {
    /// The objects.
    pub registry: &'a Arc<Registry>,
    /// The resource, in the version that the client speaks.
    pub resource: Arc<ResourceType>,
    /// Subresource, or empty.
    pub subresource: &'a str,
    /// Namespace, or empty.
    pub namespace: &'a str,
    /// Name, or empty.
    pub name: &'a str,
    /// Who asks.
    pub user: &'a UserInfo,
    /// Their program.
    pub user_agent: &'a str,
    /// What they are to be warned of.
    pub warnings: &'a Warnings,
    /// When the request came.
    pub now: Timestamp,
}

/// What a write left.
pub struct Written {
    /// The object, in the version it is stored in.
    pub object: Object,
    /// Whether it is new.
    pub created: bool,
}

impl Call<'_> {
    /// What the store calls the resource.
    pub fn collection(&self) -> Arc<str> {
        let group = self.resource.storage.as_ref().map_or(&self.resource.group, |s| &s.group);
        collection_id(group, &self.resource.plural)
    }

    fn key_of(&self, name: &str) -> Key {
        let namespace = if self.resource.namespaced { self.namespace } else { "" };
        Key { resource: self.collection(), path: path(namespace, name).into() }
    }

    fn key(&self) -> Key {
        self.key_of(self.name)
    }

    fn not_found(&self) -> Status {
        Status::not_found(&self.resource.group, &self.resource.plural, self.name)
    }

    fn modified(&self) -> Status {
        Status::modified(&self.resource.group, &self.resource.plural, self.name)
    }

    fn invalid(&self, name: &str, errors: &[crate::status::FieldError]) -> Status {
        Status::invalid(&self.resource.group, &self.resource.kind, name, errors)
    }

    /// The field manager: as named, or the program's name.
    fn manager(&self, options: &WriteOptions) -> String {
        if !options.field_manager.is_empty() {
            return options.field_manager.clone();
        }
        let program = self.user_agent.split('/').next().unwrap_or_default();
        let mut name = String::new();
        for c in program.chars().filter(|c| !c.is_control()) {
            if name.len() + c.len_utf8() > 128 {
                break;
            }
            name.push(c);
        }
        name
    }

    /// Now, as objects carry it.
    fn time(&self) -> String {
        timestamp(self.now)
    }

    async fn settle(&self, accepted: Accepted) -> Result<Object, Status> {
        match accepted.durable().await {
            Ok(entry) => Ok(entry.object()),
            Err(error) => Err(Status::internal(error)),
        }
    }
}

/// RFC 3339 in whole seconds.
pub fn timestamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
