//! The health of an application's objects, where its status leaves that to those who read it.

use windlass_argo::customizations::Customizations;
use windlass_argo::types::HealthStatus;
use windlass_engine::health;
use windlass_object::json;

use super::comparison::check_destination;
use super::connection::{Connection, Stored};
use super::repositories::config_map;

/// What `status.resourceHealthSource` says where the objects' health is in no status.
const IN_TREE: &str = "appTree";

/// The application with the health of its objects, as Argo CD's server completes it.
pub(crate) async fn complete(
    connection: &Connection,
    mut stored: Stored,
) -> anyhow::Result<Stored> {
    let is_elsewhere = check_destination(&stored.app).is_err();
    let status = &mut stored.app.status;
    if status.resource_health_source != IN_TREE || is_elsewhere {
        return Ok(stored);
    }
    let keys: Vec<_> = status.resources.iter().map(|r| (r.key(), r.version.clone())).collect();
    let live = connection.kinds().await?.fetch_each(keys).await?;
    let (custom, _) = Customizations::read(&config_map(connection, "argocd-cm").await?);
    for (resource, live) in status.resources.iter_mut().zip(live) {
        let found = live.as_ref().and_then(|live| health::of(live, &custom).ok().flatten());
        let code = match &live {
            None => Some("Missing"),
            Some(_) => found.as_ref().map(|health| health.status.as_str()),
        };
        if let Some(code) = code {
            let health: HealthStatus = serde_json::from_value(json!({"status": code}))?;
            resource.health = Some(health);
        }
    }
    stored.object.set(&["status", "resources"], serde_json::to_value(&status.resources)?);
    Ok(stored)
}
