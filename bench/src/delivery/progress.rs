//! When each application was done, seen by a watch as a user's would see it.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use futures::StreamExt;
use kube::api::{Api, DynamicObject};
use kube::runtime::watcher::{self, Event};

/// How long it took from the beginning of a phase, application by application.
pub(crate) struct Phase {
    took: Vec<Duration>,
    wanted: usize,
    limit: Duration,
}

impl Phase {
    /// A phase of which only the whole is known.
    pub(crate) fn whole(took: Duration, wanted: usize) -> Self {
        Self { took: vec![took; wanted], wanted, limit: took }
    }

    /// A phase that there was no time for.
    pub(crate) fn not_begun(wanted: usize) -> Self {
        Self { took: Vec::new(), wanted, limit: Duration::ZERO }
    }

    /// How long was waited at most.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// How many applications there are.
    pub(crate) fn wanted(&self) -> usize {
        self.wanted
    }

    /// Until the last was done; the limit if some never were.
    pub(crate) fn whole_time(&self) -> Duration {
        if self.is_complete() { self.share(100) } else { self.limit }
    }

    /// Whether all were done within the limit.
    pub(crate) fn is_complete(&self) -> bool {
        self.took.len() == self.wanted
    }

    /// Until this percentage of all was done; the limit if they never were.
    pub(crate) fn share(&self, percent: usize) -> Duration {
        let number = (self.wanted * percent).div_ceil(100).max(1);
        self.took.get(number - 1).copied().unwrap_or(self.limit)
    }

    /// `12.34 s`, or how far it came: `300 of 500 after 900 s`; of a limit of zero, that it was not begun.
    pub(crate) fn print(&self) -> String {
        if self.is_complete() {
            return format!("{:.2} s", self.whole_time().as_secs_f64());
        }
        if self.limit.is_zero() {
            return "not begun".to_owned();
        }
        format!("{} of {} after {} s", self.took.len(), self.wanted, self.limit.as_secs())
    }
}

/// Follows the applications until `wanted` of them are Synced and Healthy at `commit`, or until the
/// limit. An application that falls back counts from when it was done again.
///
/// # Errors
/// When the API cannot be watched.
pub(crate) async fn follow(
    api: Api<DynamicObject>,
    commit: &str,
    wanted: usize,
    started: Instant,
    limit: Duration,
) -> Result<Phase> {
    let mut done: HashMap<String, Duration> = HashMap::new();
    let mut listed: HashSet<String> = HashSet::new();
    // Pages, so that thousands of applications are no single answer.
    let config = watcher::Config::default().page_size(200);
    let mut events = pin!(watcher::watcher(api, config));
    let end = tokio::time::sleep_until((started + limit).into());
    let mut end = pin!(end);
    while done.len() < wanted {
        let event = tokio::select! {
            event = events.next() => event,
            () = &mut end => break,
        };
        match event {
            Some(Ok(Event::Init)) => listed.clear(),
            Some(Ok(Event::InitApply(app) | Event::Apply(app))) => {
                let name = app.metadata.name.clone().unwrap_or_default();
                if is_done(&app, commit) {
                    done.entry(name.clone()).or_insert_with(|| started.elapsed());
                } else {
                    done.remove(&name);
                }
                listed.insert(name);
            }
            Some(Ok(Event::InitDone)) => done.retain(|name, _| listed.contains(name)),
            Some(Ok(Event::Delete(app))) => {
                done.remove(app.metadata.name.as_deref().unwrap_or_default());
            }
            // It lists again by itself.
            Some(Err(error)) => eprintln!("the watch was cut: {error}"),
            None => bail!("the watch of the applications ended"),
        }
    }
    let mut took: Vec<Duration> = done.into_values().collect();
    took.sort();
    Ok(Phase { took, wanted, limit })
}

fn is_done(app: &DynamicObject, commit: &str) -> bool {
    let status = &app.data["status"];
    status["sync"]["status"] == "Synced"
        && status["sync"]["revision"] == commit
        && status["health"]["status"] == "Healthy"
}
