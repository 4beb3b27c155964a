//! What the sources answer.

use std::collections::BTreeMap;

/// A revision, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The commit, 40 hex digits.
    pub commit: String,
    /// The ref that named it, in full; `None` when a commit was asked for.
    pub reference: Option<String>,
}

/// The refs of a remote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// What HEAD points at, if it points at a ref.
    pub head: Option<String>,
    /// Full ref names (and `HEAD`) with the object each points at.
    pub objects: BTreeMap<String, String>,
    /// For annotated tags: the object behind the tag.
    pub peeled: BTreeMap<String, String>,
}

/// Who made a commit, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionMetadata {
    /// `Name <address>`.
    pub author: String,
    /// When it was written, in seconds since 1970.
    pub date: i64,
    /// The message, trimmed.
    pub message: String,
    /// Names of the tags that point at it, sorted.
    pub tags: Vec<String>,
    /// The signature as text, if there is one; it is not verified here.
    pub signature: Option<String>,
}
