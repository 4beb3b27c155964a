//! What is wrong in a tree.

use std::fmt;

use windlass_object::yaml::Position;
use windlass_tree::{TreeError, TreePath};

/// What stands for the checkout in Argo CD's messages.
pub(crate) const CHECKOUT: &str = "<path to cached source>";
/// What stands for the file that Argo CD keeps inline values in.
pub(crate) const INLINE_VALUES: &str =
    "<temp file with values from source.helm.values/valuesObject>";

/// Something wrong at a place. Prints as `path:line:column: what`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file or directory.
    pub path: TreePath,
    /// Where in the file, if that is known.
    pub at: Option<Position>,
    /// What.
    pub reason: Reason,
}

/// What is wrong. The words are Argo CD's where it has some.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The application's directory is not there.
    #[error("app path does not exist")]
    NoSuchPath,
    /// The application's path is a file.
    #[error("app path is not a directory")]
    NotADirectory,
    /// More than one block of options.
    #[error("multiple application sources defined: {0}")]
    SeveralTypes(String),
    /// An override file cannot be applied.
    #[error("error while parsing source parameters: {0}")]
    Overrides(String),
    /// A manifest cannot be decoded.
    #[error("Failed to unmarshal {file:?}: {problem}")]
    Unmarshal {
        /// The file's name.
        file: String,
        /// What is wrong in it.
        problem: String,
        /// If it is no YAML: the line within its document.
        line: Option<usize>,
    },
    /// A JSON file holds more than one object.
    #[error("Found multiple objects in {file:?}. Only single objects are allowed in JSON files.")]
    SeveralObjects {
        /// The file's name.
        file: String,
    },
    /// A Jsonnet program fails.
    #[error("Failed to evaluate jsonnet {file:?}: {problem}")]
    Jsonnet {
        /// The file's name.
        file: String,
        /// Why, and where in it.
        problem: String,
    },
    /// What a Jsonnet program makes is no object.
    #[error("Failed to unmarshal generated json {file:?}: {problem}")]
    Generated {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The files are too large together.
    #[error(
        "failed to get potentially valid manifests: exceeded max combined manifest file size \
         ({limit} bytes)"
    )]
    TooLarge {
        /// The bound.
        limit: u64,
    },
    /// A link leads out of the repository, or nowhere.
    #[error("illegal filepath in symlink")]
    Link,
    /// A link's target is not there; the link is skipped.
    #[error("destination of symlink is missing")]
    DeadLink,
    /// A link leads to something that is no file; it is skipped.
    #[error("ignoring symlink to non-regular file")]
    LinkToDirectory,
    /// A glob cannot be understood; it matches nothing.
    #[error("{field} is no valid glob: {problem}")]
    Glob {
        /// "include" or "exclude".
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The tree cannot be read.
    #[error("{0}")]
    Tree(TreeError),
    /// Legal, and probably not meant.
    #[error("{0}")]
    Suspicious(String),
    /// A chart cannot be rendered.
    #[error("failed to execute helm template command: Error: {0}")]
    Helm(Box<HelmFailure>),
    /// What a chart depends on cannot be had. The words are Helm's.
    #[error("error building helm chart dependencies: {0}")]
    Dependencies(String),
    /// A version of Kubernetes is none.
    #[error("could not parse kubernetes version {version}: {problem}")]
    KubeVersion {
        /// What was given.
        version: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An application asks for a version of Helm that there is none of.
    #[error(
        "error initializing helm app object: failed to create new helm command: helm chart version \
         '{0}' is not supported"
    )]
    HelmVersion(String),
    /// An overlay cannot be built. The words are Kustomize's.
    #[error("`kustomize build {directory}` failed exit status 1: Error: {problem}")]
    Kustomize {
        /// The directory, as Argo CD names it.
        directory: String,
        /// What kustomize had warned of before.
        warnings: Vec<String>,
        /// What is wrong.
        problem: String,
    },
    /// An application asks for a version of Kustomize that the settings do not name.
    #[error("error getting kustomize binary path: kustomize version {0} is not registered")]
    KustomizeVersion(String),
    /// A file of values.
    #[error("error resolving helm value files: error resolving value file path: {0}")]
    ValueFile(String),
    /// A file that a parameter names.
    #[error("error resolving helm value file path: {0}")]
    FileParameter(String),
    /// A file of another source, which is not there to be referred to.
    #[error("{0}")]
    Reference(String),
    /// Something beside the tree cannot be had.
    #[error("{what}: {why}")]
    Unavailable {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
    /// Windlass does not render this yet.
    #[error("rendering {what} is not supported by Windlass yet")]
    NotYetSupported {
        /// What it is.
        what: String,
    },
}

/// Why a chart is not rendered. Prints as its problem and the advice, with places as the repository
/// has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HelmFailure {
    /// In Helm's words, files as Argo CD names them.
    pub problem: String,
    /// Whether Helm was at the templates, and adds how they can be seen.
    pub at_templates: bool,
    /// What Windlass knows beyond Helm, a line each.
    pub advice: Vec<String>,
    /// The command that Argo CD would have run, in backquotes.
    pub command: String,
}

impl HelmFailure {
    pub(crate) fn new(problem: String) -> Self {
        Self { problem, ..Self::default() }
    }
}

impl fmt::Display for HelmFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = self.problem.replace(&format!("{CHECKOUT}/"), "");
        f.write_str(&problem.replace(INLINE_VALUES, "spec.source.helm.values"))?;
        self.advice.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

impl Diagnostic {
    /// About a file or directory as a whole.
    pub fn of_file(path: &TreePath, reason: Reason) -> Self {
        Self { path: path.clone(), at: None, reason }
    }

    /// About a place in a file.
    pub fn at(path: &TreePath, at: Position, reason: Reason) -> Self {
        Self { path: path.clone(), at: Some(at), reason }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Argo CD says this before it looks at the chart.
        if let Reason::HelmVersion(_) = self.reason {
            return write!(f, "{}", self.reason);
        }
        let path = if self.path.is_root() { "." } else { self.path.as_str() };
        f.write_str(path)?;
        if let Some(at) = self.at {
            write!(f, ":{at}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for Diagnostic {}
