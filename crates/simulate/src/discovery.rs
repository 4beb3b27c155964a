//! What else the API serves besides the kinds that controllers know.

use std::sync::Arc;

use kube::Client;
use kube::discovery::{Discovery, Scope, verbs};

use crate::resource::{Kind, Resource, ResourceType};

/// All resources that can be listed, watched and deleted, other than events.
pub(crate) async fn resources(client: &Client) -> Result<Vec<Resource>, kube::Error> {
    let discovery = Discovery::new(client.clone()).run().await?;
    let mut found = Vec::new();
    for group in discovery.groups() {
        for (resource, capabilities) in group.recommended_resources() {
            let usable = [verbs::LIST, verbs::WATCH, verbs::DELETE]
                .iter()
                .all(|verb| capabilities.supports_operation(verb));
            if !usable
                || resource.kind == "Event"
                || Kind::of(&resource.group, &resource.kind).is_some()
            {
                continue;
            }
            found.push(Arc::new(ResourceType {
                group: resource.group,
                version: resource.version,
                kind: resource.kind,
                plural: resource.plural,
                namespaced: capabilities.scope == Scope::Namespaced,
                metadata_only: true,
            }));
        }
    }
    Ok(found)
}
