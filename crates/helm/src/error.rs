//! What can go wrong. Each error prints Helm's own text; [`Error::advice`] says more than Helm does.

use crate::decode::DecodeError;
use crate::trace::Trace;

/// Why a chart was not loaded or rendered. The text is Helm's.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The files are no chart, or cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A values file is not YAML, or no mapping.
    #[error("failed to parse {name}: {reason}")]
    ValuesFile {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An expression of `--set` or its like.
    #[error("failed parsing {flag} data: {reason}")]
    Set {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// An expression of `--set-json`.
    #[error("failed parsing --set-json data {prefix}{text}")]
    SetJson {
        /// `JSON: ` where the expression is one mapping.
        prefix: &'static str,
        /// The expression.
        text: String,
    },
    /// A chart of type library stands alone.
    #[error("{kind} charts are not installable")]
    NotInstallable {
        /// Its type.
        kind: String,
    },
    /// Dependencies are listed and not in `charts/`.
    #[error(
        "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {}",
        names.join(", ")
    )]
    MissingDependencies {
        /// Their names.
        names: Vec<String>,
    },
    /// The release's name is none that Kubernetes takes.
    #[error(
        "release name check failed: release name {}: {reason}",
        windlass_gotemplate::fmt::quote(name)
    )]
    ReleaseName {
        /// The name.
        name: String,
        /// What Helm says of it.
        reason: &'static str,
    },
    /// A values section of a subchart is no mapping.
    #[error("{stage}type mismatch on {chart}: {found}")]
    TypeMismatch {
        /// Where Helm was, with a colon.
        stage: &'static str,
        /// The subchart.
        chart: String,
        /// What stands there, as Go's `%t` prints it.
        found: String,
    },
    /// Values hold themselves, or are too deep.
    #[error(
        "values lie more than {depth} deep in each other: does import-values import a table into itself?"
    )]
    Cycle {
        /// The bound.
        depth: usize,
    },
    /// Values do not fit `values.schema.json`.
    #[error(
        "values don't meet the specifications of the schema(s) in the following chart(s):\n{text}"
    )]
    Schema {
        /// All that is wrong, chart by chart.
        text: String,
    },
    /// `--kube-version` is none.
    #[error("invalid kube version '{text}': {reason}")]
    BadKubeVersion {
        /// What was given.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// The chart does not want this Kubernetes.
    #[error(
        "chart requires kubeVersion: {constraint} which is incompatible with Kubernetes {version}"
    )]
    KubeVersion {
        /// What the chart asks for.
        constraint: String,
        /// What there is.
        version: String,
    },
    /// A template cannot be parsed, or failed.
    #[error("{text}")]
    Template {
        /// Helm's text.
        text: String,
        /// Where, through what, and what was missing.
        trace: Box<Trace>,
    },
    /// What a template wrote is no YAML mapping.
    #[error("YAML parse error on {path}: {reason}")]
    Manifest {
        /// The template.
        path: String,
        /// What is wrong.
        reason: String,
        /// The lines about the place, as they were written: they may hold what is secret.
        excerpt: Vec<String>,
        /// The texts of all templates, for `--debug`.
        output: String,
    },
    /// A post-renderer, or what it made.
    #[error("{reason}")]
    PostRender {
        /// What went wrong.
        reason: String,
    },
    /// `--show-only` names what the chart does not have.
    #[error("could not find template {path} in chart")]
    ShowOnly {
        /// The path.
        path: String,
    },
}

/// Why files are no chart. The text is Helm's.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is no `Chart.yaml`.
    #[error("Chart.yaml file is missing")]
    NoChart,
    /// A `Chart.yaml` where a chart was expected cannot be read.
    #[error("unable to detect chart at {path}: open {path}: no such file or directory")]
    Detect {
        /// Where.
        path: String,
    },
    /// The chart's `apiVersion` is not one that Helm renders.
    #[error("{}", if version == "v3" { "invalid chart apiVersion" } else { "unsupported chart version" })]
    ApiVersion {
        /// What it says.
        version: String,
    },
    /// A file is not YAML.
    #[error("cannot load {file}: {reason}")]
    Yaml {
        /// Which.
        file: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A file's fields do not fit.
    #[error("cannot load {file}: {error}")]
    Decode {
        /// Which.
        file: &'static str,
        /// What does not fit.
        error: DecodeError,
    },
    /// What Helm checks of a chart.
    #[error("{0}")]
    Invalid(String),
    /// A chart in `charts/`.
    #[error("error unpacking subchart {place} in {chart}: {error}")]
    Subchart {
        /// Its name in `charts/`.
        place: String,
        /// The chart that it is in.
        chart: String,
        /// Why.
        error: Box<LoadError>,
    },
    /// The archive is none, leads out of the chart, or is too large.
    #[error("{0}")]
    Archive(String),
    /// The tree failed.
    #[error("{0}")]
    Tree(#[from] windlass_tree::TreeError),
    /// A file is too large, or there are too many.
    #[error("error reading {path}: {reason}")]
    Limit {
        /// Which.
        path: String,
        /// Which bound.
        reason: String,
    },
    /// `.helmignore` holds a rule that is none.
    #[error("{0}")]
    Ignore(String),
}

impl Error {
    /// More than Helm says: where to look, and what to set. One line each.
    pub fn advice(&self) -> Vec<String> {
        match self {
            Self::Template { trace, .. } => trace.lines(),
            Self::MissingDependencies { .. } => {
                vec!["`windlass helm dependency build` fetches them into charts/".to_owned()]
            }
            Self::Schema { .. } => {
                vec!["the paths above are keys of values; set them with -f or --set".to_owned()]
            }
            Self::KubeVersion { .. } => {
                vec!["--kube-version says for which Kubernetes to render".to_owned()]
            }
            _ => Vec::new(),
        }
    }

    /// What a template wrote about the place that is wrong, one line each: for whoever renders and
    /// sees the whole output anyway, since it may hold what is secret.
    pub fn excerpt(&self) -> &[String] {
        match self {
            Self::Manifest { excerpt, .. } => excerpt,
            _ => &[],
        }
    }
}
