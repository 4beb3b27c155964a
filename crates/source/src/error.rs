//! What can go wrong on the way to a tree.

/// Stable name of a failure, for conditions, events and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The address cannot be understood.
    InvalidAddress,
    /// The host does not answer: unknown name, refused, cut.
    Unreachable,
    /// The host answers and has no such repository (or hides it).
    RepositoryNotFound,
    /// The credentials are missing, malformed or refused.
    AuthenticationFailed,
    /// No key of the SSH host is known.
    HostKeyUnknown,
    /// The SSH host shows another key than the known ones.
    HostKeyMismatch,
    /// The TLS certificate is not trusted, or the handshake failed.
    TlsFailed,
    /// No branch, tag, commit or matching version.
    RevisionNotFound,
    /// It took too long.
    Timeout,
    /// A pack, object, file or answer is over its limit.
    TooLarge,
    /// The host answers with an error of its own.
    ServerError,
    /// The host says something that is not the Git protocol.
    ProtocolError,
    /// A submodule or large file that the tree names cannot be had.
    IncompleteTree,
    /// The cache directory cannot be written or is damaged.
    StorageFailed,
    /// Valid, and not supported yet.
    NotSupported,
    /// Windlass is stopping.
    Cancelled,
}

impl Reason {
    /// The name as text, CamelCase as Kubernetes writes reasons.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidAddress => "InvalidAddress",
            Self::Unreachable => "Unreachable",
            Self::RepositoryNotFound => "RepositoryNotFound",
            Self::AuthenticationFailed => "AuthenticationFailed",
            Self::HostKeyUnknown => "HostKeyUnknown",
            Self::HostKeyMismatch => "HostKeyMismatch",
            Self::TlsFailed => "TlsFailed",
            Self::RevisionNotFound => "RevisionNotFound",
            Self::Timeout => "Timeout",
            Self::TooLarge => "TooLarge",
            Self::ServerError => "ServerError",
            Self::ProtocolError => "ProtocolError",
            Self::IncompleteTree => "IncompleteTree",
            Self::StorageFailed => "StorageFailed",
            Self::NotSupported => "NotSupported",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// A failure: where, what, and what to do next. It never holds a secret; addresses in it are
/// without user information. Cheap enough to clone to every caller that waited for one attempt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// See [`Reason::InvalidAddress`].
    #[error(
        "repository \"{url}\": {why}; use https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or file:///PATH"
    )]
    InvalidAddress {
        /// The address as written, without user information.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// See [`Reason::Unreachable`].
    #[error("{url}: cannot be reached: {why}; check the host name, the network and the proxy")]
    Unreachable {
        /// The repository.
        url: String,
        /// The transport's words.
        why: String,
    },
    /// See [`Reason::RepositoryNotFound`].
    #[error(
        "{url}: repository not found; check the address, and whether these credentials may read it"
    )]
    RepositoryNotFound {
        /// The repository.
        url: String,
    },
    /// See [`Reason::AuthenticationFailed`].
    #[error(
        "{url}: authentication failed: {why}; check the repository or repo-creds secret for this address"
    )]
    AuthenticationFailed {
        /// The repository.
        url: String,
        /// What was refused.
        why: String,
    },
    /// See [`Reason::HostKeyUnknown`].
    #[error(
        "{url}: no key of host {host} is known (it shows {fingerprint}); add its keys to argocd-ssh-known-hosts-cm"
    )]
    HostKeyUnknown {
        /// The repository.
        url: String,
        /// The host as known_hosts names it.
        host: String,
        /// Algorithm and fingerprint of the key shown.
        fingerprint: String,
    },
    /// See [`Reason::HostKeyMismatch`].
    #[error(
        "{url}: host {host} shows the key {fingerprint}, which is not the known one; if the host has changed its keys, correct argocd-ssh-known-hosts-cm, otherwise someone is in between"
    )]
    HostKeyMismatch {
        /// The repository.
        url: String,
        /// The host as known_hosts names it.
        host: String,
        /// Algorithm and fingerprint of the key shown.
        fingerprint: String,
    },
    /// See [`Reason::TlsFailed`].
    #[error(
        "{url}: TLS: {why}; add the host's certificate to argocd-tls-certs-cm, or set `insecure: \"true\"` in the repository secret"
    )]
    TlsFailed {
        /// The repository.
        url: String,
        /// The TLS library's words.
        why: String,
    },
    /// See [`Reason::RevisionNotFound`]. The words are Argo CD's.
    #[error("unable to resolve '{revision}' to a commit SHA")]
    RevisionNotFound {
        /// The repository.
        url: String,
        /// The revision as asked for.
        revision: String,
    },
    /// See [`Reason::Timeout`].
    #[error("{url}: {what} took longer than {seconds} s; it is tried again")]
    Timeout {
        /// The repository.
        url: String,
        /// What was being done.
        what: &'static str,
        /// The bound.
        seconds: u64,
    },
    /// See [`Reason::TooLarge`].
    #[error("{url}: {what} is larger than {limit} bytes; raise the limit or make it smaller")]
    TooLarge {
        /// The repository.
        url: String,
        /// What was too large.
        what: String,
        /// The bound in bytes.
        limit: u64,
    },
    /// See [`Reason::ServerError`].
    #[error("{url}: the host answers: {why}")]
    ServerError {
        /// The repository.
        url: String,
        /// The host's words.
        why: String,
    },
    /// See [`Reason::ProtocolError`].
    #[error("{url}: not a Git answer: {why}; check that the address is that of a repository")]
    ProtocolError {
        /// The repository.
        url: String,
        /// What was read instead.
        why: String,
    },
    /// See [`Reason::IncompleteTree`].
    #[error("{url}: {path}: {why}")]
    IncompleteTree {
        /// The repository that names it.
        url: String,
        /// Where in its tree.
        path: String,
        /// Why it cannot be had.
        why: String,
    },
    /// See [`Reason::StorageFailed`].
    #[error("{url}: mirror: {why}; it is fetched anew on the next try, check the disk if it stays")]
    StorageFailed {
        /// The repository.
        url: String,
        /// The store's words.
        why: String,
    },
    /// Two processes cannot share a directory of mirrors: each keeps its own account of it.
    #[error(
        "{dir}: another process keeps its Git mirrors here; give this one a directory of its own"
    )]
    CacheInUse {
        /// The directory.
        dir: String,
    },
    /// See [`Reason::NotSupported`].
    #[error("{url}: {what} is not supported yet")]
    NotSupported {
        /// The repository.
        url: String,
        /// The thing that is missing.
        what: String,
    },
    /// See [`Reason::Cancelled`].
    #[error("{url}: stopped")]
    Cancelled {
        /// The repository.
        url: String,
    },
}

impl SourceError {
    /// The stable name of this failure.
    pub fn reason(&self) -> Reason {
        match self {
            Self::InvalidAddress { .. } => Reason::InvalidAddress,
            Self::Unreachable { .. } => Reason::Unreachable,
            Self::RepositoryNotFound { .. } => Reason::RepositoryNotFound,
            Self::AuthenticationFailed { .. } => Reason::AuthenticationFailed,
            Self::HostKeyUnknown { .. } => Reason::HostKeyUnknown,
            Self::HostKeyMismatch { .. } => Reason::HostKeyMismatch,
            Self::TlsFailed { .. } => Reason::TlsFailed,
            Self::RevisionNotFound { .. } => Reason::RevisionNotFound,
            Self::Timeout { .. } => Reason::Timeout,
            Self::TooLarge { .. } => Reason::TooLarge,
            Self::ServerError { .. } => Reason::ServerError,
            Self::ProtocolError { .. } => Reason::ProtocolError,
            Self::IncompleteTree { .. } => Reason::IncompleteTree,
            Self::StorageFailed { .. } | Self::CacheInUse { .. } => Reason::StorageFailed,
            Self::NotSupported { .. } => Reason::NotSupported,
            Self::Cancelled { .. } => Reason::Cancelled,
        }
    }
}
