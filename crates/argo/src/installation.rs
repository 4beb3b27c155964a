//! The installation's key, from which all random draws of charts follow.
//!
//! It is drawn once and kept in a Secret of the control plane's namespace, so that a restart draws no
//! password anew, and only who may read Secrets there can work one out. The Secret is made by
//! creating it, never by writing over one: of several controllers that begin at once one makes it,
//! the others read it. It is marked immutable. A running controller keeps the key that it read at
//! its start: a Secret that is deleted is written back, and one that was replaced counts from the
//! next start.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use kube::runtime::watcher::{self, Event};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use tokio_util::sync::CancellationToken;
use windlass_helm::Draws;
use windlass_object::json;

use crate::controller::{application_resource, resource};

/// The Secret's name.
pub const SECRET: &str = "windlass-installation";
/// Where in it the key is.
const FIELD: &str = "drawKey";
/// How long is waited after something failed.
const PAUSE: Duration = Duration::from_secs(5);

/// 32 random bytes that only this installation has. It is never printed.
#[derive(Clone)]
pub struct InstallationKey(Arc<SecretBox<[u8; 32]>>);

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallationKey")
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The API refuses.
    #[error("cannot {verb} the Secret {namespace}/{SECRET}, which holds the key of random draws")]
    Api {
        /// What was tried.
        verb: &'static str,
        /// Where.
        namespace: String,
        /// Its answer.
        #[source]
        source: Box<kube::Error>,
    },
    /// The Secret is there and holds none.
    #[error(
        "the Secret {namespace}/{SECRET} has no 32 bytes in its field {FIELD}: put the key back that \
         was there; or delete the Secret, and what charts draw at random is drawn anew"
    )]
    Unreadable {
        /// Where.
        namespace: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a new key: {0}")]
    NoEntropy(getrandom::Error),
}

impl InstallationKey {
    /// The key of the installation in a namespace: the one that is kept there, or else a new one.
    ///
    /// # Errors
    /// When it can neither be read nor made. A Secret without a key is never written over.
    pub async fn obtain(client: &kube::Client, namespace: &str) -> Result<Self, KeyError> {
        loop {
            if let Some(key) = Self::read(client, namespace).await? {
                return Ok(key);
            }
            let key = Self::generate()?;
            if key.create(client, namespace).await? {
                tell_of_new(client, namespace).await;
                return Ok(key);
            }
            // Another was faster.
        }
    }

    /// The key that is kept in a namespace, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(client: &kube::Client, namespace: &str) -> Result<Option<Self>, KeyError> {
        let found = secrets(client, namespace).get_opt(SECRET).await;
        let found = found.map_err(|error| api("read", namespace, error))?;
        let unreadable = || KeyError::Unreadable { namespace: namespace.to_owned() };
        found.map(|secret| Self::of(&secret).ok_or_else(unreadable)).transpose()
    }

    /// Where the draws for the application with a uid come from.
    pub fn draws(&self, uid: &str) -> Draws {
        Draws::of_application(self.0.expose_secret(), uid)
    }

    pub(crate) fn generate() -> Result<Self, KeyError> {
        let mut key = Box::new([0; 32]);
        getrandom::fill(&mut *key).map_err(KeyError::NoEntropy)?;
        Ok(Self(Arc::new(SecretBox::new(key))))
    }

    fn of(secret: &DynamicObject) -> Option<Self> {
        let encoded = SecretString::from(secret.data["data"][FIELD].as_str()?.to_owned());
        let decoded = STANDARD.decode(encoded.expose_secret()).ok()?;
        let decoded: SecretBox<[u8]> = SecretBox::new(decoded.into());
        let key: [u8; 32] = decoded.expose_secret().try_into().ok()?;
        Some(Self(Arc::new(SecretBox::new(Box::new(key)))))
    }

    fn is_same(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }

    /// Makes the Secret; `false` if there is one already.
    async fn create(&self, client: &kube::Client, namespace: &str) -> Result<bool, KeyError> {
        let mut secret = DynamicObject::new(SECRET, &resource("", "v1", "Secret", "secrets"));
        let note = "All that charts draw at random in deliveries follows from this key. Back it up: \
            with another key every generated password changes.";
        secret.metadata.annotations =
            Some(BTreeMap::from([("kubernetes.io/description".to_owned(), note.to_owned())]));
        secret.metadata.labels =
            Some(BTreeMap::from([("app.kubernetes.io/part-of".to_owned(), "windlass".to_owned())]));
        secret.data = json!({
            "type": "Opaque", "immutable": true,
            "data": {FIELD: STANDARD.encode(self.0.expose_secret())},
        });
        let parameters =
            PostParams { field_manager: Some("windlass".to_owned()), ..PostParams::default() };
        match secrets(client, namespace).create(&parameters, &secret).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(api("create", namespace, error)),
        }
    }

    /// Sees to it that the Secret stays, until told to stop.
    pub(crate) async fn keep(
        &self,
        client: &kube::Client,
        namespace: &str,
        stop: &CancellationToken,
    ) {
        let config = watcher::Config::default().fields(&format!("metadata.name={SECRET}"));
        let mut events = pin!(watcher::watcher(secrets(client, namespace), config));
        let mut is_there = false;
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = stop.cancelled() => return,
            };
            let is_lost = match event {
                None => return,
                Some(Ok(Event::Init)) => {
                    is_there = false;
                    false
                }
                Some(Ok(Event::InitApply(secret) | Event::Apply(secret))) => {
                    is_there = true;
                    self.compare(&secret, namespace);
                    false
                }
                Some(Ok(Event::InitDone)) => !is_there,
                Some(Ok(Event::Delete(_))) => true,
                Some(Err(error)) => {
                    tracing::debug!(%error, "the watch of the installation's key broke off");
                    pause(stop).await;
                    false
                }
            };
            if is_lost && !stop.is_cancelled() {
                self.write_back(client, namespace, stop).await;
            }
        }
    }

    fn compare(&self, secret: &DynamicObject, namespace: &str) {
        match Self::of(secret) {
            Some(key) if key.is_same(self) => {}
            Some(_) => tracing::error!(
                namespace,
                name = SECRET,
                "the Secret holds another installation key than the one that is in use: from the \
                 next start on, what charts draw at random changes"
            ),
            None => tracing::error!(
                namespace,
                name = SECRET,
                "the Secret holds no installation key any more: put it back, or the next start fails"
            ),
        }
    }

    async fn write_back(&self, client: &kube::Client, namespace: &str, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match self.create(client, namespace).await {
                Ok(true) => {
                    tracing::warn!(
                        namespace,
                        name = SECRET,
                        "the installation key was deleted and has been written back; stop Windlass \
                         before you delete it, if all that charts draw is to be drawn anew"
                    );
                    return;
                }
                Ok(false) => return,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "{error}");
                    pause(stop).await;
                }
            }
        }
    }
}

async fn pause(stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(PAUSE) => {}
        () = stop.cancelled() => {}
    }
}

/// A new key among old applications means that their passwords change: that is said aloud.
async fn tell_of_new(client: &kube::Client, namespace: &str) {
    let applications: Api<DynamicObject> =
        Api::namespaced_with(client.clone(), namespace, &application_resource());
    let found = applications.list_metadata(&ListParams::default().limit(1)).await;
    if found.is_ok_and(|list| !list.items.is_empty()) {
        tracing::warn!(
            namespace,
            name = SECRET,
            "a new installation key was made where Applications are already: what their charts draw \
             at random is drawn anew, once"
        );
    } else {
        tracing::info!(namespace, name = SECRET, "the installation key was made");
    }
}

fn secrets(client: &kube::Client, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), namespace, &resource("", "v1", "Secret", "secrets"))
}

fn api(verb: &'static str, namespace: &str, source: kube::Error) -> KeyError {
    KeyError::Api { verb, namespace: namespace.to_owned(), source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_and_never_printed() {
        let secret = |value: &str| {
            let kind = resource("", "v1", "Secret", "secrets");
            DynamicObject::new(SECRET, &kind).data(json!({"data": {FIELD: value}}))
        };
        let encoded = STANDARD.encode([5; 32]);
        let key = InstallationKey::of(&secret(&encoded)).unwrap();
        assert!(key.is_same(&InstallationKey(Arc::new(SecretBox::new(Box::new([5; 32]))))));
        assert!(!key.is_same(&InstallationKey::generate().unwrap()));
        assert_eq!(format!("{key:?}"), "InstallationKey");
        for bad in ["", "AAAA", "no base64", &STANDARD.encode([5; 33])] {
            assert!(InstallationKey::of(&secret(bad)).is_none(), "{bad}");
        }
    }
}
