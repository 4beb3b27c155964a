//! Whether and when to act: automated sync, self-heal, retry, history, deletion.

mod automated;
mod cron;
mod deletion;
mod deletion_hooks;
mod duration;
mod history;
mod retry;
mod windows;

pub use automated::{Attempt, Automated, Decision, Selected, SelfHealBackoff, Situation, decide};
pub use deletion::{Deletion, DeletionSettings, is_confirmed, next_deletion};
pub use deletion_hooks::{CleanupStep, HookStep, named, next_cleanup, next_hooks};
pub use duration::{BadDuration, parse_duration};
pub use history::{DEFAULT_HISTORY_LIMIT, keep_latest};
pub use retry::{AfterFailure, Backoff, Retry, after_failure, retrying_message};
pub use windows::{BadWindow, Candidate, Window, may_sync};
