//! One task an application: it sleeps until something concerns the application and then looks.
//!
//! So nothing about one application happens twice at once, and applications do not wait for each
//! other but for a bound on how many work at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::apps::{AppKey, Level, Signal, asked};
use super::context::Context;
use super::memory::{Asked, Memory};
use super::reconcile;
use crate::types::Application;

/// How long an application that changes all the time is left alone between looks.
const BREATH: Duration = Duration::from_millis(10);

/// How long what is quickly made again is kept for the next look.
const QUIET: Duration = Duration::from_secs(5);

/// Starts an application's actor and adds the application to those that are known.
pub(crate) fn start(context: &Arc<Context>, app: Arc<Application>, stop: &CancellationToken) {
    let signal = Arc::new(Signal::default());
    let stop = stop.child_token();
    let key = AppKey::of(&app);
    // A refresh may have been asked for while no controller ran.
    let level = asked(&app).unwrap_or(Level::Revision);
    context.apps.add(app, signal.clone(), stop.clone().drop_guard());
    signal.raise(level);
    let context = context.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = run(&context, &key, &signal) => {}
        }
    });
}

async fn run(context: &Arc<Context>, key: &AppKey, signal: &Signal) {
    let mut memory = Memory::default();
    let mut wake: Option<Instant> = None;
    loop {
        let asked = wait(signal, wake, &mut memory).await;
        let Some(app) = context.apps.get(key) else { return };
        let began = Instant::now();
        // Boxed, so that thousands of applications at rest do not take the room of one that is looked at.
        let after = Box::pin(reconcile::reconcile(context, key, &app, &mut memory, asked)).await;
        wake = next_wake(asked.level, wake, after.map(|after| Instant::now() + after));
        let server = context.clusters.server(&app.spec.destination);
        context.metrics.reconciled(&app, &server, began.elapsed());
        tokio::time::sleep(BREATH).await;
    }
}

/// Waits for a signal or for the time to look again.
async fn wait(signal: &Signal, wake: Option<Instant>, memory: &mut Memory) -> Asked {
    let quiet = Instant::now() + QUIET;
    loop {
        if let Some(level) = signal.take() {
            return Asked { level, by_time: false, wake };
        }
        let poll = memory.next_poll();
        let rest = memory.is_awake().then_some(quiet);
        let next = [wake, poll, rest].into_iter().flatten().min();
        let sleep = async {
            match next {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = signal.raised() => {}
            () = sleep => {
                let now = Instant::now();
                if rest.is_some_and(|at| at <= now) {
                    memory.sleep();
                }
                let is_over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
                if is_over(wake) || is_over(poll) {
                    let (asked, due) = (signal.take(), memory.due(now));
                    let by_time = asked.is_none() && !is_over(wake) && due == Some(Level::Revision);
                    return Asked { level: woken(asked, due), by_time, wake };
                }
            }
        }
    }
}

/// How much is looked at when the time has come, with what is `due` by then and what was `asked` at
/// the same moment.
fn woken(asked: Option<Level>, due: Option<Level>) -> Level {
    let least = due.unwrap_or(Level::Live);
    asked.map_or(least, |asked| asked.max(least))
}

/// When to look again: as the last look says. One at nothing but the tree knows nothing of what an
/// `earlier` one waits for.
fn next_wake(level: Level, earlier: Option<Instant>, after: Option<Instant>) -> Option<Instant> {
    let kept = earlier.filter(|_| level == Level::Tree);
    [kept, after].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tree_tells_takes_no_wake_away() {
        assert_eq!(woken(Some(Level::Tree), None), Level::Live);
        assert_eq!(woken(Some(Level::Tree), Some(Level::Revision)), Level::Revision);
        assert_eq!(woken(Some(Level::Hard), Some(Level::Revision)), Level::Hard);
        assert_eq!(woken(None, None), Level::Live);
        assert_eq!(woken(Some(Level::Live), Some(Level::Hard)), Level::Hard);
        let (soon, later) = (Instant::now(), Instant::now() + Duration::from_secs(5));
        assert_eq!(next_wake(Level::Tree, Some(soon), None), Some(soon));
        assert_eq!(next_wake(Level::Tree, Some(later), Some(soon)), Some(soon));
        assert_eq!(next_wake(Level::Live, Some(soon), Some(later)), Some(later));
        assert_eq!(next_wake(Level::Live, Some(soon), None), None);
    }
}
