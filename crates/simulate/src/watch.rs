//! One list and watch for each resource, into the world.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use http::Request;
use kube::Client;
use kube::core::WatchEvent;
use parking_lot::RwLock;
use serde_json::Value;
use windlass_object::Object;

use crate::resource::{KindId, Resource};
use crate::world::{Change, World};

const PAGE: u32 = 500;
/// How long a watch is asked to last; the server may end it sooner.
const WATCH_SECONDS: u32 = 1800;
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// A resource that is not served may be later, by a CustomResourceDefinition for instance.
const PAUSE_WHEN_ABSENT: Duration = Duration::from_secs(5);

/// Follows one resource until the task is dropped. `changed` gets all changes, and whether they
/// come of a list.
pub(crate) async fn follow(
    client: Client,
    world: Arc<RwLock<World>>,
    kind: KindId,
    resource: Resource,
    changed: impl Fn(&[Change], bool) + Send,
) {
    loop {
        let pause = match follow_once(&client, &world, kind, &resource, &changed).await {
            Ok(()) => continue,
            Err(kube::Error::Api(status)) if status.code == 410 => continue,
            Err(kube::Error::Api(status)) if status.code == 404 || status.code == 405 => {
                let changes = world.write().replace(kind, Vec::new(), u64::MAX);
                changed(&changes, true);
                PAUSE_WHEN_ABSENT
            }
            Err(error) => {
                tracing::debug!(resource = resource.plural, %error, "watch ended");
                PAUSE_AFTER_ERROR
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn follow_once(
    client: &Client,
    world: &RwLock<World>,
    kind: KindId,
    resource: &Resource,
    changed: &(impl Fn(&[Change], bool) + Send),
) -> Result<(), kube::Error> {
    let (objects, mut version) = list(client, resource).await?;
    let number = version.parse().unwrap_or_default();
    let changes = world.write().replace(kind, objects, number);
    changed(&changes, true);
    loop {
        let uri = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={version}",
            resource.path("")
        );
        let stream = client.request_events::<Value>(get(uri, resource, "PartialObjectMetadata")?);
        let mut events = std::pin::pin!(stream.await?);
        while let Some(event) = events.try_next().await? {
            let (value, gone) = match event {
                WatchEvent::Added(value) | WatchEvent::Modified(value) => (value, false),
                WatchEvent::Deleted(value) => (value, true),
                WatchEvent::Bookmark(bookmark) => {
                    version = bookmark.metadata.resource_version;
                    continue;
                }
                WatchEvent::Error(status) => return Err(kube::Error::Api(status)),
            };
            let Some(object) = decode(value, resource) else { continue };
            version = object.resource_version().to_owned();
            let change = if gone {
                world.write().remove(kind, &object)
            } else {
                world.write().put(kind, object)
            };
            if let Some(change) = change {
                changed(&[change], false);
            }
        }
    }
}

async fn list(client: &Client, resource: &Resource) -> Result<(Vec<Object>, String), kube::Error> {
    let mut objects = Vec::new();
    let mut next = String::new();
    loop {
        let uri = format!("{}?limit={PAGE}{next}", resource.path(""));
        let mut page: Value =
            client.request(get(uri, resource, "PartialObjectMetadataList")?).await?;
        if let Value::Array(items) = page["items"].take() {
            objects.extend(items.into_iter().filter_map(|item| decode(item, resource)));
        }
        let metadata = &page["metadata"];
        match metadata["continue"].as_str() {
            Some(token) if !token.is_empty() => next = format!("&continue={token}"),
            _ => {
                let version = metadata["resourceVersion"].as_str().unwrap_or_default();
                return Ok((objects, version.to_owned()));
            }
        }
    }
}

fn get(uri: String, resource: &Resource, partial: &str) -> Result<Request<Vec<u8>>, kube::Error> {
    let accept = if resource.metadata_only {
        format!("application/json;as={partial};g=meta.k8s.io;v=v1,application/json")
    } else {
        "application/json".to_owned()
    };
    Request::get(uri).header("accept", accept).body(Vec::new()).map_err(kube::Error::HttpError)
}

/// List items carry neither version nor kind, and partial objects those of the partial form.
fn decode(value: Value, resource: &Resource) -> Option<Object> {
    let mut object = Object::try_from(value).ok()?;
    if resource.metadata_only {
        let metadata = object.remove(&["metadata"])?;
        object = Object::default();
        object.set(&["metadata"], metadata);
    }
    object.set(&["apiVersion"], resource.api_version());
    object.set(&["kind"], resource.kind.as_str());
    Some(object)
}
