//! Questions to remotes: within the bounds on time and connections, observed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::answers::Refs;
use crate::mirror::Mirror;
use crate::options::Asked;
use crate::sources::Shared;
use crate::wire::{self, Scope, Session};
use crate::{Repository, SourceError};

/// Pieces of a pack that wait to be stored; beyond them the remote is slowed down.
const PIECES: usize = 32;

impl Shared {
    /// Lists the remote's refs.
    pub(crate) async fn list(
        &self,
        repository: &Repository,
        mirror: &Mirror,
        scope: &Scope,
    ) -> Result<Refs, SourceError> {
        let limits = &self.options.limits;
        let ask = async {
            let mut session = Session::open(repository, limits).await?;
            let refs = session.refs(scope, limits).await?;
            session.close().await;
            Ok(refs)
        };
        self.ask(repository, mirror, "ls-remote", self.request_timeout(), ask).await
    }

    /// Fetches `commit` by itself, or `all` that the refs reach.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        repository: &Repository,
        mirror: &Arc<Mirror>,
        commit: &str,
        refs: &Refs,
        all: bool,
    ) -> Result<(), SourceError> {
        let limits = &self.options.limits;
        let wait = tokio::time::timeout(2 * limits.fetch_timeout, mirror.fetching.lock()).await;
        let _turn = wait.map_err(|_| {
            timeout(repository, "waiting for another fetch", 2 * limits.fetch_timeout)
        })?;
        let (at, repo) = (mirror.clone(), repository.clone());
        let objects = self.blocking(&repo, move || at.objects()).await??;
        if self.has(repository, &objects, commit).await? {
            return Ok(());
        }
        let at = mirror.clone();
        if let Err(error) = self.blocking(repository, move || at.tidy()).await? {
            tracing::warn!(%error, "packs pile up");
        }
        let want = wanted(refs, commit);
        let goal = if all {
            let peeled =
                |(name, id): (&String, &String)| refs.peeled.get(name).unwrap_or(id).clone();
            Goal {
                wants: refs.objects.values().cloned().collect(),
                commits: refs.objects.iter().map(peeled).collect(),
                with_history: true,
            }
        } else {
            Goal {
                wants: vec![want.clone().unwrap_or_else(|| commit.to_owned())],
                commits: vec![commit.to_owned()],
                with_history: false,
            }
        };
        let ask = self.transfer(repository, mirror, goal);
        let result = self.ask(repository, mirror, "fetch", limits.fetch_timeout, ask).await;
        match result {
            Ok(()) => {
                self.admit(repository.admission());
                Ok(())
            }
            // Remotes that give nothing but what their refs point at say so in more than one way;
            // the caller goes on to ask for all.
            Err(
                SourceError::RevisionNotFound { .. }
                | SourceError::ServerError { .. }
                | SourceError::ProtocolError { .. },
            ) if !all && want.is_none() => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn transfer(
        &self,
        repository: &Repository,
        mirror: &Arc<Mirror>,
        goal: Goal,
    ) -> Result<(), SourceError> {
        let limits = &self.options.limits;
        let Goal { mut wants, mut commits, with_history } = goal;
        commits.sort();
        commits.dedup();
        let at = mirror.clone();
        let held = self.blocking(repository, move || at.holdings(with_history)).await??;
        wants.sort();
        wants.dedup();
        wants.retain(|want| !held.haves.contains(want));
        if wants.is_empty() {
            return Ok(());
        }
        let request = wire::Request {
            wants,
            haves: held.haves,
            shallow: held.shallow,
            depth: if with_history { None } else { Some(repository.depth.unwrap_or(1)) },
            limit: limits.pack_bytes,
        };
        let mut session = Session::open(repository, limits).await?;
        let (sink, parts) = mpsc::channel(PIECES);
        let at = mirror.clone();
        // Not on the bounded threads: this one waits for the network.
        let receive = tokio::task::spawn_blocking(move || at.receive(parts, &commits));
        let sent = wire::fetch(&mut session, &request, &sink).await;
        drop(sink);
        let received = receive.await;
        session.close().await;
        let stopped = || SourceError::Cancelled { url: repository.shown() };
        match (sent, received) {
            // The receiver hung up: its own error says why.
            (Ok(()) | Err(SourceError::Cancelled { .. }), received) => {
                received.map_err(|_| stopped())?
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Runs a question with a connection's permit and within its time.
    async fn ask<T>(
        &self,
        repository: &Repository,
        mirror: &Mirror,
        kind: &'static str,
        limit: Duration,
        ask: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        let wait = self.options.limits.fetch_timeout;
        // First the repository's own: one that hangs must not sit on the others' permits.
        let permits = async {
            let own = mirror.connections.acquire().await;
            let shared = self.connections.acquire().await;
            own.ok().zip(shared.ok())
        };
        let _permits = tokio::time::timeout(wait, permits)
            .await
            .map_err(|_| timeout(repository, "waiting for a connection", wait))?
            .ok_or_else(|| SourceError::Cancelled { url: repository.shown() })?;
        let start = Instant::now();
        let result = match tokio::time::timeout(limit, ask).await {
            Ok(result) => result,
            Err(_) => Err(timeout(repository, kind, limit)),
        };
        let url = repository.shown();
        tracing::debug!(repository = %url, kind, ms = start.elapsed().as_millis() as u64, ok = result.is_ok(), "asked");
        if let Some(observer) = &self.options.observer {
            observer(&Asked {
                url: &url,
                kind,
                duration: start.elapsed(),
                result: result.as_ref().map(drop),
            });
        }
        result
    }
}

/// What a fetch is for.
struct Goal {
    /// The objects to ask for.
    wants: Vec<String>,
    /// The commits behind them. Tags are not remembered: to name one is to claim its history.
    commits: Vec<String>,
    with_history: bool,
}

/// What to ask for to get `commit`, if a ref leads to it. Old servers give the commit behind a tag
/// only with the tag.
fn wanted(refs: &Refs, commit: &str) -> Option<String> {
    if refs.objects.values().any(|object| object == commit) {
        return Some(commit.to_owned());
    }
    let (tag, _) = refs.peeled.iter().find(|(_, peeled)| *peeled == commit)?;
    refs.objects.get(tag).cloned()
}

fn timeout(repository: &Repository, what: &'static str, limit: Duration) -> SourceError {
    SourceError::Timeout { url: repository.shown(), what, seconds: limit.as_secs() }
}
