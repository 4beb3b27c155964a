//! What was deployed before, for rollback.

/// Entries that are kept unless the application says otherwise.
pub const DEFAULT_HISTORY_LIMIT: i64 = 10;

/// Drops the oldest entries beyond a limit; a limit below one keeps none.
pub fn keep_latest<T>(history: &mut Vec<T>, limit: i64) {
    let limit = usize::try_from(limit).unwrap_or(0);
    let surplus = history.len().saturating_sub(limit);
    history.drain(..surplus);
}
