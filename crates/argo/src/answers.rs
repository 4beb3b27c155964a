//! What Argo CD's repo server answers where a source cannot be had. Scripts match on it; what
//! Windlass knows beyond it comes after it.

use windlass_charts::Error as ChartError;
use windlass_render::{Kept, unknown};
use windlass_source::SourceError;

use crate::types::Source;

/// What stands for a directory that Argo CD makes for one command.
const TEMPORARY: &str = "<temporary directory>";

/// A source in which something is wrong. Argo CD unpacks a chart into a directory of its name.
pub(crate) fn unrendered(source: &Source, rendered: &Kept) -> String {
    let said = windlass_render::answer(&rendered.diagnostics, rendered.source_type);
    let refers = || {
        let helm = source.helm.iter();
        helm.flat_map(|helm| &helm.value_files).any(|file| file.starts_with('$'))
    };
    if source.chart.is_empty() || refers() {
        return said;
    }
    let place = "<path to cached source>/";
    said.replace(place, &format!("{place}{}/", source.chart))
}

/// A revision that cannot be resolved.
pub(crate) fn unresolved(error: &SourceError) -> String {
    let listed = |what: &str| unknown(format!("failed to list refs: {what}{error}"));
    match error {
        SourceError::RevisionNotFound { .. } => unknown(error),
        SourceError::RepositoryNotFound { .. } => listed("repository not found: "),
        SourceError::AuthenticationFailed { .. } => listed("authentication required: "),
        _ => listed(""),
    }
}

/// A commit whose files cannot be had.
pub(crate) fn unfetched(error: &SourceError) -> String {
    format!("rpc error: code = Internal desc = Failed to fetch default: {error}")
}

/// A chart of which no version fits.
pub(crate) fn no_version(error: &ChartError) -> String {
    match error {
        ChartError::Version { .. } => unknown(format!("invalid revision: {error}")),
        ChartError::Registry(_) => unknown(format!("unable to get tags: {error}")),
        _ => unknown(error),
    }
}

/// A version of a chart that cannot be fetched.
pub(crate) fn no_chart(
    source: &Source,
    in_registry: bool,
    version: &str,
    why: &ChartError,
) -> String {
    let (place, chart) = (source.repo_url.trim_start_matches("oci://"), &source.chart);
    let (doing, command) = if in_registry {
        (
            "error pulling OCI chart: failed to pull OCI chart",
            format!(
                "helm pull oci://{place}/{chart} --version {version} --destination {TEMPORARY}"
            ),
        )
    } else {
        (
            "error fetching chart: failed to fetch chart",
            format!(
                "helm pull --destination {TEMPORARY} --version {version} --repo {place} {chart}"
            ),
        )
    };
    unknown(format!(
        "{doing}: failed to get command args to log: `{command}` failed exit status 1: Error: {why}"
    ))
}

/// An artifact of which there is no such revision.
pub(crate) fn no_artifact(wanted: &str, error: &ChartError) -> String {
    let range =
        if let ChartError::Version { .. } = error { "no version for constraints: " } else { "" };
    unknown(format!("failed to resolve revision {wanted:?}: {range}{error}"))
}
