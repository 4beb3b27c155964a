//! Paths inside a tree.

use std::fmt;

use crate::TreeError;

/// A path relative to a tree's root: components joined by `/`, none of them empty, `.` or `..`.
/// The root is the empty path.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(String);

impl TreePath {
    /// The root.
    pub fn root() -> Self {
        Self::default()
    }

    /// Normalises `text`: `.` and empty components vanish, `..` goes up.
    ///
    /// # Errors
    /// [`TreeError::Escape`] when `..` would leave the root or `text` is absolute.
    pub fn new(text: &str) -> Result<Self, TreeError> {
        Self::root().join(text)
    }

    /// `self` with the relative path `more` behind it, normalised.
    ///
    /// # Errors
    /// [`TreeError::Escape`] as for [`TreePath::new`].
    pub fn join(&self, more: &str) -> Result<Self, TreeError> {
        let escape = || TreeError::Escape { path: format!("{self}/{more}") };
        if more.starts_with('/') || more.contains('\0') {
            return Err(escape());
        }
        let mut out = self.0.clone();
        for part in more.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    if out.is_empty() {
                        return Err(escape());
                    }
                    out.truncate(out.rfind('/').unwrap_or(0));
                }
                part => {
                    if !out.is_empty() {
                        out.push('/');
                    }
                    out.push_str(part);
                }
            }
        }
        Ok(Self(out))
    }

    /// The path without its last component; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.0.is_empty() {
            return None;
        }
        Some(Self(self.0.rfind('/').map_or_else(String::new, |i| self.0[..i].to_owned())))
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The components from the root down.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|c| !c.is_empty())
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `self` is `base` or lies below it.
    pub fn is_within(&self, base: &Self) -> bool {
        base.is_root()
            || self
                .0
                .strip_prefix(base.as_str())
                .is_some_and(|r| r.is_empty() || r.starts_with('/'))
    }

    /// The path as text, without a leading slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_and_refuses_to_leave() {
        let ok = |s: &str| TreePath::new(s).unwrap().to_string();
        assert_eq!(ok("./a//b/./c/"), "a/b/c");
        assert_eq!(ok("a/../b"), "b");
        assert_eq!(ok("."), "");
        assert_eq!(TreePath::new("a/b").unwrap().join("../../c").unwrap().as_str(), "c");
        for bad in ["..", "a/../..", "/a", "a\0b"] {
            assert!(TreePath::new(bad).is_err(), "{bad:?}");
        }
        let base = TreePath::new("a").unwrap();
        assert!(TreePath::new("a/b").unwrap().is_within(&base));
        assert!(!TreePath::new("ab").unwrap().is_within(&base));
    }
}
