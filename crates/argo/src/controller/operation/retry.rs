//! A failed attempt at a sync: whether another follows, and when.

use std::time::Duration;

use jiff::Timestamp;
use windlass_engine::policy::{self, AfterFailure};

use super::OperationMemory;
use crate::types::{OperationPhase, OperationState, RetryStrategy};

/// How long a failed attempt still waits for its retry; when it has waited, the retry begins.
pub(super) fn retry_wait(
    state: &mut OperationState,
    memory: &mut OperationMemory,
    now: Timestamp,
) -> Option<Duration> {
    let failed_at = state.finished_at.filter(|_| state.phase == OperationPhase::Running)?;
    let retry = retry(&state.operation.retry);
    // What cannot be read was told when the attempt failed, and ended the operation.
    let at = retry.next_at(failed_at, state.retry_count - 1).unwrap_or(now);
    if at > now {
        return Some(at.duration_since(now).unsigned_abs());
    }
    if retry.refresh
        && let Some(sync) = state.operation.sync.as_mut()
    {
        sync.revision.clear();
        sync.revisions.clear();
    }
    state.message = policy::retrying_message(&retry, state.retry_count);
    state.finished_at = None;
    state.sync_result = None;
    *memory = OperationMemory { started_at: state.started_at, ..OperationMemory::default() };
    None
}

fn retry(strategy: &RetryStrategy) -> policy::Retry {
    let backoff = strategy.backoff.clone().unwrap_or_default();
    policy::Retry {
        limit: strategy.limit,
        backoff: policy::Backoff {
            duration: backoff.duration,
            factor: backoff.factor,
            max_duration: backoff.max_duration,
        },
        refresh: strategy.refresh,
    }
}

/// A failed attempt: another one follows, or that was all.
pub(super) fn fail(
    state: &mut OperationState,
    terminating: bool,
    cause: &str,
    memory: &mut OperationMemory,
) -> Option<Duration> {
    if !cause.is_empty() {
        state.message = format!("{}, triggered by {cause}", state.message);
    }
    let now = Timestamp::now();
    let retry = retry(&state.operation.retry);
    match policy::after_failure(&retry, state.retry_count, &state.message, terminating, now) {
        AfterFailure::Ended { message } => state.message = message,
        AfterFailure::Broken { message } => {
            state.phase = OperationPhase::Error;
            state.message = message;
        }
        AfterFailure::Again { at, attempt, message } => {
            state.phase = OperationPhase::Running;
            state.finished_at = Some(now);
            state.retry_count = attempt;
            state.message = message;
            *memory =
                OperationMemory { started_at: state.started_at, ..OperationMemory::default() };
            return Some(at.duration_since(now).unsigned_abs());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::begin;
    use super::*;
    use crate::types::Operation;

    #[test]
    fn a_failed_attempt_waits_and_the_last_is_final() {
        let mut operation = Operation::default();
        operation.retry.limit = 1;
        let mut state = begin(operation, Timestamp::now());
        let mut memory = OperationMemory::default();
        (state.phase, state.message) = (OperationPhase::Failed, "no".into());
        assert!(fail(&mut state, false, "", &mut memory).is_some());
        assert_eq!(state.phase, OperationPhase::Running);
        assert!(state.message.starts_with("no. Retrying attempt #1 at "), "{}", state.message);
        assert!(retry_wait(&mut state, &mut memory, Timestamp::now()).is_some());
        (state.phase, state.message) = (OperationPhase::Failed, "no".into());
        assert_eq!(fail(&mut state, false, "", &mut memory), None);
        assert_eq!(state.message, "no (retried 1 times).");
    }
}
