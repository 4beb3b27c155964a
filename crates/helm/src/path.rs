//! Go's `path` on names of files in a chart.

/// `path.Base` of a name that is not empty.
pub(crate) fn base(name: &str) -> &str {
    let trimmed = name.trim_end_matches('/');
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}
