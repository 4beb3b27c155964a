//! What all questions to the sources share: who was let in, threads that may block, what rests.

use std::sync::Arc;
use std::time::Instant;

use crate::mirror::Mirror;
use crate::objects::Objects;
use crate::sources::{IDLE, REMEMBERED, Shared, parse_id};
use crate::{Repository, SourceError};

impl Shared {
    pub(crate) fn is_admitted(&self, admission: &[u8; 32]) -> bool {
        let admitted = self.admitted.lock();
        admitted.get(admission).is_some_and(|at| at.elapsed() < self.options.limits.admission)
    }

    pub(crate) fn admit(&self, admission: [u8; 32]) {
        let mut admitted = self.admitted.lock();
        if admitted.len() >= REMEMBERED {
            admitted.retain(|_, at| at.elapsed() < self.options.limits.admission);
        }
        if admitted.len() >= REMEMBERED {
            admitted.clear();
        }
        admitted.insert(admission, Instant::now());
    }

    /// Has idle repositories give back memory. Called whenever a remote has been asked, which is
    /// often enough and needs no clock of its own.
    pub(crate) fn rest(&self) {
        self.mirrors.lock().values().for_each(|mirror| mirror.rest(IDLE));
        self.locals.lock().values().for_each(|local| local.objects.rest(IDLE));
    }

    /// Runs `f` on a thread that may block; so many at once and no more.
    pub(crate) async fn blocking<R: Send + 'static>(
        &self,
        repository: &Repository,
        f: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, SourceError> {
        let stopped = || SourceError::Cancelled { url: repository.shown() };
        let permit = self.blocking.clone().acquire_owned().await.map_err(|_| stopped())?;
        let run = move || {
            let result = f();
            drop(permit);
            result
        };
        tokio::task::spawn_blocking(run).await.map_err(|_| stopped())
    }

    pub(crate) async fn objects(
        &self,
        repository: &Repository,
        mirror: &Arc<Mirror>,
    ) -> Result<Arc<Objects>, SourceError> {
        let mirror = mirror.clone();
        self.blocking(repository, move || mirror.objects()).await?
    }

    /// Whether the commit is there: every commit that is has its whole tree.
    pub(crate) async fn has(
        &self,
        repository: &Repository,
        objects: &Arc<Objects>,
        commit: &str,
    ) -> Result<bool, SourceError> {
        let (objects, commit) = (objects.clone(), commit.to_owned());
        let look = move || parse_id(&commit).is_ok_and(|id| objects.contains(&id));
        self.blocking(repository, look).await
    }
}
