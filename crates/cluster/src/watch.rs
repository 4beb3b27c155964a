//! One kind of one namespace, or of the whole cluster, mirrored for as long as it is served.
//!
//! The first state comes in pages or, where the server can, as the beginning of the watch itself.
//! A watch that ends is continued from where it was; one that cannot be is begun anew, and what a
//! new beginning does not have is forgotten.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Method;
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use windlass_object::{ResourceKey, Value, json};

use crate::Error;
use crate::changes::Change;
use crate::connection::{RespectRbac, Tracker};
use crate::decode::{Uid, decode};
use crate::discovery::ApiKind;
use crate::http::{Call, Transport, api_error};
use crate::limits::{LINE_BYTES, PAGE};
use crate::progress::Progress;
use crate::store::{ObjectId, Store};

/// How long a watch is asked to last.
const WATCH_SECONDS: u64 = 600;
/// A server that knows bookmarks says something every minute. A watch that is silent for longer is
/// begun again where it was: the connection may be dead. (client-go asks the connection itself
/// after 30 s of silence, which takes HTTP/2.) Where no bookmark came for it the next silence may be
/// twice as long, up to the whole watch.
const SILENCE: Duration = Duration::from_secs(90);
const LONGEST_SILENCE: Duration = Duration::from_secs(WATCH_SECONDS + 30);

/// Pauses after failures.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Pause of a kind that may not be looked at, and of one that is not meant to be.
const FORBIDDEN_PAUSE: Duration = Duration::from_secs(60);
const RESTRICTED_PAUSE: Duration = Duration::from_secs(600);

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    silence: Duration,
    longest_silence: Duration,
    forbidden: Duration,
    restricted: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silence: SILENCE,
            longest_silence: LONGEST_SILENCE,
            forbidden: FORBIDDEN_PAUSE,
            restricted: RESTRICTED_PAUSE,
        }
    }
}

/// What all watches of a cluster share.
pub(crate) struct Shared {
    pub(crate) transport: Transport,
    pub(crate) store: Arc<Store>,
    pub(crate) tracker: Arc<dyn Tracker>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) respect_rbac: RespectRbac,
    pub(crate) patience: Patience,
    /// Bounds the first lists.
    pub(crate) starts: Semaphore,
    /// Whether the server can begin a watch with the present state.
    pub(crate) streams_lists: AtomicBool,
}

/// One watch.
pub(crate) struct Watch {
    pub(crate) shared: Arc<Shared>,
    pub(crate) kind: Arc<ApiKind>,
    pub(crate) namespace: String,
}

#[derive(Deserialize)]
struct List<'a> {
    metadata: ListMeta,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    next: String,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Bookmark {
    metadata: BookmarkMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BookmarkMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

/// What is known when a watch has ended.
struct Session {
    /// Continue from here; anew when there is none.
    from: Option<String>,
    /// Names of a first state that is still coming.
    seen: Option<HashSet<ObjectId>>,
    /// The longest silence that is borne.
    silence: Duration,
}

impl Watch {
    /// Watches until told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        let mut session = Session { from: None, seen: None, silence: self.shared.patience.silence };
        let mut told = false;
        loop {
            let began = std::time::Instant::now();
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.session(&mut session) => ended,
            };
            if began.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            let wait = match ended {
                Ok(()) if began.elapsed() > FIRST_PAUSE => continue,
                Ok(()) => pause,
                Err(error) if error.is_expired() => {
                    session.from = None;
                    FIRST_PAUSE
                }
                Err(error) => {
                    // A kind that is just being defined is shown before it is served: 404 passes.
                    let forbidden = self.forbidden(&error).await;
                    let refused = matches!(error, Error::Api { code: 401 | 403, .. });
                    if !told && refused && forbidden == Some(self.shared.patience.forbidden) {
                        told = true;
                        tracing::warn!(kind = %self.kind.gvk(), namespace = self.namespace, %error,
                            "objects of this kind are not seen: permit it, exclude the kind, or set \
                             resource.respectRBAC");
                    }
                    tracing::debug!(kind = %self.kind.gvk(), namespace = self.namespace, %error, "watch failed");
                    self.shared.progress.failed(&self.kind.group_kind(), &self.namespace, error);
                    forbidden.unwrap_or(pause)
                }
            };
            pause = (pause * 2).min(LONGEST_PAUSE);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// How long to leave a kind alone that may not be looked at; none if that is not so.
    async fn forbidden(&self, error: &Error) -> Option<Duration> {
        match (error, self.shared.respect_rbac) {
            (Error::Api { code: 401 | 403, .. }, RespectRbac::Normal) => {
                Some(self.shared.patience.restricted)
            }
            (Error::Api { code: 401 | 403, .. }, RespectRbac::Strict) => {
                match self.may_list().await {
                    Ok(true) => None,
                    Ok(false) => Some(self.shared.patience.restricted),
                    Err(_) => Some(self.shared.patience.forbidden),
                }
            }
            (Error::Api { code: 401 | 403 | 405, .. }, _) => Some(self.shared.patience.forbidden),
            _ => None,
        }
    }

    /// What the API says when it is asked whether the kind may be listed.
    async fn may_list(&self) -> Result<bool, Error> {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "namespace": self.namespace, "verb": "list", "group": self.kind.group,
                "resource": self.kind.resource,
            }},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let call = Call::new(Method::POST, path).body("application/json", review.to_string());
        let answer: Value = self.shared.transport.json(&call).await?;
        Ok(answer["status"]["allowed"] == true)
    }

    async fn session(&self, session: &mut Session) -> Result<(), Error> {
        session.seen = None;
        if session.from.is_none() {
            if !self.shared.streams_lists.load(Ordering::Relaxed) {
                session.from = Some(self.list().await?);
            } else {
                match self.stream(session, true).await {
                    Err(Error::Api { code: 400 | 406 | 415 | 422, .. })
                        if session.from.is_none() =>
                    {
                        self.shared.streams_lists.store(false, Ordering::Relaxed);
                        session.from = Some(self.list().await?);
                    }
                    ended => return ended,
                }
            }
        }
        self.stream(session, false).await
    }

    fn call(&self) -> Call {
        Call::get(self.kind.collection(&self.namespace))
    }

    /// The present state, page by page. Answers with the revision that a watch continues from.
    async fn list(&self) -> Result<String, Error> {
        let _slot = self.shared.starts.acquire().await;
        let mut seen = HashSet::new();
        let mut next = String::new();
        loop {
            let mut call = self.call().query("limit", PAGE.to_string());
            if !next.is_empty() {
                call = call.query("continue", next);
            }
            let body = self.shared.transport.send(&call).await?;
            let list: List<'_> = serde_json::from_slice(&body).map_err(|error| Error::Answer {
                what: format!("list of {}", self.kind.gvk()),
                message: error.to_string(),
            })?;
            for item in list.items.into_iter().flatten() {
                self.upsert(item, Some(&mut seen));
            }
            next = list.metadata.next;
            if next.is_empty() {
                self.complete(&seen, &list.metadata.resource_version);
                return Ok(list.metadata.resource_version);
            }
        }
    }

    /// All of the state of a version has been seen.
    fn complete(&self, seen: &HashSet<ObjectId>, version: &str) {
        let kind = self.kind.group_kind();
        self.shared.store.retain(&kind, &self.namespace, seen, version);
        self.completed();
        // What was defined while nobody watched was not told.
        self.shared.progress.heard(&kind);
    }

    /// From now on the mirror says whether objects are as somebody saw them. Before, a change did
    /// not count against what was seen, so those who looked are told now.
    fn completed(&self) {
        let kind = self.kind.group_kind();
        if !self.shared.progress.complete(&kind, &self.namespace) {
            return;
        }
        let store = &self.shared.store;
        let interested = store.interests.of_kind(&kind);
        if !interested.is_empty() {
            store.changes.push(Change::mirrored(&kind, interested));
        }
    }

    async fn stream(&self, session: &mut Session, begin: bool) -> Result<(), Error> {
        let mut slot = None;
        let mut call = self
            .call()
            .query("watch", "true")
            .query("allowWatchBookmarks", "true")
            .query("timeoutSeconds", WATCH_SECONDS.to_string());
        if begin {
            slot = self.shared.starts.acquire().await.ok();
            session.seen = Some(HashSet::new());
            call = call
                .query("sendInitialEvents", "true")
                .query("resourceVersionMatch", "NotOlderThan");
        } else if let Some(from) = &session.from {
            call = call.query("resourceVersion", from.clone());
        }
        let mut lines = Lines::new(self.shared.transport.stream(&call).await?.into_body());
        if !begin {
            self.completed();
        }
        let mut marked = false;
        while let Some(line) = self.line(&mut lines, session.silence).await? {
            if self.event(&line, session)? {
                (marked, session.silence) = (true, self.shared.patience.silence);
            }
            if session.seen.is_none() {
                slot.take();
            }
        }
        if lines.silent && !marked {
            session.silence = (session.silence * 2).min(self.shared.patience.longest_silence);
        }
        Ok(())
    }

    /// The next line. That a connection breaks is how watches end; whether the cluster is still
    /// there shows when the next one is opened.
    async fn line(&self, lines: &mut Lines, silence: Duration) -> Result<Option<Vec<u8>>, Error> {
        match lines.next(silence).await {
            Err(error) if error.is_unreachable() => {
                tracing::debug!(kind = %self.kind.gvk(), %error, "watch broke");
                Ok(None)
            }
            line => line,
        }
    }

    /// Takes an event in. Whether it is a mark that the server sends from time to time.
    fn event(&self, line: &[u8], session: &mut Session) -> Result<bool, Error> {
        let unreadable = |error: serde_json::Error| Error::Answer {
            what: format!("watch of {}", self.kind.gvk()),
            message: error.to_string(),
        };
        let event: Event<'_> = serde_json::from_slice(line).map_err(unreadable)?;
        let mut marks = false;
        match &*event.kind {
            "ADDED" | "MODIFIED" => {
                if let Some(version) = self.upsert(event.object, session.seen.as_mut())
                    && session.seen.is_none()
                {
                    session.from = Some(version);
                }
            }
            "DELETED" => {
                let gone: Bookmark =
                    serde_json::from_str(event.object.get()).map_err(unreadable)?;
                let identity: NameOnly =
                    serde_json::from_str(event.object.get()).map_err(unreadable)?;
                let NameMeta { namespace, name, uid } = identity.metadata;
                let version = gone.metadata.resource_version;
                let key = ResourceKey::new(&self.kind.group, &self.kind.kind, namespace, name);
                self.shared.store.remove(&key, Uid::of(&uid), &version);
                if session.seen.is_none() {
                    session.from = Some(version);
                }
            }
            "BOOKMARK" => {
                let mark: Bookmark =
                    serde_json::from_str(event.object.get()).map_err(unreadable)?;
                let BookmarkMeta { resource_version, annotations } = mark.metadata;
                if annotations.get("k8s.io/initial-events-end").is_some_and(|v| v == "true")
                    && let Some(seen) = session.seen.take()
                {
                    self.complete(&seen, &resource_version);
                }
                if session.seen.is_none() {
                    marks = annotations.is_empty();
                    session.from = Some(resource_version);
                }
            }
            "ERROR" => return Err(api_error(500, event.object.get().as_bytes()).0),
            _ => {}
        }
        if session.seen.is_none() && event.kind != "BOOKMARK" {
            self.shared.progress.heard(&self.kind.group_kind());
        }
        Ok(marks)
    }

    /// Takes an object in; one that cannot be read is passed over, and said so. Answers with its
    /// resource version.
    fn upsert(&self, raw: &RawValue, seen: Option<&mut HashSet<ObjectId>>) -> Option<String> {
        match decode(raw, &self.kind, &*self.shared.tracker) {
            Ok(decoded) => {
                let version = decoded.resource_version.to_string();
                let id = self.shared.store.upsert(&self.kind, decoded);
                if let Some(seen) = seen {
                    seen.insert(id);
                }
                Some(version)
            }
            Err(error) => {
                tracing::warn!(kind = %self.kind.gvk(), %error, "an object cannot be read");
                None
            }
        }
    }
}

#[derive(Deserialize)]
struct NameOnly {
    metadata: NameMeta,
}

#[derive(Deserialize)]
struct NameMeta {
    #[serde(default)]
    namespace: String,
    name: String,
    #[serde(default)]
    uid: String,
}

/// The lines of a body that goes on.
struct Lines {
    body: Body,
    buffer: Vec<u8>,
    searched: usize,
    /// It ended because nothing came any more.
    silent: bool,
}

impl Lines {
    fn new(body: Body) -> Self {
        Self { body, buffer: Vec::new(), searched: 0, silent: false }
    }

    /// The next line, or none at the end, which is also where nothing came for so long.
    async fn next(&mut self, silence: Duration) -> Result<Option<Vec<u8>>, Error> {
        loop {
            let fresh = &self.buffer[self.searched..];
            if let Some(at) = fresh.iter().position(|b| *b == b'\n') {
                let rest = self.buffer.split_off(self.searched + at + 1);
                let line = std::mem::replace(&mut self.buffer, rest);
                self.searched = 0;
                return Ok(Some(line));
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > LINE_BYTES {
                return Err(Error::Answer {
                    what: "a watch".into(),
                    message: format!("an object is larger than {LINE_BYTES} bytes"),
                });
            }
            let Ok(frame) = tokio::time::timeout(silence, self.body.frame()).await else {
                self.silent = true;
                return Ok(None);
            };
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => return Err(Error::Unreachable { message: error.to_string() }),
                None => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests;
