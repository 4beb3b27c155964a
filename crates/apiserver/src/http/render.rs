//! Objects in the shape that the client asked for.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use windlass_object::Object;

use super::accept::{Negotiated, Shape};
use super::body::Body;
use crate::catalog::ResourceType;
use crate::convert;
use crate::registry::{FeedItem, Page};
use crate::status::Status;
use crate::store::{Encoded, Entry};
use crate::table;

/// How a client wants objects of a resource.
pub(super) struct Renderer<'a> {
    pub(super) resource: &'a ResourceType,
    pub(super) negotiated: Negotiated,
    /// `includeObject` of tables.
    pub(super) include: String,
}

const META_GROUP: &str = "meta.k8s.io/v1";

impl Renderer<'_> {
    /// Whether stored text can be sent as it is.
    fn is_verbatim(&self) -> bool {
        let stored = self.resource.storage.as_ref();
        self.negotiated.shape == Shape::Object
            && stored.is_some_and(|stored| {
                stored.group == self.resource.group && stored.version == self.resource.version
            })
    }

    /// A stored object's text.
    pub(super) fn entry(&self, entry: &Entry) -> Result<Bytes, Status> {
        if self.is_verbatim() && convert::is_current(self.resource, entry) {
            return Ok(entry.json.clone());
        }
        self.object(entry.object())
    }

    /// An object's text.
    pub(super) fn object(&self, object: Object) -> Result<Bytes, Status> {
        let value = match self.negotiated.shape {
            Shape::Object => return Ok(Encoded::verbatim(&self.convert(object)?)),
            Shape::Metadata => partial(&object),
            Shape::Table => {
                let object = self.convert(object)?;
                let version = object.resource_version().to_owned();
                let mut table = table::render(
                    self.resource,
                    std::slice::from_ref(&object),
                    &self.include,
                    true,
                )?;
                table["metadata"] = json!({"resourceVersion": version});
                table
            }
        };
        Ok(text(&value))
    }

    fn convert(&self, object: Object) -> Result<Object, Status> {
        convert::to_version(object, self.resource)
    }

    /// A list's text.
    pub(super) fn list(&self, page: &Page) -> Result<Body, Status> {
        let mut metadata = Map::new();
        metadata.insert("resourceVersion".to_owned(), json!(page.revision.to_string()));
        if let Some(token) = &page.continue_token {
            metadata.insert("continue".to_owned(), json!(token));
        }
        if let Some(remaining) = page.remaining {
            metadata.insert("remainingItemCount".to_owned(), json!(remaining));
        }
        let metadata = Value::Object(metadata);
        let (kind, version) = match self.negotiated.shape {
            Shape::Table => {
                let objects = page.items.iter().map(|(_, entry)| self.convert(entry.object()));
                let objects: Vec<Object> = objects.collect::<Result<_, _>>()?;
                let mut table = table::render(self.resource, &objects, &self.include, true)?;
                table["metadata"] = metadata;
                return Ok(Body::full(text(&table)));
            }
            Shape::Metadata => ("PartialObjectMetadataList".to_owned(), META_GROUP.to_owned()),
            Shape::Object => (self.resource.list_kind.clone(), self.resource.api_version()),
        };
        let head = format!(
            "{{\"kind\":{},\"apiVersion\":{},\"metadata\":{metadata},\"items\":[",
            json!(kind),
            json!(version)
        );
        let typed = self.negotiated.shape == Shape::Object && self.resource.custom().is_none();
        let head_of_items = typed.then(|| convert::type_head(self.resource));
        let mut pieces = Vec::with_capacity(page.items.len() * 3 + 2);
        pieces.push(Bytes::from(head));
        for (at, (_, entry)) in page.items.iter().enumerate() {
            if at > 0 {
                pieces.push(Bytes::from_static(b","));
            }
            // Items of a typed list do not repeat its type.
            match &head_of_items {
                Some(head) => {
                    let text = self.entry(entry)?;
                    pieces.push(Bytes::from_static(b"{"));
                    pieces.push(text.slice(head.len().min(text.len())..));
                }
                None => pieces.push(self.entry(entry)?),
            }
        }
        pieces.push(Bytes::from_static(b"]}"));
        Ok(Body::pieces(pieces))
    }

    /// One line of a watch; `first` tells whether tables still need their column definitions.
    pub(super) fn watch_line(&self, item: FeedItem, first: bool) -> Result<Bytes, Status> {
        let (kind, object) = match item {
            FeedItem::Added(entry) => ("ADDED", self.watched(&entry, first)?),
            FeedItem::Modified(entry) => ("MODIFIED", self.watched(&entry, first)?),
            FeedItem::Deleted(entry) => ("DELETED", self.watched(&entry, first)?),
            FeedItem::Bookmark { revision, initial_end } => {
                ("BOOKMARK", text(&self.bookmark(revision, initial_end, first)?))
            }
            FeedItem::Error(status) => ("ERROR", text(&status.to_value())),
        };
        let mut line = Vec::with_capacity(object.len() + 40);
        line.extend_from_slice(b"{\"type\":\"");
        line.extend_from_slice(kind.as_bytes());
        line.extend_from_slice(b"\",\"object\":");
        line.extend_from_slice(&object);
        line.extend_from_slice(b"}\n");
        Ok(line.into())
    }

    fn watched(&self, entry: &Entry, first: bool) -> Result<Bytes, Status> {
        if self.negotiated.shape != Shape::Table {
            return self.entry(entry);
        }
        let object = self.convert(entry.object())?;
        let version = object.resource_version().to_owned();
        let mut table =
            table::render(self.resource, std::slice::from_ref(&object), &self.include, first)?;
        table["metadata"] = json!({"resourceVersion": version});
        Ok(text(&table))
    }

    fn bookmark(&self, revision: u64, initial_end: bool, first: bool) -> Result<Value, Status> {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        Ok(match self.negotiated.shape {
            Shape::Table => {
                let mut table = table::render(self.resource, &[], &self.include, first)?;
                table["metadata"] = json!({"resourceVersion": revision.to_string()});
                // The mark is in the object of the one row, as clients look for it there.
                table["rows"] = json!([{"cells": [], "object": {
                    "kind": "PartialObjectMetadata", "apiVersion": META_GROUP, "metadata": metadata,
                }}]);
                table
            }
            Shape::Metadata => json!({
                "kind": "PartialObjectMetadata", "apiVersion": META_GROUP, "metadata": metadata,
            }),
            Shape::Object => json!({
                "kind": self.resource.kind, "apiVersion": self.resource.api_version(),
                "metadata": metadata,
            }),
        })
    }
}

/// `PartialObjectMetadata` of an object.
fn partial(object: &Object) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": META_GROUP,
        "metadata": object.get(&["metadata"]).cloned().unwrap_or_default(),
    })
}

/// JSON text of a value.
pub(super) fn text(value: &Value) -> Bytes {
    value.to_string().into()
}
