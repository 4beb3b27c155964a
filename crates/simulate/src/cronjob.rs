//! CronJob: Jobs at times.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use windlass_object::Object;

use crate::conditions::{self, written};
use crate::plan::{Action, Plan};
use crate::pods;
use crate::resource::Kind;
use crate::schedule::Schedule;
use crate::world::World;

/// How many missed times are looked through; more are taken as one.
const MISSED_BOUND: usize = 100;

pub(crate) fn reconcile(world: &World, cron: &Object, now: Timestamp) -> Plan {
    let mut plan = Plan::nothing();
    let jobs: Vec<&Object> = world.controlled(cron, Kind::Job).map(|job| &**job).collect();
    let (ended, active): (Vec<&Object>, Vec<&Object>) =
        jobs.into_iter().partition(|job| outcome(job).is_some());
    let mut last = cron.str_at(&["status", "lastScheduleTime"]).to_owned();
    if !cron.is_terminating() && cron.get(&["spec", "suspend"]) != Some(&Value::Bool(true)) {
        start(cron, &active, &mut last, now, &mut plan);
    }
    clean_up(cron, &ended, &mut plan);
    let mut status = Map::new();
    if !active.is_empty() {
        status.insert("active".into(), active.iter().map(|job| reference(job)).collect());
    }
    if !last.is_empty() {
        status.insert("lastScheduleTime".into(), json!(last));
    }
    let successes = ended.iter().filter(|job| outcome(job) == Some("Complete"));
    let newest = successes
        .map(|job| job.str_at(&["status", "completionTime"]))
        .chain([cron.str_at(&["status", "lastSuccessfulTime"])])
        .max()
        .unwrap_or_default();
    if !newest.is_empty() {
        status.insert("lastSuccessfulTime".into(), json!(newest));
    }
    plan.status(Kind::CronJob, cron, &Value::Object(status));
    plan
}

fn outcome(job: &Object) -> Option<&'static str> {
    ["Complete", "Failed"].into_iter().find(|kind| conditions::is_true(job, kind))
}

fn start(cron: &Object, active: &[&Object], last: &mut String, now: Timestamp, plan: &mut Plan) {
    let zone = cron.get(&["spec", "timeZone"]).and_then(Value::as_str);
    let Ok(schedule) = Schedule::parse(cron.str_at(&["spec", "schedule"]), zone) else { return };
    let created = cron.str_at(&["metadata", "creationTimestamp"]);
    let since: &str = if last.is_empty() { created } else { last };
    let Ok(mut from) = since.parse::<Timestamp>() else { return };
    let mut due = None;
    for _ in 0..MISSED_BOUND {
        match schedule.next(from) {
            Some(next) if next <= now => {
                due = Some(next);
                from = next;
            }
            _ => break,
        }
    }
    if let Some(next) = schedule.next(now) {
        let wait = Duration::try_from(next.duration_since(now)).unwrap_or_default();
        plan.look_again(wait + Duration::from_millis(50));
    }
    let Some(due) = due else { return };
    let late = Duration::try_from(now.duration_since(due)).unwrap_or_default();
    let deadline = cron.int_at(&["spec", "startingDeadlineSeconds"]);
    if deadline.and_then(|d| u64::try_from(d).ok()).is_some_and(|d| late.as_secs() > d) {
        return;
    }
    match cron.str_at(&["spec", "concurrencyPolicy"]) {
        "Forbid" if !active.is_empty() => return,
        "Replace" => {
            for job in active {
                plan.delete(Kind::Job, job);
            }
        }
        _ => {}
    }
    plan.actions.push(Action::Create { kind: Kind::Job, object: job(cron, due) });
    *last = written(due);
}

fn job(cron: &Object, due: Timestamp) -> Object {
    let template = cron.get(&["spec", "jobTemplate"]).cloned().unwrap_or_default();
    let mut job = Object::default();
    job.set(&["apiVersion"], "batch/v1");
    job.set(&["kind"], "Job");
    job.set(&["metadata", "namespace"], cron.namespace());
    // A time has one name, so a Job is not started twice for it.
    job.set(&["metadata", "name"], format!("{}-{}", cron.name(), due.as_second() / 60));
    for part in ["labels", "annotations"] {
        if let Some(value) = template["metadata"].get(part) {
            job.set(&["metadata", part], value.clone());
        }
    }
    job.set_annotation("batch.kubernetes.io/cronjob-scheduled-timestamp", &written(due));
    job.set(&["metadata", "ownerReferences"], pods::controlled_by(Kind::CronJob, cron));
    job.set(&["spec"], template["spec"].clone());
    job
}

fn clean_up(cron: &Object, ended: &[&Object], plan: &mut Plan) {
    for (kind, field, default) in
        [("Complete", "successfulJobsHistoryLimit", 3), ("Failed", "failedJobsHistoryLimit", 1)]
    {
        let limit = cron.int_at(&["spec", field]).unwrap_or(default);
        let mut jobs: Vec<&Object> =
            ended.iter().copied().filter(|job| outcome(job) == Some(kind)).collect();
        jobs.sort_by_key(|job| job.str_at(&["status", "startTime"]).to_owned());
        let surplus = jobs.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        for job in jobs.into_iter().take(surplus).filter(|job| !job.is_terminating()) {
            plan.delete(Kind::Job, job);
        }
    }
}

fn reference(job: &Object) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "name": job.name(),
        "namespace": job.namespace(), "uid": job.uid(), "resourceVersion": job.resource_version(),
    })
}
