//! Job: pods until enough of them have succeeded or too many have failed.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use windlass_object::Object;

use crate::conditions::{self, Condition, written};
use crate::plan::{Action, Plan};
use crate::pods;
use crate::report as reporting;
use crate::resource::Kind;
use crate::world::World;

const INDEX: &str = "batch.kubernetes.io/job-completion-index";

pub(crate) fn reconcile(world: &World, job: &Object, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    let manager = job.str_at(&["spec", "managedBy"]);
    if !manager.is_empty() && manager != "kubernetes.io/job-controller" {
        return plan;
    }
    let all: Vec<&Object> = world.controlled(job, Kind::Pod).map(|pod| &**pod).collect();
    if let Some(finished) = finished(job) {
        expire(job, &finished, now, &mut plan);
        return plan;
    }
    if job.is_terminating() {
        return plan;
    }
    let facts = Facts::of(job, &all);
    let suspended = job.get(&["spec", "suspend"]) == Some(&Value::Bool(true));
    let outcome = facts.outcome(job, now, &mut plan);
    let active: Vec<&Object> = all.iter().copied().filter(|pod| pods::is_active(pod)).collect();
    if outcome.is_some() || suspended {
        for pod in &active {
            plan.delete(Kind::Pod, pod);
        }
    } else {
        facts.fill(job, &active, &mut plan);
    }
    let started = job.get(&["status", "startTime"]).is_some() || suspended;
    let starting = active.iter().any(|pod| reporting::is_starting(pod, now));
    if plan.actions.is_empty() && starting {
        reporting::later(&mut plan);
    } else if plan.actions.is_empty() || !(started || reporting::is_young(job, now)) {
        report(job, &facts, &active, outcome, suspended, now, &mut plan);
    }
    plan
}

struct Facts {
    parallelism: i64,
    completions: Option<i64>,
    indexed: bool,
    succeeded: i64,
    failed: i64,
    /// Indexes that have succeeded, of an indexed Job.
    done: BTreeSet<i64>,
}

/// How a Job ends: condition, reason, message.
type Outcome = (&'static str, &'static str, &'static str);

impl Facts {
    fn of(job: &Object, all: &[&Object]) -> Self {
        let in_phase =
            |phase: &'static str| all.iter().copied().filter(move |pod| pods::phase(pod) == phase);
        let indexed = job.str_at(&["spec", "completionMode"]) == "Indexed";
        let done: BTreeSet<i64> = in_phase("Succeeded").filter_map(index).collect();
        let succeeded = if indexed { done.len() } else { in_phase("Succeeded").count() };
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            parallelism: job.int_at(&["spec", "parallelism"]).unwrap_or(1),
            completions: job.int_at(&["spec", "completions"]),
            indexed,
            // Pods may be deleted; what was counted stays counted.
            succeeded: count(succeeded).max(job.int_at(&["status", "succeeded"]).unwrap_or(0)),
            failed: count(in_phase("Failed").count())
                .max(job.int_at(&["status", "failed"]).unwrap_or(0)),
            done,
        }
    }

    fn outcome(&self, job: &Object, now: Timestamp, plan: &mut Plan) -> Option<Outcome> {
        let limit = job.int_at(&["spec", "backoffLimit"]).unwrap_or(6);
        let reached = match self.completions {
            Some(completions) => self.succeeded >= completions,
            None => self.succeeded > 0,
        };
        if reached {
            return Some((
                "Complete",
                "CompletionsReached",
                "Reached expected number of succeeded pods",
            ));
        }
        if self.failed > limit {
            return Some((
                "Failed",
                "BackoffLimitExceeded",
                "Job has reached the specified backoff limit",
            ));
        }
        let deadline = job.int_at(&["spec", "activeDeadlineSeconds"])?;
        let deadline = Duration::from_secs(u64::try_from(deadline).unwrap_or(0));
        let started = job.str_at(&["status", "startTime"]);
        let age = conditions::age((!started.is_empty()).then_some(started), now)?;
        if age >= deadline {
            return Some((
                "Failed",
                "DeadlineExceeded",
                "Job was active longer than specified deadline",
            ));
        }
        plan.look_again(deadline - age);
        None
    }

    fn fill(&self, job: &Object, active: &[&Object], plan: &mut Plan) {
        let running = i64::try_from(active.len()).unwrap_or(i64::MAX);
        let left = self.completions.map_or(i64::MAX, |all| all - self.succeeded);
        let wanted = self.parallelism.min(left).max(0);
        if running > wanted {
            let mut active = active.to_vec();
            pods::cheapest_first(&mut active);
            let surplus = usize::try_from(running - wanted).unwrap_or(0);
            for pod in active.into_iter().take(surplus) {
                plan.delete(Kind::Pod, pod);
            }
            return;
        }
        let taken: BTreeSet<i64> = active.iter().copied().filter_map(index).collect();
        let mut free = (0..self.completions.unwrap_or(0))
            .filter(|i| !self.done.contains(i) && !taken.contains(i));
        for _ in running..wanted {
            let template = job.get(&["spec", "template"]).cloned().unwrap_or_default();
            let mut pod = pods::from_template(Kind::Job, job, &template);
            if self.indexed {
                let Some(index) = free.next() else { return };
                pod.set(&["metadata", "generateName"], format!("{}-{index}-", job.name()));
                pod.set_annotation(INDEX, &index.to_string());
                pod.set_label(INDEX, &index.to_string());
                pod.set(&["spec", "hostname"], format!("{}-{index}", job.name()));
                tell_index(&mut pod);
            }
            plan.actions.push(Action::Create { kind: Kind::Pod, object: pod });
        }
    }
}

/// Gives every container the pod's index, where it does not set the variable itself.
fn tell_index(pod: &mut Object) {
    let variable = json!({"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {
        "apiVersion": "v1", "fieldPath": format!("metadata.labels['{INDEX}']")}}});
    for list in ["initContainers", "containers"] {
        let Some(Value::Array(mut containers)) = pod.remove(&["spec", list]) else { continue };
        for container in &mut containers {
            let mut variables = container["env"].as_array().cloned().unwrap_or_default();
            if variables.iter().all(|other| other["name"] != variable["name"]) {
                variables.push(variable.clone());
            }
            container["env"] = Value::Array(variables);
        }
        pod.set(&["spec", list], containers);
    }
}

fn index(pod: &Object) -> Option<i64> {
    pod.annotation(INDEX)?.parse().ok()
}

/// When the Job ended, as written.
fn finished(job: &Object) -> Option<String> {
    let conditions = conditions::of(job);
    ["Complete", "Failed"].iter().find_map(|kind| {
        conditions::find(&conditions, kind)
            .filter(|condition| condition["status"] == "True")
            .and_then(|condition| condition["lastTransitionTime"].as_str())
            .map(str::to_owned)
    })
}

fn expire(job: &Object, finished: &str, now: Timestamp, plan: &mut Plan) {
    let Some(seconds) = job.int_at(&["spec", "ttlSecondsAfterFinished"]) else { return };
    if job.is_terminating() {
        return;
    }
    let life = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let age = conditions::age(Some(finished), now).unwrap_or_default();
    if age >= life {
        plan.delete(Kind::Job, job);
    } else {
        plan.look_again(life - age);
    }
}

fn report(
    job: &Object,
    facts: &Facts,
    active: &[&Object],
    outcome: Option<Outcome>,
    suspended: bool,
    now: Timestamp,
    plan: &mut Plan,
) {
    let mut conditions = conditions::of(job);
    let mut set = |kind, status, reason, message| {
        let before = conditions::find(&conditions, kind).cloned();
        let condition = Condition { kind, status, reason, message };
        conditions::set(&mut conditions, condition, now, false);
        if before.as_ref() != conditions::find(&conditions, kind)
            && let Some(new) = conditions.last_mut()
        {
            new["lastProbeTime"] = json!(written(now));
        }
    };
    if suspended {
        set("Suspended", "True", "JobSuspended", "Job suspended");
    } else if conditions::is_true(job, "Suspended") {
        set("Suspended", "False", "JobResumed", "Job resumed");
    }
    if let Some((kind, reason, message)) = outcome {
        let first = if kind == "Complete" { "SuccessCriteriaMet" } else { "FailureTarget" };
        set(first, "True", reason, message);
        set(kind, "True", reason, message);
    }
    let ready = active.iter().filter(|pod| pods::is_ready(pod)).count();
    let running = if outcome.is_some() { 0 } else { active.len() };
    let mut status = Map::new();
    for (name, value) in [
        ("active", i64::try_from(running).unwrap_or(0)),
        ("succeeded", facts.succeeded),
        ("failed", facts.failed),
    ] {
        if value != 0 {
            status.insert(name.into(), json!(value));
        }
    }
    status.insert("ready".into(), json!(ready));
    status.insert("terminating".into(), json!(0));
    status.insert("uncountedTerminatedPods".into(), json!({}));
    if facts.indexed && !facts.done.is_empty() {
        status.insert("completedIndexes".into(), json!(ranges(&facts.done)));
    }
    if !suspended {
        let started = job.str_at(&["status", "startTime"]);
        let started = if started.is_empty() { written(now) } else { started.to_owned() };
        status.insert("startTime".into(), json!(started));
    }
    if outcome.is_some_and(|(kind, ..)| kind == "Complete") {
        status.insert("completionTime".into(), json!(written(now)));
    }
    if !conditions.is_empty() {
        status.insert("conditions".into(), Value::Array(conditions));
    }
    plan.status(Kind::Job, job, &Value::Object(status));
}

/// Numbers as `0-2,5`.
fn ranges(numbers: &BTreeSet<i64>) -> String {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == *number => *end = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let text = ranges.iter().map(|(start, end)| match end - start {
        0 => start.to_string(),
        1 => format!("{start},{end}"),
        _ => format!("{start}-{end}"),
    });
    text.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    #[test]
    fn completed_indexes_are_written_as_ranges() {
        let check = |numbers: &[i64], text: &str| {
            assert_eq!(super::ranges(&numbers.iter().copied().collect()), text);
        };
        check(&[0], "0");
        check(&[0, 1], "0,1");
        check(&[0, 1, 2, 5], "0-2,5");
    }
}
