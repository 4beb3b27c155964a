//! Which tag a range of versions means.

use windlass_semver::{Constraint, Version, greatest};

/// The tag that `revision` means among `tags` (Argo CD's `versions.MaxVersion`): itself if it is a
/// plain version, the greatest match if it is a constraint; `None` if it is neither or nothing
/// matches. With a `prefix` only tags that begin with it count, and it is no part of the version.
pub fn max_version(revision: &str, tags: &[&str], prefix: &str) -> Option<String> {
    if Version::parse(revision).is_ok() {
        return Some(format!("{prefix}{revision}"));
    }
    let constraint = Constraint::parse(revision).ok()?;
    let versions: Vec<&str> = tags.iter().filter_map(|t| t.strip_prefix(prefix)).collect();
    let (at, _) = greatest(&constraint, versions.iter().copied())?;
    Some(format!("{prefix}{}", versions[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_tag_wins() {
        let tags = ["v1.0.0", "v1.2.0", "v1.2.0-rc1", "1.1", "nightly", "app-2.0.0", "app-1.0.0"];
        let max = |revision: &str, prefix: &str| max_version(revision, &tags, prefix);
        assert_eq!(max("1.x", "").as_deref(), Some("v1.2.0"));
        assert_eq!(max("<1.2", "").as_deref(), Some("1.1"));
        assert_eq!(max("v9.9.9", "").as_deref(), Some("v9.9.9"));
        assert_eq!(max("main", ""), None);
        assert_eq!(max(">=1", "app-").as_deref(), Some("app-2.0.0"));
        assert_eq!(max("3.x", ""), None);
    }
}
