//! What can go wrong on the way to a cluster.

use http::StatusCode;
use windlass_object::{GroupVersionKind, ResourceKey};

/// A request that did not end as asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The API refused. The message is the server's own.
    #[error("{message}")]
    Api {
        /// HTTP status.
        code: u16,
        /// Machine-readable reason, such as `Conflict`.
        reason: String,
        /// The server's words.
        message: String,
    },
    /// The API could not be reached, or the connection broke.
    #[error("cannot reach the cluster: {message}")]
    Unreachable {
        /// What the transport said.
        message: String,
    },
    /// No answer came in time.
    #[error("the cluster did not answer {what} within {seconds} s")]
    Timeout {
        /// The request.
        what: String,
        /// The bound, in seconds.
        seconds: u64,
    },
    /// The answer could not be read.
    #[error("the cluster's answer to {what} cannot be read: {message}")]
    Answer {
        /// The request.
        what: String,
        /// Why.
        message: String,
    },
    /// The API serves no such kind.
    #[error(
        "the cluster serves no kind {kind} in {api_version}: install its CustomResourceDefinition \
         first, or use a version that is served{served}"
    )]
    NoSuchKind {
        /// Kind.
        kind: String,
        /// The version asked for.
        api_version: String,
        /// Versions that are served, as a remark, or empty.
        served: String,
    },
    /// The change could not be computed from the object.
    #[error("cannot compute the change of {key}: {message}")]
    Patch {
        /// The object.
        key: ResourceKey,
        /// Why.
        message: String,
    },
    /// The connection looks at some namespaces only, and the object is elsewhere. The words are
    /// Argo CD's.
    #[error("{message}")]
    NotManaged {
        /// Which object.
        message: String,
    },
    /// The connection's configuration is wrong.
    #[error("cannot connect to the cluster: {message}")]
    Config {
        /// Why.
        message: String,
    },
}

/// What stands for the file that kubectl reads an object from. Argo CD's is another each time, so that
/// equal failures would not be equal.
const SOURCE: &str = "/dev/shm/0";

impl Error {
    /// The same as kubectl tells it of an object that it was `doing` something to.
    #[must_use]
    pub(crate) fn when(self, doing: &str) -> Self {
        match self {
            Self::Api { code, reason, message } => {
                let message = format!("error when {doing} {SOURCE:?}: {message}");
                Self::Api { code, reason, message }
            }
            other => other,
        }
    }

    /// The same as kubectl tells it of an object whose kind is not served.
    pub fn of_applied(&self, name: &str, namespace: &str) -> String {
        match self {
            Self::NoSuchKind { kind, api_version, served } => format!(
                "resource mapping not found for name: {name:?} namespace: {namespace:?} from \
                 {SOURCE:?}: no matches for kind {kind:?} in version {api_version:?}\nensure CRDs \
                 are installed first{served}"
            ),
            other => other.to_string(),
        }
    }

    /// The HTTP status, when the API answered.
    pub fn code(&self) -> Option<StatusCode> {
        match self {
            Self::Api { code, .. } => StatusCode::from_u16(*code).ok(),
            _ => None,
        }
    }

    /// The object, or the kind, is not there.
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(StatusCode::NOT_FOUND)
    }

    /// Somebody else changed the object.
    pub fn is_conflict(&self) -> bool {
        self.code() == Some(StatusCode::CONFLICT)
    }

    /// The object is not acceptable, for instance since an immutable field would change.
    pub fn is_invalid(&self) -> bool {
        self.code() == Some(StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// The resource version is too old.
    pub fn is_expired(&self) -> bool {
        self.code() == Some(StatusCode::GONE)
    }

    /// The cluster itself is the trouble, so that every object of it fails alike.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. })
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } => true,
            Self::Api { code, .. } => matches!(code, 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Whether the request may have been carried out although it failed.
    pub fn may_have_been_done(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } => true,
            Self::Api { code, .. } => matches!(code, 500 | 502 | 504),
            _ => false,
        }
    }

    pub(crate) fn no_such_kind(gvk: &GroupVersionKind, served: &[String]) -> Self {
        let served = if served.is_empty() {
            String::new()
        } else {
            format!(" ({} is served in {})", gvk.kind, served.join(", "))
        };
        Self::NoSuchKind { kind: gvk.kind.clone(), api_version: gvk.api_version(), served }
    }
}
