//! What a person sees while it runs.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use kube::Client;
use kube::api::{Api, DynamicObject};
use kube::runtime::watcher;
use tokio_util::sync::CancellationToken;
use windlass_argo::types::Application;
use windlass_object::Object;

use super::progress::{Board, Screen};
use super::{Ready, bootstrap};

/// Shows deliveries until the shutdown, or until all is healthy when that is asked for.
pub(super) async fn until_done(
    ready: &Ready,
    namespace: &str,
    demo: Option<&Path>,
    exit_when_healthy: Option<Duration>,
    started: Instant,
    shutdown: &CancellationToken,
) -> anyhow::Result<ExitCode> {
    let mut screen = Screen::new();
    for line in &ready.greeting {
        screen.say(line);
    }
    screen.say(&format!("ready after {:.2} s", started.elapsed().as_secs_f64()));
    let mut board = Board::default();
    let mut hinted = false;
    let events = watcher(applications(&ready.client, namespace), watcher::Config::default());
    let mut events = std::pin::pin!(events);
    let end = exit_when_healthy.map(|limit| started + limit);
    loop {
        let expired = async {
            match end {
                Some(end) => tokio::time::sleep_until(end.into()).await,
                None => std::future::pending().await,
            }
        };
        let event = tokio::select! {
            () = shutdown.cancelled() => return Ok(ExitCode::SUCCESS),
            () = lease_lost(ready) => {
                anyhow::bail!("the Lease was lost: another replica acts now");
            }
            () = expired => {
                for line in board.picture(started.elapsed()) {
                    screen.say(&line);
                }
                anyhow::bail!("not everything is Synced and Healthy in time");
            }
            event = events.try_next() => event,
        };
        let changes = match event {
            Ok(Some(event)) => take(&mut board, event),
            Ok(None) => return Ok(ExitCode::SUCCESS),
            // The watcher begins anew by itself, with a growing pause.
            Err(error) => {
                tracing::debug!(%error, "the watch of Applications broke off");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        if !changes.is_empty() {
            screen.show(&board, &changes, started.elapsed());
        }
        if board.all_healthy() {
            if exit_when_healthy.is_some() {
                let seconds = started.elapsed().as_secs_f64();
                screen.say(&format!("all Synced and Healthy after {seconds:.2} s"));
                return Ok(ExitCode::SUCCESS);
            }
            if let Some(repository) = demo
                && !std::mem::replace(&mut hinted, true)
            {
                screen.say(&hints(ready, repository));
            }
        }
    }
}

async fn lease_lost(ready: &Ready) {
    match &ready.keep.lease {
        Some(lease) => lease.lost().await,
        None => std::future::pending().await,
    }
}

fn take(board: &mut Board, event: watcher::Event<DynamicObject>) -> Vec<String> {
    match event {
        watcher::Event::Apply(object) | watcher::Event::InitApply(object) => {
            read(&object).map(|app| board.update(app)).unwrap_or_default()
        }
        watcher::Event::Delete(object) => {
            let name = object.metadata.name.unwrap_or_default();
            board.remove(&name);
            vec![format!("{name}  deleted")]
        }
        watcher::Event::Init | watcher::Event::InitDone => Vec::new(),
    }
}

fn read(object: &DynamicObject) -> Option<Application> {
    let object = Object::try_from(serde_json::to_value(object).ok()?).ok()?;
    Application::from_object(&object).ok()
}

fn applications(client: &Client, namespace: &str) -> Api<DynamicObject> {
    let kind = bootstrap::resource("argoproj.io", "v1alpha1", "Application");
    Api::namespaced_with(client.clone(), namespace, &kind)
}

fn hints(ready: &Ready, repository: &Path) -> String {
    let kubeconfig = ready
        .keep
        .embedded
        .as_ref()
        .map(|e| e.kubeconfig().display().to_string())
        .unwrap_or_default();
    let repository = repository.display();
    format!(
        "\nThree things to try in another terminal:\n\
         \x20 export KUBECONFIG={kubeconfig}\n\
         \x20 git --git-dir {repository} update-ref refs/heads/main refs/heads/next   # a commit: delivered within a second\n\
         \x20 kubectl -n sample scale deployment web --replicas=5                     # drift: undone, and said by whom\n\
         \x20 windlass app get sample                                                 # what is, and why\n"
    )
}
