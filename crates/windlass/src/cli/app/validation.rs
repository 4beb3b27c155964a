//! What Argo CD's server checks before it stores an application.

use windlass_argo::types::{Application, Source};
use windlass_object::Value;

use super::comparison::{IN_CLUSTER, Told, Wanted, render_all};
use super::connection::Connection;
use super::repositories;
use crate::cli::failure::Failure;

/// What Argo CD refuses at once.
///
/// # Errors
/// What is wrong with it.
pub(super) async fn validate(
    connection: &Connection,
    app: &Application,
    whole: bool,
) -> anyhow::Result<()> {
    let invalid = |what: &str| {
        Err(Failure::generic(format!(
            "application spec for {} is invalid: InvalidSpecError: {what}",
            app.name()
        )))
    };
    let nowhere = |what: &str| {
        Err(Failure::generic(format!(
            "application destination spec for {} is invalid: {what}",
            app.name()
        )))
    };
    let project = connection.project(app.project()).await?;
    if !project {
        let name = app.project();
        return Err(Failure::generic(format!(
            "app is not allowed in project \"{name}\", or the project does not exist"
        )));
    }
    let destination = &app.spec.destination;
    let (server, name) = (destination.server.as_str(), destination.name.as_str());
    if server.is_empty() && name.is_empty() {
        return nowhere("Destination server missing from app spec");
    }
    if !server.is_empty() && !name.is_empty() {
        return nowhere(&format!(
            "application destination can't have both name and server defined: {name} {server}"
        ));
    }
    if !IN_CLUSTER.contains(&server) && !IN_CLUSTER.contains(&name) {
        let clusters = repositories::clusters(connection).await?;
        if !server.is_empty() && !clusters.iter().any(|c| c.server == server) {
            return nowhere(&format!(
                "error getting cluster by server \"{server}\": cluster \"{server}\" not found"
            ));
        }
        if !name.is_empty() && !clusters.iter().any(|c| c.name == name) {
            return nowhere(&format!(
                "unable to find destination server: there are no clusters with this name: {name}"
            ));
        }
    }
    if let Some(hydrator) = app.spec.rest.get("sourceHydrator").filter(|h| !h.is_null()) {
        // It is stored for those who have a hydrator; nothing here works on it yet.
        return match dry_source_lacks(hydrator) {
            Some(why) => invalid(why),
            None => Ok(()),
        };
    }
    if whole {
        let mut bad = None;
        let tell = &mut |told: Told| {
            if let Told::Bad(text) = told {
                bad.get_or_insert(text);
            }
        };
        let none = Wanted::Revisions(Vec::new());
        let rendered = render_all(connection, app, &none, tell).await;
        if let Some(why) = rendered.err().map(|error| format!("{error:#}")).or(bad) {
            let path = app.spec.effective_sources().first().map_or("", |s| s.path.as_str());
            return invalid(&format!("Unable to generate manifests in {path}: {why}"));
        }
    }
    let sources = app.spec.effective_sources();
    let several = app.spec.has_multiple_sources();
    let lacks = |source: &Source| {
        let place = [&source.path, &source.chart, &source.reference];
        let place = if several { &place[..] } else { &place[..2] };
        source.repo_url.is_empty() || place.iter().all(|text| text.is_empty())
    };
    if sources.is_empty() || sources.iter().any(lacks) {
        return invalid(
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required",
        );
    }
    if sources.iter().any(|source| !source.chart.is_empty() && source.target_revision.is_empty()) {
        return invalid(
            "spec.source.targetRevision is required if the manifest source is a helm chart",
        );
    }
    Ok(())
}

/// What a source of the hydrator needs.
fn dry_source_lacks(hydrator: &Value) -> Option<&'static str> {
    let lacks = |part: &str, field: &str| hydrator[part][field].as_str().unwrap_or("").is_empty();
    if lacks("drySource", "repoURL") {
        return Some("spec.sourceHydrator.drySource.repoURL is required");
    }
    if lacks("syncSource", "targetBranch") {
        return Some("spec.sourceHydrator.syncSource.targetBranch is required");
    }
    (!hydrator["hydrateTo"].is_null() && lacks("hydrateTo", "targetBranch")).then_some(
        "when spec.sourceHydrator.hydrateTo is set, spec.sourceHydrator.hydrateTo.path is required",
    )
}
