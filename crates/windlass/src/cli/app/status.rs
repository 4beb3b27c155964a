//! An application's state in tables and words, as argocd prints it.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use windlass_argo::types::{
    Application, HelmSource, OperationState, Source, SyncOperationResource, SyncStatusCode,
};
use windlass_object::ResourceKey;

use super::connection::qualified;
use super::selection;
use crate::cli::columns::{align, line};

/// A line of the summary.
fn fact(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "{name:<20}{value}");
}

/// What `app get` begins with. `url` is the application's page, where there is one.
pub(crate) fn summary(app: &Application, url: Option<&str>) -> String {
    let mut out = String::new();
    let spec = &app.spec;
    fact(&mut out, "Name:", &qualified(app));
    fact(&mut out, "Project:", app.project());
    fact(&mut out, "Server:", server(app));
    fact(&mut out, "Namespace:", &spec.destination.namespace);
    if let Some(url) = url {
        fact(&mut out, "URL:", url);
    }
    out.push_str(if spec.has_multiple_sources() { "Sources:\n" } else { "Source:\n" });
    for source in spec.effective_sources() {
        source_details(&mut out, source);
    }
    fact(&mut out, "SyncWindow:", "Sync Allowed");
    let prunes = spec.sync_policy.as_ref().and_then(|p| p.automated.as_ref()?.prune) == Some(true);
    let policy = match (spec.is_automated(), prunes) {
        (true, true) => "Automated (Prune)",
        (true, false) => "Automated",
        (false, _) => "Manual",
    };
    fact(&mut out, "Sync Policy:", policy);
    let target = spec.effective_sources().first().map_or("", |s| s.target_revision.as_str());
    let mut sync = app.status.sync.status.to_string();
    match app.status.sync.status {
        SyncStatusCode::Synced => sync += &format!(" to {target}"),
        SyncStatusCode::OutOfSync => sync += &format!(" from {target}"),
        _ => {}
    }
    let revision = &app.status.sync.revision;
    if !is_commit(target) && revision.len() > 7 && revision.is_char_boundary(7) {
        sync += &format!(" ({})", &revision[..7]);
    }
    fact(&mut out, "Sync Status:", &sync);
    fact(&mut out, "Health Status:", &health(app));
    out
}

/// What `app get --show-params` adds; long values are cut.
pub(crate) fn parameters(helm: &HelmSource) -> String {
    const LONGEST: usize = 80;
    let mut lines = vec![line(["NAME", "VALUE"])];
    for parameter in &helm.parameters {
        let mut value: String = parameter.value.chars().take(LONGEST).collect();
        if parameter.value.chars().count() > LONGEST {
            value.push_str("...");
        }
        lines.push(vec![parameter.name.clone(), value]);
    }
    format!("\n\n{}", align(&lines))
}

fn source_details(out: &mut String, source: &Source) {
    fact(out, "- Repo:", &source.repo_url);
    fact(out, "  Target:", &source.target_revision);
    if !source.path.is_empty() {
        fact(out, "  Path:", &source.path);
    }
    if !source.reference.is_empty() {
        fact(out, "  Ref:", &source.reference);
    }
    if let Some(helm) = source.helm.as_ref().filter(|helm| !helm.value_files.is_empty()) {
        fact(out, "  Helm Values:", &helm.value_files.join(","));
    }
    if let Some(kustomize) = source.kustomize.as_ref().filter(|k| !k.name_prefix.is_empty()) {
        fact(out, "  Name Prefix:", &kustomize.name_prefix);
    }
}

/// A full or shortened commit id.
fn is_commit(revision: &str) -> bool {
    matches!(revision.len(), 7..=40) && revision.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Where the application's objects go: the address, otherwise the cluster's name.
pub(crate) fn server(app: &Application) -> &str {
    let destination = &app.spec.destination;
    if destination.server.is_empty() { &destination.name } else { &destination.server }
}

pub(crate) fn health(app: &Application) -> String {
    app.status.health.status.map_or_else(String::new, |h| h.to_string())
}

pub(crate) fn conditions(app: &Application) -> String {
    let mut lines = vec![line(["CONDITION", "MESSAGE", "LAST TRANSITION"])];
    lines.extend(
        app.status
            .conditions
            .iter()
            .map(|c| vec![c.kind.to_string(), c.message.clone(), time(c.last_transition_time)]),
    );
    align(&lines)
}

/// A time as Go prints it.
pub(crate) fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(
        || "<nil>".to_owned(),
        |t| {
            t.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %z %Z").to_string()
        },
    )
}

pub(crate) fn operation(state: &OperationState, now: Timestamp) -> String {
    let mut out = String::new();
    if let Some(result) = &state.sync_result {
        fact(&mut out, "Operation:", "Sync");
        let revision = if result.revisions.is_empty() {
            result.revision.clone()
        } else {
            result.revisions.join(", ")
        };
        fact(&mut out, "Sync Revision:", &revision);
    }
    fact(&mut out, "Phase:", state.phase.as_str());
    fact(&mut out, "Start:", &time(state.started_at));
    fact(&mut out, "Finished:", &time(state.finished_at));
    let started = state.started_at.unwrap_or(now);
    let seconds = state.finished_at.unwrap_or(now).as_second() - started.as_second();
    fact(&mut out, "Duration:", &duration(seconds));
    if !state.message.is_empty() {
        fact(&mut out, "Message:", &state.message);
    }
    out
}

/// A duration as Go prints it.
fn duration(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// One object of an application, from its status and its last sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResourceState {
    pub(crate) key: ResourceKey,
    pub(crate) status: String,
    pub(crate) health: String,
    pub(crate) hook: String,
    pub(crate) message: String,
}

impl ResourceState {
    /// Takes over what is new; nothing becomes blank again. Whether anything changed.
    pub(crate) fn merge(&mut self, newer: &Self) -> bool {
        let mut changed = false;
        for (old, new) in [
            (&mut self.status, &newer.status),
            (&mut self.health, &newer.health),
            (&mut self.hook, &newer.hook),
            (&mut self.message, &newer.message),
        ] {
            if !new.is_empty() && old != new {
                old.clone_from(new);
                changed = true;
            }
        }
        changed
    }

    fn cells(&self) -> Vec<String> {
        let key = &self.key;
        vec![
            key.group.clone(),
            key.kind.clone(),
            key.namespace.clone(),
            key.name.clone(),
            self.status.clone(),
            self.health.clone(),
            self.hook.clone(),
            self.message.clone(),
        ]
    }
}

/// An application's objects: those of the last sync in its order, then the others by name.
pub(crate) fn resource_states(
    app: &Application,
    selected: &[selection::Pattern],
) -> Vec<ResourceState> {
    let mut rest: BTreeMap<String, ResourceState> = app
        .status
        .resources
        .iter()
        .map(|r| {
            let health = r.health.as_ref().and_then(|h| h.status);
            let state = ResourceState {
                key: r.key(),
                status: r.status.to_string(),
                health: health.map_or_else(String::new, |h| h.to_string()),
                ..ResourceState::default()
            };
            (r.key().to_string(), state)
        })
        .collect();
    let mut states = Vec::new();
    let result = app.status.operation_state.as_ref().and_then(|o| o.sync_result.as_ref());
    for r in result.into_iter().flat_map(|r| &r.resources) {
        let key = r.key();
        let mut state = ResourceState {
            status: r.hook_phase.map_or_else(String::new, |p| p.as_str().to_owned()),
            health: r.status.map_or_else(String::new, |s| format!("{s:?}")),
            hook: r.hook_type.map_or_else(String::new, |p| p.to_string()),
            message: r.message.clone(),
            key,
        };
        if let Some(present) = rest.remove(&state.key.to_string())
            && r.hook_type.is_none()
        {
            state.status = present.status;
            state.health = present.health;
        }
        states.push(state);
    }
    states.extend(rest.into_values());
    if !selected.is_empty() {
        states.retain(|s| selection::includes(selected, &s.key));
    }
    states
}

/// The table of an application's objects.
pub(crate) fn resources(app: &Application) -> String {
    let mut lines =
        vec![line(["GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE"])];
    lines.extend(resource_states(app, &[]).iter().map(ResourceState::cells));
    align(&lines)
}

/// A line of `app wait`'s progress; its columns have fixed least widths, since lines come one by
/// one.
pub(crate) fn progress_line(time: &str, state: &ResourceState) -> String {
    let key = &state.key;
    progress([
        time,
        &key.group,
        &key.kind,
        &key.namespace,
        &key.name,
        &state.status,
        &state.health,
        &state.hook,
        &state.message,
    ])
}

pub(crate) fn progress_header() -> String {
    progress([
        "TIMESTAMP",
        "GROUP",
        "KIND",
        "NAMESPACE",
        "NAME",
        "STATUS",
        "HEALTH",
        "HOOK",
        "MESSAGE",
    ])
}

fn progress(cells: [&str; 9]) -> String {
    let [time, group, kind, namespace, name, status, health, hook, message] = cells;
    format!(
        "{time:<27}{group:>5}  {kind:>10}  {namespace:>10}  {name:>20}  {status:>8}  {health:>7}  \
         {hook:>10}  {message}"
    )
}

/// The selection in the form of an operation.
pub(crate) fn selected_resources(
    app: &Application,
    selected: &[selection::Pattern],
) -> Vec<SyncOperationResource> {
    app.status
        .resources
        .iter()
        .filter(|r| selection::includes(selected, &r.key()))
        .map(|r| SyncOperationResource {
            group: r.group.clone(),
            kind: r.kind.clone(),
            name: r.name.clone(),
            namespace: r.namespace.clone(),
        })
        .collect()
}
