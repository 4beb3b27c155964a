//! What is known of custom kinds: when they are healthy, and what can be done to them.
//!
//! Most kinds tell their health in one of few shapes: a list of conditions, or a phase. Such rules
//! are data, in the notation of [`notation`], one file an area under `rules/`; those that compute
//! something are functions in `odd`. A rule is chosen by `group/Kind`: the exact one, else the
//! first pattern that fits. Statuses and messages are those that Argo CD's bundled checks give.
//!
//! Pure: an object in, a verdict out.

#![forbid(unsafe_code)]

pub mod action;
mod catalog;
pub mod notation;
mod odd;

use windlass_object::Object;

/// Health of an object, as a rule of its kind tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How well.
    pub status: Status,
    /// Why, for people; may be empty.
    pub message: String,
}

/// How well an object does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Works as it should.
    Healthy,
    /// Held back on purpose.
    Suspended,
    /// On its way.
    Progressing,
    /// Failed.
    Degraded,
    /// What it stands for is not there.
    Missing,
    /// Could not be told.
    Unknown,
}

impl Status {
    /// The word that Argo CD has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Suspended => "Suspended",
            Self::Progressing => "Progressing",
            Self::Degraded => "Degraded",
            Self::Missing => "Missing",
            Self::Unknown => "Unknown",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        use Status::{Degraded, Healthy, Missing, Progressing, Suspended, Unknown};
        let all = [Healthy, Suspended, Progressing, Degraded, Missing, Unknown];
        all.into_iter().find(|status| status.as_str() == word)
    }
}

/// Health of an object by the rule of its kind; none if its kind has no rule here, or the rule does
/// not tell.
pub fn health(object: &Object) -> Option<Verdict> {
    catalog::catalog().rule(object.group(), object.kind())?.judge(object)
}

/// Whether there is a health rule for a kind.
pub fn has_health(group: &str, kind: &str) -> bool {
    catalog::catalog().rule(group, kind).is_some()
}
