//! GitOps Promoter: eleven kinds that differ in words, and in what they say once they are ready.

use serde_json::Value;
use windlass_object::Object;

use super::{conditions, degraded, healthy, list, list_at, progressing, text};
use crate::Verdict;

/// How a kind speaks of itself.
struct Words {
    kind: &'static str,
    /// At the start of a sentence.
    subject: &'static str,
    /// Within a sentence, before it has a status.
    new: &'static str,
    /// Within a sentence, when its spec has changed.
    observed: &'static str,
    /// Before `failed`.
    work: &'static str,
    /// Before `unknown`, when it is not known whether it is ready; empty if it does not tell.
    unknown: &'static str,
    /// How it says that it is not ready, for a reason that is not its own.
    blocked: &'static str,
    /// How it says that nothing is known of it.
    unready: &'static str,
}

const YET: &str = "is not ready yet";
const MISSING: &str = "Ready condition is missing";

macro_rules! words {
    ($($kind:literal: $subject:literal, $new:literal, $observed:literal, $work:literal, $unknown:literal, $blocked:literal, $unready:ident;)*) => {
        &[$(Words { kind: $kind, subject: $subject, new: $new, observed: $observed, work: $work, unknown: $unknown, blocked: $blocked, unready: $unready }),*]
    };
}

#[rustfmt::skip]
const WORDS: &[Words] = words! {
    "ArgoCDCommitStatus": "Argo CD commit status", "Argo CD commit status", "Argo CD commit status", "Argo CD commit status reconciliation", "", "Argo CD commit status reconciliation failed", YET;
    "ChangeTransferPolicy": "Change transfer policy", "change transfer policy", "change transfer policy", "Change transfer policy reconciliation", "", "Change transfer policy reconciliation failed", YET;
    "ClusterScmProvider": "ClusterScmProvider", "cluster SCM provider", "ClusterScmProvider", "Cluster SCM provider validation", "Cluster SCM provider readiness", "Cluster SCM provider not ready", MISSING;
    "CommitStatus": "Commit status", "commit status", "commit status", "Commit status reconciliation", "", "Commit status reconciliation failed", YET;
    "GitCommitStatus": "GitCommitStatus", "git commit validation", "GitCommitStatus", "Git commit validation", "Git commit validation status", "Git commit validation not ready", MISSING;
    "GitRepository": "GitRepository", "Git repository", "GitRepository", "Git repository validation", "Git repository readiness", "Git repository not ready", MISSING;
    "PromotionStrategy": "Promotion strategy", "promotion strategy", "promotion strategy", "Promotion strategy reconciliation", "", "Promotion strategy reconciliation failed", YET;
    "PullRequest": "Pull request", "pull request", "pull request", "Pull request reconciliation", "", "Pull request reconciliation failed", YET;
    "ScmProvider": "ScmProvider", "SCM provider", "ScmProvider", "SCM provider validation", "SCM provider readiness", "SCM provider not ready", MISSING;
    "TimedCommitStatus": "TimedCommitStatus", "timed commit gate", "TimedCommitStatus", "Timed commit gate", "Timed commit gate status", "Timed commit gate not ready", MISSING;
    "WebRequestCommitStatus": "WebRequestCommitStatus", "web request commit validation", "WebRequestCommitStatus", "Web request commit validation", "Web request commit validation", "Web request commit validation not ready", MISSING;
};

/// What a finalizer waits for, and what is lost if someone takes it away.
const FINALIZERS: [(&str, &str, &str); 6] = [
    (
        "changetransferpolicy.promoter.argoproj.io/finalizer",
        "Waiting to clear related PullRequest finalizers and finish cleanup before this policy is removed",
        "The 'changetransferpolicy.promoter.argoproj.io/pullrequest-finalizer' finalizer may not be cleaned up from PullRequests owned by this ChangeTransferPolicy",
    ),
    (
        "clusterscmprovider.promoter.argoproj.io/finalizer",
        "Waiting until no GitRepository still references this cluster-wide SCM provider",
        "GitRepository objects can reference a provider that no longer exists",
    ),
    (
        "gitrepository.promoter.argoproj.io/finalizer",
        "Waiting until no non-deleting PullRequests still reference this repository",
        "repository metadata may be removed while promotions still depend on it",
    ),
    (
        "pullrequest.promoter.argoproj.io/finalizer",
        "Waiting for SCM closure or reconciliation of the pull request",
        "the real PR can stay open after the CR is gone",
    ),
    (
        "changetransferpolicy.promoter.argoproj.io/pullrequest-finalizer",
        "Waiting for the ChangeTransferPolicy to observe PR identity and state",
        "promotion status or history can be wrong or racy",
    ),
    (
        "scmprovider.promoter.argoproj.io/finalizer",
        "Waiting until no GitRepository in this namespace still references this provider",
        "GitRepository objects can reference a provider that no longer exists",
    ),
];

pub(super) fn promoter(object: &Object) -> Option<Verdict> {
    let words = WORDS.iter().find(|words| words.kind == object.kind())?;
    if object.is_terminating() {
        return progressing(deleting(object, words));
    }
    if object.get(&["status"]).is_none_or(Value::is_null) {
        return progressing(format!("Initializing {}", words.new));
    }
    let tells = |condition: &&Value| match text(condition, "type") {
        "Ready" => true,
        "Reconciled" => object.kind() == "PullRequest",
        _ => false,
    };
    if !conditions(object).iter().any(|condition| tells(&condition)) {
        return progressing(format!("{} {}", words.subject, words.unready));
    }
    let unready = conditions(object).iter().filter(tells).find_map(|c| unready(object, words, c));
    if unready.is_some() {
        return unready;
    }
    match object.kind() {
        "ArgoCDCommitStatus" => applications(object),
        "ChangeTransferPolicy" => environment(object),
        "ClusterScmProvider" => healthy("Cluster SCM provider is ready"),
        "CommitStatus" => {
            let told = |key: &str| object.get(&["status", key]).and_then(Value::as_str);
            healthy(match told("sha").zip(told("phase")) {
                Some((sha, phase)) => format!("Commit status for commit {sha} reports {phase}"),
                None => "Commit status is healthy".to_owned(),
            })
        }
        "GitCommitStatus" => branches(object, "Git commit validation", "passed", words),
        "GitRepository" => healthy("Git repository is ready"),
        "PromotionStrategy" => strategy(object),
        "PullRequest" => {
            let told = |key: &str| object.get(&["status", key]).and_then(Value::as_str);
            healthy(match told("id").zip(told("state")) {
                Some((id, state)) => format!("Pull request is {state} as PR {id}"),
                None => "Pull request is healthy".to_owned(),
            })
        }
        "ScmProvider" => healthy("SCM provider is ready"),
        "TimedCommitStatus" => branches(object, "Timed commit gate", "satisfied", words),
        _ => branches(object, "Web request validation", "passed", words),
    }
}

/// What a condition says against an object's being ready.
fn unready(object: &Object, words: &Words, ready: &Value) -> Option<Verdict> {
    let observed = ready.get("observedGeneration").and_then(Value::as_i64);
    if observed.is_some() && object.generation().is_some() && observed != object.generation() {
        return progressing(format!("Waiting for {} spec update to be observed", words.observed));
    }
    let told = |key: &str| ready.get(key).and_then(Value::as_str);
    let (reason, message) = (told("reason").unwrap_or("Unknown"), told("message"));
    let error = message.unwrap_or("Unknown error");
    match text(ready, "status") {
        "False" if reason == "ReconciliationError" => {
            degraded(format!("{} failed: {error}", words.work))
        }
        "False" => degraded(format!("{} ({reason}): {error}", words.blocked)),
        "Unknown" if !words.unknown.is_empty() => {
            let message = message.unwrap_or("Unknown");
            progressing(format!("{} unknown ({reason}): {message}", words.unknown))
        }
        _ => None,
    }
}

fn deleting(object: &Object, words: &Words) -> String {
    let known: Vec<String> = object
        .finalizers()
        .filter_map(|name| FINALIZERS.iter().find(|(finalizer, ..)| *finalizer == name))
        .map(|(name, waits, risk)| format!("{name}: {waits}. Risk if removed manually: {risk}."))
        .collect();
    let message = format!("{} is being deleted", words.subject);
    if known.is_empty() { message } else { format!("{message}. {}", known.join(" ")) }
}

fn applications(object: &Object) -> Option<Verdict> {
    match list_at(object, &["status", "applicationsSelected"]).len() {
        0 => degraded("Argo CD commit status has no applications configured"),
        count => healthy(format!(
            "Argo CD commit status is healthy and is tracking {count} applications"
        )),
    }
}

/// Kinds that check each branch: one failure fails, one pending waits.
fn branches(object: &Object, what: &str, done: &str, words: &Words) -> Option<Verdict> {
    let environments = list_at(object, &["status", "environments"]);
    let of = |fits: fn(&str) -> bool| -> Vec<&str> {
        let those = environments.iter().filter(|environment| fits(text(environment, "phase")));
        let branch = |environment: &'_ Value| environment.get("branch").is_some();
        those.map(|one| if branch(one) { text(one, "branch") } else { "?" }).collect()
    };
    let failed = of(|phase| phase == "failure");
    let pending = of(|phase| !matches!(phase, "success" | "failure"));
    if !failed.is_empty() {
        return degraded(format!("{what} failed for branch(es): {}", failed.join(", ")));
    }
    if !pending.is_empty() {
        return progressing(format!("{what} pending for branch(es): {}", pending.join(", ")));
    }
    match environments.len() {
        0 => healthy(format!("{} reconciled", words.work)),
        count => healthy(format!("{what} {done} for {count} environment(s)")),
    }
}

fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}

fn dry_sha<'a>(environment: &'a Value, side: &str) -> &'a str {
    let dry = environment.get(side).and_then(|side| side.get("dry"));
    dry.map(|dry| text(dry, "sha")).unwrap_or_default()
}

/// How many checks are in which phase, and which are not through.
struct Checks {
    summary: String,
    pending: usize,
    failed: usize,
    all_passed: bool,
}

fn checks(environment: &Value, side: &str) -> Checks {
    let all = environment.get(side).map_or(&[][..], |side| list(side, "commitStatuses"));
    let of = |phase: &str| -> Vec<&str> {
        let those = all.iter().filter(|check| text(check, "phase") == phase);
        those.map(|check| text(check, "key")).collect()
    };
    let (pending, passed, failed) = (of("pending"), of("success"), of("failure"));
    let mut summary = format!(
        "{} pending, {} successful, {} failed. ",
        pending.len(),
        passed.len(),
        failed.len()
    );
    for (what, keys) in [("Pending", &pending), ("Failed", &failed)] {
        if !keys.is_empty() {
            summary.push_str(&format!("{what} commit statuses: {}. ", keys.join(", ")));
        }
    }
    let (pending, failed) = (pending.len(), failed.len());
    Checks { summary, pending, failed, all_passed: pending + failed == 0 }
}

fn environment(object: &Object) -> Option<Verdict> {
    let status = object.get(&["status"])?;
    let (active, proposed) = (dry_sha(status, "active"), dry_sha(status, "proposed"));
    for (side, sha) in [("active", active), ("proposed", proposed)] {
        if sha.is_empty() {
            return progressing(format!("The {side} commit DRY SHA is missing or empty."));
        }
    }
    if active != proposed {
        return progressing(format!(
            "Promotion in progress from '{}' to '{}': {}",
            short(active),
            short(proposed),
            checks(status, "proposed").summary
        ));
    }
    let active_checks = checks(status, "active");
    if active_checks.all_passed {
        return healthy(format!("Environment is up-to-date on commit {}.", short(active)));
    }
    healthy(format!(
        "Environment is up-to-date, but there are non-successful active commit statuses: {}",
        active_checks.summary
    ))
}

fn strategy(object: &Object) -> Option<Verdict> {
    let environments = list_at(object, &["status", "environments"]);
    let Some(first) = environments.first() else {
        return degraded("Promotion strategy has no environments configured");
    };
    let hydrated = |environment: &Value| {
        let note = environment.get("proposed").and_then(|proposed| proposed.get("note"));
        match note.map(|note| text(note, "drySha")).unwrap_or_default() {
            "" => dry_sha(environment, "proposed").to_owned(),
            sha => sha.to_owned(),
        }
    };
    for environment in environments {
        let shas = [
            ("active", dry_sha(environment, "active").to_owned()),
            ("proposed", hydrated(environment)),
        ];
        if let Some((side, _)) = shas.iter().find(|(_, sha)| sha.is_empty()) {
            let branch = text(environment, "branch");
            return progressing(format!(
                "The {side} commit DRY SHA is missing or empty in environment '{branch}'."
            ));
        }
    }
    let processed = hydrated(first);
    if environments.iter().any(|environment| hydrated(environment) != processed) {
        return progressing(
            "Not all environments have the same proposed commit SHA. This likely means the hydrator has not run for all environments yet.",
        );
    }
    let processed = short(&processed).to_owned();
    for environment in environments {
        let (active, proposed) = (dry_sha(environment, "active"), dry_sha(environment, "proposed"));
        if active != proposed {
            return progressing(format!(
                "Promotion in progress for environment '{}' from '{}' to '{}': {}Hydrator has processed dry commit '{processed}'. ",
                text(environment, "branch"),
                short(active),
                short(proposed),
                checks(environment, "proposed").summary
            ));
        }
    }
    let unsuccessful = environments.iter().filter_map(|environment| {
        let (branch, checks) = (text(environment, "branch"), checks(environment, "active"));
        let (failed, pending) = (checks.failed, checks.pending);
        (!checks.all_passed).then(|| format!("{branch} ({failed} failed, {pending} pending)"))
    });
    let unsuccessful: Vec<String> = unsuccessful.collect();
    if !unsuccessful.is_empty() {
        return healthy(format!(
            "Environments are up-to-date, but some environments have non-successful commit statuses: {}.",
            unsuccessful.join(", ")
        ));
    }
    healthy(format!(
        "All environments are up-to-date on commit '{}'. Hydrator has processed dry commit '{processed}'.",
        short(dry_sha(first, "active"))
    ))
}
