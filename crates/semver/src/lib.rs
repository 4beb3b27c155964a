//! Versions and constraints as Masterminds/semver v3 reads them, which is what Helm, sprig and
//! Argo CD compare with. Unlike Cargo's, versions may have a leading `v`, leave out minor and
//! patch, and constraints know `||`, hyphen ranges, `x` and `~` for a bare partial version.
//!
//! A version with a prerelease matches only a constraint group that names one.

#![forbid(unsafe_code)]

mod constraint;
mod grammar;
mod version;

pub use constraint::{Constraint, ConstraintError};
pub use version::{Version, VersionError};

/// The greatest of `versions` that `constraint` allows, with its index; versions that are none
/// are passed over.
pub fn greatest<'a>(
    constraint: &Constraint,
    versions: impl IntoIterator<Item = &'a str>,
) -> Option<(usize, Version)> {
    let mut best: Option<(usize, Version)> = None;
    for (i, text) in versions.into_iter().enumerate() {
        let Ok(version) = Version::parse(text) else { continue };
        if constraint.matches(&version) && best.as_ref().is_none_or(|(_, b)| version > *b) {
            best = Some((i, version));
        }
    }
    best
}
