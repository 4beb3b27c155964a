//! One task an application: it sleeps until something concerns the application and then looks.
//!
//! So nothing about one application happens twice at once, and applications do not wait for each
//! other but for a bound on how many work at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::apps::{AppKey, Level, Signal, asked};
use super::context::Context;
use super::reconcile::{self, Memory};
use crate::types::Application;

/// How long an application that changes all the time is left alone between looks.
const BREATH: Duration = Duration::from_millis(10);

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
        let level = wait(signal, wake, &memory).await;
        let Some(app) = context.apps.get(key) else { return };
        let began = Instant::now();
        let after = reconcile::reconcile(context, key, &app, &mut memory, level).await;
        wake = after.map(|after| Instant::now() + after);
        let server = context.clusters.server(&app.spec.destination);
        context.metrics.reconciled(&app, &server, began.elapsed());
        tokio::time::sleep(BREATH).await;
    }
}

/// Waits for a signal or for the time to look again.
async fn wait(signal: &Signal, wake: Option<Instant>, memory: &Memory) -> Level {
    loop {
        if let Some(level) = signal.take() {
            return level;
        }
        let poll = memory.next_poll();
        let next = [wake, poll].into_iter().flatten().min();
        let sleep = async {
            match next {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = signal.raised() => {}
            () = sleep => {
                let due = poll.is_some_and(|poll| poll <= Instant::now());
                let asked = signal.take().unwrap_or(Level::Live);
                return if due { asked.max(Level::Revision) } else { asked };
            }
        }
    }
}
