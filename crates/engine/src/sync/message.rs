//! What an operation says of itself, in Argo CD's words.

use std::borrow::Cow;

use super::options::Options;
use super::task::Task;

/// What a running operation waits for.
pub(super) fn waiting(tasks: &[&Task], for_deletion: bool, options: &Options) -> String {
    let Some(first) = tasks.iter().find(|task| task.hook).or(tasks.first()) else {
        return String::new();
    };
    let hooks = tasks.iter().filter(|task| task.hook).count();
    let mut reason = match (for_deletion, hooks) {
        (true, 0) => "deletion of",
        (true, _) => "deletion of hook",
        (false, 0) => "healthy state of",
        (false, _) => "completion of hook",
    };
    let mut first = first;
    let mut others = tasks.len() - 1;
    let mut unconfirmed = tasks.iter().filter(|task| task.awaits_confirmation(options));
    if let Some(task) = unconfirmed.next() {
        reason = "pruning confirmation of";
        first = task;
        others = unconfirmed.count();
    }
    let kind = first.kind();
    let name = first.object().name();
    let message = format!("waiting for {reason} {}/{}/{name}", kind.group, kind.kind);
    let what = if hooks == tasks.len() { "hooks" } else { "resources" };
    if others > 0 { format!("{message} and {others} more {what}") } else { message }
}

/// Why an operation failed, with the distinct messages of the tasks that did.
pub(super) fn failure<'a>(what: &str, failed: impl IntoIterator<Item = &'a Task>) -> String {
    let mut messages: Vec<&str> = Vec::new();
    for task in failed {
        if !messages.contains(&task.message.as_str()) {
            messages.push(&task.message);
        }
    }
    if messages.is_empty() {
        what.to_owned()
    } else {
        format!("{what}, reason: {}", messages.join(","))
    }
}

/// The API's answer, with advice where it alone does not help.
pub(super) fn advise(answer: &str) -> Cow<'_, str> {
    if !answer.contains("metadata.annotations: Too long: must have at most 262144 bytes") {
        return answer.into();
    }
    format!(
        "{answer} \n -Additional Info: This error usually means that you are trying to add a large \
         resource on client side. Consider using Server-side apply or syncing with replace \
         enabled. Note: Syncing with Replace enabled is potentially destructive as it may cause \
         resource deletion and re-creation."
    )
    .into()
}
