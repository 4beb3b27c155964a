//! An application that cannot be looked at: what its status says then, and what becomes of a sync of it
//! that was asked for.

use jiff::Timestamp;
use windlass_engine::state::{Condition as Found, ConditionType as Kind};

use super::apps::{AppKey, Level};
use super::context::Context;
use super::operation;
use super::project::permits_source;
use super::status::{self, Also, COMPARED};
use crate::types::{
    Application, HealthStatusCode, Operation, OperationPhase, OperationState, SyncOperationResult,
    SyncStatusCode,
};

/// An application that cannot be looked at: everything is unknown, and a sync that was asked for
/// ends.
pub(super) async fn refuse(
    context: &Context,
    key: &AppKey,
    app: &Application,
    found: &[Found],
    level: Level,
) {
    let now = Timestamp::now();
    let mut next = app.status.clone();
    let uncompared = found.iter().all(|found| found.kind != Kind::ComparisonError);
    if uncompared {
        next.sync.status = SyncStatusCode::Unknown;
    } else {
        status::set_unknown(&mut next, app, context.settings().resource_health);
    }
    next.health.status = Some(HealthStatusCode::Unknown);
    next.health.message.clear();
    // As Argo CD: what a comparison found before stays.
    let decided: &[Kind] =
        if uncompared { &[Kind::InvalidSpecError, Kind::UnknownError] } else { &COMPARED };
    let shown = found.iter().map(status::condition).collect();
    status::set_conditions(&mut next, decided, shown, now);
    let former = app.status.operation_state.as_ref();
    let refreshed = level >= Level::Refresh;
    let mut also = Also { refreshed, clear_operation: false, uncompared, former: None };
    if let Some(operation) = &app.operation {
        next.operation_state = Some(refused(context, app, operation, found, now).await);
        (also.clear_operation, also.former) = (true, former);
    }
    status::write(context, key, app, next, also, now).await;
}

/// A sync of an application that cannot be looked at.
async fn refused(
    context: &Context,
    app: &Application,
    operation: &Operation,
    found: &[Found],
    now: Timestamp,
) -> OperationState {
    let mut state = operation::begin(operation.clone(), now);
    state.phase = OperationPhase::Error;
    state.finished_at = Some(now);
    let name = app.project();
    let why = if context.project(name).is_none() {
        Some(format!(
            "error getting app project {name:?}: appproject.argoproj.io {name:?} not found"
        ))
    } else {
        let problems: Vec<&str> = found.iter().map(|found| found.message.as_str()).collect();
        found.iter().all(|found| found.kind == Kind::UnknownError).then(|| problems.join("; "))
    };
    if let Some(why) = why {
        state.message = format!("Failed to load application project: {why}");
        return state;
    }
    if let Some(sync) = &operation.sync {
        state.sync_result = Some(SyncOperationResult {
            revision: revision(context, app, found).await.unwrap_or_default(),
            revisions: Vec::new(),
            ..operation::result(app, sync)
        });
    }
    state.message = match context.clusters.find(&app.spec.destination) {
        Err(error) => error,
        Ok(_) => {
            let errors = found.iter().filter(|found| found.kind != Kind::UnknownError);
            let mut lines: Vec<String> =
                errors.map(|found| format!("{}: {}", found.kind, found.message)).collect();
            lines.sort();
            lines.join(";")
        }
    };
    state
}

/// The commit that a refused application would have come from, as far as its project lets its
/// repository be asked.
async fn revision(context: &Context, app: &Application, found: &[Found]) -> Option<String> {
    let source = app.spec.source.as_ref().filter(|source| source.chart.is_empty())?;
    let project = context.project(app.project())?;
    let asked = found.iter().all(|found| found.kind == Kind::InvalidSpecError)
        && context.clusters.find(&app.spec.destination).is_ok()
        && permits_source(&project, &source.repo_url);
    let repository = context.repositories().repository(&source.repo_url, app.project()).ok();
    let repository = repository.filter(|_| asked)?;
    let found = context.sources.resolve(&repository, &source.target_revision).await;
    found.ok().map(|found| found.commit)
}
