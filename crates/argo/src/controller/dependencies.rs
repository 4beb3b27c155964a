//! What is said of an application that waits for others.

use crate::dependencies::Hold;
use crate::types::{Application, ApplicationStatus, Condition, ConditionType, SyncStatusCode};

/// The types of conditions that are decided here.
pub(super) const CONDITIONS: [ConditionType; 2] =
    [ConditionType::DependencyError, ConditionType::DependencyWarning];

/// The conditions of what holds a sync up. A cycle is told in any case, the rest when there is
/// something to sync.
pub(super) fn conditions(
    holds: &[Hold],
    status: &ApplicationStatus,
    app: &Application,
) -> Vec<Condition> {
    let wanted = app.operation.is_some()
        || (app.spec.is_automated() && status.sync.status == SyncStatusCode::OutOfSync);
    let told = holds.iter().filter(|hold| hold.is_cycle() || wanted);
    told.map(|hold| Condition {
        kind: if hold.is_cycle() {
            ConditionType::DependencyError
        } else {
            ConditionType::DependencyWarning
        },
        message: format!("a sync waits: {hold}"),
        last_transition_time: None,
    })
    .collect()
}
