//! What goes wrong between us and a chart.

/// What goes wrong between us and a chart. The words are Helm's where it has some.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A repository's index cannot be had.
    #[error("looks like {url:?} is not a valid chart repository or cannot be reached: {why}")]
    Repository {
        /// The repository.
        url: String,
        /// Why.
        why: String,
    },
    /// An index cannot be read.
    #[error("{0}")]
    Index(String),
    /// There is no chart of this name, or none in a version that fits.
    #[error("{chart} not found in {url} repository")]
    NotFound {
        /// The chart, and the version that was wanted.
        chart: String,
        /// The repository.
        url: String,
    },
    /// A version is neither one nor a range of them.
    #[error("{why}")]
    Version {
        /// The text.
        text: String,
        /// Why.
        why: String,
    },
    /// Something cannot be downloaded.
    #[error("failed to fetch {url} : {why}")]
    Fetch {
        /// What.
        url: String,
        /// Why.
        why: String,
    },
    /// It is larger than the bound.
    #[error("{url}: holds more than {limit} bytes, the limit")]
    TooLarge {
        /// What.
        url: String,
        /// The bound.
        limit: u64,
    },
    /// A chart is larger, unpacked, than it may be.
    #[error(
        "{chart} holds more than {limit} bytes unpacked: raise reposerver.helm.manifest.max.extracted.size \
         in argocd-cmd-params-cm if it may"
    )]
    TooLargeUnpacked {
        /// The chart, and its version.
        chart: String,
        /// The bound.
        limit: u64,
    },
    /// What came is not what its digest says.
    #[error("{url}: its digest is {found}, the index says {wanted}")]
    Digest {
        /// What.
        url: String,
        /// What was wanted.
        wanted: String,
        /// What came.
        found: String,
    },
    /// A registry.
    #[error(transparent)]
    Registry(#[from] windlass_oci::Error),
    /// Nobody who was asked for signed it.
    #[error(transparent)]
    Signature(#[from] windlass_oci::cosign::Error),
    /// A file that is no chart.
    #[error("{0}")]
    Chart(#[from] windlass_helm::LoadError),
    /// The disk.
    #[error("{path}: {error}")]
    Disk {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl Error {
    pub(crate) fn disk(path: &std::path::Path, error: std::io::Error) -> Self {
        Self::Disk { path: path.display().to_string(), error }
    }
}
