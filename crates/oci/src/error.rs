//! What goes wrong with a registry.

/// What goes wrong with a registry.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No reference to a repository, tag or digest.
    #[error("invalid reference: {0}")]
    Reference(String),
    /// The way to the registry is barred: name, connection, TLS, time.
    #[error("{url}: {why}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        why: String,
    },
    /// It does not let us in.
    #[error("{request}: {why}")]
    Denied {
        /// What was asked: the method and the address.
        request: String,
        /// What it said, or what to do.
        why: String,
    },
    /// There is no such repository, tag or blob.
    #[error("{what}: not found")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// It answers with something else.
    #[error("{request}: response status code {status}: {why}")]
    Answer {
        /// What was asked: the method and the address.
        request: String,
        /// The status.
        status: u16,
        /// What it said.
        why: String,
    },
    /// What came is not what its digest says.
    #[error("{what}: its digest is {found}, wanted was {wanted}")]
    Digest {
        /// What.
        what: String,
        /// What was wanted.
        wanted: String,
        /// What came.
        found: String,
    },
    /// It is larger than the bound.
    #[error("{what}: holds more than {limit} bytes, the limit")]
    TooLarge {
        /// What.
        what: String,
        /// The bound.
        limit: u64,
    },
    /// The settings of the connection cannot be used.
    #[error("{what}: {why}")]
    Settings {
        /// Which.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// An answer cannot be read.
    #[error("{what}: {why}")]
    Malformed {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
}

impl Error {
    /// Whether the same may go well later without anybody's doing.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Answer { status: 429 | 500.., .. })
    }
}
