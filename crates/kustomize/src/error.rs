//! What can go wrong, in kustomize's words, with the place added.

use std::fmt;

use windlass_object::yaml::Position;
use windlass_tree::TreePath;

/// Shorthand for this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a build failed. Prints as kustomize prints it, from the outermost step to the cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A step of the build failed because of something beneath it.
    #[error("{doing}: {cause}")]
    While {
        /// The step.
        doing: String,
        /// What happened in it.
        cause: Box<Error>,
    },
    /// A file is not YAML, or not what Kubernetes objects are made of.
    #[error("MalformedYAMLError: yaml: {problem} in File: {file}")]
    Malformed {
        /// The file as the kustomization names it.
        file: String,
        /// Where in it.
        at: Position,
        /// What is wrong there, in go-yaml's words.
        problem: String,
    },
    /// A text that stands in no file of its own is not YAML.
    #[error("MalformedYAMLError: yaml: {problem}")]
    MalformedText {
        /// Where in it.
        at: Position,
        /// What is wrong there, in go-yaml's words.
        problem: String,
    },
    /// A kustomization's text is not YAML.
    #[error("yaml: {problem}")]
    Unreadable {
        /// Where in it.
        at: Position,
        /// What is wrong there, in go-yaml's words.
        problem: String,
    },
    /// A directory has no kustomization file.
    #[error(
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{0}'"
    )]
    NoKustomization(String),
    /// A file answered with an HTTP status that is none of success.
    #[error("HTTP Error: {0}")]
    Http(String),
    /// Everything else, as kustomize says it.
    #[error("{0}")]
    Told(String),
    /// An error of a build that had warned before.
    #[error("{cause}")]
    Warned {
        /// What kustomize writes to stderr on the way.
        warnings: Vec<String>,
        /// The error.
        cause: Box<Error>,
    },
    /// An error whose place in a file is known.
    #[error("{cause}")]
    At {
        /// The place.
        place: Place,
        /// The error.
        cause: Box<Error>,
    },
}

/// A place in a file of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: TreePath,
    /// Where in it.
    pub at: Option<Position>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{}:{at}", self.file),
            None => write!(f, "{}", self.file),
        }
    }
}

impl Error {
    /// An error that has no shape of its own.
    pub fn told(text: impl Into<String>) -> Self {
        Self::Told(text.into())
    }

    /// The same behind `doing: `.
    #[must_use]
    pub fn during(self, doing: impl Into<String>) -> Self {
        Self::While { doing: doing.into(), cause: Box::new(self) }
    }

    /// The same with its place, unless one is known already.
    #[must_use]
    pub fn at(self, file: &TreePath, at: Option<Position>) -> Self {
        if self.place().is_some() {
            return self;
        }
        Self::At { place: Place { file: file.clone(), at }, cause: Box::new(self) }
    }

    /// The same of a build that had warned before.
    pub(crate) fn after(self, warnings: Vec<String>) -> Self {
        if warnings.is_empty() {
            return self;
        }
        Self::Warned { warnings, cause: Box::new(self) }
    }

    /// What the build had warned of before.
    pub fn warnings(&self) -> &[String] {
        match self {
            Self::Warned { warnings, .. } => warnings,
            _ => &[],
        }
    }

    /// Where the cause stands, as exactly as is known.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::At { place, cause } => cause.place().or(Some(place)),
            Self::While { cause, .. } | Self::Warned { cause, .. } => cause.place(),
            _ => None,
        }
    }

    /// The cause beneath all steps.
    pub fn root(&self) -> &Self {
        match self {
            Self::While { cause, .. } | Self::Warned { cause, .. } | Self::At { cause, .. } => {
                cause.root()
            }
            other => other,
        }
    }
}

/// Adds the step to an error on its way up.
pub trait During<T> {
    /// `doing: ` in front of the error.
    ///
    /// # Errors
    /// The one that came.
    fn during(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> During<T> for Result<T> {
    fn during(self, doing: impl FnOnce() -> String) -> Self {
        self.map_err(|e| e.during(doing()))
    }
}
